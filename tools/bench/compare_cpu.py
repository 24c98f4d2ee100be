#!/usr/bin/env python3
"""Times ODIN and training on the CPU, here and in PyTorch, side by side, and prints Markdown tables.

    tools/bench/compare_cpu.py [--only odin|training] [--networks NAME...] [--compile best|all|none]
                               [--instruction-set portable|avx2|avx512]
                               [--build build/release] [--threads N] [--rounds R] [--seconds S]

(Debian: python3-torch; or any Python with a newer PyTorch.)
Ours is odin_bench at its own batch size. PyTorch is whatever is installed, at its best of both memory layouts and
several batch sizes, eager and, where it exists, compiled; its weights ask for no gradient. Each round times ours, then
PyTorch; medians over the rounds are compared. Rates are images/s for a forward pass, the gradient in the input and a
second forward pass. Shares of peak count the arithmetic of the network as its paper defines it, for both.

Compiling a network takes minutes, so only the best eager layout is compiled (--compile all: both layouts), for
each of the batch sizes on its own: two static graphs, with a gradient and without. It is an error if PyTorch makes any
other graphs, or leaves a part of the network to eager.

A step of training is a forward pass, a backward pass and Nesterov's momentum on one batch: train_bench, and PyTorch
eager at its best of both layouts. The memory is the most that a process held which did nothing else.

glibc gives large tensors back to the system as soon as they are freed, and takes them again, page by page. So that
PyTorch need not wait for this, the script starts itself again with MALLOC_MMAP_MAX_ and MALLOC_TRIM_THRESHOLD_ set to
keep freed memory, which holds for its rates and for its memory. Our programs run without them. With --instruction-set
both are what they would be on a processor with that set only; PyTorch is told so by variables that it and its oneDNN
read.
"""
import argparse
import functools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "pytorch")]

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from networks import DenseNet3, WideResNet, odin  # noqa: E402
from processor import processor  # noqa: E402

if hasattr(torch, "compile"):
    import torch._dynamo  # noqa: E402

NETWORKS = {
    "densenet_bc_100": ("DenseNet-BC-100", DenseNet3, (8, 16, 32, 64)),
    "wrn_28_10": ("Wide-ResNet-28-10", WideResNet, (4, 8, 16, 32)),
}
# Batches as in the papers, but for WRN-28-10, whose steps would take half a minute.
TRAINED = {
    "densenet_bc_100": ("DenseNet-BC-100", DenseNet3, 64),
    "wrn_16_4": ("Wide-ResNet-16-4", functools.partial(WideResNet, 16, 10, 4), 128),
    "wrn_28_10": ("Wide-ResNet-28-10", WideResNet, 32),
}
STD = (0.25, 0.24, 0.26)
# glibc reads these when a process starts.
KEEP_FREED_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "100000000000"}
# PyTorch and oneDNN read these. Their least are plain vectors and SSE 4.1.
INSTRUCTION_SETS = {
    "portable": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "avx512": {"ATEN_CPU_CAPABILITY": "avx512"},
}
LAYOUTS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}


def ours(options, program, network, *more):
    """One line of odin_bench or train_bench."""
    command = [str(options.build / "tools" / program), "--network", network, "--device", "cpu",
               "--threads", str(options.threads), "--seconds", str(options.seconds), *more]
    if options.instruction_set:
        command += ["--instruction-set", options.instruction_set]
    environment = {name: value for name, value in os.environ.items() if name not in KEEP_FREED_MEMORY}
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def start_again_with(variables):
    if any(os.environ.get(name) != value for name, value in variables.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **variables})


def pytorch_rate(network, images, seconds):
    odin(network, images, 1000.0, 0.0014, STD)
    count, start = 0, time.perf_counter()
    while True:
        odin(network, images, 1000.0, 0.0014, STD)
        count += len(images)
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return count / elapsed


class Variant:
    """A way in which PyTorch may run a network."""

    def __init__(self, make, layout, batch, compiled):
        self.make, self.layout, self.batch, self.compiled = make, layout, batch, compiled
        self.name = f"{'compiled' if compiled else 'eager'}, {layout}, batch {batch}"

    def prepare(self):
        """What times it: a function of seconds that returns images/s. Anything compiled before is lost."""
        network = self.make().eval().to(memory_format=LAYOUTS[self.layout])
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        images = torch.randn(self.batch, 3, 32, 32).to(memory_format=LAYOUTS[self.layout])
        if not self.compiled:
            return lambda seconds: pytorch_rate(network, images, seconds)
        # Else the graphs of other batches count towards dynamo's limit, beyond which all is eager.
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        compiled = torch.compile(network, dynamic=False, fullgraph=True)

        def rate(seconds):
            result = pytorch_rate(compiled, images, seconds)
            graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
            if graphs != 2:  # with a gradient and without
                raise RuntimeError(f"{self.name}: PyTorch made {graphs} graphs instead of 2")
            return result
        return rate


def fastest(variants, seconds):
    """(images/s, variant) of the fastest."""
    return max(((variant.prepare()(seconds), variant) for variant in variants), key=lambda found: found[0])


def best_variant(make, batches, compiling, seconds):
    """The fastest of all ways to try; `compiling` as --compile."""
    best = fastest((Variant(make, layout, batch, False) for layout in LAYOUTS for batch in batches), seconds)
    if compiling != "none" and hasattr(torch, "compile"):
        layouts = LAYOUTS if compiling == "all" else (best[1].layout,)
        compiled = fastest((Variant(make, layout, batch, True) for layout in layouts for batch in batches), seconds)
        best = max(best, compiled, key=lambda found: found[0])
    return best[1]


