"""The two networks of the ODIN benchmark in PyTorch: the oracle for ours.

Written from the papers (Huang et al. 2017, section 3; Zagoruyko & Komodakis 2016, table 1). Module names are
those of the authors' networks, so that a state dict maps one to one onto ours.
"""
import torch
from torch import nn
from torch.nn import functional as F


def _convolution(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=False)


class DenseLayer(nn.Module):
    """BN-ReLU-conv1x1-BN-ReLU-conv3x3 with a bottleneck, BN-ReLU-conv3x3 without; appended to its input."""

    def __init__(self, channels, growth, bottleneck):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        if bottleneck:
            self.conv1 = _convolution(channels, 4 * growth, 1)
            self.bn2 = nn.BatchNorm2d(4 * growth)
            self.conv2 = _convolution(4 * growth, growth, 3)
        else:
            self.conv1 = _convolution(channels, growth, 3)

    def forward(self, x):
        y = self.conv1(F.relu(self.bn1(x)))
        if hasattr(self, "conv2"):
            y = self.conv2(F.relu(self.bn2(y)))
        return torch.cat([x, y], 1)


class Block(nn.Module):
    """A sequence under the attribute `layer`, as in both of the authors' networks."""

    def __init__(self, layers):
        super().__init__()
        self.layer = nn.Sequential(*layers)

    def forward(self, x):
        return self.layer(x)


class Transition(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _convolution(inputs, outputs, 1)

    def forward(self, x):
        return F.avg_pool2d(self.conv1(F.relu(self.bn1(x))), 2)


class DenseNet3(nn.Module):
    def __init__(self, depth=100, num_classes=10, growth_rate=12, reduction=0.5, bottleneck=True,
                 image_channels=3, image_size=32):
        super().__init__()
        layers = (depth - 4) // 3 // (2 if bottleneck else 1)
        channels = 2 * growth_rate
        self.window = image_size // 4
        self.conv1 = _convolution(image_channels, channels, 3)
        for b in (1, 2, 3):
            setattr(self, f"block{b}", Block([DenseLayer(channels + i * growth_rate, growth_rate, bottleneck)
                                              for i in range(layers)]))
            channels += layers * growth_rate
            if b < 3:
                setattr(self, f"trans{b}", Transition(channels, int(channels * reduction)))
                channels = int(channels * reduction)
        self.bn1 = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x):
        x = self.trans1(self.block1(self.conv1(x)))
        x = self.block3(self.trans2(self.block2(x)))
        x = F.avg_pool2d(F.relu(self.bn1(x)), self.window)
        return self.fc(x.flatten(1))


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _convolution(inputs, outputs, 3, stride)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = _convolution(outputs, outputs, 3)
        self.convShortcut = _convolution(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x):
        h = F.relu(self.bn1(x))
        shortcut = self.convShortcut(h) if self.convShortcut is not None else x
        return self.conv2(F.relu(self.bn2(self.conv1(h)))) + shortcut


class WideResNet(nn.Module):
    def __init__(self, depth=28, num_classes=10, widen_factor=10, image_channels=3, image_size=32):
        super().__init__()
        blocks = (depth - 4) // 6
        widths = [16, 16 * widen_factor, 32 * widen_factor, 64 * widen_factor]
        self.window = image_size // 4
        self.conv1 = _convolution(image_channels, 16, 3)
        for b in (1, 2, 3):
            setattr(self, f"block{b}", Block([
                WideBlock(widths[b - 1] if i == 0 else widths[b], widths[b], 2 if i == 0 and b > 1 else 1)
                for i in range(blocks)]))
        self.bn1 = nn.BatchNorm2d(widths[3])
        self.fc = nn.Linear(widths[3], num_classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        x = F.avg_pool2d(F.relu(self.bn1(x)), self.window)
        return self.fc(x.flatten(1))


def cross_entropy(logits, temperature):
    """With the predicted class, the sum over the images: what ODIN's perturbation lowers."""
    return F.cross_entropy(logits / temperature, logits.argmax(1), reduction="sum")


def odin(network, x, temperature, magnitude, std, objective=cross_entropy):
    """Logits of x, the gradient of the objective at the temperature in x, and the logits of the perturbed x."""
    x = x.clone().requires_grad_(True)
    logits = network(x)
    gradient, = torch.autograd.grad(objective(logits, temperature), x)
    sign = 2 * (gradient >= 0).to(x.dtype) - 1
    with torch.no_grad():
        std = torch.as_tensor(std, dtype=x.dtype, device=x.device).view(1, -1, 1, 1)
        perturbed = network(x - magnitude * sign / std)
    return logits.detach(), gradient, perturbed
