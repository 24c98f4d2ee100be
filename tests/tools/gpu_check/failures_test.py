#!/usr/bin/env python3
"""Tests of gpu_check.sh: programs that fail, hang, or are missing. CTest runs each by its name."""
import shutil
import subprocess
import unittest

from gpu_check_support import GpuCheckCase, PROGRAMS

CUT = "unfinished (out of time)"


class Failures(GpuCheckCase):
    def test_a_failing_test_is_reported_and_the_others_run(self):
        self.assert_status(self.full("tests rates", FAIL="test_cuda_plans"), 1)
        failed = {f"plans, {kind}": "failed (exit status 1)" for kind in ("own", "wgmma", "cudnn")}
        self.assertEqual({name: result for name, result in self.checks.items() if result != "passed"}, failed)
        self.assertIn("**Failed:** plans, own; plans, wgmma; plans, cudnn.", self.report)
        self.assertIn("But something failed", self.report)
        self.assertRegex(self.report, r"passed: kernels; half precision, own; .*\. failed: plans, own; plans, wgmma")
        self.assertIn("| `plan/slot.cpp` | emulated, tests pass | NVIDIA H100 80GB HBM3, ", self.report)
        self.assertIn(": the rest passed; failed: plans, own |", self.report)
        self.assertIn("test_cuda_plans is broken", (self.out / "log.txt").read_text())
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "48,000", "36,000"])

    def test_a_failure_of_wgmma_leaves_the_rest_alone(self):
        self.assert_status(self.full("tests rates evaluate sanitize", WGMMA_FAIL="all"), 1)
        halves = [f"densenet_bc_100 {precision} wgmma" for precision in ("fp16", "bf16")]
        failed = ["plans, wgmma", "half precision, wgmma", "networks, wgmma", "kernels, wgmma", "memcheck, wgmma",
                  "racecheck, wgmma", "timing wgmma in fp16", "timing wgmma in batches", "timing convolutions in fp16"]
        failed += [f"evaluation {name}" for name in halves]
        self.assertEqual({name: result for name, result in self.checks.items() if result != "passed"},
                         {**{name: "failed (exit status 1)" for name in failed},
                          **{f"metrics of {name} against fp32's": "not run" for name in halves}})
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "not run", "36,000"])

    def test_a_hang_of_wgmma_is_unfinished_and_the_rest_runs(self):  # serial
        result = self.full("tests rates pytorch evaluate", "--minutes", "0.5", WGMMA_HANG="all")
        self.assert_status(result, 3)
        self.assertLess(self.seconds, 30)
        self.assertEqual([name for name, result in self.checks.items() if result != "passed" and "wgmma" not in name],
                         ["timing convolutions in fp16"])
        self.assertEqual(self.checks["kernels, wgmma"], CUT)
        self.assertEqual(self.checks["timing wgmma in fp16"], "not run (a test of it was not over in time)")
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "not run", "36,000"])

    def test_a_training_that_is_cut_off_brings_its_state_back(self):  # serial
        data = self.folder / "data"
        data.mkdir()
        self.assert_status(self.full("evaluate train sanitize", "--minutes", "0.1", "--data", str(data),
                                     TRAINING_ENDS="no"), 0)
        self.assertLess(self.seconds, 6.5)
        self.assertEqual(self.checks["training densenet_bc_100 in fp16"], "passed (2 epochs)")
        self.assertEqual((self.out / "training.h5.state").stat().st_size, 1000)
        call = next(line for line in self.calls() if line.startswith("train "))
        self.assertIn(f"--in cifar10-train:{data} ", call)
        self.assertNotIn("--resume", call)

    def test_a_training_goes_on_with_the_state_of_another_time(self):
        for name in ("training.h5", "training.h5.state", "training.h5.csv"):
            (self.build / name).write_text("of another time\n")
        data = self.folder / "data"
        data.mkdir()
        self.assert_status(self.full("train", "--data", str(data)), 0)
        self.assertIn("--resume", next(line for line in self.calls() if line.startswith("train ")))

    def test_a_state_that_cannot_come_back_is_a_failure(self):
        data = self.folder / "data"
        data.mkdir()
        self.assert_status(self.full("train", "--data", str(data), STATE=str(16 << 20)), 1)
        self.assertEqual(self.checks["training densenet_bc_100 in fp16"],
                         "failed (its state of 16777216 bytes is too large to be brought back)")
        self.assert_status(self.full("train", "--data", str(data), FAIL="train"), 1)
        self.assertEqual(self.checks["training densenet_bc_100 in fp16"], "failed (exit status 1)")
        self.assert_status(self.full("train"), 3)
        self.assertEqual(self.checks["training densenet_bc_100 in fp16"],
                         "not run (there are no images to train on)")

    def test_without_a_gpu_every_check_says_so(self):
        data = self.folder / "data"
        data.mkdir()
        for call in ("smoke", "full"):
            with self.subTest(call=call):
                self.assert_status(self.run_script(call, "--data", str(data), NO_GPU="yes"), 1)
                others = {name: result for name, result in self.checks.items()
                          if result not in ("failed (there is no GPU)", "not run")}
                expected = {"the GPU": "failed (exit status 9)", "libraries": "passed",
                            "reading the libraries": "passed", "evaluation smoke cpu": "passed"}
                if call == "full":
                    expected |= {"evaluation densenet_bc_100 cpu": "passed"}
                self.assertEqual(others, expected)
                self.assertIn("\n**There is no GPU.**\n", self.report)

    def test_a_skipped_or_missing_test_has_failed(self):
        self.assert_status(self.full("tests", SKIP="test_cuda_half", EMPTY="test_training"), 1)
        self.assertEqual({name: result for name, result in self.checks.items() if result != "passed"},
                         {**{f"half precision, {kind}": "failed (skipped)" for kind in ("own", "wgmma", "cudnn")},
                          "training": "failed (there is no such test)"})

    def test_even_if_everything_hangs_both_calls_end_in_time(self):  # serial
        hanging = ",".join(path.rsplit("/", 1)[-1] for path in PROGRAMS) + ",compute-sanitizer,ldd"
        for call, parts, minutes in (("smoke", "smoke", 0.05),
                                     ("full", "tests rates pytorch evaluate train sanitize", 0.1)):
            with self.subTest(call=call):
                self.assert_status(self.run_script(call, "--parts", parts, "--minutes", str(minutes), HANG=hanging), 3)
                self.assertLess(self.seconds, 60 * minutes + 3)  # so short a run has some time more for the report
                self.assertFalse([result for result in self.checks.values() if result.startswith("failed")])
                left = subprocess.run(["pgrep", "-f", str(self.folder)], capture_output=True, text=True, check=False)
                self.assertEqual(left.stdout, "")
        self.assertEqual(self.checks["kernels"], CUT)
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["not run"] * 3)

    def test_a_timing_that_is_cut_off_keeps_what_it_measured(self):  # serial
        self.assert_status(self.full("rates", "--minutes", "0.2", HANG="odin_bench after the first"), 3)
        self.assertLess(self.seconds, 12)
        for kind in ("own", "wgmma", "cudnn"):
            self.assertEqual(self.checks[f"timing {kind} in fp16"], CUT)
        self.assertEqual(self.row("densenet_bc_100", "fp16")[:3], ["40,000", "48,000", "36,000"])
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["not run"] * 3)
        self.assertIn("- Wide-ResNet-28-10: 1.3 x the fastest PyTorch: not run; 60% of the measured peak: not run.",
                      self.report)

    def test_a_timing_that_prints_nothing_has_failed(self):
        self.assert_status(self.full("rates pytorch", SILENT="python"), 1)
        self.assertEqual(self.checks["timing PyTorch in fp16"], "failed (exit status 1)")
        self.assertIn("It printed nothing.", (self.out / "log.txt").read_text())
        self.assertIn("- DenseNet-BC-100: 3.0 x the fastest PyTorch: not run; 62% of the bandwidth floor in half "
                      "precision, aim 50%: undecided, its metrics are unknown;", self.report)

    def test_missing_programs_are_listed(self):
        for program in ("tools/cuda_kernel_bench", "tests/kernels/test_cuda_half"):
            (self.build / program).unlink()
        for program in ("compute-sanitizer", "nvidia-smi"):
            (self.bin / program).unlink()
        if shutil.which("compute-sanitizer", path="/usr/bin:/bin") or shutil.which("nvidia-smi", path="/usr/bin:/bin"):
            print("[SKIPPED] this machine has them")
            return
        self.assert_status(self.full("tests rates sanitize"), 1)
        missing = "failed (a program is missing)"
        expected = {f"half precision, {kind}": missing for kind in ("own", "wgmma", "cudnn")}
        expected["timing convolutions in fp16"] = missing
        expected |= {f"{tool}, {name}": "not run (compute-sanitizer is missing)" for tool in ("memcheck", "racecheck")
                     for name in ("kernels", "wgmma")}
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"}, expected)
        self.assertTrue(self.report.startswith("# unknown, commit "), self.report)


if __name__ == "__main__":
    unittest.main()
