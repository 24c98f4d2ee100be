#!/usr/bin/env python3
"""Tests of gpu_check.sh: what compute-sanitizer finds. CTest runs each by its name."""
import unittest

from gpu_check_support import GpuCheckCase


class Sanitizer(GpuCheckCase):
    def test_findings_fail_and_an_unsupported_device_is_listed(self):
        self.assert_status(self.run_script("--parts", "sanitize", FAIL="test_cuda_kernels"), 1)
        self.assertEqual(set(self.checks.values()), {"failed (exit status 1)"})
        self.assert_status(self.run_script("--parts", "sanitize", UNSUPPORTED="yes"), 3)
        self.assertEqual(set(self.checks.values()), {"not run (compute-sanitizer does not support the device)"})
        self.assertEqual(len(self.checks), 6)

    def sanitized(self, status, *arguments, **behaviour):
        """By tool, how it ended, which must be the same for each of its parts."""
        self.assert_status(self.run_script("--parts", "sanitize", *arguments, **behaviour), status)
        results = {tool: {result for name, result in self.checks.items() if name.startswith(tool)}
                   for tool in ("memcheck", "racecheck")}
        self.assertEqual([len(found) for found in results.values()], [1, 1], results)
        return [found.pop() for found in results.values()]

    def test_findings_count_though_the_sanitizer_is_cut_off(self):
        race = "\n".join(f"========= Error: Race reported between Write access at f()+0x1 in a.cuh:{i}\n=========     "
                         f"and Read access at f()+0x2 in b.cuh:{i} [4 hazards]\n=========" for i in range(1, 61))
        quiet = ("========= COMPUTE-SANITIZER\n========= Error: process didn't terminate successfully\n"
                 "========= ERROR SUMMARY: 0 errors")
        found, unfinished = "failed (compute-sanitizer has found something)", "unfinished (out of time)"
        cut = {"HANG": "compute-sanitizer after the first"}
        self.assertEqual(self.sanitized(1, "--minutes", "0.06", FOUND_memcheck=quiet, FOUND_racecheck=race, **cut),
                         [unfinished, found])
        log = (self.out / "log.txt").read_text()
        for i in (1, 40):  # though much has come after it
            self.assertEqual(log.count(f"Error: Race reported between Write access at f()+0x1 in a.cuh:{i}\n"), 3)
            self.assertEqual(log.count(f"and Read access at f()+0x2 in b.cuh:{i} [4 hazards]\n"), 3)
        self.assertNotIn("a.cuh:45\n", log)
        for memory, race, results in (
                ("========= Invalid __global__ write of size 2 bytes\n=========     at f()+0xd80 in a.cuh:16",
                 "========= Warning: Race reported between Read access at f()+0x1f20 in a.cuh:1", [found, found]),
                ("========= ERROR SUMMARY: 2 errors",
                 "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)", [found, unfinished]),
                (quiet, "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)", [unfinished, found])):
            with self.subTest(memory=memory, race=race):
                self.assertEqual(self.sanitized(1, "--minutes", "0.06", FOUND_memcheck=memory, FOUND_racecheck=race,
                                                **cut), results)

    def test_findings_count_though_the_exit_status_is_0(self):
        self.assertEqual(self.sanitized(
            1, FOUND_memcheck="========= ERROR SUMMARY: 0 errors",
            FOUND_racecheck="========= ERROR: Potential WAW hazard detected at __shared__ 0x0 in block (0,0,0) :"),
            ["passed", "failed (compute-sanitizer has found something)"])

    def test_failing_calls_of_libraries_are_not_errors(self):
        self.assert_status(self.run_script("--parts", "sanitize"), 0)
        asked = {line.split()[2]: "--report-api-errors no" in line for line in self.calls()
                 if line.startswith("compute-sanitizer ")}
        self.assertEqual(asked, {"memcheck": True, "racecheck": False})  # the latter has no such option


if __name__ == "__main__":
    unittest.main()
