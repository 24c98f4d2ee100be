#!/usr/bin/env python3
"""Turns what tools/gpu_check/gpu_check.sh measured into one JSON file and one Markdown table, and says what follows from it.

    tools/gpu_check/report.py FOLDER SCORES

Reads FOLDER/*.jsonl and FOLDER/checks.txt (lines "name: passed|failed|unfinished|not run (why)", of which the last of a
name counts), and of every evaluation NAME ("NETWORK PRECISION CONVOLUTION", "NETWORK cpu") that odin_eval made
SCORES/NAME.json and the folder SCORES/NAME; writes FOLDER/gpu_check.json and FOLDER/gpu_check.md. The exit status is 1
where something failed, 3 where nothing failed but not all ran to its end.
"""
import collections
import json
import math
import pathlib
import sys

NETWORKS = {"densenet_bc_100": "DenseNet-BC-100", "wrn_28_10": "Wide-ResNet-28-10"}
PRECISIONS = ("fp32", "tf32", "fp16", "bf16")
HALF = ("fp16", "bf16")
KINDS = ("own", "wgmma", "cudnn")
METRICS = ("fpr_at_tpr95", "detection_error", "auroc", "aupr_in", "aupr_out")
METRIC_BOUND = 0.05  # percentage points
SCORE_BOUND = 1e-5
NOT_RUN = "not run"
# By network: how much faster than PyTorch, and of what limit (a field of odin_bench) which share.
TARGETS = {"densenet_bc_100": (3.0, "fraction_of_bandwidth_floor", "the bandwidth floor", 0.5),
           "wrn_28_10": (1.3, "fraction_of_peak", "the measured peak", 0.6)}
# By network: the check that trains what it is evaluated with, where its weights are not bundled.
TRAINING = {"wrn_28_10": "training wrn_28_10 in tf32"}


def lines(path):
    """The objects of a file of JSON lines; the last one of a program that was cut off may be none."""
    found = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            pass
    return [line for line in found if isinstance(line, dict)]


def joined_kernels(rows):
    """One row for each convolution: a process has timed but some ways to do it."""
    found = {}
    for row in rows:
        key = tuple(row.get(name) for name in ("network", "pass", "shape", "precision"))
        found[key] = {**row, **found.get(key, {})}  # what they have both timed is the first one's
    return list(found.values())


def best(rows, **wanted):
    """The row of the highest rate among those that match."""
    rows = [r for r in rows if "images_per_second" in r and all(r.get(k) == v for k, v in wanted.items())]
    return max(rows, key=lambda r: r["images_per_second"], default=None)


def rate(row):
    return f"{row['images_per_second']:,.0f}" if row else NOT_RUN


def largest_difference(ours, theirs):
    """Of the scores of the images that both folders have; the relative difference of a score is the same up to 10,
    as every score of ten classes is at least 0.1. Not a number where there is nothing to compare."""
    worst, pairs = 0.0, 0
    for path in sorted(theirs.rglob("*.txt")):
        matching = (ours / path.relative_to(theirs)).read_text().splitlines()
        for a, b in zip(matching, path.read_text().splitlines()):
            difference, pairs = abs(float(a.split(",")[2]) - float(b.split(",")[2])), pairs + 1
            worst = max(worst, difference) if difference == difference else math.inf
    return worst if pairs else math.nan


def metric_values(path):
    """Percentages by (set, detector, metric)."""
    values = {}
    for evaluation in json.loads(path.read_text())["evaluations"]:
        for name, detector in evaluation["detectors"].items():
            for metric in METRICS:
                if detector[metric] is not None:
                    values[evaluation["out_set"], name, metric] = 100 * detector[metric]
    return values


def compare_scores(scores, passed):
    """One row for each evaluation on the GPU that ended well: its fp32 scores beside the CPU's, its metrics beside
    those of fp32."""
    rows = []
    for network in NETWORKS:
        for precision in PRECISIONS:
            for kind in KINDS:
                name = f"{network} {precision} {kind}"
                if name not in passed:
                    continue
                row = {"network": network, "precision": precision, "convolution": kind}
                if precision == "fp32" and f"{network} cpu" in passed:
                    row["largest_score_difference_from_cpu"] = largest_difference(scores / name,
                                                                                  scores / f"{network} cpu")
                if f"{network} fp32 own" in passed:
                    theirs = metric_values(scores / f"{network} fp32 own.json")
                    ours = metric_values(scores / f"{name}.json")
                    row["largest_metric_difference_from_fp32"] = max(
                        (abs(ours.get(key, math.inf) - value) for key, value in theirs.items()), default=math.nan)
                rows.append(row)
    return rows


