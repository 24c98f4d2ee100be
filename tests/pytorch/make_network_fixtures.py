#!/usr/bin/env python3
"""Remakes tests/nn/fixtures: the results of PyTorch for networks whose weights come from a formula.

    tests/pytorch/make_network_fixtures.py [OUT]        (Debian: python3-torch)

PyTorch computes in double. Each file is little-endian float32, in this order:
  evaluation (for images of another size than 32 with their side in the name): logits, gradient in the images at
  temperature 1000, logits of the perturbed images;
  ten_steps (tiny networks only): the mean cross entropy before each of ten steps of SGD with Nesterov momentum, each on
  the next STEP_IMAGES images with label n mod classes, then all parameters and running statistics, sorted by name;
  training (tiny networks only): logits, the gradient of the mean cross entropy with label n mod classes with respect
  to the images and to every parameter, and every running statistic after the step, in the order of the state dict.
"""
import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

from formula import fill, images
from networks import DenseNet3, WideResNet, odin

STD = (0.25, 0.24, 0.26)
MAGNITUDE = 0.0014
TEMPERATURE = 1000.0

EVALUATION = {
    "densenet_bc_100": (lambda: DenseNet3(), 3),
    "densenet_40_k4": (lambda: DenseNet3(depth=40, growth_rate=4, reduction=1.0, bottleneck=False), 2),
    "wide_resnet_28_10": (lambda: WideResNet(num_classes=100), 3),
    "wide_resnet_10_1": (lambda: WideResNet(depth=10, widen_factor=1), 3),
}
# For images of other sizes: the network, the number of images, their channels and side.
OTHER_SIZES = {
    "densenet_bc_10_k2": (DenseNet3, {"depth": 10, "growth_rate": 2, "num_classes": 3}, 2, 1, 28),
    "wide_resnet_10_1": (WideResNet, {"depth": 10, "widen_factor": 1}, 2, 1, 28),
    "densenet_7_k2": (DenseNet3, {"depth": 7, "growth_rate": 2, "num_classes": 3, "bottleneck": False}, 1, 3, 64),
}
TRAINING = {
    "densenet_bc_10_k2": (lambda: DenseNet3(depth=10, growth_rate=2, num_classes=3), 5),
    "densenet_7_k2": (lambda: DenseNet3(depth=7, growth_rate=2, num_classes=3, bottleneck=False), 4),
    "wide_resnet_10_1": (lambda: WideResNet(depth=10, widen_factor=1), 3),
}


def evaluate(network, count, channels=3, side=32):
    network.eval()
    x = torch.from_numpy(images(count, channels, side)).double()
    return [t.numpy() for t in odin(network, x, TEMPERATURE, MAGNITUDE, STD[:channels])]


def train(network, count):
    network.train()
    x = torch.from_numpy(images(count)).double().requires_grad_(True)
    logits = network(x)
    F.cross_entropy(logits, torch.arange(count) % logits.shape[1]).backward()
    gradients = [p.grad.numpy() for p in network.parameters()]
    statistics = [b.numpy() for n, b in network.named_buffers() if not n.endswith("num_batches_tracked")]
    return [logits.detach().numpy(), x.grad.numpy(), *gradients, *statistics]


STEP_IMAGES = 8


def ten_steps(network):
    network.train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
    losses = []
    for batch in images(10 * STEP_IMAGES).reshape(10, STEP_IMAGES, 3, 32, 32):
        logits = network(torch.from_numpy(batch).double())
        loss = F.cross_entropy(logits, torch.arange(STEP_IMAGES) % logits.shape[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    state = {n: v.numpy() for n, v in network.state_dict().items() if not n.endswith("num_batches_tracked")}
    return [np.array(losses), *(state[name] for name in sorted(state))]


def write(path, arrays):
    np.concatenate([a.astype("<f4").ravel() for a in arrays]).tofile(path)
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent / "nn" / "fixtures"
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    for name, (make, count) in EVALUATION.items():
        write(out / f"{name}.evaluation.f32", evaluate(fill(make()).double(), count))
    for name, (make, sizes, count, channels, side) in OTHER_SIZES.items():
        network = fill(make(**sizes, image_channels=channels, image_size=side)).double()
        write(out / f"{name}_{side}.evaluation.f32", evaluate(network, count, channels, side))
    for name, (make, count) in TRAINING.items():
        write(out / f"{name}.training.f32", train(fill(make()).double(), count))
        write(out / f"{name}.ten_steps.f32", ten_steps(fill(make()).double()))
