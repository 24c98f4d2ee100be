#!/usr/bin/env python3
"""Turns the measurements of gpu_check.sh into one JSON file and one Markdown report, and draws conclusions from them.

    tools/gpu_check/report.py FOLDER WORK

Reads:
- FOLDER/measurements.jsonl: lines of odin_bench, torch_gpu_bench.py and cuda_kernel_bench;
- FOLDER/checks.txt, lines of "name: passed|failed|unfinished|not run|information (why)"; the last line of a name
  counts;
- WORK/about.txt, and WORK/scores/NAME.json and the folder WORK/scores/NAME, which odin_eval wrote, for each evaluation
  NAME ("NETWORK PRECISION CONVOLUTION" or "NETWORK cpu").

Writes FOLDER/gpu_check.json and FOLDER/gpu_check.md. The exit status is 1 if something failed, and 3 if nothing failed
but something did not run to its end.
"""
import collections
import json
import pathlib
import sys

from decisions import decisions
from evaluations import compare_scores, judge
from measurements import NOT_RUN, joined_kernels, lines
from tables import batch_table, evaluation_table, figure_table, kernel_table, rate_table, table
from targets import targets
from verified import verified_lines

ROOT = pathlib.Path(__file__).resolve().parents[2]


def summary(about, groups):
    """One line for VERIFIED.md: tests and failures by name, the rest by number."""
    def named(names):
        many = {"evaluation": "evaluations", "scores": "comparisons of scores", "metrics": "comparisons of metrics",
                "timing": "timings"}
        counts = collections.Counter(many[name.split()[0]] for name in names if name.split()[0] in many)
        return "; ".join([name for name in names if name.split()[0] not in many] +
                         [f"{count} {kind}" for kind, count in counts.items()])
    said = [f"passed: {named(groups['passed']) or 'nothing'}"]
    said += [f"failed: {'; '.join(groups['failed'])}"] if groups["failed"] else []
    said += [f"{kind}: {named(groups[kind])}" for kind in ("unfinished", NOT_RUN, "information") if groups[kind]]
    return f"{about['commit']}, {about['date']}, {about['gpu']}: {'. '.join(said)}."


def main():
    folder, work = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    measured = lines(folder / "measurements.jsonl")
    ours, theirs = [r for r in measured if "executor" in r], [r for r in measured if "way" in r]
    kernels = joined_kernels(r for r in measured if "pass" in r)
    checks = dict(line.rsplit(": ", 1) for line in (folder / "checks.txt").read_text().splitlines())
    planned = [name.removeprefix("evaluation ") for name in checks if name.startswith("evaluation ")]
    passed = {name for name in planned if checks[f"evaluation {name}"] == "passed"}
    evaluations = compare_scores(work / "scores", passed)
    checks.update(judge(planned, evaluations))
    (folder / "checks.txt").write_text("".join(f"{name}: {result}\n" for name, result in checks.items()))
    about = dict(line.split(": ", 1) for line in (work / "about.txt").read_text().splitlines())

    groups = collections.defaultdict(list)
    for name, result in checks.items():
        groups[result.split(" (")[0]].append(name)
    decided, met = decisions(ours, evaluations, kernels, checks), targets(ours, theirs, evaluations)
    (folder / "gpu_check.json").write_text(json.dumps(
        {"about": about, "checks": checks, "decisions": decided, "targets": met, "odin_bench": ours, "pytorch": theirs,
         "kernels": kernels, "evaluations": evaluations}, indent=1))

    text = [f"# {about['gpu']}, commit {about['commit']}, {about['date']}", "", f"Driver {about['driver']}.", ""]
    if "failed (there is no GPU)" in checks.values():
        text += ["**There is no GPU.**", ""]
    for kind in ("failed", "unfinished", NOT_RUN, "information"):
        if groups[kind]:
            text += [f"**{kind.capitalize()}:** {'; '.join(groups[kind])}.", ""]
    text += ["## Decisions", "", *(line for one in decided for line in (one, "")), "## Targets", ""]
    text += [f"- {line}" for line in met]
    text += ["", "## For VERIFIED.md", "", summary(about, groups), ""]
    text += verified_lines((ROOT / "kernels/cuda/VERIFIED.md").read_text(), checks, about)
    text += ["", "## Rates", "", "ODIN (forward pass, gradient in the input, second forward pass), images a second:",
             "", *rate_table(ours, theirs), "", "By the size of the batch on the GPU, in fp16:", "", *batch_table(ours)]
    text += ["", "## Scores and metrics", "", "DenseNet-BC-100, and in a smoke test its first images:", "",
             *evaluation_table(evaluations), "", "ODIN's FPR at 95 % TPR and AUROC, percent:", "",
             *figure_table(evaluations)]
    text += ["", "## Convolutions", "", "TFLOP/s:", "", *kernel_table(kernels)]
    text += ["", "## Checks", "", *table(["check", "result"], checks.items())]
    (folder / "gpu_check.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))
    return 1 if groups["failed"] else 3 if groups["unfinished"] or groups[NOT_RUN] else 0


if __name__ == "__main__":
    sys.exit(main())