def judge(planned, evaluations):
    """Checks by name, of every evaluation that was planned: float on the GPU gives the CPU's scores, every precision
    fp32's metrics."""
    def verdict(row, key, bound):
        if key not in row:
            return NOT_RUN
        return "passed" if row[key] <= bound else f"failed ({row[key]:.1e} is not within {bound})"
    results = {}
    for name in planned:
        row = next((e for e in evaluations if name == f"{e['network']} {e['precision']} {e['convolution']}"), {})
        if f"{name.split()[0]} cpu" in planned and " fp32 " in name:
            results[f"scores of {name} beside the CPU's"] = verdict(row, "largest_score_difference_from_cpu",
                                                                    SCORE_BOUND)
        if not name.endswith((" cpu", " fp32 own")):
            results[f"metrics of {name} beside fp32's"] = verdict(row, "largest_metric_difference_from_fp32",
                                                                  METRIC_BOUND)
    return results


def by_metrics(network, ours, evaluations):
    """What was timed of a network: the rows whose precision and convolution have fp32's metrics, and those of which
    that is not known."""
    known = {(e["precision"], e["convolution"]): e["largest_metric_difference_from_fp32"] for e in evaluations
             if e["network"] == network and "largest_metric_difference_from_fp32" in e}
    timed = [(r, (r["precision"], r["convolution"])) for r in ours
             if r.get("network") == network and "images_per_second" in r]
    return ([r for r, way in timed if way in known and known[way] <= METRIC_BOUND],
            [r for r, way in timed if way not in known])


def default_precision(network, ours, evaluations):
    """The fastest row of a precision and convolution whose metrics are fp32's, or None, and the precisions of which
    nothing is known that could be it."""
    unknown = [p for p in PRECISIONS if not any(r.get("network") == network and r.get("precision") == p and
                                                "images_per_second" in r for r in ours) or
               not any(e["network"] == network and e["precision"] == p and
                       "largest_metric_difference_from_fp32" in e for e in evaluations)]
    return best(by_metrics(network, ours, evaluations)[0]), unknown


def decisions(ours, evaluations, kernels, checks):
    """What waits for a GPU: the default precision, and which convolutions are the fastest."""
    parts = []
    for network, title in NETWORKS.items():
        row, unknown = default_precision(network, ours, evaluations)
        text = f"{row['precision']} ({row['convolution']}, {rate(row)} images/s)" if row else "undecided"
        trained = checks.get(TRAINING.get(network), "passed")
        if not row and trained != "passed":
            text += f", as its metrics are those of a network that was not trained ({TRAINING[network]}: {trained})"
        parts.append(f"{title} {text}" + (f", without knowing {' and '.join(unknown)}" if unknown else ""))
    failed = any(result.startswith("failed") for result in checks.values())
    found = [f"default precision: {'; '.join(parts)}.{' But something failed, see above.' if failed else ''}"]

    def faster(k):
        return k["wgmma_tflops"] > k["implicit-gemm_tflops"]
    both = [k for k in kernels if "wgmma_tflops" in k and "implicit-gemm_tflops" in k]
    for network in dict.fromkeys(k["network"] for k in both):
        shapes = [f"{k['shape']} {k['pass']} {k['precision']} "
                  f"({k['wgmma_tflops'] / k['implicit-gemm_tflops']:.2f} x)"
                  for k in both if k["network"] == network and faster(k)]
        count = sum(k["network"] == network for k in both)
        found.append(f"wgmma beats own (mma.sync) in {len(shapes)} of {count} convolutions of {network}"
                     f"{': ' if shapes else ''}{', '.join(shapes)}.")
    if not both:
        found.append("wgmma beside own (mma.sync): no convolution was timed with both.")

    # Over all that every kind has been timed with.
    rates = {}
    for network in NETWORKS:
        for precision in HALF:
            rows = [best(ours, network=network, precision=precision, convolution=kind) for kind in KINDS]
            if all(rows):
                rates[network, precision] = [r["images_per_second"] for r in rows]
    if rates:
        means = [math.exp(sum(math.log(r[i]) for r in rates.values()) / len(rates)) for i in range(len(KINDS))]
        order = sorted(zip(means, KINDS), reverse=True)
        found.append(f"fastest convolution: {order[0][1]} (geometric mean of images/s over "
                     f"{', '.join(f'{NETWORKS[n]} {p}' for n, p in rates)}: "
                     f"{', '.join(f'{kind} {mean:,.0f}' for mean, kind in order)}).")
    else:
        found.append("fastest convolution: undecided, nothing was timed with all three.")
    return found


