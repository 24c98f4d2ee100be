#!/usr/bin/env python3
"""Times ODIN and training on the CPU, here and in PyTorch, side by side, and prints Markdown tables.

    tools/bench/compare_cpu.py [--only odin|training] [--build build/release] [--threads N] [--rounds R] [--seconds S]

(Debian: python3-torch; or any Python with a newer PyTorch.)
Ours is odin_bench at its own batch size. PyTorch is whatever is installed, at its best of both memory layouts and
several batch sizes, eager and, where it exists, compiled; its weights ask for no gradient. Each round times ours, then
PyTorch; medians over the rounds are compared. Rates are images/s for a forward pass, the gradient in the input and a
second forward pass. Shares of peak count the arithmetic of the network as its paper defines it, for both.

A step of training is a forward pass, a backward pass and Nesterov's momentum on one batch: train_bench, and PyTorch
eager at its best of both layouts. The memory is the most that a process held which did nothing else.
"""
import argparse
import functools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "pytorch"))

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from networks import DenseNet3, WideResNet, odin  # noqa: E402

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
LAYOUTS = {"NCHW": torch.contiguous_format, "NHWC": torch.channels_last}


def ours(options, program, network, *more):
    """One line of odin_bench or train_bench."""
    command = [str(options.build / "tools" / program), "--network", network, "--device", "cpu",
               "--threads", str(options.threads), "--seconds", str(options.seconds), *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pytorch_rate(network, images, seconds):
    odin(network, images, 1000.0, 0.0014, STD)
    count, start = 0, time.perf_counter()
    while True:
        odin(network, images, 1000.0, 0.0014, STD)
        count += len(images)
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            return count / elapsed


def variants(make, batches):
    """(name, network, images) of every way in which PyTorch may run."""
    for layout_name, layout in LAYOUTS.items():
        network = make().eval().to(memory_format=layout)
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        ways = [("eager", network)]
        if hasattr(torch, "compile"):
            ways.append(("compiled", torch.compile(network)))
        for way, model in ways:
            for batch in batches:
                name = f"{way}, {layout_name}, batch {batch}"
                yield name, model, torch.randn(batch, 3, 32, 32).to(memory_format=layout)


def compare(options, key):
    title, make, batches = NETWORKS[key]
    best = max(variants(make, batches), key=lambda v: pytorch_rate(v[1], v[2], options.seconds / 2))
    rounds = []
    for _ in range(options.rounds):
        line = ours(options, "odin_bench", key)
        rounds.append((line, pytorch_rate(best[1], best[2], options.seconds)))
    rate = statistics.median(line["images_per_second"] for line, _ in rounds)
    theirs = statistics.median(r for _, r in rounds)
    ratio = statistics.median(line["images_per_second"] / r for line, r in rounds)
    peak = statistics.median(line["peak_gflops"] for line, _ in rounds)
    flop = rounds[0][0]["gflops"] / rounds[0][0]["images_per_second"]
    print(f"| {title} | {rate:.1f} | {rate * flop / peak:.0%} | {theirs:.1f} ({best[0]}) | {theirs * flop / peak:.0%} "
          f"| {ratio:.2f} |", flush=True)


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


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", choices=("odin", "training"))
    parser.add_argument("--networks", nargs="*", default=(), help="only these; default: all")
    parser.add_argument("--two-steps", nargs=2, metavar=("NETWORK", "LAYOUT"), help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    torch.set_num_threads(parsed.threads)
    if parsed.two_steps:
        two_steps(*parsed.two_steps)
        sys.exit()
    print(f"{processor()}, {parsed.threads} threads, PyTorch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    if parsed.only != "training":
        print("\n| ODIN | ours, images/s | of peak | PyTorch, images/s | of peak | ratio |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in parsed.networks or NETWORKS:
            compare(parsed, name)
    if parsed.only != "odin":
        print("\n| training | ours, images/s | MB | PyTorch, images/s | MB | ratio |")
        print("| --- | --- | --- | --- | --- | --- |")
        for name in parsed.networks or TRAINED:
            compare_training(parsed, name)
