#!/usr/bin/env python3
"""Tests of gpu_check.sh: all of it, its usage, and that it fits the programs. CTest runs each by its name."""
import re
import signal
import subprocess
import time
import unittest

from gpu_check_support import GpuCheckCase, NETWORKS, PROGRAMS, ROOT, SCRIPT, STUB

OUT_FILES = {"checks.txt", "log.txt", "measurements.jsonl", "gpu_check.md", "gpu_check.json"}


class GpuCheck(GpuCheckCase):
    def test_all_passes_in_two_calls(self):
        (self.build / "commit").write_text("v1-2-gabc\n")
        images = self.folder / "images"  # of a set that the stand-ins do not read
        images.mkdir()
        self.assert_status(self.run_script("smoke"), 0)
        self.assert_all_but()
        self.assertTrue(self.report.startswith("# NVIDIA H100 80GB HBM3, commit v1-2-gabc, "), self.report)
        self.assertIn("Driver 580.159.04.", self.report)
        smoke = ["smoke fp32 own", "smoke tf32 own", "smoke fp16 own", "smoke bf16 own", "smoke fp16 wgmma",
                 "smoke bf16 wgmma", "smoke fp32 cudnn"]
        self.assertEqual({name for name in self.checks if not name.startswith(("evaluation", "scores"))},
                         {"the GPU", "libraries", "reading the libraries", "smoke: kernels, wgmma"})
        for name in smoke:
            self.assertEqual(self.row(name), ["0.0e+00", "0.0e+00", "-"])
            self.assertIn(f"scores of {name} against the CPU's", self.checks)

        (self.folder / "calls").unlink()
        (self.folder / "calls.running").unlink()
        self.assert_status(self.run_script("full", "--data", str(images)), 0)
        self.assert_all_but()
        self.assertEqual({path.name for path in self.out.iterdir()},
                         OUT_FILES | {"training.h5", "training.h5.state", "training.h5.csv"})
        # Every row of every table.
        for network in NETWORKS:
            for precision, mine in (("fp32", 1000), ("tf32", 2000), ("fp16", 4000), ("bf16", 3900)):
                half = precision == "fp16"
                self.assertEqual(self.row(network, precision)[:6], [
                    f"{10 * mine:,}", f"{12 * mine:,}" if half else "not run" if precision == "bf16" else "-",
                    f"{9 * mine:,}" if half else "not run", "50%", "62%", f"{2 * mine:,} (batch 512)" if half else
                    "not run"])
            self.assertEqual(self.row(network, "fp16")[6:], ["12,000 (batch 512)", "8,000 (batch 512)", "4.00"])
            # By the size of the batch.
            self.assertEqual(self.row(network, "wgmma"), ["47,999", "47,998", "47,996", "47,984"])
        for precision, kinds in (("fp32", 2), ("tf32", 2), ("fp16", 3), ("bf16", 3)):
            for kind in ("own", "cudnn", "wgmma")[:kinds]:
                self.assertEqual(self.row(f"densenet_bc_100 {precision} {kind}"), ["0.0e+00", "0.0e+00", "0.000"])
                self.assertEqual(self.row(f"{precision} {kind}"), ["90.00 / 90.00"] * 2)
        self.assertEqual(self.row("cpu"), ["90.00 / 90.00"] * 2)
        self.assertEqual(self.row("wrn", "forward", "3x3 160 -> 160, 32x32", "fp16"), ["1.5", "400.0", "500.0", "-"])
        for name in smoke:  # of the first call
            self.assertEqual(self.checks[f"evaluation {name}"], "passed")
        self.assertEqual(self.checks["training densenet_bc_100 in fp16"], "passed (2 epochs)")
        # What follows from it.
        self.assertIn("\ndefault precision: DenseNet-BC-100 fp16 (wgmma, 48,000 images/s); Wide-ResNet-28-10 undecided"
                      ", without knowing fp32 and tf32 and fp16 and bf16.\n", self.report)
        self.assertIn("\nwgmma beats own (mma.sync) in 1 of 2 convolutions of wrn: "
                      "3x3 160 -> 160, 32x32 forward fp16 (1.25 x).\n", self.report)
        self.assertIn("\nfastest convolution: wgmma (", self.report)
        self.assertIn("- DenseNet-BC-100: 4.00 x the fastest PyTorch (fp16 against fp16, eager, channels_last), "
                      "at least 3.0: met", self.report)
        self.assertRegex(self.report, r"\nv1-2-gabc, \d{4}-\d\d-\d\d, NVIDIA H100 80GB HBM3: passed: the GPU; .*; "
                                      r"19 evaluations; 10 timings; 9 comparisons of scores; "
                                      r"9 comparisons of metrics\.\n")
        verified = (ROOT / "kernels" / "cuda" / "VERIFIED.md").read_text()
        for cell in ("`conv/wgmma.cu`", "`library/cudnn.cpp`", "scores in fp32 within 1e-5 of the CPU's"):
            line = next(line for line in verified.splitlines() if line.startswith(f"| {cell} |"))
            self.assertIn(f"\n{line.rsplit(' | ', 1)[0]} | NVIDIA H100 80GB HBM3, v1-2-gabc: passed |\n", self.report)

        # Tests and timings run alone; no more than three programs run at once, and the training is one of them.
        most = self.at_once()
        for program in ("test_cuda_plans", "test_kernels", "odin_bench", "cuda_kernel_bench"):
            self.assertEqual(most[program], 1, program)
        self.assertLessEqual(max(most.values()), 3)
        # The most valuable comes first.
        calls = [line.split()[0] for line in self.calls()]
        order = [calls.index(name) for name in ("test_cuda_kernels", "test_cuda_plans", "odin_bench", "odin_eval",
                                                "compute-sanitizer")]
        self.assertEqual(order, sorted(order))
        self.assertEqual([re.search(r"--conv (\S+)", line)[1] for line in self.calls() if line.startswith("odin_bench ")
                          and "--seconds 2 " in line], ["own", "wgmma", "cudnn"])
        for line in self.calls():
            if line.startswith(("test_", "compute-sanitizer")):
                self.assertTrue(line.endswith("(1)"), line)  # few cases

    def test_each_kind_of_convolution_has_its_own_process(self):
        self.assert_status(self.full("tests"), 0)
        for program in ("test_cuda_plans", "test_cuda_half", "test_nn_on_cuda"):
            kinds = [re.search(r"\[(.*)\]", line)[1] for line in self.calls() if line.startswith(f"{program} ")]
            self.assertEqual(kinds, ["own", "wgmma", "cudnn"])
        kernels = [line.split(" [")[0] for line in self.calls() if line.startswith("test_cuda_kernels ")]
        self.assertEqual(kernels, ["test_cuda_kernels --test-case-exclude=*warpgroup*",
                                   "test_cuda_kernels --test-case=*warpgroup*"])

    def test_without_a_call_both_run_one_after_the_other(self):
        self.assert_status(self.run_script(None, "--parts", "smoke"), 0)
        self.assertEqual(len([line for line in self.calls() if "--device cpu" in line]), 2)
        # A first call that fails leaves the second one out.
        result = self.run_script(None, FAIL="nvidia-smi")
        self.assert_status(result, 1)
        self.assertFalse([line for line in self.calls() if line.startswith("test_cuda_plans ")])

    def test_a_missing_library_costs_no_more_than_the_first_call(self):
        self.assert_status(self.run_script("smoke", LIBRARY="not found"), 1)
        self.assert_all_but(libraries="failed (exit status 1)")
        self.assertIn("libcudnn.so.9 => not found", (self.out / "log.txt").read_text())

    def test_results_are_there_before_the_end(self):
        environment = self.environment(HANG="odin_bench")
        process = subprocess.Popen(self.command("full", "--parts", "tests rates"), env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (self.folder / "calls.odin_bench").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        hanging = int((self.folder / "calls.odin_bench").read_text())
        subprocess.run(["kill", "-9", str(hanging)], check=True)
        checks = dict(line.rsplit(": ", 1) for line in (self.out / "checks.txt").read_text().splitlines())
        self.assertEqual(checks["networks, cudnn"], "passed")
        self.assertEqual(checks["timing wgmma in fp16"], "not run")

    def test_wrong_usage_has_exit_status_2(self):
        for arguments in (["--parts", "nothing"], ["--minutes", "soon"], ["--minutes"], ["--what", "x"]):
            result = self.run_script("full", *arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("--minutes M", result.stderr)
        self.assertEqual(subprocess.run([SCRIPT, "pack"], capture_output=True, check=False).returncode, 2)
        result = self.run_script("smoke", build=self.folder / "nowhere")
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"no build and no pack '{self.folder}/nowhere'", result.stderr)

    def test_the_limits_leave_time_for_the_report(self):
        ends = {name: [int(n) for n in re.findall(r"\bby (\d+)", SCRIPT.with_name(name).read_text())]
                for name in ("parts.sh", "parts_together.sh")}
        self.assertLessEqual(ends["parts.sh"][0], 55)  # the first call, of 60 seconds
        full = ends["parts.sh"][1:] + ends["parts_together.sh"]
        self.assertEqual(full, sorted(full))
        self.assertGreater(len(full), 7)
        self.assertLessEqual(full[-1], 470)

    def test_the_fields_are_those_of_the_programs(self):
        def fields(part):
            stub = STUB.read_text()
            written = re.split(r"\n  [a-z_*]+\)", stub[stub.index(f"\n  {part})") + 1:])[0]
            return set(re.findall(r'"(\w+)\\?":', written))
        for part, sources in (("odin_bench", ["tools/bench/odin_bench.cpp"]),
                              ("cuda_kernel_bench", ["tools/bench/cuda_kernel_bench.cpp"]),
                              ("odin_eval", ["eval/report/json.cpp", "eval/metrics/figures.h",
                                             *(ROOT / "eval/scoring/detectors").glob("*.cpp")])):
            text = "".join((ROOT / source).read_text() for source in sources)
            names = {re.sub("^(plain|wgmma|auto)_", "_", name) for name in fields(part)}
            self.assertGreater(len(names), 7)
            for name in names:
                self.assertIn(f'"{name}"', text)
        versions = (ROOT / "kernels" / "cuda" / "conv" / "convolution.cpp").read_text()
        for name in ("plain", "implicit-gemm", "wgmma", "auto"):
            self.assertIn(f'"{name}"', versions)

    def test_the_sets_are_those_of_the_programs(self):
        text = "".join(SCRIPT.with_name(name).read_text() for name in ("programs.sh", "parts_together.sh"))
        known = re.findall(r'[{"](\w[\w-]*)", DatasetKind::', (ROOT / "eval/data/spec.cpp").read_text())
        used = set(re.findall(r'[ ="]([\w-]+):\$', text))
        self.assertEqual(used, {"cifar10", "cifar10-train", "idx", "folder"})
        self.assertLessEqual(used, set(known))

    def test_its_programs_are_built(self):
        listed = SCRIPT.with_name("programs.sh").read_text().split("programs=(")[1].split(")")[0].split()
        self.assertEqual(sorted(listed), sorted(PROGRAMS))
        for program in listed:
            folder, name = program.rsplit("/", 1)
            call = f"odin_test({name[5:]}" if name.startswith("test_") else f"odin_program({name}"
            text = (ROOT / folder / "CMakeLists.txt").read_text()
            self.assertRegex(text, f"{re.escape(call)}\\s|OUTPUT_NAME {name}\\)")


if __name__ == "__main__":
    unittest.main()
