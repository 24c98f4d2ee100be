#!/usr/bin/python3
"""Draws where our convolution kernels stand under the roofs of one core: arithmetic and memory.

    tools/bench/roofline.py [--build build/release] [--out kernels/roofline.svg] [--repeats N]

(Debian: python3-matplotlib.) It runs kernel_bench, and odin_bench on one thread. The kernels are those
of an evaluation, bare, on the sample shapes of kernel_bench.

- Up: the multiplications and additions that a kernel carries out a second. Winograd's algorithm needs
  36 multiplications (stride 2: 81) where the definition has 144; its transforms are not counted.
- To the right: those operations for each byte of operands, results and weights, as if each were moved once.
- The roofs: the measured peak of multiply-adds, and the measured bandwidth of copying 256 MB.
- A horizontal line is a whole network: the operations of ODIN's three passes times images a second.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import time

import matplotlib
import numpy as np

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from processor import processor  # noqa: E402

FLOAT = 4
ROW = re.compile(r"(?P<network>\w+) +(?P<kernel>\d)x\d(?:/(?P<stride>\d))? +(?P<inputs>\d+) -> "
                 r"(?P<outputs>\d+) +(?P<size>\d+)x\d+ +x(?P<images>\d+) +(?P<way>forward|backward) +"
                 r"(?P<algorithm>\w+) +(?P<rate>[\d.]+) ")
COLOURS = {"densenet": "#0072b2", "wrn": "#d55e00"}
MARKERS = {"pointwise": "s", "winograd": "o", "direct": "^"}
TITLES = {"densenet": "DenseNet-BC-100", "wrn": "WRN-28-10"}
NAMES = {"densenet": "densenet_bc_100", "wrn": "wrn_28_10"}


def winograd_share(size, stride):
    """Multiplications of Winograd's algorithm for a result of this size, for one of the definition's."""
    tiles = -(-size // 4)
    return (36 if stride == 1 else 81) * tiles * tiles / (9 * size * size)


def convolutions(network):
    """(kernel, stride, inputs, outputs, size of the output) of each convolution."""
    if network == "densenet":
        yield 3, 1, 3, 24, 32
        channels = 24
        for size in (32, 16, 8):
            for _ in range(16):
                yield 1, 1, channels, 48, size
                yield 3, 1, 48, 12, size
                channels += 12
            if size > 8:
                yield 1, 1, channels, channels // 2, size // 2  # a plan pools first
                channels //= 2
    else:
        yield 3, 1, 3, 16, 32
        channels = 16
        for outputs, size in ((160, 32), (320, 16), (640, 8)):
            for block in range(4):
                stride = 2 if block == 0 and size < 32 else 1
                yield 3, stride, channels, outputs, size
                yield 3, 1, outputs, outputs, size
                if block == 0:
                    yield 1, stride, channels, outputs, size
                channels = outputs


def operations_per_image(network):
    """What ODIN's forward, backward and forward passes carry out, in GFLOP."""
    total = 0
    for kernel, stride, inputs, outputs, size in convolutions(network):
        plain = 2 * kernel * kernel * inputs * outputs * size * size
        total += plain * (winograd_share(size, stride) if kernel == 3 else 1)
    return 3 * total / 1e9


def point(row):
    """(FLOP for each byte, GFLOP/s) of a row of kernel_bench."""
    kernel, stride = int(row["kernel"]), int(row["stride"] or 1)
    inputs, outputs, size, images = (int(row[key]) for key in ("inputs", "outputs", "size", "images"))
    out_size = size // stride
    plain = 2 * kernel * kernel * inputs * outputs * out_size * out_size * images
    is_winograd = row["algorithm"] == "winograd"
    done = plain * (winograd_share(out_size, stride) if is_winograd else 1)
    weights = inputs * outputs * (36 if is_winograd else kernel * kernel)
    values = images * (inputs * size * size + outputs * out_size * out_size) + weights
    return done / (FLOAT * values), float(row["rate"]) * done / plain


