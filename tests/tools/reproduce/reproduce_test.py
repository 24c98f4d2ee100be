#!/usr/bin/env python3
"""Tests of tools/reproduce, with stubs in place of the programs. CTest runs each by its name."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "tools/reproduce"

# Stubs: they note their arguments, and write what the real programs would.
CONVERT = '''#!{python}
import pathlib, sys
assert pathlib.Path(sys.argv[1]).is_file()
pathlib.Path(sys.argv[2]).write_text("network")
'''
EVAL = '''#!{python}
import json, pathlib, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
def after(name):
    return arguments[arguments.index(name) + 1]
sets = [arguments[i + 1] for i, argument in enumerate(arguments) if argument == "--out_dataset"]
assert (pathlib.Path(after("--weights-dir")) / (after("--nn") + ".h5")).is_file()
def figures(fpr):
    return dict(fpr_at_tpr95=fpr, detection_error=.05, auroc=.95, aupr_in=.96, aupr_out=.94)
odin = figures(.038)
odin["paper"] = dict(figures(.03), source="the paper", auroc=.93)
report = dict(network="DenseNet-BC-100", in_images=9000, accuracy=.9519, notes=[], versions=dict(odin="1.2.3"),
              settings=dict(device="DenseNet-BC-100 on cpu: avx2", skip=1000, limit=10000, metrics="exact"),
              evaluations=[dict(out_set=s, out_images=8000, detectors=dict(baseline=figures(.34), odin=odin))
                           for s in sets])
pathlib.Path(after("--json")).write_text(json.dumps(report))
'''


class Reproduce(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.log = self.folder / "log"
        for name, text in (("build/tools/convert_checkpoint", CONVERT), ("build/eval/odin_eval", EVAL)):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(python=sys.executable, log=str(self.log)))
            path.chmod(0o755)
        for name in ("weights", "data/iSUN", "data/LSUN_resize"):
            (self.folder / name).mkdir(parents=True)
        self.output = self.folder / "RESULTS.md"

    def run_script(self, *more):
        return subprocess.run(
            [sys.executable, SCRIPT, "--weights-dir", self.folder / "weights", "--data-dir", self.folder / "data",
             "--programs", self.folder / "build", "--output", self.output, *more], capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def test_our_figures_stand_next_to_the_published_ones(self):
        (self.folder / "weights/odin_authors_densenet10.pth").write_text("x")
        result = self.run_script()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        text = self.output.read_text()
        self.assertIn("| iSUN | 9000 + 8000 | baseline | 34.0 | 5.0 | 95.0 | 96.0 | 94.0 |  |", text)
        self.assertIn("| iSUN | 9000 + 8000 | ODIN | 3.8 (3.0, +0.8) | 5.0 (5.0, +0.0) | **95.0 (93.0, +2.0)** |", text)
        self.assertIn("test images: 4.81 % (published: 4.81 %)", text)
        self.assertIn("- [1] the paper", text)
        self.assertIn("was not there: Imagenet_resize, LSUN, Imagenet.", text)
        self.assertIn("version 1.2.3, on cpu: avx2", text)
        self.assertNotIn("densenet100", text)

    def test_only_what_is_there_is_evaluated_with_the_magnitude_of_the_last_edition(self):
        for name in ("densenet10", "densenet100"):
            (self.folder / f"weights/{name}.pth").write_text("x")
        self.assertEqual(self.run_script("--limit", "50").returncode, 0)
        calls = [json.loads(line) for line in self.log.read_text().splitlines()]
        magnitudes = [call[call.index("--magnitude") + 1] for call in calls if "--magnitude" in call]
        self.assertEqual(magnitudes, ["0.0014", "0.002"])
        sets = [call[i + 1] for call in calls[:1] for i, part in enumerate(call) if part == "--out_dataset"]
        self.assertEqual(sets, ["LSUN_resize", "iSUN", "Uniform", "Gaussian"])
        self.assertTrue(all(call[call.index("--limit") + 1] == "50" for call in calls))
        self.assertEqual(self.output.read_text().count("\n## "), 2)

    def test_without_a_network_or_programs_nothing_is_written(self):
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn("holds none of the networks (densenet10, densenet100)", result.stderr)
        (self.folder / "weights/densenet10.pth").write_text("x")
        (self.folder / "build/eval/odin_eval").write_text("#!/bin/sh\nexit 3\n")
        result = self.run_script()
        self.assertEqual((result.returncode, result.stderr), (1, "reproduce: odin_eval ended with status 3\n"))
        (self.folder / "build/eval/odin_eval").unlink()
        self.assertIn("build the programs", self.run_script().stderr)
        self.assertFalse(self.output.exists())


if __name__ == "__main__":
    unittest.main()
