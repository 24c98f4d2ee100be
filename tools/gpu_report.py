#!/usr/bin/env python3
"""Turns what tools/gpu_check.sh measured into one JSON file and one Markdown table.

    tools/gpu_report.py FOLDER

Reads FOLDER/*.jsonl and FOLDER/checks.txt (lines "name: passed|failed|not run (why)"); writes FOLDER/gpu_check.json and
FOLDER/gpu_check.md.
"""
import json
import pathlib
import sys


def lines(path):
    if not path.exists():
        return []
    found = []
    for text in path.read_text().splitlines():
        if text.startswith("{"):
            found.append(json.loads(text))
    return found


def best(rows, **wanted):
    """The row of the highest rate among those that match."""
    rows = [r for r in rows if "images_per_second" in r and all(r.get(k) == v for k, v in wanted.items())]
    return max(rows, key=lambda r: r["images_per_second"], default=None)


def main():
    folder = pathlib.Path(sys.argv[1])
    ours, theirs = lines(folder / "odin_bench.jsonl"), lines(folder / "pytorch.jsonl")
    kernels = lines(folder / "kernels.jsonl")
    checks = (folder / "checks.txt").read_text().splitlines()
    about = dict(line.split(": ", 1) for line in (folder / "about.txt").read_text().splitlines())
    (folder / "gpu_check.json").write_text(json.dumps(
        {"about": about, "checks": checks, "odin_bench": ours, "pytorch": theirs, "kernels": kernels}, indent=1))

    text = [f"# {about['gpu']}, commit {about['commit']}, {about['date']}", "", f"Driver {about['driver']}.", "",
            "| check | result |", "| --- | --- |"]
    text += ["| {} | {} |".format(*line.split(": ", 1)) for line in checks]
    text += ["", "ODIN (forward pass, gradient in the input, second forward pass), images a second:", "",
             "| network | precision | ours, own convolutions | ours, cuDNN | of peak | PyTorch's fastest | ratio |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    fastest = {}
    for network in ("densenet_bc_100", "wrn_28_10"):
        for precision in ("fp32", "tf32", "fp16", "bf16"):
            rows = {conv: best(ours, network=network, precision=precision, convolution=conv)
                    for conv in ("own", "cudnn")}
            row = max((r for r in rows.values() if r), key=lambda r: r["images_per_second"], default=None)
            torch = best(theirs, network=network, precision=precision)
            for key, found in (("ours", row), ("PyTorch", torch)):
                known = fastest.get((network, key))
                if found and (not known or found["images_per_second"] > known["images_per_second"]):
                    fastest[network, key] = found

            def rate(r):
                return f"{r['images_per_second']:,.0f}" if r else "-"
            ratio = f"{row['images_per_second'] / torch['images_per_second']:.2f}" if row and torch else "-"
            share = f"{row['fraction_of_peak']:.0%}" if row else "-"
            theirs_text = f"{rate(torch)} ({torch['way']}, batch {torch['batch']})" if torch else "-"
            text.append(f"| {network} | {precision} | {rate(rows['own'])} | {rate(rows['cudnn'])} | {share} "
                        f"| {theirs_text} | {ratio} |")
    text += ["", "Each at its fastest precision:", ""]
    for network in ("densenet_bc_100", "wrn_28_10"):
        a, b = fastest.get((network, "ours")), fastest.get((network, "PyTorch"))
        if a and b:
            text.append(f"- {network}: {a['images_per_second'] / b['images_per_second']:.2f} x the fastest PyTorch "
                        f"({a['precision']} beside {b['precision']}); 18,000 images in "
                        f"{18000 / a['images_per_second']:.2f} s.")
    text += ["", "Convolutions, TFLOP/s:", "",
             "| network | pass | shape | precision | plain | implicit GEMM | cuDNN or cuBLAS |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for k in kernels:
        tflops = {name[:-7]: value for name, value in k.items() if name.endswith("_tflops")}
        own = [f"{value:.1f} ({name})" for name, value in tflops.items() if name not in ("plain", "library", "auto")]
        text.append(f"| {k['network']} | {k['pass']} | {k['shape']} | {k['precision']} | {tflops.get('plain', 0):.2f} "
                    f"| {', '.join(own) or '-'} | {tflops.get('library', 0):.1f} |")
    (folder / "gpu_check.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main()
