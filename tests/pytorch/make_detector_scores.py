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


def temperature_scaling(o):
    """The temperature by bisection of the derivative of the cross entropy in 1 / T."""
    logits, labels = o["training_logits"], o["labels"]

    def slope(inverse):
        return ((softmax(inverse * logits) * logits).sum(axis=1) - logits[np.arange(len(labels)), labels]).mean()

    low, high = 0.01, 10.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    assert 0.01 < middle < 9.99
    ordered = np.sort(o["logits"] * middle, axis=1)
    return -np.log1p(np.exp(ordered[:, :-1] - ordered[:, -1:]).sum(axis=1))


def kl_matching(o):
    p, q = softmax(o["logits"]), softmax(o["training_logits"])
    predicted = q.argmax(axis=1)
    means = np.stack([q[predicted == k].mean(axis=0) for k in range(q.shape[1])])
    return -(p[:, None, :] * np.log(p[:, None, :] / means[None])).sum(axis=2).min(axis=1)


def dice(o, percentile=90):
    contributions = o["training_features"].mean(axis=0) * o["weights"]
    weights = np.where(contributions > np.percentile(contributions, percentile), o["weights"], 0)
    return logsumexp(o["features"] @ weights.T + o["bias"])


def vim(o, dimension=None):
    dimension = dimension or o["features"].shape[1] // 2
    origin = -np.linalg.pinv(o["weights"]) @ o["bias"]
    training, tested = o["training_features"] - origin, o["features"] - origin
    rest = np.linalg.svd(training, full_matrices=False)[2][dimension:].T
    alpha = o["training_logits"].max(axis=1).mean() / np.linalg.norm(training @ rest, axis=1).mean()
    return logsumexp(o["logits"]) - alpha * np.linalg.norm(tested @ rest, axis=1)


def fdbd(o):
    weights, logits = o["weights"], o["logits"]
    scores = []
    for row, features in zip(logits, o["features"]):
        best = row.argmax()
        distances = [abs(row[best] - row[c]) / np.linalg.norm(weights[best] - weights[c])
                     for c in range(len(row)) if c != best]
        scores.append(np.mean(distances) / np.linalg.norm(features - o["training_features"].mean(axis=0)))
    return np.array(scores)


def unit(features):
    return features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-10)


def nnguide(o, share=1, neighbours=10):
    images = len(o["training_features"])
    rows = max(neighbours, round(images * share / 100))
    bank = np.arange(rows) * images // rows
    guide = unit(o["training_features"][bank]) * logsumexp(o["training_logits"][bank])[:, None]
    products = np.sort(unit(o["features"]) @ guide.T, axis=1)[:, ::-1]
    return products[:, :neighbours].mean(axis=1) * logsumexp(o["logits"])


def she(o):
    right = o["training_logits"].argmax(axis=1) == o["labels"]
    patterns = np.stack([o["training_features"][right & (o["labels"] == c)].mean(axis=0)
                         for c in range(o["logits"].shape[1])])
    return (o["features"] * patterns[o["logits"].argmax(axis=1)]).sum(axis=1)


def knn(o, neighbours=50):
    difference = unit(o["features"])[:, None, :] - unit(o["training_features"])[None]
    return -np.sort(np.linalg.norm(difference, axis=2), axis=1)[:, neighbours - 1]


def inverse_covariance(rows):
    """Of rows about their mean; a constant feature counts for nothing. The correlations are what is inverted."""
    covariance = np.cov(rows.T, bias=True)
    deviations = np.sqrt(np.diag(covariance))
    varies = deviations > 0
    scales = np.where(varies, 1 / np.where(varies, deviations, 1), 0)
    return np.linalg.pinv(covariance * scales * scales[:, None], hermitian=True) * scales * scales[:, None]


def class_distances(o):
    """Squared Mahalanobis distances (images, classes) from the classes' means."""
    training, labels = o["training_features"], o["labels"]
    means = np.stack([training[labels == c].mean(axis=0) for c in range(o["logits"].shape[1])])
    precision = inverse_covariance(training - means[labels])
    difference = o["features"][:, None, :] - means[None]
    return np.einsum("nci,ij,ncj->nc", difference, precision, difference)


def mahalanobis(o):
    return -class_distances(o).min(axis=1)


def relative_mahalanobis(o):
    training = o["training_features"]
    precision = inverse_covariance(training)
    difference = o["features"] - training.mean(axis=0)
    return -(class_distances(o) - np.einsum("ni,ij,nj->n", difference, precision, difference)[:, None]).min(axis=1)


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
    "dice": dice, "dice:percentile=50": lambda o: dice(o, 50),
    "temperature_scaling": temperature_scaling,
    "kl_matching": kl_matching,
    "vim": vim, "vim:dimension=4": lambda o: vim(o, 4),
    "fdbd": fdbd,
    "nnguide": nnguide, "nnguide:share=50:neighbours=7": lambda o: nnguide(o, 50, 7),
    "she": she,
    "knn": knn, "knn:neighbours=3": lambda o: knn(o, 3),
    "mahalanobis": mahalanobis, "relative_mahalanobis": relative_mahalanobis,
}


def outputs(random, classes, features, images, training):
    """Features as after a ReLU, about half of them zero, and the logits that the classifier makes of them. The training
    images have numbers of two decimals, for a short file, and logits that favour their classes. Every class has
    images, and more that are taken for another. The first two features of training images are always zero."""
    values = {"features": np.maximum(random.normal(size=(images, features)), 0).astype(np.float32),
              "weights": random.normal(scale=0.4, size=(classes, features)).astype(np.float32),
              "bias": random.normal(size=classes).astype(np.float32)}
    # In double, so that every NumPy rounds them alike.
    exact = {name: array.astype(np.float64) for name, array in values.items()}
    values["logits"] = (exact["features"] @ exact["weights"].T + exact["bias"]).astype(np.float32)
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
