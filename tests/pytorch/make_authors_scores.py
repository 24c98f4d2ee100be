#!/usr/bin/env python3
"""Writes the scores that PyTorch gives, with the ODIN authors' DenseNet on CIFAR-10, to 200 images of each set.

    make_authors_scores.py CHECKPOINT DATA OUTPUT      (Debian: python3-torch python3-h5py python3-pil)

CHECKPOINT is the authors' densenet10 as convert_checkpoint wrote it; DATA holds the sets as ../shared/data/unpack.py
leaves them. Images 1000 to 1199 of each set, T = 1000, magnitude 0.0014, in single precision. A line of OUTPUT is a
set, the baseline's, the maximum logit's, the energy's and ODIN's score, and how many elements of the gradient are so
close to zero that rounding decides their sign.
"""
import pathlib
import sys

import torch

from checkpoint import load
from compare_scores import BATCH, images, max_softmax
from networks import odin

SETS = {"CIFAR-10": "cifar-10-batches-bin/test_batch.bin", "LSUN_resize": "LSUN_resize",
        "Imagenet_resize": "Imagenet_resize", "iSUN": "iSUN"}
SKIP, COUNT = 1000, 200
TEMPERATURE, MAGNITUDE = 1000, 0.0014


def lines(network, mean, std, name, path):
    mean = torch.tensor(mean).view(1, 3, 1, 1)
    deviation = torch.tensor(std).view(1, 3, 1, 1)
    x = (images(path, SKIP, COUNT) - mean) / deviation
    for batch in x.split(BATCH):
        logits, gradient, perturbed = odin(network, batch, TEMPERATURE, MAGNITUDE, std)
        size = gradient.abs().flatten(1)
        uncertain = (size <= 1e-4 * size.mean(1, keepdim=True)).sum(1)
        yield from (f"{name} {b:.10g} {m:.9g} {e:.9g} {o:.12g} {u}" for b, m, e, o, u in zip(
            max_softmax(logits, 1), logits.double().max(1).values.detach().numpy(),
            torch.logsumexp(logits.double(), 1).detach().numpy(), max_softmax(perturbed, TEMPERATURE), uncertain))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    torch.set_num_threads(2)
    net, net_mean, net_std = load(sys.argv[1])
    data = pathlib.Path(sys.argv[2])
    pathlib.Path(sys.argv[3]).write_text("".join(
        line + "\n" for name, path in SETS.items() for line in lines(net, net_mean, net_std, name, data / path)))
