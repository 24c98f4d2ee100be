#!/usr/bin/env python3
"""Tests of gpu_check.sh's report: decisions and targets. CTest runs each by its name."""
import unittest

from gpu_check_support import GpuCheckCase


class Report(GpuCheckCase):
    def test_a_precision_with_wrong_metrics_is_not_the_default(self):
        self.assert_status(self.full("rates pytorch evaluate", METRIC_OFF="fp16"), 1)
        failed = "failed (1.0e-01 is not within 0.05)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"metrics of densenet_bc_100 fp16 {kind} against fp32's": failed
                          for kind in ("own", "wgmma", "cudnn")})
        self.assertEqual(self.row("densenet_bc_100 fp16 own"), ["0.0e+00", "0.0e+00", "0.100"])
        self.assertEqual(self.row("fp16 own"), ["90.10 / 90.00"] * 2)
        self.assertIn("\ndefault precision: DenseNet-BC-100 bf16 (own, 39,000 images/s); Wide-ResNet-28-10 undecided",
                      self.report)
        self.assertIn("But something failed", self.report)
        self.assertIn("- DenseNet-BC-100: 3.25 x the fastest PyTorch (bf16 against fp16, eager, channels_last), at "
                      "least 3.0: met, but without", self.report)

    def test_a_network_without_metrics_meets_no_target(self):
        self.assert_status(self.full("rates pytorch evaluate"), 0)
        self.assertIn("- Wide-ResNet-28-10: 4.00 x the fastest PyTorch (fp16 against fp16, eager, channels_last), at "
                      "least 1.3: undecided, its metrics are unknown, but without torch.compile at its best; 50% of "
                      "the measured peak in half precision, aim 60%: not met, its metrics are unknown; 18,000",
                      self.report)

    def test_targets_name_faster_rows_without_metrics(self):
        self.assert_status(self.full("rates pytorch evaluate", WGMMA_FAIL="odin_eval"), 1)
        self.assertIn("- DenseNet-BC-100: 3.33 x the fastest PyTorch (fp16 against fp16, eager, channels_last), at "
                      "least 3.0: met, without knowing the metrics of fp16 wgmma, which has more, but", self.report)

    def test_metrics_may_differ_by_a_twentieth_of_a_point(self):
        self.assert_status(self.full("evaluate", METRIC_OFF="bf16", METRIC="0.90049"), 0)
        self.assertEqual(self.row("densenet_bc_100 bf16 own"), ["0.0e+00", "0.0e+00", "0.049"])

    def test_scores_that_differ_from_the_cpus_fail(self):
        self.assert_status(self.full("evaluate", SCORE_OFF="fp32"), 1)
        failed = "failed (2.0e-05 is not within 1e-05)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"scores of densenet_bc_100 fp32 {kind} against the CPU's": failed
                          for kind in ("own", "cudnn")})

    def test_the_first_call_bounds_fp32_by_its_largest_difference_and_the_others_by_the_mean(self):
        self.assert_status(self.run_script("smoke", SCORE_OFF="fp32"), 1)
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"scores of smoke fp32 {kind} against the CPU's": "failed (2.0e-05 is not within 1e-05)"
                          for kind in ("own", "cudnn")})
        self.assert_status(self.run_script("smoke", SCORE_OFF="bf16"), 0)
        self.assert_status(self.run_script("smoke", SCORE_OFF="bf16", SCORE="0.54"), 1)  # the mean of two scores
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"scores of smoke bf16 {kind} against the CPU's": "failed (2.0e-02 is not within 0.01)"
                          for kind in ("own", "wgmma")})

    def test_without_the_reference_no_default_is_decided(self):
        self.assert_status(self.full("rates evaluate", FAIL="odin_eval"), 1)
        self.assertIn("default precision: DenseNet-BC-100 undecided, without knowing fp32 and tf32", self.report)
        self.assertEqual(self.checks["metrics of densenet_bc_100 bf16 own against fp32's"], "not run")
        self.assertEqual(self.checks["scores of densenet_bc_100 fp32 own against the CPU's"], "not run")


if __name__ == "__main__":
    unittest.main()