def compare(options, key):
    """Prints the row of a network and returns the version of our program."""
    title, make, batches = NETWORKS[key]
    best = best_variant(make, batches, options.compile, options.seconds / 2)
    their_rate = best.prepare()
    rounds = []
    for _ in range(options.rounds):
        line = ours(options, "odin_bench", key)
        rounds.append((line, their_rate(options.seconds)))
    rate = statistics.median(line["images_per_second"] for line, _ in rounds)
    theirs = statistics.median(r for _, r in rounds)
    ratio = statistics.median(line["images_per_second"] / r for line, r in rounds)
    peak = statistics.median(line["peak_gflops"] for line, _ in rounds)
    flop = rounds[0][0]["gflops"] / rounds[0][0]["images_per_second"]
    print(f"| {title} | {rate:.1f} | {rate * flop / peak:.0%} | {theirs:.1f} ({best.name}) "
          f"| {theirs * flop / peak:.0%} | {ratio:.2f} |", flush=True)
    return rounds[0][0]["version"]


class PyTorchStep:
    """A training step of PyTorch on a fixed batch."""

    def __init__(self, make, batch, layout):
        self.network = make().train().to(memory_format=LAYOUTS[layout])
        self.optimizer = torch.optim.SGD(self.network.parameters(), 1e-3, momentum=0.9, weight_decay=1e-4,
                                         nesterov=True)
        self.images = torch.randn(batch, 3, 32, 32).to(memory_format=LAYOUTS[layout])
        self.labels = torch.arange(batch) % 10

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def rate(self, seconds):
        """Images/s of the median step, after one to warm up."""
        self.run()
        times, end = [], time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            self.run()
            times.append(time.perf_counter() - start)
        return len(self.labels) / statistics.median(times)


def pytorch_training_megabytes(options, key, layout):
    """The peak memory of a process that does two steps."""
    command = [sys.executable, __file__, "--two-steps", key, layout, "--threads", str(options.threads)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def two_steps(key, layout):
    _, make, batch = TRAINED[key]
    step = PyTorchStep(make, batch, layout)
    for _ in range(2):
        step.run()
    # resource.getrusage() would count what the process held before it became this program.
    status = pathlib.Path("/proc/self/status").read_text().split()
    print(int(status[status.index("VmHWM:") + 1]) * 1024 / 1e6)


def compare_training(options, key):
    """Prints the row of a network and returns the version of our program."""
    title, make, batch = TRAINED[key]
    steps = {layout: PyTorchStep(make, batch, layout) for layout in LAYOUTS}
    layout = max(steps, key=lambda name: steps[name].rate(options.seconds))
    rounds = []
    for _ in range(options.rounds):
        line = ours(options, "train_bench", key, "--batch", str(batch))
        rounds.append((line, steps[layout].rate(options.seconds)))
    rate = statistics.median(line["images_per_second"] for line, _ in rounds)
    theirs = statistics.median(r for _, r in rounds)
    ratio = statistics.median(line["images_per_second"] / r for line, r in rounds)
    print(f"| {title}, batch {batch} | {rate:.1f} | {rounds[0][0]['peak_megabytes']:.0f} "
          f"| {theirs:.1f} (eager, {layout}) | {pytorch_training_megabytes(options, key, layout):.0f} "
          f"| {ratio:.2f} |", flush=True)
    return rounds[0][0]["version"]


def print_table(options, header, networks, row):
    """The networks' rows, and under them how they were measured."""
    print(f"\n{header}\n{'| --- ' * (header.count('|') - 1)}|", flush=True)
    versions = sorted({row(options, key) for key in networks})
    vectors = f", {options.instruction_set} only" if options.instruction_set else ""
    print(f"\n{processor()}{vectors}, threads: {options.threads}, {time.strftime('%Y-%m-%d')}, "
          f"rounds: {options.rounds}; ours {', '.join(versions)}; PyTorch {torch.__version__}, "
          "for which glibc keeps freed memory", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", choices=("odin", "training"))
    parser.add_argument("--networks", nargs="+", choices=sorted({*NETWORKS, *TRAINED}),
                        help="only these; default: all. A table leaves out what it does not have")
    parser.add_argument("--compile", choices=("best", "all", "none"), default="best",
                        help="compile PyTorch's network in its best eager layout, in both layouts, or not at all")
    parser.add_argument("--instruction-set", choices=INSTRUCTION_SETS,
                        help="as on a processor that has no wider vectors; default: the widest of this one")
    parser.add_argument("--two-steps", nargs=2, metavar=("NETWORK", "LAYOUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()

    def chosen(table, name):
        wanted = options.networks or table
        return [key for key in table if key in wanted and options.only in (None, name)]

    evaluated, trained = chosen(NETWORKS, "odin"), chosen(TRAINED, "training")
    if not evaluated and not trained:
        parser.error(f"no table of {options.only} has {', '.join(options.networks)}")
    start_again_with(KEEP_FREED_MEMORY | INSTRUCTION_SETS.get(options.instruction_set, {}))
    torch.set_num_threads(options.threads)
    if options.two_steps:
        two_steps(*options.two_steps)
        return
    if evaluated:
        print_table(options, "| ODIN | ours, images/s | of peak | PyTorch, images/s | of peak | ratio |", evaluated,
                    compare)
    if trained:
        print_table(options, "| training | ours, images/s | MB | PyTorch, images/s | MB | ratio |", trained,
                    compare_training)


if __name__ == "__main__":
    main()
