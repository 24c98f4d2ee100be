"""What the tests of the Python package share."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["ODIN_BINARY_DIR"])
BUNDLED = ROOT / "weights/densenet_bc_100_fashion_mnist.h5"


class PackageCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def run_program(self, program, *arguments):
        """Runs a program of the build, and returns what it printed."""
        result = subprocess.run([BUILD / program, *map(str, arguments)], cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def run_python(self, script):
        """Runs a script in another process, and returns what it printed."""
        result = subprocess.run([sys.executable, "-c", script], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        self.assertEqual((result.returncode, result.stderr), (0, ""), script)
        return result.stdout

    def assert_same(self, scores, expected):
        """Bit for bit."""
        self.assertEqual(list(scores), list(expected))
        for name, values in scores.items():
            self.assertEqual(values.tobytes(), expected[name].tobytes(), name)

    def assert_raises(self, kind, sentence, call, *arguments, **options):
        with self.assertRaises(kind) as caught:
            call(*arguments, **options)
        self.assertIs(type(caught.exception), kind)
        self.assertIn(sentence, str(caught.exception))


def random_images(count, seed=0):
    """Bytes (count, 32, 32, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def planes(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def small_network(classes=10):
    """A DenseNet of PyTorch with weights from a formula."""
    from formula import fill  # here, since some tests are for processes without PyTorch
    from networks import DenseNet3
    return fill(DenseNet3(depth=10, num_classes=classes, growth_rate=4)).eval()
