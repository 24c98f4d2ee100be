#!/usr/bin/env python3
"""Times ODIN on the CPU here and in PyTorch, side by side, and prints a Markdown table.

    tools/bench/compare_cpu.py [--build build/release] [--threads N] [--rounds R] [--seconds S]  (Debian: python3-torch)

Ours is odin_bench at its own batch size. PyTorch is whatever is installed, at its best of both memory layouts and
several batch sizes, eager and, where it exists, compiled; its weights ask for no gradient. Each round times ours, then
PyTorch; medians over the rounds are compared. Rates are images/s for a forward pass, the gradient in the input and a
second forward pass. Shares of peak count the arithmetic of the network as its paper defines it, for both.
"""
import argparse
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
from networks import DenseNet3, WideResNet, odin  # noqa: E402

NETWORKS = {
    "densenet_bc_100": ("DenseNet-BC-100", DenseNet3, (8, 16, 32, 64)),
    "wrn_28_10": ("Wide-ResNet-28-10", WideResNet, (4, 8, 16, 32)),
}
STD = (0.25, 0.24, 0.26)


def ours(build, network, threads, seconds):
    """One line of odin_bench."""
    command = [str(build / "tools" / "odin_bench"), "--network", network, "--device", "cpu", "--threads", str(threads),
               "--seconds", str(seconds)]
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
    for layout in (torch.contiguous_format, torch.channels_last):
        network = make().eval().to(memory_format=layout)
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        ways = [("eager", network)]
        if hasattr(torch, "compile"):
            ways.append(("compiled", torch.compile(network)))
        for way, model in ways:
            for batch in batches:
                name = f"{way}, {'NCHW' if layout is torch.contiguous_format else 'NHWC'}, batch {batch}"
                yield name, model, torch.randn(batch, 3, 32, 32).to(memory_format=layout)


def compare(options, key):
    title, make, batches = NETWORKS[key]
    best = max(variants(make, batches), key=lambda v: pytorch_rate(v[1], v[2], options.seconds / 2))
    rounds = []
    for _ in range(options.rounds):
        line = ours(options.build, key, options.threads, options.seconds)
        rounds.append((line, pytorch_rate(best[1], best[2], options.seconds)))
    rate = statistics.median(line["images_per_second"] for line, _ in rounds)
    theirs = statistics.median(r for _, r in rounds)
    ratio = statistics.median(line["images_per_second"] / r for line, r in rounds)
    peak = statistics.median(line["peak_gflops"] for line, _ in rounds)
    flop = rounds[0][0]["gflops"] / rounds[0][0]["images_per_second"]
    print(f"| {title} | {rate:.1f} | {rate * flop / peak:.0%} | {theirs:.1f} ({best[0]}) | {theirs * flop / peak:.0%} "
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
    parsed = parser.parse_args()
    torch.set_num_threads(parsed.threads)
    print(f"{processor()}, {parsed.threads} threads, PyTorch {torch.__version__}, {time.strftime('%Y-%m-%d')}\n")
    print("| network | ours, images/s | of peak | PyTorch, images/s | of peak | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in NETWORKS:
        compare(parsed, name)
