#!/usr/bin/env python3
"""Turns what tools/gpu_check.sh measured into one JSON file and one Markdown table.

    tools/gpu_report.py FOLDER SCORES

Reads FOLDER/*.jsonl and FOLDER/checks.txt (lines "name: passed|failed|not run (why)"), and of every evaluation NAME that
odin_eval made SCORES/NAME.json and the folder SCORES/NAME; writes FOLDER/gpu_check.json and FOLDER/gpu_check.md.
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


METRICS = ("fpr_at_tpr95", "detection_error", "auroc", "aupr_in", "aupr_out")


def largest_difference(ours, theirs):
    """Of the scores of the images that both folders have; the relative difference of a score is the same up to 10,
    as every score of ten classes is at least 0.1."""
    worst = 0.0
    for path in sorted(theirs.rglob("*.txt")):
        pairs = zip(path.read_text().splitlines(), (ours / path.relative_to(theirs)).read_text().splitlines())
        worst = max([worst] + [abs(float(a.split(",")[2]) - float(b.split(",")[2])) for a, b in pairs])
    return worst


def metric_values(path):
    """Percentages by (set, detector, metric)."""
    values = {}
    for evaluation in json.loads(path.read_text())["evaluations"]:
        for name, detector in evaluation["detectors"].items():
            for metric in METRICS:
                if detector[metric] is not None:
                    values[evaluation["out_set"], name, metric] = 100 * detector[metric]
    return values


def compare_scores(scores):
    """One row for each evaluation on the GPU: its scores beside the CPU's, its metrics beside fp32's."""
    rows = []
    exact = scores / "fp32 own.json"
    for path in sorted(scores.glob("* *.json")):
        row = {"evaluation": path.stem}
        if (scores / "cpu.json").exists():
            row["largest_score_difference_from_cpu"] = largest_difference(scores / path.stem, scores / "cpu")
        if exact.exists():
            theirs, ours = metric_values(exact), metric_values(path)
            row["largest_metric_difference_from_fp32"] = max(abs(ours[key] - theirs[key]) for key in theirs)
        rows.append(row)
    return rows


def judge(evaluations):
    """Lines of checks.txt: float on the GPU gives the CPU's scores, every precision fp32's metrics."""
    lines = []
    for row in evaluations:
        for key, bound, applies in (("largest_score_difference_from_cpu", 1e-5, row["evaluation"].startswith("fp32")),
                                    ("largest_metric_difference_from_fp32", 0.05, True)):
            if applies and key in row:
                result = "passed" if row[key] <= bound else f"failed ({row[key]:.1e} is above {bound})"
                lines.append(f"{row['evaluation']}, {key.replace('_', ' ')}: {result}")
    return lines


def main():
    folder, scores = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    ours, theirs = lines(folder / "odin_bench.jsonl"), lines(folder / "pytorch.jsonl")
    kernels = lines(folder / "kernels.jsonl")
    checks = (folder / "checks.txt").read_text().splitlines() if (folder / "checks.txt").exists() else []
    evaluations = compare_scores(scores) if scores.exists() else []
    checks += judge(evaluations)
    (folder / "checks.txt").write_text("".join(f"{line}\n" for line in checks))
    about = dict(line.split(": ", 1) for line in (folder / "about.txt").read_text().splitlines())
    (folder / "gpu_check.json").write_text(json.dumps(
        {"about": about, "checks": checks, "odin_bench": ours, "pytorch": theirs, "kernels": kernels,
         "evaluations": evaluations}, indent=1))

    text = [f"# {about['gpu']}, commit {about['commit']}, {about['date']}", "", f"Driver {about['driver']}.", "",
            "| check | result |", "| --- | --- |"]
    text += ["| {} | {} |".format(*line.split(": ", 1)) for line in checks]
    if evaluations:
        text += ["", "Fashion-MNIST's 10,000 test images, Gaussian and uniform noise. Scores of the first 500 of each "
                 "beside our CPU's, metrics beside those of fp32 with our own convolutions:", "",
                 "| precision, convolution | largest difference of a score | of a metric, percentage points |",
                 "| --- | --- | --- |"]

        def number(row, key, form):
            return format(row[key], form) if key in row else "-"
        text += [f"| {row['evaluation']} | {number(row, 'largest_score_difference_from_cpu', '.1e')} "
                 f"| {number(row, 'largest_metric_difference_from_fp32', '.3f')} |" for row in evaluations]
    text += ["", "ODIN (forward pass, gradient in the input, second forward pass), images a second:", "",
             "| network | precision | ours, own convolutions | ours, wgmma | ours, cuDNN | of peak | PyTorch's fastest "
             "| ratio |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    fastest = {}
    for network in ("densenet_bc_100", "wrn_28_10"):
        for precision in ("fp32", "tf32", "fp16", "bf16"):
            rows = {conv: best(ours, network=network, precision=precision, convolution=conv)
                    for conv in ("own", "wgmma", "cudnn")}
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
            text.append(f"| {network} | {precision} | {rate(rows['own'])} | {rate(rows['wgmma'])} "
                        f"| {rate(rows['cudnn'])} | {share} | {theirs_text} | {ratio} |")
    text += ["", "Each at its fastest precision:", ""]
    for network in ("densenet_bc_100", "wrn_28_10"):
        a, b = fastest.get((network, "ours")), fastest.get((network, "PyTorch"))
        if a and b:
            text.append(f"- {network}: {a['images_per_second'] / b['images_per_second']:.2f} x the fastest PyTorch "
                        f"({a['precision']} beside {b['precision']}); 18,000 images in "
                        f"{18000 / a['images_per_second']:.2f} s.")
    text += ["", "Convolutions, TFLOP/s:", "",
             "| network | pass | shape | precision | plain | our own | cuDNN or cuBLAS |",
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
