"""Files that PyTorch writes and reads, as the oracle of our own reader.

    saved_by_pytorch.py write FOLDER CASE...    FOLDER/CASE.pth and FOLDER/CASE.pth.expected of each case
    saved_by_pytorch.py read FILE OUT           the tensors that PyTorch reads from FILE

The expected tensors follow one another in the order of their names: a line "NAME COUNT" and the elements as
little-endian 32-bit floats. `num_batches_tracked` is left out.
"""
import collections
import sys
import types
import warnings

import torch
from torch import nn

import networks

torch.set_num_threads(2)


def write_tensors(path, tensors):
    with open(path, "wb") as file:
        for name, tensor in sorted(tensors.items()):
            if not name.endswith("num_batches_tracked"):
                values = tensor.detach().float().contiguous()
                file.write(f"{name} {values.numel()}\n".encode() + values.numpy().tobytes())


def shuffled(network):
    """The network with statistics that training would have left: no two tensors alike."""
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_()
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return network


def small():
    return shuffled(networks.DenseNet3(10, 3, 4))


def strided(tensor):
    """The same values with other strides and an offset."""
    if tensor.dim() == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    if tensor.dim() == 2:
        return tensor.t().contiguous().t()
    wide = torch.zeros(tensor.numel() + 5, 3)
    wide[5:, 1] = tensor
    return wide[5:, 1]


def with_state(change):
    """A state dict whose tensors went through `change`, which may alter their values."""
    return collections.OrderedDict((name, change(tensor)) for name, tensor in small().state_dict().items())


def expanded():
    """Biases that are one number, repeated with stride 0."""
    state = small().state_dict()
    for name in state:
        if name.endswith("bias"):
            state[name] = torch.full((1,), 0.5).expand(state[name].shape)
    return state


def sharing():
    """All tensors as views of one storage."""
    state = small().state_dict()
    flat = torch.cat([tensor.float().flatten() for tensor in state.values()])
    parts = flat.split([tensor.numel() for tensor in state.values()])
    return {name: part.view(tensor.shape) for (name, tensor), part in zip(state.items(), parts)}


def with_attributes():
    """A module whose tensors have attributes, which PyTorch saves in another way."""
    network = small()
    for parameter in network.parameters():
        parameter.note = "kept"
    return network


def compiled():
    """As torch.compile and DataParallel name things."""
    return {"_orig_mod.module." + name: tensor for name, tensor in small().state_dict().items()}


SMALL = {
    "module": small,
    "state_dict": lambda: small().state_dict(),
    "data_parallel": lambda: nn.DataParallel(small()),
    "compiled": compiled,
    "half": lambda: with_state(lambda t: t.half()),
    "bfloat16": lambda: with_state(lambda t: t.bfloat16()),
    "double": lambda: with_state(lambda t: t.double()),
    "strided": lambda: with_state(strided),
    "expanded": expanded,
    "sharing": sharing,
    "with_attributes": with_attributes,
    "under_state_dict": lambda: {"epoch": 3, "best": 0.5, "optimizer": {"state": {}, "lr": [0.1]},
                                 "state_dict": small().state_dict()},
    "under_model": lambda: {"model": small(), "args": types.SimpleNamespace(depth=10)},
    "under_net": lambda: {"net": small().state_dict(), "acc": 91.3},
    "plain_dict": lambda: dict(small().state_dict()),
}

LARGE = {
    "densenet_module": lambda: shuffled(networks.DenseNet3(100, 10)),
    "densenet_state_dict": lambda: shuffled(networks.DenseNet3(100, 100)).state_dict(),
    "wrn_module": lambda: shuffled(networks.WideResNet(28, 10)),
    "wrn_state_dict": lambda: shuffled(networks.WideResNet(28, 100)).state_dict(),
    "densenet_without_bottleneck": lambda: shuffled(networks.DenseNet3(40, 10, 12, 1.0, False)),
    "densenet_reduced": lambda: shuffled(networks.DenseNet3(22, 10, 5, 0.7)),
    "wrn_narrow": lambda: shuffled(networks.WideResNet(10, 7, 1)),
}

# What torch.save is told: the default, the container before 1.6, and other protocols of pickles.
WAYS = {
    "zip": {},
    "magic": {"_use_new_zipfile_serialization": False},
    "zip4": {"pickle_protocol": 4},
    "magic3": {"_use_new_zipfile_serialization": False, "pickle_protocol": 3},
    "magic5": {"_use_new_zipfile_serialization": False, "pickle_protocol": 5},
}


def state_of(saved):
    if isinstance(saved, nn.Module):
        return saved.state_dict()
    for key in ("state_dict", "model", "net"):
        if key in saved:
            return state_of(saved[key])
    return saved


def cleaned(state):
    names = {name: name.replace("_orig_mod.", "").replace("module.", "") for name in state}
    return {names[name]: tensor for name, tensor in state.items()}


def write(folder, case):
    name, way = case.split("-")
    torch.manual_seed(1)
    saved = (SMALL.get(name) or LARGE[name])()
    path = f"{folder}/{case}.pth"
    torch.save(saved, path, **WAYS[way])
    write_tensors(path + ".expected", cleaned(state_of(saved)))


def pretend_to_be_old():
    """The modules that files of PyTorch 0.1 and 0.2 name."""
    densenet = types.ModuleType("densenet")
    for name in ("DenseNet3", "DenseBlock", "BottleneckBlock", "TransitionBlock"):
        setattr(densenet, name, type(name, (nn.Module,), {"__module__": "densenet"}))
    backend = types.ModuleType("torch.nn.backends.thnn")
    backend._get_thnn_function_backend = lambda: None
    sys.modules.update({"densenet": densenet, "torch.nn.backends.thnn": backend,
                        "torch.nn.backends": types.ModuleType("torch.nn.backends")})


def main():
    if sys.argv[1] == "write":
        for case in sys.argv[3:]:
            write(sys.argv[2], case)
    else:
        pretend_to_be_old()
        warnings.simplefilter("ignore")  # of source code that changed since
        write_tensors(sys.argv[3], state_of(torch.load(sys.argv[2], map_location="cpu")))


if __name__ == "__main__":
    main()
