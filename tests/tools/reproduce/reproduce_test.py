#!/usr/bin/env python3
"""Tests of tools/reproduce, with stubs in place of the programs. CTest runs each by its name."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tools/reproduce"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
from reproducing.networks import NETWORKS  # noqa: E402

# Stubs: they note their arguments, and write what the real programs would.
LOG = '''#!{python}
import json, pathlib, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps([pathlib.Path(sys.argv[0]).name, *arguments]) + "\\n")
def after(name):
    return arguments[arguments.index(name) + 1]
'''
CONVERT = LOG + '''
assert pathlib.Path(arguments[0]).is_file()
pathlib.Path(arguments[1]).write_text("network")
'''
MAKE_OOD = LOG + '''
to = pathlib.Path(after("--to"))
to.mkdir()
(to / "sources.txt").write_text("x")
'''
CALIBRATE = LOG + '''
pathlib.Path(after("--out")).write_text(after("--magnitude") if "--magnitude" in arguments else "0.01")
'''
INSPECT = LOG + '''
print(json.dumps(dict(detector=dict(magnitude=float(pathlib.Path(arguments[-1]).read_text()), threshold=.25, tpr=.95,
                                    tpr_low=.935, tpr_high=.962))))
'''
EVAL = LOG + '''
if "--weights" in arguments:
    assert pathlib.Path(after("--weights")).is_file()
elif "--demo" not in arguments:
    assert (pathlib.Path(after("--weights-dir")) / (after("--nn") + ".h5")).is_file()
if "--scores" in arguments:
    for number, scores in (1, (.1, .3)), (2, (.1, .2)):
        folder = pathlib.Path(after("--scores")) / ("out_" + str(number))
        folder.mkdir(parents=True, exist_ok=True)
        for half, values in ("In", (.25, .3, .3, .2)), ("Out", scores):
            file = folder / ("confidence_Our_" + half + ".txt")
            file.write_text("".join("1000, 0.01, " + str(value) + "\\n" for value in values))
def figures(fpr):
    return dict(fpr_at_tpr95=fpr, detection_error=.05, auroc=.95, aupr_in=.96, aupr_out=.94)
odin = dict(figures(.038), paper=dict(figures(.03), source="the paper", auroc=.93),
            threshold_sweep=dict(figures(.039), fpr_at_tpr95=None), fpr_at_tpr95_ci95=[.03, .045])
other = dict(figures(.5), paper=dict(figures(.1), source="another", another_network=True))
report = dict(in_images=9000, accuracy=.9519, notes=["a note"], versions=dict(odin="1.2.3"), seconds=90,
              milliseconds_per_image=dict(baseline=.001, odin=8.5),
              missing=[dict(out_set="LSUN (crop)", reason="there is no LSUN", command="fetch")],
              settings=dict(device="DenseNet-BC-100 on cpu: avx2", skip=1000, limit=10000),
              evaluations=[dict(out_set="iSUN", out_images=8000, detectors=dict(baseline=figures(.34), odin=odin)),
                           dict(out_set="Noise", out_images=7000, detectors=dict(baseline=figures(.36), odin=other))])
pathlib.Path(after("--json")).write_text(json.dumps(report))
'''


class Reproduce(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.log = self.folder / "log"
        for name, text in (("tools/convert_checkpoint", CONVERT), ("tools/make_ood", MAKE_OOD),
                           ("tools/inspect_checkpoint", INSPECT), ("eval/odin_calibrate", CALIBRATE),
                           ("eval/odin_eval", EVAL)):
            path = self.folder / "build" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(python=sys.executable, log=str(self.log)))
            path.chmod(0o755)
        for name in ("weights", "data/iSUN"):
            (self.folder / name).mkdir(parents=True)
        self.output = self.folder / "RESULTS.md"

    def run_script(self, *more, script=SCRIPT):
        return subprocess.run(
            [sys.executable, script, "--weights-dir", self.folder / "weights", "--data-dir", self.folder / "data",
             "--programs", self.folder / "build", "--output", self.output, *more], capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})

    def network(self, *names):
        for name in names:
            (self.folder / "weights" / name).write_text("x")

    def calls(self, program):
        """But for those that calibrate."""
        calls = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [call for call in calls if call[0] == program and "--scores" not in call]

    def test_our_figures_stand_next_to_the_published_ones(self):
        self.network("odin_authors_densenet10.pth")
        result = self.run_script()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        text = self.output.read_text()
        self.assertIn("| densenet10 | iSUN | 34.0 | 3.8 (3.0) | 95.0 | 95.0 (93.0) |", text)
        self.assertIn("| iSUN | 9000 + 8000 | baseline | 34.0 | 5.0 | 95.0 | 96.0 | 94.0 |  |", text)
        self.assertIn("| ODIN | 3.8 [3.0, 4.5] (3.0, +0.8) | 5.0 (5.0, +0.0) | **95.0 (93.0, +2.0)** |", text)
        self.assertIn("| ODIN, sweep | n/a | 5.0 (5.0, +0.0) |", text)
        self.assertIn("| average of the sets |  | baseline | 35.0 |", text)
        self.assertIn("test images: 4.81 %. Published: 4.81 % (Liang", text)
        self.assertIn("- [1] the paper", text)
        self.assertIn("was not there: LSUN (crop).", text)
        self.assertIn("- a note.", text)
        self.assertIn("version 1.2.3", text)
        self.assertIn("Networks that were not evaluated: densenet100, dice_densenet10, dice_densenet100, "
                      "bundled_cifar10.", text)

    def test_figures_of_another_network_are_not_compared(self):
        self.network("densenet10.pth")
        self.assertEqual(self.run_script().returncode, 0)
        text = self.output.read_text()
        self.assertIn("| Noise | 9000 + 7000 | ODIN | 50.0 | 5.0 | 95.0 | 96.0 | 94.0 |  |", text)
        self.assertNotIn("another", text.split("## What explains")[0])

    def test_each_network_has_its_magnitude_and_normalisation(self):
        self.network("densenet10.pth", "densenet100.pth", "dice_densenet_bc_100_cifar100.pth.tar")
        self.assertEqual(self.run_script("--limit", "50").returncode, 0)
        calls = self.calls("odin_eval")
        self.assertEqual({call[call.index("--nn") + 1]: call[call.index("--magnitude") + 1] for call in calls},
                         {"densenet10": "0.0014", "densenet100": "0.002", "dice_densenet100": "0.002"})
        self.assertTrue(all(call[call.index("--limit") + 1] == "50" for call in calls))
        dice = self.calls("convert_checkpoint")[-1]
        self.assertEqual(dice[dice.index("--mean") + 1:][:3], ["0.4914", "0.4822", "0.4465"])
        self.assertEqual(self.output.read_text().count("\n## "), 5)

    def test_a_detector_made_without_out_of_distribution_images_is_judged(self):
        self.network("densenet10.pth", "dice_densenet_bc_100_cifar100.pth.tar")
        self.assertEqual(self.run_script().returncode, 0)
        text = self.output.read_text()
        self.assertIn("| densenet10 | 0.0014, published | 0.25000000 | 95.0 | 75.0 [93.5, 96.2] | iSUN 50.0, "
                      "Noise 0.0 |", text)
        self.assertIn("| densenet10 | 0.01, chosen by `--choose-magnitude` | 0.25000000 |", text)
        self.assertIn("| densenet10 | iSUN | 3.8 | 3.8 | 95.0 | 95.0 |", text)
        self.assertNotIn("| dice_densenet100 | 0.01", text)
        spec = f"cifar10:{self.folder}/data/cifar-10-batches-bin"
        self.assertIn(spec, [call[call.index("--in") + 1] for call in self.calls("odin_calibrate")])

    def test_all_detectors_are_compared_where_the_training_images_are(self):
        self.network("densenet10.pth")
        self.assertEqual(self.run_script().returncode, 0)
        self.assertNotIn("## All detectors", self.output.read_text())
        (self.folder / "data/cifar-10-batches-bin").mkdir()
        (self.folder / "data/cifar-10-batches-bin/data_batch_1.bin").write_text("x")
        self.assertEqual(self.run_script("--work", self.folder / "work").returncode, 0)
        text = self.output.read_text().split("## All detectors")[1]
        self.assertIn("| 1 | `baseline` | 35.0 | 95.0 | 34.0 | **95.0** | **36.0** | **95.0** | 0.001 |", text)
        self.assertIn("| 2 | `odin` | 26.9 | 95.0 | **3.8** | **95.0** | 50.0 | **95.0** | 8.500 |", text)
        call = next(c for c in self.calls("odin_eval") if "all" in c)
        self.assertEqual(call[call.index("--fit-dir") + 1], str(self.folder / "work/fits"))

    def test_a_crop_set_is_made_where_only_its_source_is_there_and_marked(self):
        self.network("densenet10.pth", "densenet100.pth")
        self.assertEqual(self.run_script("--work", self.folder / "work").returncode, 0)
        self.assertEqual(self.calls("make_ood"), [])
        (self.folder / "data/tiny-imagenet-200/test").mkdir(parents=True)
        self.assertEqual(self.run_script("--work", self.folder / "work").returncode, 0)
        self.assertEqual(len(self.calls("make_ood")), 1)
        made = self.folder / "work/densenet10_benchmark_made.json"
        benchmark = json.loads(made.read_text())
        self.assertEqual(benchmark["sets"][0]["title"], "Tiny-ImageNet (crop), made here")
        self.assertEqual(benchmark["sets"][0]["places"], [f"folder:{self.folder.resolve()}/work/Imagenet_made_here"])
        call = next(c for c in self.calls("odin_eval") if str(made) in c)
        self.assertEqual(call[call.index("--out_dataset") + 1], "Imagenet")
        self.assertIn("as the authors' was:", self.output.read_text())
        (self.folder / "data/Imagenet").mkdir()
        self.assertEqual(self.run_script("--work", self.folder / "work2").returncode, 0)
        self.assertEqual(len(self.calls("make_ood")), 1)

    def test_what_was_finished_is_not_done_again(self):
        self.network("densenet10.pth")
        (self.folder / "data/cifar-100-binary").mkdir()
        work = ("--near", "--work", self.folder / "work")
        self.assertEqual(self.run_script(*work).returncode, 0)
        self.assertEqual(len(self.calls("odin_eval")), 3)
        self.assertEqual(self.run_script(*work).returncode, 0)
        self.assertEqual(len(self.calls("odin_eval")), 3)
        self.assertEqual(self.run_script(*work, "--limit", "2000").returncode, 0)
        self.assertEqual(len(self.calls("odin_eval")), 6)

    def test_the_bundled_network_is_evaluated_where_its_images_are_and_without_the_figures_of_others(self):
        (self.folder / "data/cifar-10-batches-py").mkdir()
        self.network("densenet10.pth")
        result = self.run_script("--work", self.folder / "work")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(len(self.calls("convert_checkpoint")), 1)
        network = NETWORKS["bundled_cifar10"]
        calls = [call for call in self.calls("odin_eval") if "--weights" in call]
        self.assertEqual(len(calls), 2)
        for call in calls:
            self.assertEqual([call[call.index(option) + 1] for option in ("--weights", "--in", "--magnitude")],
                             [str(ROOT / "weights" / network.files[0]),
                              f"cifar10:{self.folder}/data/cifar-10-batches-py", str(network.magnitude)])
        editions = {name: "editions" in json.loads((self.folder / f"work/{name}_benchmark.json").read_text())
                    for name in ("densenet10", "bundled_cifar10")}
        self.assertEqual(editions, {"densenet10": True, "bundled_cifar10": False})
        self.assertIn(str(self.folder / "work/bundled_cifar10_benchmark.json"), calls[0])
        text = self.output.read_text()
        self.assertIn("\n## bundled_cifar10\n", text)
        self.assertIn("| bundled_cifar10 | 0.01, chosen by `--choose-magnitude` |", text)

    def test_what_is_said_of_networks_that_are_not_asked_for_stays(self):
        self.network("densenet10.pth", "densenet100.pth")
        for folder, file in ("cifar-10-batches-bin", "data_batch_1.bin"), ("cifar-100-binary", "train.bin"):
            (self.folder / "data" / folder).mkdir()
            (self.folder / "data" / folder / file).write_text("x")
        self.assertEqual(self.run_script().returncode, 0)
        first = self.output.read_text()
        self.output.write_text(first.replace("95.0", "77.7"))
        self.assertEqual(self.run_script("--nn", "densenet100").returncode, 0)
        second = self.output.read_text()
        self.assertEqual(len(first.splitlines()), len(second.splitlines()))
        # What belongs to a network begins with its name, in a heading or a row.
        name = ""
        kept = {True: 0, False: 0}
        for before, after in zip(first.splitlines(), second.splitlines()):
            begin = re.match(r"(?:#+|\|) (\w*)", before)
            if before.startswith("#") or begin and begin[1] in (*NETWORKS, "bundled_fashion_mnist"):
                name = begin[1]
            stays = name in ("densenet10", "bundled_cifar10", "bundled_fashion_mnist")
            kept[stays] += "95.0" in before
            self.assertEqual(after, before.replace("95.0", "77.7") if stays else before)
        self.assertGreater(min(kept.values()), 5)
        # Of a network that is evaluated nothing stays, not even what cannot be done again.
        (self.folder / "data/cifar-100-binary/train.bin").unlink()
        self.assertEqual(self.run_script("--nn", "densenet100").returncode, 0)
        text = self.output.read_text()
        self.assertEqual((first.count("### densenet10"), text.count("### densenet10")), (2, 1))

    def test_a_bundled_network_that_was_replaced_is_evaluated_anew(self):
        copy = self.folder / "copy"
        for part in "tools/reproducing", "eval/published/benchmarks":
            shutil.copytree(ROOT / part, copy / part)
        for file in SCRIPT, ROOT / "tools/processor.py":
            shutil.copy(file, copy / "tools")
        (copy / "weights").mkdir()
        (self.folder / "data/cifar-10-batches-bin").mkdir()
        weights = copy / "weights" / NETWORKS["bundled_cifar10"].files[0]
        for content, calls in ("first", 2), ("first", 2), ("other", 4):
            weights.write_text(content)
            result = self.run_script("--nn", "bundled_cifar10", "--work", self.folder / "work",
                                     script=copy / "tools/reproduce")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(len(self.calls("odin_eval")), calls)

    def test_without_a_network_or_programs_nothing_is_written(self):
        result = self.run_script()
        self.assertEqual(result.returncode, 1)
        self.assertIn("there is none of the networks (densenet10, densenet100, ", result.stderr)
        self.network("densenet10.pth")
        (self.folder / "build/eval/odin_eval").write_text("#!/bin/sh\nexit 3\n")
        result = self.run_script()
        self.assertEqual((result.returncode, result.stderr), (1, "reproduce: odin_eval ended with status 3\n"))
        (self.folder / "build/eval/odin_eval").unlink()
        self.assertIn("build the programs", self.run_script().stderr)
        self.assertFalse(self.output.exists())

    def test_the_results_are_those_of_the_networks_as_they_are(self):
        sections = (ROOT / "RESULTS.md").read_text(encoding="utf-8").split("\n## ")
        known = {name: section for section in sections for name in NETWORKS if section.startswith(name + "\n")}
        self.assertGreater(len(known), 3)
        for name, section in known.items():
            network = NETWORKS[name]
            self.assertIn(f"This is {network.title}; ODIN with temperature 1000 and magnitude {network.magnitude}, "
                          f"{network.choice}.", section.split("\n\n")[1])

    def test_the_figures_of_the_readme_are_those_of_the_results(self):
        results = (ROOT / "RESULTS.md").read_text(encoding="utf-8").splitlines()
        rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
                if line.startswith(("| densenet", "| dice_densenet", "| bundled_"))]
        self.assertGreater(len(rows), 5)
        for row in rows:
            self.assertIn(row, results)


if __name__ == "__main__":
    unittest.main()
