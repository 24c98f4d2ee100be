#!/usr/bin/env python3
"""Tests of tools/gpu_check/gpu_check.sh and its report, with programs that only pretend, where there is no GPU. CTest runs each
by its name."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tools" / "gpu_check" / "gpu_check.sh"
TESTS = ["tests/kernels/test_kernels", "tests/kernels/test_cuda_kernels", "tests/kernels/test_cuda_plans",
         "tests/kernels/test_cuda_half", "tests/nn/test_nn_on_cuda", "tests/tools/test_training"]
PROGRAMS = TESTS + ["tools/odin_bench", "tools/cuda_kernel_bench", "eval/odin_eval", "tools/train"]
NETWORKS = ("densenet_bc_100", "wrn_28_10")

# All of them, by the name that it is called by. FAIL, HANG, SKIP, EMPTY (no test of that name) and SILENT name
# programs; HANG takes also "PROGRAM after the first". WGMMA_FAIL and WGMMA_HANG name those that do so if they come to
# wgmma, or "all". FOUND_memcheck and FOUND_racecheck are what compute-sanitizer says. Programs that hang do not end
# when told to.
STUB = r"""#!/bin/bash
program=${0##*/}
named() { [[ ",$1," == *",$program$2,"* || ",$1," == *,all,* ]]; }
hang() { echo $$ >"$CALLS.$program"; trap '' TERM; while :; do sleep 0.05; done; }
declare -A o
for ((i = 1; i < $#; ++i)); do o[${!i}]=${@:i+1:1}; done
echo "$program $* [${ODIN_TEST_CONVOLUTIONS-all}] ($TRITON_CACHE_DIR, $TORCHINDUCTOR_CACHE_DIR)" >>"$CALLS"
! named "$HANG" || hang
! named "$FAIL" || { echo "$program is broken" >&2; exit 1; }
wgmma=no # whether the real program would run it
case $program in
  test_cuda_plans | test_cuda_half | test_nn_on_cuda)
    [[ ${ODIN_TEST_CONVOLUTIONS-wgmma} != *wgmma* ]] || wgmma=yes ;;
  test_cuda_kernels) # its cases of wgmma are of convolutions, too
    [[ $* == *-exclude=*warpgroup* || $* == *-exclude='*convolution*'* ]] || wgmma=yes ;;
  odin_bench | odin_eval | cuda_kernel_bench)
    [[ ${o[--conv]-wgmma} != *wgmma* || ${o[--precision]} != *16 || $* == *'--device cpu'* ]] || wgmma=yes ;;
