#!/usr/bin/env python3
"""Writes tests/eval/scoring/detector_scores.txt: scores of random outputs by every detector, computed with NumPy from
the papers' formulas, to compare ours with. Needs only NumPy.

The file has lines of words: "outputs CLASSES FEATURES IMAGES", then "logits", "features", "weights", "bias" with the
values of single-precision arrays, row-major, then for each detector its name and a score for each image.
"""
import pathlib

import numpy as np

OUTPUT = pathlib.Path(__file__).resolve().parents[1] / "eval/scoring/detector_scores.txt"


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def logsumexp(logits):
    largest = logits.max(axis=1)
    return largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))


def entropy(o):
    p = softmax(o["logits"])
    return (p * np.log(p)).sum(axis=1)


def gen(o, gamma=0.1, largest=100):
    p = np.sort(softmax(o["logits"]))[:, ::-1][:, :largest]
    return -(p ** gamma * (1 - p) ** gamma).sum(axis=1)


def top(features, percentile):
    """Whether each feature is kept, as the code of ASH counts."""
    count = features.shape[1]
    keep = count - int(np.round(count * percentile / 100.0))
    kept = np.zeros(features.shape, bool)
    np.put_along_axis(kept, np.argsort(-features, axis=1, kind="stable")[:, :keep], True, axis=1)
    return kept


def energy_of(o, features):
    return logsumexp(features @ o["weights"].T + o["bias"])


def ash_p(o, percentile=90):
    return energy_of(o, np.where(top(o["features"], percentile), o["features"], 0))


def ash_b(o, percentile=90):
    kept = top(o["features"], percentile)
    values = o["features"].sum(axis=1) / kept.sum(axis=1)
    return energy_of(o, kept * values[:, None])


def ash_s(o, percentile=90):
    kept = np.where(top(o["features"], percentile), o["features"], 0)
    return energy_of(o, kept * np.exp(o["features"].sum(axis=1) / kept.sum(axis=1))[:, None])


def scale(o, percentile=85):
    kept = np.where(top(o["features"], percentile), o["features"], 0)
    return energy_of(o, o["features"] * np.exp(o["features"].sum(axis=1) / kept.sum(axis=1))[:, None])


def gradnorm(o):
    """The gradient written out as a matrix for each image, (classes, features)."""
    p = softmax(o["logits"])
    gradient = (p - 1 / p.shape[1])[:, :, None] * o["features"][:, None, :]
    return np.abs(gradient).sum(axis=(1, 2))


DETECTORS = {
    "baseline": lambda o: softmax(o["logits"]).max(axis=1),
    "max_logit": lambda o: o["logits"].max(axis=1),
    "energy": lambda o: logsumexp(o["logits"]),
    "entropy": entropy, "gen": gen, "ash_p": ash_p, "ash_b": ash_b, "ash_s": ash_s, "scale": scale,
    "gradnorm": gradnorm,
}


def outputs(random, classes, features, images):
    """Features as after a ReLU, about half of them zero, and the logits that the classifier makes of them."""
    values = {"features": np.maximum(random.normal(size=(images, features)), 0).astype(np.float32),
              "weights": random.normal(scale=0.4, size=(classes, features)).astype(np.float32),
              "bias": random.normal(size=classes).astype(np.float32)}
    values["logits"] = (values["features"] @ values["weights"].T + values["bias"]).astype(np.float32)
    return values


def main():
    random = np.random.default_rng(16)
    lines = []
    for classes, features, images in ((10, 34, 6), (3, 7, 4), (120, 20, 3)):
        values = outputs(random, classes, features, images)
        lines.append(f"outputs {classes} {features} {images}")
        lines += [f"{name} " + " ".join(repr(float(v)) for v in values[name].ravel())
                  for name in ("logits", "features", "weights", "bias")]
        exact = {name: array.astype(np.float64) for name, array in values.items()}
        lines += [f"{name} " + " ".join(repr(float(v)) for v in scores(exact)) for name, scores in DETECTORS.items()]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
