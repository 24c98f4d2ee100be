"""Compares the scores of evaluations with the CPU's, and their metrics with those of fp32."""
import json
import math

from measurements import KINDS, NETWORKS, NOT_RUN, PRECISIONS

METRICS = ("fpr_at_tpr95", "detection_error", "auroc", "aupr_in", "aupr_out")
METRIC_BOUND = 0.05  # percentage points
SCORE_BOUND = 1e-5


def largest_difference(ours, theirs):
    """The largest difference between the scores of the images that both folders have; NaN if they have none in common.
    The relative difference is at most ten times as large: every score of ten classes is at least 0.1."""
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
    """One row per evaluation on the GPU that passed: how far its fp32 scores are from the CPU's, and its metrics from
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
    """The results, by name, of two checks of each planned evaluation: fp32 on the GPU gives the CPU's scores, and every
    precision gives fp32's metrics."""
    def verdict(row, key, bound):
        if key not in row:
            return NOT_RUN
        return "passed" if row[key] <= bound else f"failed ({row[key]:.1e} is not within {bound})"
    results = {}
    for name in planned:
        row = next((e for e in evaluations if name == f"{e['network']} {e['precision']} {e['convolution']}"), {})
        if f"{name.split()[0]} cpu" in planned and " fp32 " in name:
            results[f"scores of {name} against the CPU's"] = verdict(row, "largest_score_difference_from_cpu",
                                                                     SCORE_BOUND)
        if not name.endswith((" cpu", " fp32 own")):
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
