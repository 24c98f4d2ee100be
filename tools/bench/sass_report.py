#!/usr/bin/env python3
"""Counts what our convolutions became in a GPU's machine code (SASS), without a GPU.

    tools/bench/sass_report.py            prints Markdown tables
    tools/bench/sass_report.py --check    compares with sass_expected.json; exit status 1 if anything got worse
    tools/bench/sass_report.py --update   writes sass_expected.json anew

It compiles the implicit GEMMs in half precision with nvcc and reads them with cuobjdump, which comes from PyPI (into
build/sass) if the toolkit has none. Where neither can be had, it says so and succeeds.

A kernel has three parts: what comes before the main loop, the loop (the innermost one around all products), and the
epilogue behind it. "Step" is the number of instructions of one round through the loop where no prologue is applied and
all copies are of 16 bytes: the cheapest way that issues the most such copies. Registers and shared memory are those of
one block; shared memory is computed from the tile as kernels/cuda/conv/slab.cuh does.

The second table is arithmetic, not measured: per image and for each shape of both networks, what the tiles of a forward
and of a backward pass bring from the L2 cache into shared memory, and what a pass has to move to and from memory (each
activation once). The implicit GEMM reads the pixels once for each tap and each tile of channels, the halo version once
for each tile of channels; both read the weights once for each tile of pixels.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPECTED = pathlib.Path(__file__).with_name("sass_expected.json")
SOURCES = (("wgmma.cu", "90a"), ("gemm_half.cu", "90"), ("halo.cu", "90"))
# Worse by at most this share is noise of the compiler's scheduling.
SLACK = 0.02
COUNTS = ("total", "step", "epilogue", "registers")  # compared with that slack
EXACT = ("spilled", "narrow")  # must not grow at all


def instruction(text):
    """The text without its predicate."""
    return re.sub(r"^@!?U?P\w+\s+", "", text)


def is_product(text):
    return instruction(text).startswith(("HGMMA", "HMMA"))


def branch_target(text):
    text = instruction(text)
    found = re.search(r"0x([0-9a-f]+)$", text) if text.startswith("BRA") else None
    return int(found[1], 16) if found else None


def listings(sass):
    """{kernel's name: [(address, instruction), ...]} of what cuobjdump -sass prints."""
    kernels = {}
    code = None
    for line in sass.splitlines():
        if found := re.match(r"\s*Function : (.*)", line):
            code = kernels.setdefault(found[1], [])
        elif (found := re.match(r"\s*/\*([0-9a-f]{4,})\*/\s+(.*?)\s*;", line)) and code is not None:
            code.append((int(found[1], 16), found[2]))
    for code in kernels.values():  # the endless loop and the padding behind the end
        while code and instruction(code[-1][1]).startswith(("NOP", "BRA")):
            code.pop()
    return kernels


def main_loop(code):
    """The first and the last index of the innermost loop around all products, or None."""
    products = [address for address, text in code if is_product(text)]
    index = {address: i for i, (address, _) in enumerate(code)}
    best = None
    for i, (address, text) in enumerate(code):
        target = branch_target(text)
        if target not in index or not products or target > products[0] or address < products[-1]:
            continue
        if best is None or i - index[target] < best[1] - best[0]:
            best = (index[target], i)
    return best


def straight_path(loop):
    """Instructions of the cheapest way through the loop among those with the most copies of 16 bytes."""
    index = {address: i for i, (address, _) in enumerate(loop)}
    best = [None] * len(loop)  # (copies, -instructions) before each one
    best[0] = (0, 0)
    for i, (_, text) in enumerate(loop[:-1]):
        if best[i] is None:
            continue
        code = instruction(text)
        after = (best[i][0] + (code.startswith("LDGSTS") and ".128" in code), best[i][1] - 1)
        always = text == code and code.startswith("BRA") and not re.match(r"BRA\S* !?U?P\d", code)
        following = [] if always else [i + 1]
        target = index.get(branch_target(text))
        if target is not None and target > i:
            following.append(target)
        for j in following:
            if best[j] is None or after > best[j]:
                best[j] = after
    return 1 - best[-1][1]


def is_narrow(text):
    """A load of one half from memory, or a store of one to shared memory."""
    return re.match(r"(LDG|LD|STS)\b\S*\.U16", instruction(text)) is not None


def count(code):
    first, last = main_loop(code)
    loop = code[first:last + 1]
    return {"total": len(code), "before": first, "loop": len(loop), "step": straight_path(loop),
            "epilogue": len(code) - last - 1, "products": sum(is_product(text) for _, text in loop),
            "copies": sum(instruction(text).startswith("LDGSTS") and ".128" in text for _, text in loop),
            "narrow": sum(is_narrow(text) for _, text in loop)}


def tile_of(kernel):
    """The kind of a demangled kernel's tile, its pixels, its channels, and the stages (of the halo version, None)."""
    found = re.search(r"(Tensor|Warpgroup)Tile<\w+, (\d+), (\d+)[^>]*>(?:, (\d+))?", kernel)
    return found[1], int(found[2]), int(found[3]), int(found[4]) if found[4] else None


def shared_bytes(kernel):
    """As gemm_shared_bytes() in slab.cuh, without a prologue; as HaloRows in halo.cu, for a DenseNet at 32 x 32."""
    kind, pixels, channels, stages = tile_of(kernel)
    if stages is None:
        depth = 48 if channels == 16 else 16
        gathered = (pixels + 2 * 33 + 1 + 9 * channels) * (2 * depth + 16)
    else:
        gathered = stages * (pixels + channels) * (128 if kind == "Warpgroup" else 64)
    staged = pixels * (16 * ((channels // 4 + 3) // 8 * 8 + 4) + 4)
    return max(gathered, staged)


def resources(usage):
    """{kernel's name: (registers, bytes of stack)} of what cuobjdump -res-usage prints."""
    return {name: (int(registers), int(stack)) for name, registers, stack in
            re.findall(r"Function (.*):\n\s*REG:(\d+) STACK:(\d+)", usage)}


def report(sass, usage, architecture):
    """{"wgmma 256 x 160, sm_90a": counts} of all half-precision kernels."""
    used = resources(usage)
    result = {}
    for kernel, code in listings(sass).items():
        if "<__half" not in kernel or main_loop(code) is None:
            continue
        kind, pixels, channels, stages = tile_of(kernel)
        name = "wgmma" if kind == "Warpgroup" else "mma" if stages else "halo"
        registers, stack = used[kernel]
        result[f"{name} {pixels} x {channels}, sm_{architecture}"] = dict(
            count(code), registers=registers, spilled=stack, shared=shared_bytes(kernel))
    return result


def worse(found, expected):
    """One sentence for everything that got worse."""
    sentences = []
    for name, wanted in expected["kernels"].items():
        if name not in found["kernels"]:
            sentences.append(f"{name}: this kernel is gone; run tools/bench/sass_report.py --update")
            continue
        now = found["kernels"][name]
        comparable = found["nvcc"] == expected["nvcc"]
        for key in EXACT + (COUNTS if comparable else ()):
            most = wanted[key] * (1 + (SLACK if key in COUNTS else 0))
            if now[key] > most:
                sentences.append(f"{name}: {key} is {now[key]}, was {wanted[key]}")
    return sentences


def find(name):
    """The path of a tool of the toolkit, or None."""
    path = shutil.which(name) or shutil.which(name, path="/usr/local/cuda/bin")
    if path is None:
        paths = sorted((ROOT / "build" / "sass").glob(f"lib/python*/site-packages/nvidia/*/bin/{name}"))
        path = str(paths[-1]) if paths else None
    return path


def install_cuobjdump():
    environment = ROOT / "build" / "sass"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run([environment / "bin" / "pip", "install", "--quiet", "--retries", "1", "--timeout", "10",
                    "nvidia-cuda-cuobjdump", "nvidia-cuda-nvdisasm"], check=False)


def compile_and_count(nvcc, cuobjdump):
    version = subprocess.run([nvcc, "--version"], check=True, capture_output=True, text=True).stdout
    found = {"nvcc": re.search(r"V([\d.]+)", version)[1], "kernels": {}}
    with tempfile.TemporaryDirectory() as folder:
        for source, architecture in SOURCES:
            cubin = pathlib.Path(folder) / f"{source}.cubin"
            subprocess.run([nvcc, "-std=c++20", "-O3", "-DNDEBUG", "--expt-relaxed-constexpr", f"-I{ROOT}", "-cubin",
                            "-gencode", f"arch=compute_{architecture},code=sm_{architecture}", "-o", cubin,
                            ROOT / "kernels" / "cuda" / "conv" / source], check=True)
            texts = []
            for option in ("-sass", "-res-usage"):
                mangled = subprocess.run([cuobjdump, option, cubin], check=True, capture_output=True, text=True).stdout
                texts.append(subprocess.run(["c++filt"], check=True, input=mangled, capture_output=True,
                                            text=True).stdout)
            found["kernels"].update(report(*texts, architecture))
    return found


def densenet():
    """(side of the output, inputs, outputs, kernel, stride, times) of DenseNet-BC-100's convolutions but the first."""
    channels = 24
    for side in (32, 16, 8):
        for _ in range(16):
            yield side, channels, 48, 1, 1, 1
            channels += 12
        yield side, 48, 12, 3, 1, 16
        if side > 8:
            yield side, channels, channels // 2, 1, 1, 1
            channels //= 2


def wide_resnet():
    """The same of WRN-28-10."""
    yield from ((32, 16, 160, 3, 1, 1), (32, 16, 160, 1, 1, 1), (32, 160, 160, 3, 1, 7))
    for side, width in ((16, 320), (8, 640)):
        yield from ((side, width // 2, width, 3, 2, 1), (side, width // 2, width, 1, 2, 1),
                    (side, width, width, 3, 1, 7))


def from_cache(area, inputs, outputs, kernel):
    """Bytes that the tiles of one image with `area` pixels bring from the L2 cache into shared memory."""
    pixels, channels = tile_for(outputs)
    if is_halo(inputs, outputs, kernel):
        return 2 * area / 256 * (inputs * (256 + 2 * (area ** 0.5 + 1)) + 9 * -(-inputs // 16) * 16 * outputs)
    across = -(-outputs // channels)
    depth = -(-inputs // 32) * 32
    return 2 * kernel ** 2 * (area * inputs * across + area / pixels * depth * outputs)


def moved(side, inputs, outputs, kernel, stride):
    """Bytes from the L2 cache forward and backward, and to and from memory, of one image."""
    area = side * side
    # Backward each pixel of a stride of 2 is reached by every fourth tap.
    backward = from_cache(area * stride ** 2, outputs, inputs, kernel) / stride ** 2
    return from_cache(area, inputs, outputs, kernel), backward, 2 * area * (inputs * stride ** 2 + outputs)


def is_halo(inputs, outputs, kernel):
    """As conv_halo_can_run() in gemm.cpp, for these networks."""
    return kernel == 3 and max(inputs, outputs) <= 48


def tile_for(outputs):
    """As tile_width() in grid.cuh, with the pixels that wgmma.cu takes."""
    def padded(width):
        return -(-outputs // width) * width
    width = 16 if outputs <= 16 else 48 if outputs <= 48 else 160 if padded(160) <= padded(64) else 64
    return (256 if width == 160 else 128), width


def tables(found):
    yield f"nvcc {found['nvcc']}"
    yield ""
    yield "| kernel | total | before | loop | step | epilogue | registers | spilled bytes | shared KB | 2-byte loads |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, k in found["kernels"].items():
        yield (f"| {name} | {k['total']} | {k['before']} | {k['loop']} | {k['step']} | {k['epilogue']} | "
               f"{k['registers']} | {k['spilled']} | {k['shared'] / 1024:.0f} | {k['narrow']} |")
    yield ""
    yield "| network | convolutions | times | tiles | MB from L2 forward | backward | MB of memory |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for network, shapes in (("DenseNet", densenet()), ("WRN", wide_resnet())):
        rows = {}  # the bottlenecks of a block are one
        for side, inputs, outputs, kernel, stride, times in shapes:
            row = rows.setdefault((side, outputs, kernel, stride), [[], 0, 0.0, 0.0, 0.0])
            row[0].append(inputs)
            row[1] += times
            for i, value in enumerate(moved(side, inputs, outputs, kernel, stride)):
                row[2 + i] += times * value / 1e6
        for (side, outputs, kernel, stride), (inputs, times, *megabytes) in rows.items():
            span = " to ".join(str(value) for value in sorted({min(inputs), max(inputs)}))
            pixels, channels = tile_for(outputs)
            if is_halo(min(inputs), outputs, kernel):
                pixels = 256
            yield (f"| {network} | {kernel} x {kernel}, {span} -> {outputs}, {side} x {side}"
                   f"{', stride 2' if stride > 1 else ''} | {times} | {pixels} x {channels} | "
                   f"{' | '.join(f'{value:.2f}' for value in megabytes)} |")
        totals = (sum(row[i] for row in rows.values()) for i in (2, 3, 4))
        yield f"| {network} | all | | | {' | '.join(f'{value:.1f}' for value in totals)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true")
    action.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    nvcc = find("nvcc")
    if nvcc is None:
        print("nvcc was not found: the machine code is not counted.")
        return 0
    if find("cuobjdump") is None:
        install_cuobjdump()
    cuobjdump = find("cuobjdump")
    if cuobjdump is None:
        print("cuobjdump is neither in the toolkit nor to be had from PyPI: the machine code is not counted.")
        return 0
    found = compile_and_count(nvcc, cuobjdump)
    if arguments.update:
        EXPECTED.write_text(json.dumps(found, indent=1) + "\n")
    elif arguments.check:
        expected = json.loads(EXPECTED.read_text())
        sentences = worse(found, expected)
        for sentence in sentences:
            print(sentence)
        print(f"{len(found['kernels'])} kernels compared with {EXPECTED.name}.")
        return 1 if sentences else 0
    else:
        print("\n".join(tables(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
