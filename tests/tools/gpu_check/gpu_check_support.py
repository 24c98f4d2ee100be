"""What the tests of tools/gpu_check share: stand-ins for its programs, and a test case that runs it with them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tools" / "gpu_check" / "gpu_check.sh"
STUB = pathlib.Path(__file__).with_name("stub_program.sh")
TESTS = ["tests/kernels/test_kernels", "tests/kernels/test_cuda_kernels", "tests/kernels/test_cuda_plans",
         "tests/kernels/test_cuda_half", "tests/nn/test_nn_on_cuda", "tests/tools/test_training"]
PROGRAMS = TESTS + ["tools/odin_bench", "tools/cuda_kernel_bench", "eval/odin_eval", "tools/train"]
NETWORKS = ("densenet_bc_100", "wrn_28_10")


class GpuCheckCase(unittest.TestCase):
    """Runs gpu_check.sh with programs that only pretend."""
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.build, self.bin, self.out, self.work = (self.folder / name for name in ("build", "bin", "out", "work"))
        for path in [self.build / p for p in PROGRAMS] + [self.bin / p for p in (
                "nvidia-smi", "compute-sanitizer", "python", "ldd")]:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(STUB, path)

    def environment(self, **behaviour):
        environment = {**os.environ, "PATH": f"{self.bin}:/usr/bin:/bin", "CALLS": str(self.folder / "calls"),
                       "REAL_PYTHON": sys.executable, "TRAINING_ENDS": "yes",
                       **{name: "" for name in ("FAIL", "HANG", "SKIP", "EMPTY", "SILENT", "WGMMA_FAIL", "WGMMA_HANG",
                                                "FOUND_memcheck", "FOUND_racecheck", "UNSUPPORTED", "METRIC_OFF",
                                                "SCORE_OFF", "LIBRARY", "STATE", "NO_GPU")}, **behaviour}
        for name in ("ODIN_TEST_CONVOLUTIONS", "ODIN_FEW_CASES"):
            environment.pop(name, None)
        return {name: value for name, value in environment.items() if value or name not in ("STATE", "LIBRARY")}

    def command(self, call, *arguments, build=None):
        return [str(SCRIPT), *([call] if call else []), "--build", str(build or self.build), "--out", str(self.out),
                "--work", str(self.work), "--python", str(self.bin / "python"), *arguments]

    def run_script(self, call, *arguments, build=None, **behaviour):
        began = time.monotonic()
        result = subprocess.run(self.command(call, *arguments, build=build), capture_output=True, text=True,
                                timeout=100, env=self.environment(**behaviour))
        self.seconds = time.monotonic() - began
        if result.returncode in (0, 1, 3) and (self.out / "gpu_check.md").exists():
            self.report = (self.out / "gpu_check.md").read_text()
            self.json = json.loads((self.out / "gpu_check.json").read_text())
            self.checks = self.json["checks"]
        return result

    def full(self, parts, *arguments, **behaviour):
        return self.run_script("full", "--parts", parts, *arguments, **behaviour)

    def at_once(self):
        """By program, the largest number of programs that ran at the same time as one of its name."""
        running, most = {}, {}
        for line in (self.folder / "calls.running").read_text().splitlines():
            if line.startswith("-"):
                running.pop(line[1:], None)
                continue
            process, program = line[1:].split()
            running[process] = program
            for name in running.values():
                most[name] = max(most.get(name, 0), len(running))
        return most

    def assert_status(self, result, status):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertNotIn("Traceback", result.stderr)

    def calls(self):
        return (self.folder / "calls").read_text().splitlines()

    def row(self, *cells):
        """The rest of the row of a table that begins so."""
        start = "| " + " | ".join(cells) + " | "
        found = [line[len(start):-2].split(" | ") for line in self.report.splitlines() if line.startswith(start)]
        self.assertEqual(len(found), 1, f"{start} in\n{self.report}")
        return found[0]

    def assert_all_but(self, **results):
        """Everything else has passed."""
        others = {name: result for name, result in self.checks.items() if not result.startswith("passed")}
        self.assertEqual(others, {name.replace("__", ", ").replace("_", " "): r for name, r in results.items()})
