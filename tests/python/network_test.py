#!/usr/bin/env python3
"""odin.Network without PyTorch: the same scores as odin_eval's, and which arrays it takes. CTest runs each test by its
name."""
import ast
import inspect
import pathlib
import subprocess
import tracemalloc
import unittest

import h5py
import numpy as np

import odin
from support import BUNDLED, PackageCase, planes, random_images

# The names of score files, in small letters, that are not those of the detectors.
FILES = {"baseline": "base", "odin": "our"}


class NetworkTest(PackageCase):
    def setUp(self):
        super().setUp()
        self.network = odin.Network(BUNDLED)

    def test_scores_are_those_of_odin_eval_bit_for_bit(self):
        images = random_images(70)  # more than the CPU takes at once
        records = np.zeros((len(images), 3073), np.uint8)
        records[:, 1:] = planes(images).reshape(len(images), -1)
        records.tofile(self.folder / "test_batch.bin")
        self.run_program("eval/odin_eval", "--weights", BUNDLED, "--in", f"cifar10:{self.folder}", "--out", "uniform",
                         "--skip", 0, "--limit", len(images), "--temperature", 100, "--magnitude", 0.003, "--score",
                         ",".join(self.network.scores(images[:1])), "--scores", "scores", "--device", "cpu", "--quiet")
        scores = self.network.scores(images, temperature=100, magnitude=0.003)
        written = {file.name.split("_")[1].lower(): np.loadtxt(file, delimiter=",")[:, 2].tolist()
                   for file in (self.folder / "scores").glob("confidence_*_In.txt")}
        self.assertEqual({FILES.get(name, name.replace("_", "")): values.tolist() for name, values in scores.items()},
                         written)

    def test_scores_that_are_named_are_computed_alone(self):
        images = random_images(40)
        every = self.network.scores(images, temperature=10)
        self.assertEqual([name for name in every if name in ("knn", "odin_energy")], [])
        some = self.network.scores(images, temperature=10, scores=["odin", "gen", "odin_energy", "ash_s:percentile=80"])
        self.assertEqual(list(some), ["odin", "gen", "odin_energy", "ash_s:percentile=80"])
        for name in ("odin", "gen"):
            self.assertEqual(some[name].tobytes(), every[name].tobytes())
        self.assertNotEqual(some["ash_s:percentile=80"].tolist(), every["ash_s"].tolist())
        self.assert_same(self.network.scores(images, temperature=10), every)
        np.testing.assert_array_equal(self.network.logits(images).argmax(1).shape, (40,))
        self.assert_raises(odin.Error, "there is no score", self.network.scores, images, scores=["no"])
        self.assert_raises(odin.Error, "the score knn must learn from training images first", self.network.scores,
                           images, scores=["knn"])
        self.assert_raises(odin.Error, "no score was asked for", self.network.scores, images, scores=[])

    def test_every_order_and_type_of_pixels_gives_the_same_scores(self):
        images = random_images(3)
        expected = self.network.scores(images)
        floats = images / np.float32(255)
        read_only = images.copy()
        read_only.flags.writeable = False
        unaligned = np.empty(floats.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(floats.shape)
        unaligned[...] = floats
        for same in (planes(images), images.transpose(0, 3, 1, 2), planes(images).transpose(0, 2, 3, 1), floats,
                     planes(floats), read_only, np.repeat(images, 2, 0)[::2], images[:, ::-1].copy()[:, ::-1],
                     np.asfortranarray(images), unaligned, memoryview(images)):
            self.assert_same(self.network.scores(same), expected)

    def test_dense_arrays_are_not_copied(self):
        def allocated(images):
            """The most that NumPy allocated at once, in bytes."""
            tracemalloc.start()
            self.network.scores(images, magnitude=0)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return peak

        images = random_images(40)
        for dense in (images, planes(images), images.transpose(0, 3, 1, 2)):
            self.assertLess(allocated(dense), 20000)
        self.assertGreater(allocated(images[:, ::-1]), images.nbytes)

    def test_an_image_alone_has_the_scores_that_it_has_among_others(self):
        images = random_images(5)
        scores = self.network.scores(images)
        for i in range(len(images)):
            self.assert_same(self.network.scores(images[i:i + 1]), {k: v[i:i + 1] for k, v in scores.items()})

    def test_the_scores_follow_from_the_logits(self):
        images = random_images(4)
        logits = self.network.logits(images)
        self.assertEqual((logits.shape, logits.dtype), ((4, 10), np.float32))
        scores = self.network.scores(images, temperature=1, magnitude=0)
        exact = logits.astype(np.float64)
        np.testing.assert_array_equal(scores["max_logit"], exact.max(1))
        np.testing.assert_allclose(scores["energy"], np.log(np.exp(exact).sum(1)), rtol=1e-14)
        softmax = np.exp(exact) / np.exp(exact).sum(1, keepdims=True)
        np.testing.assert_allclose(scores["baseline"], softmax.max(1), rtol=1e-14)
        np.testing.assert_array_equal(scores["odin"], scores["baseline"])

    def test_no_images_have_no_scores(self):
        for shape in ((0, 32, 32, 3), (0, 3, 32, 32)):
            scores = self.network.scores(np.empty(shape, np.uint8))
            self.assertLessEqual({"baseline", "max_logit", "energy", "odin"}, set(scores))
            self.assertEqual({(v.shape, v.dtype) for v in scores.values()}, {((0,), np.dtype(np.float64))})
            self.assertEqual(self.network.logits(np.empty(shape, np.float32)).shape, (0, 10))

    def test_results_stay_when_the_network_is_gone(self):
        images = random_images(2)
        network = odin.Network(BUNDLED)
        scores, logits = network.scores(images), network.logits(images)
        kept = {name: v.copy() for name, v in scores.items()}, logits.copy()
        network.scores(random_images(2, seed=1))
        del network
        self.assert_same(scores, kept[0])
        self.assert_same({"logits": logits}, {"logits": kept[1]})
        scores["odin"] += 1  # they are the caller's

    def test_what_is_no_image_is_refused_with_a_sentence(self):
        images = random_images(2)
        floats = images / np.float32(255)
        for wrong, kind, sentence in (
                ([1, 2], TypeError, "the images are of the type list, where an array"),
                (None, TypeError, "the images are of the type NoneType"),
                (images.astype(np.int64), TypeError, "an array of int64, where an array of uint8 (0..255) or float32"),
                (floats.astype(np.float64), TypeError, "an array of float64"),
                (floats.astype(np.float16), TypeError, "an array of float16"),
                (floats.astype(">f4"), TypeError, "an array of >f4"),
                (np.zeros((1, 3, 32, 32), object), TypeError, "an array of object"),
                (images[0], ValueError, "the shape (32, 32, 3), where (n, 3, 32, 32) or (n, 32, 32, 3) is needed"),
                (images[:, :31], ValueError, "the shape (2, 31, 32, 3)"),
                (images[..., :1], ValueError, "the shape (2, 32, 32, 1)"),
                (np.uint8(3), ValueError, "the shape ()"),
                (floats * 255, odin.Error, "divide pixels in 0..255 by 255"),
                (floats - 1, odin.Error, "floats must be in 0..1"),
                (floats * np.nan, odin.Error, "a pixel is nan")):
            self.assert_raises(kind, sentence, self.network.scores, wrong)
            self.assert_raises(kind, sentence, self.network.logits, wrong)
        self.assert_raises(odin.Error, "the temperature must be positive", self.network.scores, images, temperature=0)
        self.assert_raises(odin.Error, "the magnitude", self.network.scores, images, magnitude=-1)
        self.assertTrue(issubclass(odin.Error, ValueError))

    def test_a_file_or_a_device_that_cannot_be_used_is_refused_with_a_sentence(self):
        text = self.folder / "text.h5"
        text.write_text("not a network")
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes(BUNDLED.read_bytes()[:100000])
        self.assert_raises(odin.Error, "cannot open '/nonexistent.h5'", odin.Network, "/nonexistent.h5")
        self.assert_raises(odin.Error, "text.h5 cannot be used as a checkpoint", odin.Network, text)
        self.assert_raises(odin.Error, "damaged.h5", odin.Network, damaged)
        self.assert_raises(odin.Error, 'device "tpu" is not known', odin.Network, BUNDLED, device="tpu")
        self.assert_raises(odin.Error, "fp64", odin.Network, BUNDLED, precision="fp64")
        self.assert_raises(odin.Error, "threads", odin.Network, BUNDLED, threads=-1)

    def test_properties_are_those_of_the_file(self):
        network = self.network
        self.assertEqual((network.architecture, network.in_dataset, network.num_classes, network.image_shape),
                         ("DenseNet-BC-100", "fashion_mnist", 10, (3, 32, 32)))
        self.assertEqual((network.class_names[0], len(network.class_names)), ("T-shirt/top", 10))
        np.testing.assert_allclose((network.mean, network.std), ([0.286] * 3, [0.353] * 3), rtol=1e-7)
        self.assertIn("59000 images", network.source)
        self.assertIn("DenseNet-BC-100 on cpu", repr(odin.Network(str(BUNDLED), device="cpu")))
        version = self.run_program("eval/odin_eval", "--version")
        self.assertIn(odin.__version__, version)

    def test_images_have_the_shape_that_the_file_says(self):
        file = self.folder / "small.h5"
        file.write_bytes(BUNDLED.read_bytes())
        with h5py.File(file, "a") as checkpoint:
            checkpoint.attrs["image_size"] = 16
        network = odin.Network(file)
        self.assertEqual(network.image_shape, (3, 16, 16))
        images = random_images(3)[:, ::2, ::2]
        expected = network.scores(images)
        self.assert_same(network.scores(planes(images)), expected)
        self.assert_same(network.scores(np.ascontiguousarray(images)), expected)
        self.assert_raises(ValueError, "where (n, 3, 16, 16) or (n, 16, 16, 3)", network.scores, random_images(1))
        self.assert_raises(ValueError, "(n, 3, 32, 32)", self.network.scores, images)

    def test_what_is_saved_is_the_same_network(self):
        self.network.save(self.folder / "saved.h5")
        self.assertEqual((self.folder / "saved.h5").read_bytes(), BUNDLED.read_bytes())
        self.assert_raises(odin.Error, "/nonexistent/saved.h5", self.network.save, "/nonexistent/saved.h5")

    def test_the_module_shares_no_symbol_with_others(self):
        symbols = subprocess.run(["nm", "--dynamic", "--defined-only", odin._odin.__file__], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        self.assertEqual([line.split()[-1] for line in symbols.splitlines()], ["PyInit__odin"])

    def test_everything_is_documented_and_typed(self):
        package = pathlib.Path(odin.__file__).parent
        self.assertTrue((package / "py.typed").exists())
        stub = ast.parse((package / "_odin.pyi").read_text())
        classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
        for name in odin.__all__:
            if not inspect.isclass(getattr(odin, name)):
                continue
            self.assertTrue(inspect.getdoc(getattr(odin, name)), name)
            for method in filter(lambda node: isinstance(node, ast.FunctionDef), classes[name].body):
                self.assertIsNotNone(method.returns, method.name)
                if not method.name.startswith("_"):
                    self.assertTrue(ast.get_docstring(method), f"{name}.{method.name}")


if __name__ == "__main__":
    unittest.main()
