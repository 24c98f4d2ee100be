#!/usr/bin/env python3
"""Writes tests/eval/scoring/detector_scores.txt: scores of random outputs by every detector, computed with NumPy from
the papers' formulas, to compare ours with. Needs only NumPy.

The file has lines of words: "outputs CLASSES FEATURES IMAGES", then "logits", "features", "weights", "bias" with the
values of single-precision arrays, row-major, of the training images "training_features", "training_logits" and
"labels", then for each detector its name, with options, and a score for each image.
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


def react(o, percentile=90):
    return energy_of(o, np.minimum(o["features"], np.percentile(o["training_features"], percentile)))


ARRAYS = ("logits", "features", "weights", "bias", "training_features", "training_logits", "labels")
# By our names; those with options also with other values of them.
DETECTORS = {
    "baseline": lambda o: softmax(o["logits"]).max(axis=1),
    "max_logit": lambda o: o["logits"].max(axis=1),
    "energy": lambda o: logsumexp(o["logits"]),
    "entropy": entropy,
    "gen": gen, "gen:gamma=0.5:largest=3": lambda o: gen(o, 0.5, 3),
    "ash_p": ash_p, "ash_p:percentile=60": lambda o: ash_p(o, 60),
    "ash_b": ash_b, "ash_b:percentile=65": lambda o: ash_b(o, 65),
    "ash_s": ash_s, "ash_s:percentile=75": lambda o: ash_s(o, 75),
    "scale": scale, "scale:percentile=70": lambda o: scale(o, 70),
    "gradnorm": gradnorm,
    "react": react, "react:percentile=70": lambda o: react(o, 70),
}


def outputs(random, classes, features, images, training):
    """Features as after a ReLU, about half of them zero, and the logits that the classifier makes of them. The training
    images have numbers of two decimals, for a short file, and logits that favour their classes. Every class has
    images, and more that are taken for another. The first two features of training images are always zero."""
    values = {"features": np.maximum(random.normal(size=(images, features)), 0).astype(np.float32),
              "weights": random.normal(scale=0.4, size=(classes, features)).astype(np.float32),
              "bias": random.normal(size=classes).astype(np.float32)}
    values["logits"] = (values["features"] @ values["weights"].T + values["bias"]).astype(np.float32)
    labels = np.arange(training) % classes
    patterns = random.normal(scale=0.5, size=(classes, features))
    of_training = np.maximum(random.normal(size=(training, features)) + patterns[labels], 0)
    of_training[:, :2] = 0
    logits = of_training @ values["weights"].T + values["bias"] + 12 * np.eye(classes)[labels]
    labels[::13] = (labels[::13] + 1) % classes
    values |= {"training_features": np.round(of_training, 2).astype(np.float32),
               "training_logits": np.round(logits, 2).astype(np.float32), "labels": labels}
    predicted = values["training_logits"].argmax(axis=1)
    assert set(predicted[predicted == labels]) == set(range(classes)), "some class has no image that is recognised"
    return values


def main():
    random = np.random.default_rng(16)
    lines = []
    for classes, features, images, training in ((10, 34, 6, 120), (3, 7, 4, 60), (120, 20, 3, 240)):
        values = outputs(random, classes, features, images, training)
        lines.append(f"outputs {classes} {features} {images}")
        lines += [f"{name} " + " ".join(str(v) for v in values[name].ravel()) for name in ARRAYS]
        exact = {name: array if name == "labels" else array.astype(np.float64) for name, array in values.items()}
        lines += [f"{name} " + " ".join(repr(float(v)) for v in scores(exact)) for name, scores in DETECTORS.items()]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
