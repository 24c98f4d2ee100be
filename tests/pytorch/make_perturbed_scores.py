#!/usr/bin/env python3
"""Writes tests/eval/scoring/perturbed_scores.txt: scores of perturbed images by the detectors that perturb them,
computed in double by PyTorch for a network of formula weights.

    tests/pytorch/make_perturbed_scores.py        (Debian: python3-torch)

A line for each: the detector's name, temperature, magnitude, a score for each image.
"""
import pathlib

import torch

from formula import fill, images
from networks import DenseNet3, cross_entropy, odin

OUTPUT = pathlib.Path(__file__).resolve().parents[1] / "eval/scoring/perturbed_scores.txt"
STD = (0.25, 0.24, 0.26)
IMAGES = 4


def softmax(logits, temperature):
    return torch.softmax(logits / temperature, 1).amax(1)


def energy(logits, temperature):
    return temperature * torch.logsumexp(logits / temperature, 1)


def max_logit(logits, temperature):
    del temperature  # has no effect
    return logits.amax(1)


def minus(score):
    """The objective that a perturbation lowers to raise the score."""
    return lambda logits, temperature: -score(logits, temperature).sum()


DETECTORS = {"odin": (softmax, cross_entropy), "odin_energy": (energy, minus(energy)),
             "odin_max_logit": (max_logit, minus(max_logit))}
PARAMETERS = ((1, 0.0014), (1, 0.02), (10, 0.0014), (1000, 0.004))


def main():
    network = fill(DenseNet3(depth=10, growth_rate=2)).double().eval()
    x = torch.from_numpy(images(IMAGES)).double()
    lines = []
    for name, (score, objective) in DETECTORS.items():
        for temperature, magnitude in PARAMETERS:
            perturbed = odin(network, x, temperature, magnitude, STD, objective)[2]
            scores = " ".join(repr(value) for value in score(perturbed, temperature).tolist())
            lines.append(f"{name} {temperature} {magnitude} {scores}")
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
