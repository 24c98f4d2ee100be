#!/usr/bin/env python3
"""Tests of gpu_check.sh: all of it, its usage, and that it fits the programs. CTest runs each by its name."""
import re
import tarfile
import unittest

from gpu_check_support import GpuCheckCase, NETWORKS, PROGRAMS, ROOT, SCRIPT, STUB, TESTS


class GpuCheck(GpuCheckCase):
    def test_all_passes_from_a_pack(self):
        (self.build / "commit").write_text("v1-2-gabc\n")
        with tarfile.open(self.folder / "pack.tar.gz", "w:gz", compresslevel=1) as tar:
            tar.add(self.build, ".")
        result = self.run_script(build=self.folder / "pack.tar.gz")
        self.assert_status(result, 0)
        self.assert_all_but()
        self.assertNotIn("not run", self.report)
        self.assertTrue(self.report.startswith("# NVIDIA H100 80GB HBM3, commit v1-2-gabc, "), self.report)
        self.assertIn("Driver 580.159.04.", self.report)
        # Every row of every table.
        for network in NETWORKS:
            for precision, mine in (("fp32", 1000), ("tf32", 2000), ("fp16", 4000), ("bf16", 3900)):
                half = precision in ("fp16", "bf16")
                self.assertEqual(self.row(network, precision), [
                    f"{10 * mine:,}", f"{12 * mine:,}" if half else "-", f"{9 * mine:,}", "50%", "62%",
                    f"{2 * mine:,} (batch 512)", f"{3 * mine:,} (batch 512)",
                    f"{2 * mine:,} (batch 512)" if precision == "fp16" else "-", "4.00" if half else "3.33"])
                for kind in ("own", "wgmma", "cudnn") if half else ("own", "cudnn"):
                    name = f"{network} {precision} {kind}"
                    compared = network == "densenet_bc_100" and precision == "fp32"
                    self.assertEqual(self.row(name), ["0.0e+00" if compared else "-", "0.000"])
                    self.assertIn(f"evaluation {name}", self.checks)
                    self.assertEqual(f"metrics of {name} against fp32's" in self.checks, name[-8:] != "fp32 own")
        for kind in ("own", "cudnn"):
            self.assertIn(f"scores of densenet_bc_100 fp32 {kind} against the CPU's", self.checks)
        shape = ("wrn", "forward", "3x3 160 -> 160, 32x32")
        self.assertEqual(self.row(*shape, "fp16"), ["1.0", "400.0", "500.0", "450.0"])
        self.assertEqual(self.row(*shape, "tf32"), ["1.0", "400.0", "-", "450.0"])
        for name in ("operations", "plans", "half precision", "networks", "training", "kernels", "plans, wgmma",
                     "half precision, wgmma", "networks, wgmma", "kernels, wgmma",
                     "memcheck, convolutions", "memcheck, other kernels", "memcheck, wgmma", "racecheck, convolutions",
                     "racecheck, other kernels", "racecheck, wgmma", "training wrn_28_10 in tf32",
                     "training densenet_bc_100 in bf16"):
            self.assertEqual(self.row(name), ["passed"])
        # What follows from it.
        self.assertIn("\ndefault precision: DenseNet-BC-100 fp16 (wgmma, 48,000 images/s); "
                      "Wide-ResNet-28-10 fp16 (wgmma, 48,000 images/s).\n", self.report)
        self.assertIn("\nwgmma beats own (mma.sync) in 1 of 2 convolutions of wrn: "
                      "3x3 160 -> 160, 32x32 forward fp16 (1.25 x).\n", self.report)
        self.assertIn("\nfastest convolution: wgmma (", self.report)
        self.assertIn("- DenseNet-BC-100: 4.00 x the fastest PyTorch (fp16 against fp16, eager, channels_last), "
                      "at least 3.0: met; 62% of the bandwidth floor in half precision, aim 50%: met; 18,000 images in "
                      "0.38 s.", self.report)
        self.assertIn("at least 1.3: met; 50% of the measured peak in half precision, aim 60%: not met;", self.report)
        self.assertRegex(self.report, r"\nv1-2-gabc, \d{4}-\d\d-\d\d, NVIDIA H100 80GB HBM3: passed: training "
                                      r"wrn_28_10 in tf32; .*; 21 evaluations; 16 timings; 18 comparisons of metrics; "
                                      r"2 comparisons of scores\.\n")
        self.assertEqual(len(list(self.out.iterdir())), 8)
        # Timings run alone: after everything that shares the GPU.
        calls = [line.split()[0] for line in self.calls()]
        first = calls.index("odin_bench")
        self.assertFalse({"odin_eval", "train", "compute-sanitizer", "test_cuda_plans"} & set(calls[first:]))

    def compilations(self, network):
        """Modes and folders of compiled kernels and of choices, of each of PyTorch's compilations of a network."""
        found = [re.search(r"--compile (\S+) \[all\] \((.*), (.*)\)", line) for line in self.calls() if
                 f"--networks {network} " in line and line.startswith("python ")]
        return [match.groups() for match in found if match]

    def test_pytorch_compiles_ahead_but_chooses_alone(self):
        self.assert_status(self.run_script("--parts", "warm compile"), 0)
        for network in NETWORKS:
            ahead, timed = self.compilations(network)
            self.assertEqual((ahead[0], timed[0]), ("max-autotune", "max-autotune"))
            self.assertEqual(ahead[1], timed[1])
            self.assertNotEqual(ahead[2], timed[2])

    def test_a_quicker_mode_comes_first_if_pytorch_has_not_compiled_ahead(self):
        self.assert_status(self.run_script("--parts", "compile"), 0)
        for network in NETWORKS:
            self.assertEqual([c[0] for c in self.compilations(network)], ["reduce-overhead,max-autotune"])

    def test_the_wide_resnet_is_trained_before_anything_that_could_delay_it(self):
        self.assert_status(self.run_script("--parts", "tests train eval sanitize"), 0)
        calls = self.calls()
        trained = calls.index("trained wrn_28_10")
        self.assertFalse([line for line in calls[:trained] if line.startswith("odin_eval ") or
                          line.startswith("train ") and "wrn_28_10" not in line])
        for program in TESTS + ["compute-sanitizer"]:  # which do not wait
            name = program.rsplit("/", 1)[-1]
            nice = [line for line in calls if line.startswith("nice ") and f"/{name} " in line.replace(f" {name}",
                                                                                                       f"/{name}")]
            self.assertTrue(nice, name)
        defaults = re.search(r"^parts='(.*)'", SCRIPT.read_text(), re.MULTILINE)[1]
        self.assertEqual(defaults.split()[0], "train")

    def test_an_unpacked_pack_is_used_and_a_missing_one_is_an_error(self):
        (self.build / "commit").write_text("v1-2-gabc\n")
        self.assert_status(self.run_script("--parts", "tests eval"), 0)
        self.assertIn("commit v1-2-gabc, ", self.report)
        self.assertTrue(any(f"idx:{self.build}/data/t10k-images" in line for line in self.calls()), self.calls())
        result = self.run_script(build=self.folder / "nowhere")
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"no build and no pack '{self.folder}/nowhere'", result.stderr)

    def test_wrong_usage_has_exit_status_2(self):
        for arguments in (["--parts", "nothing"], ["--minutes", "soon"], ["--minutes"], ["--what", "x"]):
            result = self.run_script(*arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("--minutes M", result.stderr)

    def test_the_limits_leave_time_for_the_report(self):
        parts = "".join(SCRIPT.with_name(name).read_text() for name in ("parts_at_once.sh", "parts_alone.sh"))
        ends = [int(n) for n in re.findall(r"\bby (\d+)", parts)]
        self.assertGreater(len(ends), 8)
        self.assertLessEqual(max(ends), 530)
        # Where all before it takes as long as it may, wgmma leaves some to what is timed after it.
        self.assertLess(int(re.search(r"time_kernels fp16 wgmma (\d+)", parts)[1]), ends[-1] - ends[-2])

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
