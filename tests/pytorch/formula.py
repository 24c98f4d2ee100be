"""Weights and images from a formula of their names, so that no fixture has to store them.

tests/support/formula.cpp evaluates the same formula, bit for bit.
"""
import numpy as np
import torch


def noise(name, count):
    """`count` float64 values in [-1, 1) from the 32-bit FNV-1a hash of the name and the index."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) & 0xFFFFFFFF
    x = (np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)).astype(np.uint32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float64) / 2.0**23 - 1.0


def parameter(name, shape):
    """Convolutions and the linear layer keep the variance of their input; batch norms stay near the identity."""
    s = noise(name, int(np.prod(shape)))
    if len(shape) > 1:
        fan_in = int(np.prod(shape[1:]))
        v = s * np.sqrt(6.0 / fan_in)
    elif name.endswith("running_var"):
        v = 1.0 + 0.5 * s
    elif name.endswith("bias") or name.endswith("running_mean"):
        v = 0.1 * s
    else:
        v = 1.0 + 0.25 * s
    return v.astype(np.float32).reshape(shape)


def images(count, channels=3, side=32):
    """(count, channels, side, side), about as spread as normalised images."""
    values = 1.7 * noise("images", count * channels * side * side)
    return values.astype(np.float32).reshape(count, channels, side, side)


def fill(network):
    """Gives a PyTorch network the formula's parameters."""
    state = network.state_dict()
    for name, value in state.items():
        if not name.endswith("num_batches_tracked"):
            state[name] = torch.from_numpy(parameter(name, tuple(value.shape)))
    network.load_state_dict(state)
    return network