def targets(ours, theirs, evaluations):
    """Whether each network is as fast as it should be, by what has fp32's metrics."""
    def most(rows, key):
        return max((r for r in rows if key in r), key=lambda r: r[key], default=None)

    found = []
    for network, (factor, share, of, least) in TARGETS.items():
        good, unknown = by_metrics(network, ours, evaluations)
        timed = [r for r in ours if r.get("network") == network]

        def counting(key, precisions):
            """The row with the most of it, and what to say, given whether that is enough."""
            rows, others, all_rows = ([r for r in rows if r["precision"] in precisions]
                                      for rows in (good, unknown, timed))
            row, other = most(rows, key), most(others, key)
            if not row and not other:
                return None, lambda _: ("not met, nothing that was timed has fp32's metrics" if most(all_rows, key)
                                        else NOT_RUN)
            if not row:
                return other, lambda enough: f"{'undecided' if enough else 'not met'}, its metrics are unknown"
            more = f"{other['precision']} {other['convolution']}" if other and other[key] > row[key] else ""
            return row, lambda enough: ("met" if enough else "not met") + (
                f", without knowing the metrics of {more}, which has more" if more else "")

        (a, said), b = counting("images_per_second", PRECISIONS), best(theirs, network=network)
        if a and b:
            ratio = a["images_per_second"] / b["images_per_second"]
            text = f"{ratio:.2f} x the fastest PyTorch ({a['precision']} beside {b['precision']}, {b['way']})"
            text += f", at least {factor}: {said(ratio >= factor)}"
            if not best([r for r in theirs if r.get("way", "").startswith("compiled (max-autotune")], network=network):
                text += ", but without torch.compile at its best"
        else:
            text = f"{factor} x the fastest PyTorch: {said(False) if b else NOT_RUN}"
        half, said = counting(share, HALF)
        if half:
            text += f"; {half[share]:.0%} of {of} in half precision, aim {least:.0%}: {said(half[share] >= least)}"
        else:
            text += f"; {least:.0%} of {of}: {said(False)}"
        if a:
            text += f"; 18,000 images in {18000 / a['images_per_second']:.2f} s"
        found.append(f"{NETWORKS[network]}: {text}.")
    return found


def summary(about, groups):
    """One line for VERIFIED.md: tests by name, and how many of what is many; what has failed by name in any case."""
    def named(names):
        many = {"evaluation": "evaluations", "scores": "comparisons of scores", "metrics": "comparisons of metrics",
                "timing": "timings"}
        counts = collections.Counter(many[name.split()[0]] for name in names if name.split()[0] in many)
        return "; ".join([name for name in names if name.split()[0] not in many] +
                         [f"{count} {kind}" for kind, count in counts.items()])
    said = [f"passed: {named(groups['passed']) or 'nothing'}"]
    said += [f"failed: {'; '.join(groups['failed'])}"] if groups["failed"] else []
    said += [f"{kind}: {named(groups[kind])}" for kind in ("unfinished", NOT_RUN) if groups[kind]]
    return f"{about['commit']}, {about['date']}, {about['gpu']}: {'. '.join(said)}."


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)] + ["| " + " | ".join(r) + " |" for r in rows]


def evaluation_table(evaluations):
    def number(row, key, form):
        return format(row[key], form) if key in row else "-"
    rows = []
    for network in NETWORKS:
        for precision in PRECISIONS:
            for kind in KINDS if precision in HALF else ("own", "cudnn"):
                row = next((e for e in evaluations if (e["network"], e["precision"], e["convolution"]) ==
                            (network, precision, kind)), None)
                rows.append([f"{network} {precision} {kind}"] +
                            ([number(row, "largest_score_difference_from_cpu", ".1e"),
                              number(row, "largest_metric_difference_from_fp32", ".3f")] if row else [NOT_RUN] * 2))
    return table(["network, precision, convolution", "largest difference of a score", "of a metric, percentage points"],
                 rows)


