"""Compares the scores of evaluations with the CPU's, and their metrics with those of fp32."""
import json
import math

from measurements import KINDS, NETWORKS, NOT_RUN, PRECISIONS

METRICS = ("fpr_at_tpr95", "detection_error", "auroc", "aupr_in", "aupr_out")
METRIC_BOUND = 0.05  # percentage points
SCORE_BOUND = 1e-5
SMOKE = "smoke"  # few images, only to see that nothing is wrong altogether
MEAN_BOUND = 0.01  # of those in tf32 and half precision: a confidence near a half may well move by more


def differences(ours, theirs):
    """The largest and the mean difference between the scores of the images that both folders have; NaN if they have
    none in common. The relative difference is at most ten times as large: a score of ten classes is at least 0.1."""
    worst, total, pairs = 0.0, 0.0, 0
    for path in sorted(theirs.rglob("*.txt")):
        matching = (ours / path.relative_to(theirs)).read_text().splitlines()
        for a, b in zip(matching, path.read_text().splitlines()):
            difference, pairs = abs(float(a.split(",")[2]) - float(b.split(",")[2])), pairs + 1
            difference = difference if difference == difference else math.inf
            worst, total = max(worst, difference), total + difference
    return (worst, total / pairs) if pairs else (math.nan, math.nan)


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
    """One row per evaluation that passed, the CPU's first: its figures; how far its scores are from the CPU's; and its
    metrics from those of fp32."""
    rows = []
    for network in (SMOKE, *NETWORKS):
        for precision, kind in [("cpu", "")] + [(p, k) for p in PRECISIONS for k in KINDS]:
            name = f"{network} {precision} {kind}".strip()
            if name not in passed:
                continue
            row = {"network": network, "precision": precision, "convolution": kind}
            row["figures"] = {f"{of}, {detector}, {metric}": value for (of, detector, metric), value in
                              metric_values(scores / f"{name}.json").items()}
            if precision != "cpu" and f"{network} cpu" in passed:
                row["largest_score_difference_from_cpu"], row["mean_score_difference_from_cpu"] = differences(
                    scores / name, scores / f"{network} cpu")
            if precision != "cpu" and network != SMOKE and f"{network} fp32 own" in passed:
                theirs = metric_values(scores / f"{network} fp32 own.json")
                ours = metric_values(scores / f"{name}.json")
                row["largest_metric_difference_from_fp32"] = max(
                    (abs(ours.get(key, math.inf) - value) for key, value in theirs.items()), default=math.nan)
            rows.append(row)
    return rows


def judge(planned, evaluations):
    """The results, by name, of the checks of each planned evaluation: the scores are the CPU's, to rounding in fp32 and
    on average in a smoke test; and every precision gives fp32's metrics."""
    def verdict(row, key, bound):
        if key not in row:
            return NOT_RUN
        return "passed" if row[key] <= bound else f"failed ({row[key]:.1e} is not within {bound})"
    results = {}
    for name in planned:
        if name.endswith(" cpu"):
            continue
        row = next((e for e in evaluations if name == f"{e['network']} {e['precision']} {e['convolution']}"), {})
        against = f"scores of {name} against the CPU's"
        if f"{name.split()[0]} cpu" in planned and " fp32 " in name:
            results[against] = verdict(row, "largest_score_difference_from_cpu", SCORE_BOUND)
        elif name.startswith(f"{SMOKE} "):
            results[against] = verdict(row, "mean_score_difference_from_cpu", MEAN_BOUND)
        if not name.startswith(f"{SMOKE} ") and not name.endswith(" fp32 own"):
            results[f"metrics of {name} against fp32's"] = verdict(row, "largest_metric_difference_from_fp32",
                                                                   METRIC_BOUND)
    return results


def by_metrics(network, ours, evaluations):
    """The timed rows of a network whose precision and convolution have fp32's metrics, and those whose metrics are
    unknown."""
    known = {(e["precision"], e["convolution"]): e["largest_metric_difference_from_fp32"] for e in evaluations
             if e["network"] == network and "largest_metric_difference_from_fp32" in e}
    timed = [(r, (r["precision"], r["convolution"])) for r in ours
             if r.get("network") == network and "images_per_second" in r]
    return ([r for r, way in timed if way in known and known[way] <= METRIC_BOUND],
            [r for r, way in timed if way not in known])
