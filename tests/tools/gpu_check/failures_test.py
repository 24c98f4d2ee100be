#!/usr/bin/env python3
"""Tests of gpu_check.sh: programs that fail, hang, or are missing. CTest runs each by its name."""
import re
import shutil
import unittest

from gpu_check_support import GpuCheckCase, NETWORKS, PROGRAMS


class Failures(GpuCheckCase):
    def test_a_failing_test_is_reported_and_the_others_run(self):
        self.assert_status(self.run_script("--parts", "tests fast", FAIL="test_cuda_plans"), 1)
        self.assert_all_but(plans="failed (exit status 1)", plans__wgmma="failed (exit status 1)")
        self.assertIn("**Failed:** plans; plans, wgmma.", self.report)
        self.assertIn("But something failed", self.report)
        self.assertRegex(self.report, r"passed: operations; half precision; .*\. failed: plans; plans, wgmma\.")
        self.assertIn("test_cuda_plans is broken", (self.out / "log.txt").read_text())
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "48,000", "36,000"])
        self.assertEqual(self.row("wrn_28_10", "bf16")[:3], ["not run"] * 3)

    def test_a_failure_of_wgmma_leaves_the_rest_alone(self):
        self.assert_status(self.run_script("--parts", "train tests eval sanitize fast precisions kernels",
                                           WGMMA_FAIL="all"), 1)
        halves = [f"{network} {precision} wgmma" for network in NETWORKS for precision in ("fp16", "bf16")]
        failed = ["plans, wgmma", "half precision, wgmma", "networks, wgmma", "kernels, wgmma", "memcheck, wgmma",
                  "racecheck, wgmma", "timing wgmma in fp16", "timing wgmma in bf16",
                  "timing wgmma convolutions in fp16"] + [f"evaluation {name}" for name in halves]
        self.assertEqual({name: result for name, result in self.checks.items() if result != "passed"},
                         {**{name: "failed (exit status 1)" for name in failed},
                          **{f"metrics of {name} against fp32's": "not run" for name in halves}})
        self.assertEqual(self.row("wrn", "forward", "3x3 160 -> 160, 32x32", "fp16"), ["1.0", "400.0", "-", "450.0"])
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "not run", "36,000"])
        # Each test with each kind of convolution, and each convolution of the tests of kernels, exactly once.
        for program in ("test_cuda_plans", "test_cuda_half", "test_nn_on_cuda"):
            kinds = [re.search(r"\[(.*)\]", line)[1] for line in self.calls() if line.startswith(f"{program} ")]
            self.assertEqual(sorted(kinds), ["own cudnn", "wgmma"])
        kernels = [line.split(" [")[0] for line in self.calls() if line.startswith("test_cuda_kernels ")]
        self.assertEqual(sorted(kernels), sorted(
            ["test_cuda_kernels --test-case-exclude=*warpgroup*"] + 3 * ["test_cuda_kernels --test-case=*warpgroup*"] +
            2 * ["test_cuda_kernels --test-case=*convolution* --test-case-exclude=*warpgroup*",
                 "test_cuda_kernels --test-case-exclude=*convolution*,*warpgroup*"]))

    def test_wgmma_takes_no_time_from_others_when_it_hangs(self):
        result = self.run_script("--minutes", "0.3", "--parts", "eval fast kernels", WGMMA_HANG="all")
        self.assertIn(result.returncode, (1, 3), result.stderr)
        self.assertLess(self.seconds, 18)
        self.assertEqual([name for name, result in self.checks.items() if result != "passed" and "wgmma" not in name],
                         [])
        self.assertEqual(self.checks["timing wgmma convolutions in fp16"], "unfinished (out of time)")
        for program in ("odin_bench", "odin_eval"):  # it comes last
            kinds = [re.search(r"--conv (\S+)", line)[1] for line in self.calls()
                     if line.startswith(f"{program} ") and "--precision fp16" in line]
            self.assertEqual(kinds, ["own", "cudnn", "wgmma"])
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "not run", "36,000"])

    def test_a_training_that_hangs_leaves_the_rest_its_time(self):
        result = self.run_script("--minutes", "0.3", "--parts", "train eval fast", HANG="train")
        self.assertIn(result.returncode, (1, 3), result.stderr)
        ended = self.checks["training wrn_28_10 in tf32"]
        self.assertRegex(ended, r"^(failed|unfinished) \(out of time\)$")
        for precision in ("fp32", "tf32", "fp16", "bf16"):
            self.assertEqual(self.checks[f"evaluation densenet_bc_100 {precision} cudnn"], "passed")
            self.assertEqual(self.checks[f"evaluation wrn_28_10 {precision} own"], "not run")
        self.assertIn("evaluated while training hangs", self.calls())
        self.assertIn("default precision: DenseNet-BC-100 fp16 (wgmma, 48,000 images/s), without knowing fp32 and tf32 "
                      "and bf16; Wide-ResNet-28-10 undecided, as its metrics are those of a network that was not "
                      f"trained (training wrn_28_10 in tf32: {ended}), without", self.report)

    def test_a_skipped_or_missing_test_has_failed(self):
        self.assert_status(self.run_script("--parts", "tests", SKIP="test_cuda_half", EMPTY="test_training"), 1)
        self.assert_all_but(half_precision="failed (skipped)", half_precision__wgmma="failed (skipped)",
                            training="failed (there is no such test)")

    def test_a_hanging_program_is_killed_and_the_rest_runs_in_time(self):
        self.assert_status(self.run_script("--minutes", "0.2", "--parts", "tests train fast kernels",
                                           HANG="test_cuda_plans"), 1)
        self.assertLess(self.seconds, 12)
        self.assert_all_but(plans="failed (out of time)", plans__wgmma="failed (out of time)")
        self.assertEqual(self.row("wrn_28_10", "fp16")[0], "40,000")

    def test_even_if_everything_hangs_it_ends_in_time(self):
        hanging = ",".join(path.rsplit("/", 1)[-1] for path in PROGRAMS)
        result = self.run_script("--minutes", "0.06", HANG=f"{hanging},compute-sanitizer")
        self.assertIn(result.returncode, (1, 3), result.stderr)
        self.assertLess(self.seconds, 3.6 + 1.5)  # so short a run has some time more for the report
        late = {name for name, r in self.checks.items() if r.endswith(("(out of time)", "(no time was left)"))}
        self.assertLessEqual({"kernels", "memcheck, convolutions", "evaluation densenet_bc_100 fp32 own",
                              "training wrn_28_10 in tf32", "timing own in fp16"}, late)
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["not run"] * 3)

    def test_a_timing_that_is_cut_off_keeps_what_it_measured(self):
        self.assert_status(self.run_script("--minutes", "0.12", "--parts", "fast kernels",
                                           HANG="odin_bench after the first"), 3)
        self.assertLess(self.seconds, 7.2)
        cut = "unfinished (out of time)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"timing {kind} in fp16": cut for kind in ("own", "wgmma", "cudnn")})
        self.assertEqual(self.row("densenet_bc_100", "fp16")[:3], ["40,000", "48,000", "36,000"])
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["not run"] * 3)
        self.assertIn("- Wide-ResNet-28-10: 1.3 x the fastest PyTorch: not run; 60% of the measured peak: not run.",
                      self.report)

    def test_a_timing_that_prints_nothing_has_failed(self):
        self.assert_status(self.run_script("--parts", "fast", SILENT="python"), 1)
        self.assertEqual(self.checks["timing PyTorch in fp16"], "failed (exit status 1)")
        self.assertIn("It printed nothing.", (self.out / "log.txt").read_text())
        self.assertIn("- DenseNet-BC-100: 3.0 x the fastest PyTorch: not run; 62% of the bandwidth floor in half "
                      "precision, aim 50%: undecided, its metrics are unknown;", self.report)

    def test_checks_without_time_are_listed(self):
        # All of the first phase's time goes by; so does that of the timings, of which kernels has none left.
        self.assert_status(self.run_script("--minutes", "0.05", "--parts", "kernels fast", HANG="cuda_kernel_bench"), 3)
        self.assertLess(self.seconds, 3 + 2)  # the report has two seconds more where all is this short
        self.assertEqual(self.checks["timing own,cudnn convolutions in fp16"], "unfinished (out of time)")
        for name in ("timing own in fp16", "timing PyTorch in fp16"):
            self.assertIn(self.checks[name], ("not run (no time was left)", "passed"))
        self.assertEqual(self.row("-", "-", "-", "fp16"), ["not run"] * 4)

    def test_missing_programs_are_listed(self):
        for program in ("tools/train", "tests/kernels/test_cuda_half"):
            (self.build / program).unlink()
        for program in ("compute-sanitizer", "nvidia-smi"):
            (self.bin / program).unlink()
        if shutil.which("compute-sanitizer", path="/usr/bin:/bin") or shutil.which("nvidia-smi", path="/usr/bin:/bin"):
            print("[SKIPPED] this machine has them")
            return
        self.assert_status(self.run_script("--parts", "tests train sanitize"), 1)
        missing = "failed (a program is missing)"
        expected = {"half precision": missing, "half precision, wgmma": missing, "training wrn_28_10 in tf32": missing,
                    "memcheck": "not run (compute-sanitizer is missing)",
                    "racecheck": "not run (compute-sanitizer is missing)"}
        expected |= {f"training densenet_bc_100 in {p}": missing for p in ("fp16", "bf16", "tf32", "fp32")}
        for precision, kinds in (("fp32", 2), ("tf32", 2), ("fp16", 3), ("bf16", 3)):
            for kind in ("own", "cudnn", "wgmma")[:kinds]:
                expected[f"evaluation wrn_28_10 {precision} {kind}"] = "not run"
                if (precision, kind) != ("fp32", "own"):
                    expected[f"metrics of wrn_28_10 {precision} {kind} against fp32's"] = "not run"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"}, expected)
        self.assertTrue(self.report.startswith("# unknown, commit "), self.report)


if __name__ == "__main__":
    unittest.main()
