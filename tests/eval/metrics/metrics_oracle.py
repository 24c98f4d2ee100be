"""Expected metrics of sets of scores: those of scikit-learn, and a literal sweep of thresholds.

    metrics_oracle.py FOLDER

Each line of FOLDER/sets.txt names a set, the bounds of its sweep, and greater or greater_equal: how the
AUROC of the sweep compares. NAME-in.txt and NAME-out.txt hold one score a line. Prints two lines a
set, the exact figures and those of the sweep, None where a figure is undefined:
    FPR DETECTION_ERROR AUROC AUPR_IN AUPR_OUT
"""
import pathlib
import sys

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve


def exact(inside, outside):
    scores = np.concatenate([inside, outside])
    is_in = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    fpr, tpr, _ = roc_curve(is_in, scores, drop_intermediate=False)
    return (
        fpr[np.argmax(tpr >= 0.95)],
        np.min((1 - tpr + fpr) / 2),
        roc_auc_score(is_in, scores),
        average_precision_score(is_in, scores),
        average_precision_score(1 - is_in, -scores),
    )


def fraction(scores, compare, thresholds):
    """The fraction of scores for which compare(score, t), for each t: counted one by one."""
    parts = np.array_split(thresholds, 50)
    counts = [compare(scores[None, :], part[:, None]).sum(axis=1) for part in parts]
    return (np.concatenate(counts) / float(len(scores))).tolist()


def precision_recall_area(pairs):
    area, recall_before, recall, precision = 0.0, 1.0, None, None
    for p, q in pairs:
        precision, recall = p / (p + q), p
        area += (recall_before - recall) * precision
        recall_before = recall
    return None if recall is None else area + recall * precision


def sweep(inside, outside, start, end, compare_in_auroc):
    gap = (end - start) / 100000
    up = np.arange(start, end, gap)
    in_at_least = fraction(inside, np.greater_equal, up)
    out_at_least = fraction(outside, np.greater_equal, up)
    in_below = fraction(inside, np.less, up)
    out_above = fraction(outside, np.greater, up)

    near_95 = [q for p, q in zip(in_at_least, out_above) if 0.9495 <= p <= 0.9505]
    fpr = sum(near_95) / len(near_95) if near_95 else None

    error = min([1.0] + [(p + q) / 2 for p, q in zip(in_below, out_above)])

    auroc, f_before = 0.0, 1.0
    for p, f in zip(in_at_least, fraction(outside, compare_in_auroc, up)):
        auroc += (f_before - f) * p
        f_before = f
    auroc += f * p

    aupr_in = precision_recall_area((p, q) for p, q in zip(in_at_least, out_at_least) if p + q > 0)

    down = np.arange(end, start, -gap)
    pairs = []
    for p, q in zip(fraction(outside, np.less, down), fraction(inside, np.less, down)):
        if p + q == 0:
            break
        pairs.append((p, q))
    return fpr, error, auroc, aupr_in, precision_recall_area(pairs)


def main():
    folder = pathlib.Path(sys.argv[1])
    for line in (folder / "sets.txt").read_text().splitlines():
        name, start, end, compare = line.split()
        inside = np.loadtxt(folder / f"{name}-in.txt", ndmin=1)
        outside = np.loadtxt(folder / f"{name}-out.txt", ndmin=1)
        for figures in [
            exact(inside, outside),
            sweep(inside, outside, float(start), float(end), getattr(np, compare)),
        ]:
            print(*(figure if figure is None else repr(float(figure)) for figure in figures))


if __name__ == "__main__":
    main()