def rate_table(ours, theirs):
    def way(network, precision, start, end):
        row = best([r for r in theirs if r.get("way", "").startswith(start) and r["way"].endswith(end)],
                   network=network, precision=precision)
        errors = [r["error"].split(":")[0] for r in theirs if (r.get("network"), r.get("precision")) ==
                  (network, precision) and r.get("way", "").startswith(start) and r["way"].endswith(end) and
                  "error" in r]
        return f"{rate(row)} (batch {row['batch']})" if row else errors[0] if errors else NOT_RUN
    rows = []
    for network in NETWORKS:
        for precision in PRECISIONS:
            kinds = [best(ours, network=network, precision=precision, convolution=kind) for kind in KINDS]
            ours_best = best([r for r in kinds if r])
            torch = best(theirs, network=network, precision=precision)
            limits = [f"{ours_best[key]:.0%}" if ours_best and key in ours_best else "-"
                      for key in ("fraction_of_peak", "fraction_of_bandwidth_floor")]
            rows.append([network, precision, rate(kinds[0]), rate(kinds[1]) if precision in HALF else "-",
                         rate(kinds[2]), *limits, way(network, precision, "eager", "NCHW"),
                         way(network, precision, "eager", "channels_last"),
                         way(network, precision, "compiled", "") if precision == "fp16" else "-",
                         f"{ours_best['images_per_second'] / torch['images_per_second']:.2f}"
                         if ours_best and torch else "-"])
    return table(["network", "precision", "ours, own convolutions", "ours, wgmma", "ours, cuDNN", "of peak",
                  "of bandwidth floor", "PyTorch, NCHW", "PyTorch, channels_last", "PyTorch, compiled",
                  "ours / PyTorch, the fastest"], rows)


def kernel_table(kernels):
    rows = []
    for k in kernels:
        rows.append([k["network"], k["pass"], k["shape"], k["precision"],
                     *(f"{k[name]:.1f}" if name in k else "-" for name in (
                         "plain_tflops", "implicit-gemm_tflops", "wgmma_tflops", "library_tflops"))])
    for precision in ("fp16", "tf32"):
        if not any(k["precision"] == precision for k in kernels):
            rows.append(["-", "-", "-", precision] + [NOT_RUN] * 4)
    return table(["network", "pass", "shape", "precision", "plain", "own (mma.sync)", "own (wgmma)", "cuDNN or cuBLAS"],
                 rows)


def main():
    folder, scores = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    ours, theirs = lines(folder / "odin_bench.jsonl"), lines(folder / "pytorch.jsonl")
    kernels = joined_kernels(k for k in lines(folder / "kernels.jsonl") if "network" in k)
    checks = dict(line.rsplit(": ", 1) for line in (folder / "checks.txt").read_text().splitlines())
    planned = [name.removeprefix("evaluation ") for name in checks if name.startswith("evaluation ")]
    passed = {name for name in planned if checks[f"evaluation {name}"] == "passed"}
    evaluations = compare_scores(scores, passed)
    checks.update(judge(planned, evaluations))
    (folder / "checks.txt").write_text("".join(f"{name}: {result}\n" for name, result in checks.items()))
    about = dict(line.split(": ", 1) for line in (folder / "about.txt").read_text().splitlines())

    groups = collections.defaultdict(list)
    for name, result in checks.items():
        groups[result.split(" (")[0]].append(name)
    decided, met = decisions(ours, evaluations, kernels, checks), targets(ours, theirs, evaluations)
    (folder / "gpu_check.json").write_text(json.dumps(
        {"about": about, "checks": checks, "decisions": decided, "targets": met, "odin_bench": ours, "pytorch": theirs,
         "kernels": kernels, "evaluations": evaluations}, indent=1))

    text = [f"# {about['gpu']}, commit {about['commit']}, {about['date']}", "", f"Driver {about['driver']}.", ""]
    for kind in ("failed", "unfinished", NOT_RUN):
        if groups[kind]:
            text += [f"**{kind.capitalize()}:** {'; '.join(groups[kind])}.", ""]
    text += ["## Decisions", "", *(line for one in decided for line in (one, "")), "## Targets", ""]
    text += [f"- {line}" for line in met]
    text += ["", "## For VERIFIED.md", ""]
    text += [summary(about, groups)]
    text += ["", "## Rates", "", "ODIN (forward pass, gradient in the input, second forward pass), images a second:",
             "", *rate_table(ours, theirs)]
    text += ["", "## Scores and metrics", "",
             "DenseNet-BC-100: the bundled network, Fashion-MNIST's 10,000 test images, Gaussian and uniform noise; "
             "the first 500 scores of each beside our CPU's. Wide-ResNet-28-10: trained for two epochs on the test "
             "images here, 5,000 of them and Gaussian noise. Metrics beside those of fp32 with our own convolutions:",
             "", *evaluation_table(evaluations)]
    text += ["", "## Convolutions", "", "TFLOP/s:", "", *kernel_table(kernels)]
    text += ["", "## Checks", "", *table(["check", "result"], checks.items())]
    (folder / "gpu_check.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))
    return 1 if groups["failed"] else 3 if groups["unfinished"] or groups[NOT_RUN] else 0


if __name__ == "__main__":
    sys.exit(main())
