#!/usr/bin/env python3
"""odin.Detector: the verdicts of odin_detect. CTest runs each test by its name."""
import json
import unittest

import numpy as np
from PIL import Image

import odin
from support import BUNDLED, PackageCase, planes, random_images


class DetectorTest(PackageCase):
    def setUp(self):
        super().setUp()
        images = random_images(20)
        records = np.zeros((len(images), 3073), np.uint8)
        records[:, 1:] = planes(images).reshape(len(images), -1)
        records.tofile(self.folder / "test_batch.bin")
        self.printed = self.run_program(
            "eval/odin_calibrate", "--weights", BUNDLED, "--in", f"cifar10:{self.folder}", "--images", 20, "--tpr", 0.8,
            "--magnitude", 0.002, "--out", "detector.h5", "--device", "cpu", "--quiet")
        self.file = self.folder / "detector.h5"

    def test_verdicts_are_those_of_odin_detect_bit_for_bit(self):
        images = random_images(40, seed=1)
        names = []
        for number, image in enumerate(images):
            names.append(self.folder / f"{number:02}.png")
            Image.fromarray(image).save(names[-1])
        lines = self.run_program("eval/odin_detect", "--detector", self.file, "--device", "cpu", "--json", "--quiet",
                                 *names).splitlines()
        expected = [json.loads(line) for line in lines]
        self.assertEqual(len(expected), len(images))
        verdicts = odin.Detector(self.file, device="cpu").detect(images)
        self.assertEqual([verdict["score"] for verdict in expected], verdicts.score.tolist())
        self.assertEqual([verdict["probability"] for verdict in expected], verdicts.probability.tolist())
        self.assertEqual([verdict["class_number"] for verdict in expected], verdicts.predicted_class.tolist())
        self.assertEqual([verdict["verdict"] == "in" for verdict in expected], verdicts.in_distribution.tolist())
        self.assertEqual(len(set(verdicts.in_distribution.tolist())), 2)

    def test_a_score_that_has_learnt_gives_the_verdicts_of_odin_detect(self):
        for name, count in (("test", 12), ("train", 30)):
            folder = self.folder / "sets" / name
            folder.mkdir(parents=True)
            for number, image in enumerate(random_images(count, seed=count)):
                Image.fromarray(image).save(folder / f"{number:02}.png")
        self.run_program("eval/odin_calibrate", "--weights", BUNDLED, "--in", "folder:sets/test", "--score",
                         "knn:neighbours=3", "--out", "knn.h5", "--device", "cpu", "--quiet")
        lines = self.run_program("eval/odin_detect", "--detector", "knn.h5", "--device", "cpu", "--json", "--quiet",
                                 "sets/test").splitlines()
        detector = odin.Detector(self.folder / "knn.h5", device="cpu")
        self.assertEqual(detector.score, "knn:neighbours=3")
        verdicts = sorted(map(json.loads, lines), key=lambda verdict: verdict["file"])
        self.assertEqual([verdict["score"] for verdict in verdicts],
                         detector.detect(random_images(12, seed=12)).score.tolist())

    def test_verdicts_follow_from_the_networks_scores(self):
        images = random_images(70, seed=2)  # more than the CPU takes at once
        detector, network = odin.Detector(self.file, device="cpu"), odin.Network(self.file, device="cpu")
        verdicts = detector.detect(images / np.float32(255))
        scores = network.scores(images, temperature=detector.temperature, magnitude=detector.magnitude)
        np.testing.assert_array_equal(verdicts.score, scores["odin"])
        np.testing.assert_array_equal(verdicts.probability, scores["baseline"])
        np.testing.assert_array_equal(verdicts["predicted_class"], network.logits(images).argmax(1))
        np.testing.assert_array_equal(verdicts.in_distribution, verdicts.score >= detector.threshold)
        self.assertEqual(images[verdicts.in_distribution].shape[1:], (32, 32, 3))

    def test_an_explanation_leads_to_the_score(self):
        images = random_images(3, seed=4)
        detector, network = odin.Detector(self.file, device="cpu"), odin.Network(self.file, device="cpu")
        signs, perturbed = detector.explain(images)
        self.assertEqual((signs.shape, signs.dtype, perturbed.dtype), ((3, 3, 32, 32), np.int8, np.float32))
        self.assertEqual(set(np.unique(signs)), {-1, 1})
        pixels = planes(images) / np.float32(255)
        np.testing.assert_allclose(perturbed, pixels - 0.002 * signs, atol=1e-7)
        # Only pixels in 0..1 can be scored. Those at an end of it stay as they are, which changes the score a little.
        scores = network.scores(perturbed.clip(0, 1), temperature=detector.temperature, magnitude=0)["odin"]
        unchanged = network.scores(images, temperature=detector.temperature, magnitude=0)["odin"]
        score = detector.detect(images).score
        np.testing.assert_array_less(np.abs(scores - score), np.abs(unchanged - score) / 10)
        self.assertEqual([a.shape for a in detector.explain(images[:0])], [(0, 3, 32, 32)] * 2)

    def test_properties_are_those_of_the_file(self):
        detector = odin.Detector(self.file, device="cpu")
        self.assertIn(f"threshold   {detector.threshold:.17g}\n", self.printed)
        self.assertEqual((detector.score, detector.temperature, detector.magnitude, detector.tpr, detector.images,
                          detector.images_name, detector.fit, detector.num_classes, detector.image_shape),
                         ("odin", 1000, 0.002, 0.8, 20, "CIFAR-10", "exact", 10, (3, 32, 32)))
        low, high = detector.tpr_interval
        self.assertTrue(0 < low < 0.8 < high < 1)
        self.assertRegex(detector.images_sha256, "^[0-9a-f]{64}$")
        self.assertEqual(detector.class_names[-1], "Ankle boot")
        self.assertIn("odin >= 0.1", repr(detector))

    def test_no_images_have_no_verdicts(self):
        verdicts = odin.Detector(self.file).detect(np.empty((0, 32, 32, 3), np.uint8))
        self.assertEqual((len(verdicts), verdicts.score.dtype, verdicts.in_distribution.dtype), (0, np.float64, bool))

    def test_wrong_images_and_files_are_refused_with_a_sentence(self):
        detector = odin.Detector(self.file)
        self.assert_raises(TypeError, "of the type list", detector.detect, [1])
        self.assert_raises(ValueError, "the shape (1, 3, 31, 32)", detector.detect, np.zeros((1, 3, 31, 32), np.uint8))
        self.assert_raises(odin.Error, "divide pixels", detector.detect, np.full((1, 3, 32, 32), 255, np.float32))
        self.assert_raises(odin.Error, "cannot be used as a detector", odin.Detector, BUNDLED)
        self.assert_raises(odin.Error, "cannot open", odin.Detector, "/nonexistent.h5")


if __name__ == "__main__":
    unittest.main()