esac
[[ $wgmma == no ]] || ! named "$WGMMA_HANG" || hang
[[ $wgmma == no ]] || ! named "$WGMMA_FAIL" || { echo 'an illegal address' >&2; exit 1; }
list() { echo "${1//,/ }"; }
declare -A rates=([fp32]=1000 [tf32]=2000 [fp16]=4000 [bf16]=3900)
case $program in
  nvidia-smi) [[ $* == *=name* ]] && echo 'NVIDIA H100 80GB HBM3' || echo 580.159.04 ;;
  compute-sanitizer)
    [[ $UNSUPPORTED != yes ]] || { echo '========= Error: Device not supported.'; exit 1; }
    found=FOUND_${o[--tool]}
    [[ -z ${!found} ]] || { echo "${!found}"; seq 150; }
    ! named "$HANG" ' after the first' || hang
    while [[ $1 == --* ]]; do shift 2; done
    exec "$@" ;;
  nice) exec "$@" ;;
  python)
    if [[ $1 == - ]]; then cat >/dev/null; exit; fi
    ! named "$SILENT" || exit 0
    for precision in $(list "${o[--precisions]}"); do for network in $(list "${o[--networks]}"); do
      ways=('eager, NCHW' 'eager, channels_last')
      [[ -z ${o[--compile]} ]] || ways=("compiled (${o[--compile]##*,}), channels_last")
      for i in "${!ways[@]}"; do
        printf '{"network": "%s", "precision": "%s", "way": "%s", "batch": 512, "torch": "2.11.0", "gpu": "G", ' \
          "$network" "$precision" "${ways[i]}"
        echo "\"images_per_second\": $((rates[$precision] * (i + 2)))}"
      done
    done; done ;;
  odin_bench)
    for precision in $(list "${o[--precision]}"); do for network in $(list "${o[--network]}"); do
      case ${o[--conv]} in own) factor=10;; wgmma) factor=12;; *) factor=9;; esac
      printf '{"network":"%s","device":"cuda:0","executor":"e","precision":"%s","convolution":"%s","batch":4096,' \
        "$network" "$precision" "${o[--conv]}"
      printf '"temperature":1000.0,"images":4096,"seconds":1.0,"prepare_seconds":0.1,"images_per_second":%d,' \
        $((rates[$precision] * factor))
      printf '"gflops":1.0,"peak_gflops":2.0,"fraction_of_peak":0.5,"moved_megabytes_per_image":45.0,'
      printf '"memory_gbytes_per_second":3000.0,"bandwidth_floor_images_per_second":66000.0,'
      printf '"fraction_of_bandwidth_floor":0.625,"version":"0.1.0"}\n'
      if named "$HANG" ' after the first'; then printf '{"network":"wrn_28'; hang; fi
    done; done ;;
  cuda_kernel_bench)
    for shape in '3x3 160 -> 160, 32x32' '1x1/2 160 -> 320, 32x32'; do
      ways=
      [[ $shape == 3x3* ]] && own=400.0 || own=501.0
      [[ ${o[--conv]} != *own* ]] ||
        ways+="\"implicit-gemm_error\":0.0,\"implicit-gemm_tflops\":$own,\"auto_error\":0.0,\"auto_tflops\":$own,"
      [[ ${o[--conv]} != *wgmma* ]] || ways+='"wgmma_error":0.0,"wgmma_tflops":500.0,'
      [[ ${o[--conv]} != *cudnn* ]] || ways+='"library_error":0.0,"library_tflops":450.0,'
      [[ $ways == *wgmma* ]] && plain=1.5 || plain=1.0
      echo "{\"network\":\"wrn\",\"pass\":\"forward\",\"shape\":\"$shape\",\"plain_error\":0.0," \
        "\"plain_tflops\":$plain,$ways\"gpu\":\"G\",\"precision\":\"${o[--precision]}\",\"batch\":256}"
    done ;;
  odin_eval)
    [[ ! -e $CALLS.train ]] || ! kill -0 "$(<"$CALLS.train")" || echo 'evaluated while training hangs' >>"$CALLS"
    off=0.90000 score=0.5
    [[ ${o[--precision]} != "$METRIC_OFF" ]] || off=${METRIC:-0.90100}
    [[ -z $SCORE_OFF || ${o[--precision]} != "$SCORE_OFF" ]] || score=0.50002
    sets=(Gaussian)
    [[ $* != *uniform* ]] || sets=(Gaussian uniform)
    detector="{\"source\":null,\"temperature\":1000.0,\"magnitude\":0.0014,\"fpr_at_tpr95\":$off,"
    detector+='"detection_error":0.1,"auroc":0.9,"aupr_in":0.9,"aupr_out":null}'
    for i in "${!sets[@]}"; do
      folder=${o[--scores]}
      ((${#sets[@]} == 1)) || folder+=/out_$((i + 1))
      mkdir -p "$folder"
      for file in Base_In Base_Out Our_In Our_Out; do
        printf '1000, 0.0014, %s\n1000, 0.0014, 0.75\n' $score >"$folder/confidence_$file.txt"
      done
      evaluations+=${evaluations:+,}"{\"out_set\":\"${sets[i]}\",\"out_images\":2,\"detectors\":"
      evaluations+="{\"baseline\":$detector,\"odin\":$detector}}"
    done
    echo "{\"network\":\"n\",\"evaluations\":[$evaluations]}" >"${o[--json]}" ;;
  train)
    sleep 0.2
    echo a network >"${o[--out]}"
    echo "trained ${o[--network]}" >>"$CALLS" ;;
  test_*)
    ! named "$SKIP" || echo '[SKIPPED] there is no GPU'
    named "$EMPTY" && count=0 || count=3
    echo "[doctest] test cases: $count | $count passed | 0 failed | 0 skipped" ;;
esac
"""


class GpuCheck(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.build, self.bin, self.out = (self.folder / name for name in ("build", "bin", "out"))
        for path in [self.build / p for p in PROGRAMS] + [self.bin / p for p in (
                "nvidia-smi", "compute-sanitizer", "python", "nice")]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(STUB)
            path.chmod(0o755)

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
                    self.assertEqual(f"metrics of {name} beside fp32's" in self.checks, name[-8:] != "fp32 own")
        for kind in ("own", "cudnn"):
            self.assertIn(f"scores of densenet_bc_100 fp32 {kind} beside the CPU's", self.checks)
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
        self.assertIn("- DenseNet-BC-100: 4.00 x the fastest PyTorch (fp16 beside fp16, eager, channels_last), "
                      "at least 3.0: met; 62% of the bandwidth floor in half precision, aim 50%: met; 18,000 images in "
                      "0.38 s.", self.report)
        self.assertIn("at least 1.3: met; 50% of the measured peak in half precision, aim 60%: not met;", self.report)
        self.assertRegex(self.report, r"\nv1-2-gabc, \d{4}-\d\d-\d\d, NVIDIA H100 80GB HBM3: passed: training "
                                      r"wrn_28_10 in tf32; .*; 21 evaluations; 16 timings; 18 comparisons of metrics; "
                                      r"2 comparisons of scores\.\n")
        self.assertEqual(len(list(self.out.iterdir())), 8)
        # Nobody measures beside another: all timing comes after all that shares the GPU.
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

    def test_where_pytorch_has_not_compiled_ahead_a_quicker_mode_comes_first(self):
        self.assert_status(self.run_script("--parts", "compile"), 0)
        for network in NETWORKS:
            self.assertEqual([c[0] for c in self.compilations(network)], ["reduce-overhead,max-autotune"])

    def test_a_test_that_fails_is_told_and_the_others_run(self):
        self.assert_status(self.run_script("--parts", "tests fast", FAIL="test_cuda_plans"), 1)
        self.assert_all_but(plans="failed (exit status 1)", plans__wgmma="failed (exit status 1)")
        self.assertIn("**Failed:** plans; plans, wgmma.", self.report)
        self.assertIn("But something failed", self.report)
        self.assertRegex(self.report, r"passed: operations; half precision; .*\. failed: plans; plans, wgmma\.")
        self.assertIn("test_cuda_plans is broken", (self.out / "log.txt").read_text())
        self.assertEqual(self.row("wrn_28_10", "fp16")[:3], ["40,000", "48,000", "36,000"])
        self.assertEqual(self.row("wrn_28_10", "bf16")[:3], ["not run"] * 3)

    def test_wgmma_takes_nothing_else_along_when_it_fails(self):
        self.assert_status(self.run_script("--parts", "train tests eval sanitize fast precisions kernels",
                                           WGMMA_FAIL="all"), 1)
        halves = [f"{network} {precision} wgmma" for network in NETWORKS for precision in ("fp16", "bf16")]
        failed = ["plans, wgmma", "half precision, wgmma", "networks, wgmma", "kernels, wgmma", "memcheck, wgmma",
                  "racecheck, wgmma", "timing wgmma in fp16", "timing wgmma in bf16",
                  "timing wgmma convolutions in fp16"] + [f"evaluation {name}" for name in halves]
        self.assertEqual({name: result for name, result in self.checks.items() if result != "passed"},
                         {**{name: "failed (exit status 1)" for name in failed},
                          **{f"metrics of {name} beside fp32's": "not run" for name in halves}})
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

    def test_a_test_that_is_skipped_or_is_not_there_has_failed(self):
        self.assert_status(self.run_script("--parts", "tests", SKIP="test_cuda_half", EMPTY="test_training"), 1)
        self.assert_all_but(half_precision="failed (skipped)", half_precision__wgmma="failed (skipped)",
                            training="failed (there is no such test)")

    def test_one_that_hangs_is_killed_and_the_rest_runs_in_time(self):
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

    def test_a_timing_that_is_cut_off_leaves_what_it_had(self):
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
        self.assertIn("It has printed nothing.", (self.out / "log.txt").read_text())
        self.assertIn("- DenseNet-BC-100: 3.0 x the fastest PyTorch: not run; 62% of the bandwidth floor in half "
                      "precision, aim 50%: undecided, its metrics are unknown;", self.report)

    def test_what_no_time_was_left_for_is_listed(self):
        # All of the first phase's time goes by; so does that of the timings, of which kernels has none left.
        self.assert_status(self.run_script("--minutes", "0.05", "--parts", "kernels fast", HANG="cuda_kernel_bench"), 3)
        self.assertLess(self.seconds, 3 + 2)  # the report has two seconds more where all is this short
        self.assertEqual(self.checks["timing own,cudnn convolutions in fp16"], "unfinished (out of time)")
        for name in ("timing own in fp16", "timing PyTorch in fp16"):
            self.assertIn(self.checks[name], ("not run (no time was left)", "passed"))
        self.assertEqual(self.row("-", "-", "-", "fp16"), ["not run"] * 4)

    def test_a_precision_whose_metrics_are_off_is_no_default(self):
        self.assert_status(self.run_script("--parts", "eval train fast precisions", METRIC_OFF="fp16"), 1)
        failed = "failed (1.0e-01 is not within 0.05)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"metrics of {network} fp16 {kind} beside fp32's": failed
                          for network in NETWORKS for kind in ("own", "wgmma", "cudnn")})
        self.assertEqual(self.row("wrn_28_10 fp16 own"), ["-", "0.100"])
        self.assertIn("\ndefault precision: DenseNet-BC-100 bf16 (wgmma, 46,800 images/s); "
                      "Wide-ResNet-28-10 bf16 (wgmma, 46,800 images/s). But something failed", self.report)
        self.assertIn("- DenseNet-BC-100: 3.90 x the fastest PyTorch (bf16 beside fp16, eager, channels_last), at "
                      "least 3.0: met, but without", self.report)

    def test_no_target_is_met_by_what_has_other_metrics(self):
        self.assert_status(self.run_script("--parts", "eval fast", METRIC_OFF="fp16"), 1)
        wrong = "not met, nothing that was timed has fp32's metrics"
        self.assertIn(f"- DenseNet-BC-100: 3.0 x the fastest PyTorch: {wrong}; 50% of the bandwidth floor: {wrong}.",
                      self.report)
        # Of the other network there are no metrics.
        self.assertIn("- Wide-ResNet-28-10: 4.00 x the fastest PyTorch (fp16 beside fp16, eager, channels_last), at "
                      "least 1.3: undecided, its metrics are unknown, but without torch.compile at its best; 50% of "
                      "the measured peak in half precision, aim 60%: not met, its metrics are unknown; 18,000",
                      self.report)

    def test_targets_say_what_is_faster_but_has_no_metrics(self):
        self.assert_status(self.run_script("--parts", "eval fast", WGMMA_FAIL="odin_eval"), 1)
        self.assertIn("- DenseNet-BC-100: 3.33 x the fastest PyTorch (fp16 beside fp16, eager, channels_last), at "
                      "least 3.0: met, without knowing the metrics of fp16 wgmma, which has more, but", self.report)

    def test_metrics_may_differ_by_a_twentieth_of_a_point(self):
        self.assert_status(self.run_script("--parts", "eval", METRIC_OFF="bf16", METRIC="0.90049"), 0)
        self.assertEqual(self.row("densenet_bc_100 bf16 own"), ["-", "0.049"])

    def test_scores_that_are_not_the_cpus(self):
        self.assert_status(self.run_script("--parts", "eval", SCORE_OFF="fp32"), 1)
        failed = "failed (2.0e-05 is not within 1e-05)"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"},
                         {f"scores of densenet_bc_100 fp32 {kind} beside the CPU's": failed
                          for kind in ("own", "cudnn")})

    def test_without_the_reference_no_default_is_decided(self):
        self.assert_status(self.run_script("--parts", "eval fast", FAIL="odin_eval"), 1)
        self.assertIn("default precision: DenseNet-BC-100 undecided, without knowing fp32 and tf32", self.report)
        self.assertEqual(self.checks["metrics of densenet_bc_100 bf16 own beside fp32's"], "not run")

    def test_missing_programs(self):
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
                    expected[f"metrics of wrn_28_10 {precision} {kind} beside fp32's"] = "not run"
        self.assertEqual({name: r for name, r in self.checks.items() if r != "passed"}, expected)
        self.assertTrue(self.report.startswith("# unknown, commit "), self.report)

    def test_a_sanitizer_that_finds_something_and_one_that_cannot_look(self):
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

    def test_a_sanitizer_that_is_cut_off_after_it_has_found_something(self):
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

    def test_a_sanitizer_that_ends_well_though_it_has_found_something(self):
        self.assertEqual(self.sanitized(
            1, FOUND_memcheck="========= ERROR SUMMARY: 0 errors",
            FOUND_racecheck="========= ERROR: Potential WAW hazard detected at __shared__ 0x0 in block (0,0,0) :"),
            ["passed", "failed (compute-sanitizer has found something)"])

    def test_calls_that_libraries_make_in_vain_are_no_errors(self):
        self.assert_status(self.run_script("--parts", "sanitize"), 0)
        asked = {line.split()[2]: "--report-api-errors no" in line for line in self.calls()
                 if line.startswith("compute-sanitizer ")}
        self.assertEqual(asked, {"memcheck": True, "racecheck": False})  # the latter has no such option

    def test_a_pack_that_is_unpacked_and_one_that_is_not_there(self):
        (self.build / "commit").write_text("v1-2-gabc\n")
        self.assert_status(self.run_script("--parts", "tests eval"), 0)
        self.assertIn("commit v1-2-gabc, ", self.report)
        self.assertTrue(any(f"idx:{self.build}/data/t10k-images" in line for line in self.calls()), self.calls())
        result = self.run_script(build=self.folder / "nowhere")
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"no build and no pack '{self.folder}/nowhere'", result.stderr)

    def test_wrong_usage(self):
        for arguments in (["--parts", "nothing"], ["--minutes", "soon"], ["--minutes"], ["--what", "x"]):
            result = self.run_script(*arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("--minutes M", result.stderr)

    def test_the_limits_leave_time_for_the_report(self):
        ends = [int(n) for n in re.findall(r"\bby (\d+)", SCRIPT.read_text())]
        self.assertGreater(len(ends), 8)
        self.assertLessEqual(max(ends), 530)
        # Where all before it takes as long as it may, wgmma leaves some to what is timed after it.
        self.assertLess(int(re.search(r"time_kernels fp16 wgmma (\d+)", SCRIPT.read_text())[1]), ends[-1] - ends[-2])

    def test_the_fields_are_those_of_the_programs(self):
        def fields(part):
            written = re.split(r"\n  [a-z_*]+\)", STUB[STUB.index(f"\n  {part})") + 1:])[0]
            return set(re.findall(r'"(\w+)\\?":', written))
        for part, sources in (("odin_bench", ["tools/bench/odin_bench.cpp"]),
                              ("cuda_kernel_bench", ["tools/bench/cuda_kernel_bench.cpp"]),
                              ("odin_eval", ["eval/report/json.cpp", "eval/metrics/figures.h", "eval/scoring/detector.cpp"])):
            text = "".join((ROOT / source).read_text() for source in sources)
            names = {re.sub("^(plain|wgmma|auto)_", "_", name) for name in fields(part)}
            self.assertGreater(len(names), 7)
            for name in names:
                self.assertIn(f'"{name}"', text)
        versions = (ROOT / "kernels" / "cuda" / "conv" / "convolution.cpp").read_text()
        for name in ("plain", "implicit-gemm", "wgmma", "auto"):
            self.assertIn(f'"{name}"', versions)

    def test_its_programs_are_built(self):
        listed = SCRIPT.read_text().split("programs=(")[1].split(")")[0].split()
        self.assertEqual(sorted(listed), sorted(PROGRAMS))
        for program in listed:
            folder, name = program.rsplit("/", 1)
            call = f"odin_test({name[5:]}" if name.startswith("test_") else f"odin_program({name}"
            text = (ROOT / folder / "CMakeLists.txt").read_text()
            self.assertRegex(text, f"{re.escape(call)}\\s|OUTPUT_NAME {name}\\)")


if __name__ == "__main__":
    unittest.main()
