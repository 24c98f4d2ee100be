#!/usr/bin/env python3
"""Compares the scores that odin_eval wrote (--scores) with PyTorch's, image by image.

    compare_scores.py CHECKPOINT SCORES IN OUT SKIP COUNT      (Debian: python3-torch python3-h5py python3-pil)

IN and OUT are a CIFAR-10 binary file or a folder of 32 x 32 images; images SKIP .. SKIP + COUNT of each are compared.
Prints the largest differences. Fails unless they are at most 1e-5 (baseline) and 1e-6 (ODIN) for every image. Images
whose gradient has elements so close to zero that rounding decides their sign are exceptions: their ODIN scores may
differ by 1e-5, which some tens of flipped signs among 3072 can cause.
"""
import pathlib
import sys

import numpy as np
import torch
from PIL import Image

from checkpoint import load
from networks import odin

BATCH = 50
BASELINE_TOLERANCE = 1e-5
ODIN_TOLERANCE = 1e-6
FLIPPED_TOLERANCE = 1e-5


def images(path, begin, count):
    path = pathlib.Path(path)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
        x = np.stack([np.asarray(Image.open(p).convert("RGB")).transpose(2, 0, 1)
                      for p in files[begin:begin + count]])
    else:
        x = np.fromfile(path, np.uint8).reshape(-1, 3073)[begin:begin + count, 1:].reshape(-1, 3, 32, 32)
    return torch.from_numpy(x.astype(np.float32) / np.float32(255))


def max_softmax(logits, temperature):
    return torch.softmax(logits.double() / temperature, 1).max(1).values.numpy()


def written(folder, name):
    rows = np.loadtxt(pathlib.Path(folder) / f"confidence_{name}.txt", delimiter=",", ndmin=2)
    return rows[0, 0], rows[0, 1], rows[:, 2]


def scores(network, mean, std, x, temperature, magnitude):
    """Baseline and ODIN scores in single precision, and how many signs of the gradient rounding may decide."""
    mean = torch.tensor(mean).view(1, -1, 1, 1)
    deviation = torch.tensor(std).view(1, -1, 1, 1)
    baseline, perturbed_scores, uncertain = [], [], []
    for begin in range(0, len(x), BATCH):
        batch = (x[begin:begin + BATCH] - mean) / deviation
        logits, gradient, perturbed = odin(network, batch, temperature, magnitude, std)
        baseline.append(max_softmax(logits, 1))
        perturbed_scores.append(max_softmax(perturbed, temperature))
        size = gradient.abs().flatten(1)
        uncertain.append((size <= 1e-4 * size.mean(1, keepdim=True)).sum(1).numpy())
    return np.concatenate(baseline), np.concatenate(perturbed_scores), np.concatenate(uncertain)


def compare(kind, network, mean, std, folder, path, skip, count):
    temperature, magnitude, ours = written(folder, f"Our_{kind}")
    _, _, ours_baseline = written(folder, f"Base_{kind}")
    baseline, perturbed, uncertain = scores(network, mean, std, images(path, skip, count), temperature, magnitude)
    assert len(ours) == len(perturbed) == count, (len(ours), len(perturbed), count)
    base = np.abs(ours_baseline - baseline)
    diff = np.abs(ours - perturbed)
    over = diff > ODIN_TOLERANCE
    print(f"{kind}: {count} images; baseline differs by at most {base.max():.2e} (median {np.median(base):.2e}), "
          f"ODIN by {diff.max():.2e} (median {np.median(diff):.2e}); {over.sum()} above {ODIN_TOLERANCE:.0e}, "
          f"{(over & (uncertain == 0)).sum()} of them without a gradient element near zero; "
          f"{(uncertain > 0).sum()} images have such elements, {uncertain.mean():.2f} of 3072 on average")
    return base.max() <= BASELINE_TOLERANCE and not (over & (uncertain == 0)).any() and diff.max() <= FLIPPED_TOLERANCE


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    checkpoint, folder, in_path, out_path, skip, count = sys.argv[1:]
    torch.set_num_threads(2)
    net, net_mean, net_std = load(checkpoint)
    results = [compare(kind, net, net_mean, net_std, folder, path, int(skip), int(count))
               for kind, path in (("In", in_path), ("Out", out_path))]
    sys.exit(0 if all(results) else "the scores differ by more than is allowed")