def rows(build, repeats):
    """The rows of kernel_bench; of two algorithms for one convolution the faster."""
    printed = subprocess.run([build / "tools" / "kernel_bench", "--passes", "evaluation", "--repeats", str(repeats)],
                             check=True, text=True, capture_output=True).stdout
    best = {}
    for row in (match.groupdict() for match in map(ROW.match, printed.splitlines()) if match):
        key = tuple(row[k] for k in ("network", "kernel", "stride", "inputs", "outputs", "size", "way"))
        if key not in best or float(row["rate"]) > float(best[key]["rate"]):
            best[key] = row
    if not best:
        raise SystemExit("kernel_bench printed no row that this script understands")
    return list(best.values())


def bandwidth(repeats):
    """GB/s read and written by a copy on one thread."""
    source = np.ones(1 << 25)
    target = np.empty_like(source)
    best = 0.0
    for _ in range(repeats + 1):
        start = time.perf_counter()
        np.copyto(target, source)
        best = max(best, 2 * source.nbytes / (time.perf_counter() - start) / 1e9)
    return best


def network_line(build, network):
    """(GFLOP/s carried out, peak) of the whole network on one thread."""
    printed = subprocess.run([build / "tools" / "odin_bench", "--network", NAMES[network], "--threads", "1", "--device",
                              "cpu"], check=True, text=True, capture_output=True).stdout
    line = json.loads(printed)
    return line["images_per_second"] * operations_per_image(network), line["peak_gflops"]


def draw(points, networks, gigabytes, out):
    peak = max(top for _, top in networks.values())
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "odin", "font.size": 9})
    figure, axes = pyplot.subplots(figsize=(7.5, 4.6))
    x = np.geomspace(1, 200, 200)
    axes.plot(x, np.minimum(peak, gigabytes * x), color="black", linewidth=1.2)
    axes.text(195, peak * 1.04, f"peak of multiply-adds {peak:.0f} GFLOP/s", ha="right")
    axes.text(1.1, gigabytes * 1.25, f"copying {gigabytes:.0f} GB/s", rotation=38)
    places = ((1.05, 0.97, "left", "top"), (190, 1.01, "right", "bottom"))
    for (network, (rate, _)), (x_text, above, align, side) in zip(networks.items(), places):
        axes.axhline(rate, color=COLOURS[network], linestyle=":", linewidth=1)
        axes.text(x_text, rate * above, f"{TITLES[network]}, whole: {rate:.0f} ({rate / peak:.0%})", ha=align, va=side,
                  color=COLOURS[network])
    seen = set()
    for row in points:
        label = f"{TITLES[row['network']]}, {row['algorithm']}"
        intensity, rate = point(row)
        axes.plot(intensity, rate, MARKERS[row["algorithm"]], color=COLOURS[row["network"]], markersize=5,
                  fillstyle="full" if row["way"] == "forward" else "none", label=None if label in seen else label)
        seen.add(label)
    axes.set(xscale="log", yscale="log", xlim=(1, 200), ylim=(peak / 8, peak * 1.3),
             xlabel="operations carried out for each byte of operands, results and weights",
             ylabel="GFLOP/s carried out, one core",
             title=f"{processor()}, {time.strftime('%Y-%m-%d')}; full: forward, hollow: backward")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    figure.savefig(out, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "kernels" / "roofline.svg")
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    networks = {network: network_line(options.build, network) for network in NAMES}
    points = rows(options.build, options.repeats)
    draw(points, networks, bandwidth(options.repeats), options.out)
    for network, (rate, peak) in networks.items():
        print(f"{TITLES[network]}: {operations_per_image(network):.2f} GFLOP an image, {rate:.1f} GFLOP/s on one core, "
              f"{rate / peak:.0%} of the peak")
    for row in points:
        intensity, rate = point(row)
        print(f"{row['network']:9} {row['kernel']}x{row['kernel']}/{row['stride'] or 1} {row['inputs']:>4} -> "
              f"{row['outputs']:>4} {row['size']:>3} {row['way']:9} {row['algorithm']:10} {rate:7.1f} GFLOP/s "
              f"{intensity:7.1f} FLOP/byte")


if __name__ == "__main__":
    main()
