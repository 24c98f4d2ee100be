#!/usr/bin/env python3
"""Tests of gpu_check.sh pack, and of both calls with what it packed. CTest runs each by its name."""
import random
import subprocess
import sys
import tarfile
import unittest

from gpu_check_support import GpuCheckCase, ROOT, SCRIPT

try:
    import numpy  # noqa: F401
    import PIL  # noqa: F401
    MISSING = ""
except ImportError as error:
    MISSING = str(error)

PACKS = ROOT / "tools" / "gpu_check" / "packs.py"
RECORD = 3073


class Packs(GpuCheckCase):
    def setUp(self):
        super().setUp()
        self.packs = self.folder / "packs"
        self.data = self.folder / "data"
        cifar = self.data / "cifar-10-batches-bin"
        cifar.mkdir(parents=True)
        self.generator = random.Random(1)
        self.test = self.records(2003)  # two files of images, the second one not full
        (cifar / "test_batch.bin").write_bytes(self.test)
        self.train = b""
        for i in range(1, 6):
            batch = self.records(450)
            (cifar / f"data_batch_{i}.bin").write_bytes(batch)
            self.train += batch
        (self.data / "iSUN").mkdir()
        (self.data / "iSUN" / "a.png").write_bytes(b"a picture")
        self.network = self.folder / "a network.h5"
        self.network.write_text("densenet10\n")
        self.training = self.folder / "training.h5"
        for suffix in ("", ".state", ".csv"):
            self.training.with_name(f"training.h5{suffix}").write_text(f"of another time{suffix}\n")

    def records(self, count):
        """Labelled images of noise, which no compression shortens much."""
        return b"".join(bytes([i % 10]) + self.generator.randbytes(RECORD - 1) for i in range(count))

    def pack(self, *arguments):
        return subprocess.run([sys.executable, str(PACKS), "pack", str(self.build), str(self.packs), "--data",
                               str(self.data), "--weights", str(self.network), *arguments],
                              capture_output=True, text=True, check=False)

    @staticmethod
    def names(path):
        with tarfile.open(path) as tar:
            return tar.getnames()

    def test_both_calls_run_with_what_was_packed(self):
        if MISSING:
            return print(f"[SKIPPED] {MISSING}")
        result = subprocess.run(
            [SCRIPT, "pack", str(self.packs), "--build", str(self.build), "--python", sys.executable, "--data",
             str(self.data), "--weights", str(self.network), "--training", str(self.training)],
            capture_output=True, text=True, env=self.environment(), check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        for name in ("first.tar", "second.tar"):
            self.assertLessEqual((self.packs / name).stat().st_size, 58_000_000)
        self.assert_status(self.run_script("smoke", build=self.packs / "first.tar"), 0)
        unpacked = self.work / "pack"
        self.assertEqual((unpacked / "test.bin").read_bytes(), self.test)
        self.assertIn(f"--in cifar10:{unpacked}/test.bin", "\n".join(self.calls()))
        # The first pack does not travel again.
        (self.packs / "first.tar").unlink()
        self.assert_status(self.run_script("full", "--images", str(self.packs / "second.tar")), 0)
        self.assertEqual((unpacked / "train.bin").read_bytes(), self.train)
        evaluation = next(line for line in self.calls() if line.startswith("odin_eval ") and "fp32" in line and
                          "uniform" in line)
        self.assertIn(f"--weights {unpacked}/densenet10.h5 --in cifar10:{unpacked}/test.bin", evaluation)
        self.assertIn(f"--out folder:{unpacked}/iSUN --out uniform", evaluation)
        self.assertEqual((unpacked / "iSUN" / "a.png").read_bytes(), b"a picture")
        training = next(line for line in self.calls() if line.startswith("train "))
        self.assertIn(f"--in cifar10-train:{unpacked}/train.bin", training)
        self.assertIn("--resume", training)
        commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                                check=True).stdout.strip()
        self.assertIn(f"commit {commit}, ", self.report)

    def test_without_data_the_bundled_network_is_evaluated(self):
        self.packs.mkdir()
        result = subprocess.run([sys.executable, str(PACKS), "pack", str(self.build), str(self.packs)],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.names(self.packs / "first.tar"), ["programs.tar.xz"])
        self.assertEqual(self.names(self.packs / "second.tar"), [])
        self.assert_status(self.run_script("smoke", build=self.packs / "first.tar"), 0)
        self.assertIn("--weights weights/densenet_bc_100_fashion_mnist.h5 --in idx:", "\n".join(self.calls()))

    def test_what_does_not_fit_is_left_out_or_an_error(self):
        if MISSING:
            return print(f"[SKIPPED] {MISSING}")
        # A picture of 2,000 images of noise has 6.2 MB: the first pack holds the test images, the second one file more.
        (self.data / "iSUN" / "a.png").write_bytes(self.generator.randbytes(900_000))
        result = self.pack("--limit", "6850000")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("250 of 2250 images to train on are left out\niSUN is left out\n", result.stdout)
        for name in ("first.tar", "second.tar"):
            self.assertLessEqual((self.packs / name).stat().st_size, 6_850_000)
        result = self.pack("--limit", "100000")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^test_00\.webp of [\d,]+ bytes does not fit into 100,000 bytes")


if __name__ == "__main__":
    unittest.main()
