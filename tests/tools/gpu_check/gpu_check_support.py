"""What the tests of tools/gpu_check share: stand-ins for its programs, and a test case that runs it with them."""
import json
import os
import pathlib
import shutil
import subprocess
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
        self.build, self.bin, self.out = (self.folder / name for name in ("build", "bin", "out"))
        for path in [self.build / p for p in PROGRAMS] + [self.bin / p for p in (
                "nvidia-smi", "compute-sanitizer", "python", "nice")]:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(STUB, path)

    def run_script(self, *arguments, build=None, **behaviour):
        environment = {**os.environ, "PATH": f"{self.bin}:/usr/bin:/bin", "CALLS": str(self.folder / "calls"),
                       **{name: "" for name in ("FAIL", "HANG", "SKIP", "EMPTY", "SILENT", "WGMMA_FAIL", "WGMMA_HANG",
                                                "FOUND_memcheck", "FOUND_racecheck", "UNSUPPORTED", "METRIC_OFF",
                                                "SCORE_OFF")}, **behaviour}
        environment.pop("ODIN_TEST_CONVOLUTIONS", None)
        began = time.monotonic()
        result = subprocess.run([str(SCRIPT), "--build", str(build or self.build), "--out", str(self.out), "--python",
                                 str(self.bin / "python"), *arguments], capture_output=True, text=True, timeout=100,
                                env=environment)
        self.seconds = time.monotonic() - began
        if result.returncode in (0, 1, 3):
            self.report = (self.out / "gpu_check.md").read_text()
            self.json = json.loads((self.out / "gpu_check.json").read_text())
            self.checks = self.json["checks"]
        return result

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
        others = {name: result for name, result in self.checks.items() if result != "passed"}
        self.assertEqual(others, {name.replace("__", ", ").replace("_", " "): r for name, r in results.items()})
