#!/usr/bin/env python3
"""Tests of tools/bench/compare_cpu.py with programs and networks that are quick."""
import contextlib
import functools
import importlib.util
import io
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

PATH = pathlib.Path(__file__).resolve().parents[3] / "tools" / "bench" / "compare_cpu.py"
try:
    import torch
except ImportError:
    print("[SKIPPED] no PyTorch")
    sys.exit()
spec = importlib.util.spec_from_file_location("compare_cpu", PATH)
compare_cpu = importlib.util.module_from_spec(spec)
spec.loader.exec_module(compare_cpu)

# Prints which of glibc's variables it was given in place of its version.
PROGRAM = """#!/bin/sh
given=$(env | grep '^MALLOC_' | tr '\\n' ' ')
case $* in *--instruction-set*) given="${*##*--instruction-set }" ;; esac
echo '{"images_per_second": 10, "peak_gflops": 100, "gflops": 50, "peak_megabytes": 7, "version": "9.9 '"$given"'"}'
"""
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}


class CompareCpuTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        (self.build / "tools").mkdir()
        for name in ("odin_bench", "train_bench"):
            program = self.build / "tools" / name
            program.write_text(PROGRAM)
            program.chmod(0o755)
        small = functools.partial(compare_cpu.WideResNet, 10, 10, 1)
        self.enter(mock.patch.object(compare_cpu, "NETWORKS", {"evaluated": ("Evaluated", small, (1, 2))}))
        self.enter(mock.patch.object(compare_cpu, "TRAINED", {"evaluated": ("Evaluated", small, 2),
                                                              "trained": ("Trained", small, 2)}))
        self.enter(mock.patch.object(compare_cpu, "pytorch_training_megabytes", return_value=14))
        self.enter(mock.patch.dict(os.environ, KEPT))

    def enter(self, context):
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def run_main(self, *arguments):
        """What it prints."""
        command = ["compare_cpu.py", "--build", str(self.build), "--threads", "1", "--rounds", "1", "--seconds", "0",
                   "--compile", "none", *arguments]
        with mock.patch.object(sys, "argv", command), contextlib.redirect_stdout(io.StringIO()) as printed:
            compare_cpu.main()
        return printed.getvalue()

    def test_a_table_leaves_out_what_it_does_not_have(self):
        printed = self.run_main("--networks", "trained")
        self.assertIn("| Trained, batch 2 | 10.0 | 7 |", printed)
        self.assertNotIn("Evaluated", printed)
        self.assertNotIn("| ODIN |", printed)

    def test_unknown_networks_are_refused(self):
        for arguments in (("--networks", "other"), ("--networks", "trained", "--only", "odin")):
            with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
                self.run_main(*arguments)

    def test_under_each_table_is_how_it_was_measured(self):
        lines = self.run_main().splitlines()
        notes = [line for line in lines if "rounds: 1; ours 9.9" in line]
        self.assertEqual(len(notes), 2)
        for note in notes:
            self.assertIn(compare_cpu.processor(), note)
            self.assertIn(f"PyTorch {torch.__version__}, for which glibc keeps freed memory", note)
            self.assertRegex(note, r"\d{4}-\d\d-\d\d")
        self.assertTrue(lines[3].startswith("| Evaluated | 10.0 |"), lines)

    def test_only_pytorch_keeps_freed_memory(self):
        self.assertNotIn("MALLOC_", self.run_main())

    def test_it_starts_itself_again_to_keep_freed_memory(self):
        with mock.patch.dict(os.environ, {"MALLOC_MMAP_MAX_": "5"}), \
                mock.patch.object(os, "execve", side_effect=InterruptedError) as execve:
            with self.assertRaises(InterruptedError):
                self.run_main("--only", "odin")
        program, arguments, environment = execve.call_args.args
        self.assertEqual(program, sys.executable)
        self.assertEqual(arguments[-2:], ["--only", "odin"])
        self.assertEqual({name: environment[name] for name in KEPT}, KEPT)

    def test_an_instruction_set_is_for_both(self):
        with mock.patch.object(os, "execve", side_effect=InterruptedError) as execve:
            with self.assertRaises(InterruptedError):
                self.run_main("--instruction-set", "avx2")
        environment = execve.call_args.args[2]
        self.assertEqual(environment["ATEN_CPU_CAPABILITY"], "avx2")
        self.assertEqual(environment["ONEDNN_MAX_CPU_ISA"], "AVX2")
        with mock.patch.dict(os.environ, environment):
            printed = self.run_main("--instruction-set", "avx2")
        self.assertEqual(printed.count(f"{compare_cpu.processor()}, avx2 only, threads: 1"), 2)
        self.assertEqual(printed.count("ours 9.9 avx2;"), 2)

    def test_it_starts_again_only_once(self):
        with mock.patch.object(os, "execve") as execve:
            compare_cpu.start_again_with(KEPT)
        execve.assert_not_called()


class CompiledTest(unittest.TestCase):
    def setUp(self):
        if not hasattr(torch, "compile"):
            print("[SKIPPED] this PyTorch does not compile")
            self.skipTest("this PyTorch does not compile")

    def run_compiled(self, forward):
        network = type("Small", (torch.nn.Module,), {"forward": forward})
        return compare_cpu.Variant(network, "NCHW", 2, True).prepare()(0)

    def test_every_batch_has_graphs_of_its_own(self):
        network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 10))
        for batch in range(1, 6):  # two graphs each: more than dynamo keeps of one function
            variant = compare_cpu.Variant(lambda: network, "NCHW", batch, True)
            self.assertGreater(variant.prepare()(0), 0)

    def test_what_falls_back_to_eager_is_an_error(self):
        def forward(self, x):
            y = x.flatten(1)[:, :10]
            torch._dynamo.graph_break()
            return y * 2

        with self.assertRaises(torch._dynamo.exc.Unsupported):
            self.run_compiled(forward)

    def test_more_graphs_than_two_are_an_error(self):
        calls = []

        def forward(self, x):
            calls.append(0)
            return x.flatten(1)[:, :10] * len(calls)

        with self.assertRaisesRegex(RuntimeError, "graphs instead of 2"):
            self.run_compiled(forward)


if __name__ == "__main__":
    unittest.main()
