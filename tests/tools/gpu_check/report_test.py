#!/usr/bin/env python3
"""Tests of gpu_check.sh's report: decisions and targets. CTest runs each by its name."""
import unittest

from gpu_check_support import GpuCheckCase, NETWORKS


class Report(GpuCheckCase):
    def test_a_precision_with_wrong_metrics_is_not_the_default(self):
        self.assert_status(self.run_script("--parts", "eval train fast precisions", METRIC_OFF="fp16"), 1)
        failed = "failed (1.0e-01 is not within 0.05)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"metrics of {network} fp16 {kind} against fp32's": failed
                          for network in NETWORKS for kind in ("own", "wgmma", "cudnn")})
        self.assertEqual(self.row("wrn_28_10 fp16 own"), ["-", "0.100"])
        self.assertIn("\ndefault precision: DenseNet-BC-100 bf16 (wgmma, 46,800 images/s); "
                      "Wide-ResNet-28-10 bf16 (wgmma, 46,800 images/s). But something failed", self.report)
        self.assertIn("- DenseNet-BC-100: 3.90 x the fastest PyTorch (bf16 against fp16, eager, channels_last), at "
                      "least 3.0: met, but without", self.report)

    def test_rows_with_wrong_metrics_meet_no_target(self):
        self.assert_status(self.run_script("--parts", "eval fast", METRIC_OFF="fp16"), 1)
        wrong = "not met, nothing that was timed has fp32's metrics"
        self.assertIn(f"- DenseNet-BC-100: 3.0 x the fastest PyTorch: {wrong}; 50% of the bandwidth floor: {wrong}.",
                      self.report)
        # Of the other network there are no metrics.
        self.assertIn("- Wide-ResNet-28-10: 4.00 x the fastest PyTorch (fp16 against fp16, eager, channels_last), at "
                      "least 1.3: undecided, its metrics are unknown, but without torch.compile at its best; 50% of "
                      "the measured peak in half precision, aim 60%: not met, its metrics are unknown; 18,000",
                      self.report)

    def test_targets_name_faster_rows_without_metrics(self):
        self.assert_status(self.run_script("--parts", "eval fast", WGMMA_FAIL="odin_eval"), 1)
        self.assertIn("- DenseNet-BC-100: 3.33 x the fastest PyTorch (fp16 against fp16, eager, channels_last), at "
                      "least 3.0: met, without knowing the metrics of fp16 wgmma, which has more, but", self.report)

    def test_metrics_may_differ_by_a_twentieth_of_a_point(self):
        self.assert_status(self.run_script("--parts", "eval", METRIC_OFF="bf16", METRIC="0.90049"), 0)
        self.assertEqual(self.row("densenet_bc_100 bf16 own"), ["-", "0.049"])

    def test_scores_that_differ_from_the_cpus_fail(self):
        self.assert_status(self.run_script("--parts", "eval", SCORE_OFF="fp32"), 1)
        failed = "failed (2.0e-05 is not within 1e-05)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"scores of densenet_bc_100 fp32 {kind} against the CPU's": failed
                          for kind in ("own", "cudnn")})

    def test_without_the_reference_no_default_is_decided(self):
        self.assert_status(self.run_script("--parts", "eval fast", FAIL="odin_eval"), 1)
        self.assertIn("default precision: DenseNet-BC-100 undecided, without knowing fp32 and tf32", self.report)
        self.assertEqual(self.checks["metrics of densenet_bc_100 bf16 own against fp32's"], "not run")


if __name__ == "__main__":
    unittest.main()
