#!/usr/bin/env python3
"""What the tests of a few cases would cost on a GPU, counted where it is emulated. CTest runs each test by its name.

    budget_test.py FOLDER     (ODIN_BINARY_DIR: a build without CUDA, whose tests of the emulated device are built)
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("ODIN_BINARY_DIR", "build/release"))
# What tools/gpu_check runs of it on a GPU, by the emulated program; the others test the emulation.
PROGRAMS = {"tests/kernels/test_cuda_kernels_on_cpu": ["--test-case-exclude=*cuda on cpu*"],
            "tests/kernels/test_cuda_backend_on_cpu": ["--source-file=*backend_on_cpu_test*,*half_test*,*/plan_test*"],
            "tests/nn/test_nn_on_emulated_cuda": []}
# The kernels' tests also run under compute-sanitizer, where a call takes a hundred times as long.
MOST = {"tests/kernels/test_cuda_kernels_on_cpu": 1300, "all": 5000}


class Budget(unittest.TestCase):
    def calls(self, program, *arguments, **environment):
        """Launches and waits."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "calls"
            result = subprocess.run([BUILD / program, *arguments], capture_output=True, text=True, check=False,
                                    env={**os.environ, "ODIN_COUNT_CALLS": str(path), **environment})
            self.assertEqual(result.returncode, 0, result.stdout)
            return [int(number) for number in path.read_text().split()]

    def test_few_cases_ask_little_of_a_gpu(self):
        total = 0
        for program, arguments in PROGRAMS.items():
            launches, waits = self.calls(program, *arguments, ODIN_FEW_CASES="1")
            print(f"{program}: {launches} launches, {waits} waits")
            self.assertGreater(launches, 100)
            self.assertGreater(waits, 100)
            self.assertLessEqual(launches + waits, MOST.get(program, MOST["all"]), program)
            total += launches + waits
        self.assertLessEqual(total, MOST["all"])


if __name__ == "__main__":
    unittest.main()
