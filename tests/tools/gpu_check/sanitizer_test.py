#!/usr/bin/env python3
"""Tests of gpu_check.sh: what compute-sanitizer finds. CTest runs each by its name."""
import unittest

from gpu_check_support import GpuCheckCase

FOUND, CUT = "failed (compute-sanitizer has found something)", "unfinished (out of time)"
INFORMATION = "information (compute-sanitizer has reported something)"


class Sanitizer(GpuCheckCase):
    def sanitized(self, status, *arguments, **behaviour):
        """How memcheck ended, racecheck, and racecheck of warpgroup products."""
        self.assert_status(self.full("sanitize", *arguments, **behaviour), status)
        self.assertEqual(list(self.checks), ["memcheck, kernels", "racecheck, kernels", "memcheck, wgmma",
                                             "racecheck, wgmma"])
        self.assertEqual(self.checks["memcheck, kernels"], self.checks["memcheck, wgmma"])
        return [self.checks[name] for name in ("memcheck, kernels", "racecheck, kernels", "racecheck, wgmma")]

    def test_failures_fail_and_an_unsupported_device_is_listed(self):
        self.assertEqual(self.sanitized(1, FAIL="test_cuda_kernels"), ["failed (exit status 1)"] * 3)
        self.assertEqual(self.sanitized(3, UNSUPPORTED="yes"),
                         ["not run (compute-sanitizer does not support the device)"] * 3)

    def test_races_of_warpgroup_products_are_information(self):
        race = "========= Warning: Race reported between Read access at f()+0x1f20 in a.cuh:1"
        self.assertEqual(self.sanitized(1, FOUND_racecheck=race), ["passed", FOUND, INFORMATION])
        self.assertIn("**Information:** racecheck, wgmma.", self.report)
        self.assertIn(": the rest passed; failed: racecheck, kernels; information: racecheck, wgmma |", self.report)

    def test_findings_count_though_the_sanitizer_is_cut_off(self):  # serial
        race = "\n".join(f"========= Error: Race reported between Write access at f()+0x1 in a.cuh:{i}\n=========     "
                         f"and Read access at f()+0x2 in b.cuh:{i} [4 hazards]\n=========" for i in range(1, 61))
        quiet = ("========= COMPUTE-SANITIZER\n========= Error: process didn't terminate successfully\n"
                 "========= ERROR SUMMARY: 0 errors")
        cut = {"HANG": "compute-sanitizer after the first"}
        self.assertEqual(self.sanitized(1, "--minutes", "0.1", FOUND_memcheck=quiet, FOUND_racecheck=race, **cut),
                         [CUT, FOUND, INFORMATION])
        log = (self.out / "log.txt").read_text()
        for i in (1, 40):  # though much has come after it
            self.assertEqual(log.count(f"Error: Race reported between Write access at f()+0x1 in a.cuh:{i}\n"), 2)
            self.assertEqual(log.count(f"and Read access at f()+0x2 in b.cuh:{i} [4 hazards]\n"), 2)
        self.assertNotIn("a.cuh:45\n", log)
        for memory, race, results in (
                ("========= Invalid __global__ write of size 2 bytes\n=========     at f()+0xd80 in a.cuh:16",
                 "========= Warning: Race reported between Read access at f()+0x1f20 in a.cuh:1",
                 [FOUND, FOUND, INFORMATION]),
                ("========= ERROR SUMMARY: 2 errors",
                 "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)", [FOUND, CUT, CUT]),
                (quiet, "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)",
                 [CUT, FOUND, INFORMATION])):
            with self.subTest(memory=memory, race=race):
                self.assertEqual(self.sanitized(1, "--minutes", "0.1", FOUND_memcheck=memory, FOUND_racecheck=race,
                                                **cut), results)

    def test_findings_count_though_the_exit_status_is_0(self):
        self.assertEqual(self.sanitized(
            1, FOUND_memcheck="========= ERROR SUMMARY: 0 errors",
            FOUND_racecheck="========= ERROR: Potential WAW hazard detected at __shared__ 0x0 in block (0,0,0) :"),
            ["passed", FOUND, INFORMATION])

    def test_failing_calls_of_libraries_are_not_errors(self):
        self.assert_status(self.full("sanitize"), 0)
        asked = {line.split()[2]: "--report-api-errors no" in line for line in self.calls()
                 if line.startswith("compute-sanitizer ")}
        self.assertEqual(asked, {"memcheck": True, "racecheck": False})  # the latter has no such option


if __name__ == "__main__":
    unittest.main()
