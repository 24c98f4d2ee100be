"""Files as other people save them: networks under other names and keys, and files that are no checkpoint.

    saved_by_others.py networks FOLDER [CASE...]    FOLDER/CASE and FOLDER/CASE.expected of all or some of NETWORKS
    saved_by_others.py several FOLDER               files with several networks, and the .expected of each
    saved_by_others.py mistakes FOLDER              FOLDER/CASE of each case in MISTAKES

The network is always the same small DenseNet, so that the expected tensors are those of its own state dict.
"""
import collections
import json
import pickle
import re
import struct
import sys
import warnings

import numpy
import torch
from torch import nn
from torch.nn import functional as F

from saved_by_pytorch import shuffled, write_tensors
import networks

torch.set_num_threads(1)  # everything here is small


def network(seed=1):
    torch.manual_seed(seed)
    return shuffled(networks.DenseNet3(10, 3, 4))


def state():
    return network().state_dict()


def renamed(change):
    return collections.OrderedDict((change(name), tensor) for name, tensor in state().items())


def optimizer():
    """The state of an optimizer that has made a step, as trainers save it."""
    model = network()
    sgd = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(torch.zeros(2, 3, 32, 32)).sum().backward()
    sgd.step()
    return sgd.state_dict()


def classifier(name):
    return lambda: renamed(lambda n: n.replace("fc.", name + "."))


class TheirLayer(nn.Module):
    """A layer of torchvision's and gpleiss's DenseNet."""

    def __init__(self, channels, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], 1)


def their_densenet(last):
    """gpleiss's DenseNet for 32 x 32 images, with one layer a block and a growth rate of 4."""
    features = nn.Sequential(collections.OrderedDict([("conv0", nn.Conv2d(3, 8, 3, padding=1, bias=False))]))
    channels = 8
    for block in (1, 2, 3):
        features.add_module(f"denseblock{block}", nn.Sequential(collections.OrderedDict(
            [("denselayer1", TheirLayer(channels, 4))])))
        channels += 4
        if block < 3:
            features.add_module(f"transition{block}", nn.Sequential(collections.OrderedDict([
                ("norm", nn.BatchNorm2d(channels)), ("relu", nn.ReLU()),
                ("conv", nn.Conv2d(channels, channels // 2, 1, bias=False)), ("pool", nn.AvgPool2d(2))])))
            channels //= 2
    features.add_module(last, nn.BatchNorm2d(channels))

    class Theirs(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = features
            self.classifier = nn.Linear(channels, 3)

        def forward(self, x):
            return self.classifier(F.adaptive_avg_pool2d(F.relu(self.features(x)), 1).flatten(1))

    return Theirs()


def their_state(last):
    """The small network's tensors in their DenseNet, which then computes the same."""
    ours, theirs = network(), their_densenet(last)
    tensors = iter(ours.state_dict().values())  # both list them in the order of the layers
    theirs.load_state_dict({name: next(tensors) for name in theirs.state_dict()})
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(theirs.eval()(x), ours.eval()(x))
    return theirs.state_dict()


class Normalised(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = network()
        self.normalize = nn.Module()
        self.normalize.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.mu = nn.Parameter(torch.zeros(10))


def safetensors(tensors):
    """As Hugging Face's library writes them, without it."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in tensors.items():
        raw = tensor.contiguous().numpy().tobytes()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


NETWORKS = {
    **{f"under_{key}.pth": lambda key=key: {"epoch": 3, key: state(), "optimizer": optimizer(), "best": torch.ones(1)}
       for key in ("net_dict", "network", "ema", "state_dict_ema", "model_state", "weights", "student", "params")},
    "two_deep.pth": lambda: {"checkpoint": {"ema": {"module": state(), "updates": 3}}, "args": {"lr": 0.1}},
    "tuple.pth": lambda: (state(), {"loss": 0.1}, optimizer()),
    "same_twice.pth": lambda: (lambda s: {"model": s, "best": s})(state()),
    "lightning.ckpt": lambda: {
        "epoch": 3, "state_dict": renamed(lambda n: "model." + n), "optimizer_states": [optimizer()],
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.9)}}, "hyper_parameters": {"lr": 0.1}},
    **{f"{prefix}.pth": lambda prefix=prefix: renamed(lambda n: f"{prefix}.{n}")
       for prefix in ("encoder", "backbone", "net", "0", "underlying_model", "model.module")},
    **{f"classifier_{name}.pth": classifier(name) for name in ("linear", "classifier", "head", "output")},
    "head_outside.pth": lambda: renamed(lambda n: n.replace("fc.", "head.") if n.startswith("fc.") else "encoder." + n),
    "sequential.pth": lambda: nn.Sequential(nn.BatchNorm2d(3), network()).state_dict(),
    "beside.pth": lambda: Normalised().state_dict(),
    "norm5.pth": lambda: their_state("norm5"),
    "norm_final.pth": lambda: {"state_dict": {"module." + n: t for n, t in their_state("norm_final").items()}},
    "old_norms.pth": lambda: collections.OrderedDict(
        (re.sub("(norm|conv)([12])", r"\1.\2", n), t) for n, t in their_state("norm5").items()),
    "model.safetensors": lambda: safetensors(state()),
    "prefixed.safetensors": lambda: safetensors(renamed(lambda n: "model." + n)),
    "torchvision.safetensors": lambda: safetensors(their_state("norm5")),
}


def write_networks(folder, *cases):
    for case in cases or NETWORKS:
        path = f"{folder}/{case}"
        content = NETWORKS[case]()
        if isinstance(content, bytes):
            with open(path, "wb") as file:
                file.write(content)
        else:
            torch.save(content, path)
        write_tensors(path + ".expected", state())


def write_several(folder):
    second, third = network(2), network(3)
    torch.save({"model": state(), "ema": {"module": second.state_dict()}, "teacher": third, "epoch": 1,
                "optimizer": optimizer()}, f"{folder}/several.pth")
    both = {f"student.{n}": t for n, t in state().items()}
    both.update({f"teacher.{n}": t for n, t in second.state_dict().items()})
    torch.save({"state_dict": both}, f"{folder}/one_dict.pth")
    with open(f"{folder}/one_dict.safetensors", "wb") as file:
        file.write(safetensors(both))
    for number, model in enumerate((network(), second, third), 1):
        write_tensors(f"{folder}/{number}.expected", model.state_dict())


def arrays():
    return {name: tensor.numpy() for name, tensor in state().items()}


def pickled(value, protocol=4):
    def write(path):
        with open(path, "wb") as file:
            pickle.dump(value(), file, protocol)
    return write


def saved(value):
    return lambda path: torch.save(value(), path)


def quantised():
    model = nn.Sequential(nn.Conv2d(3, 4, 3))
    model.qconfig = torch.quantization.get_default_qconfig("fbgemm")
    torch.quantization.prepare(model, inplace=True)
    model(torch.randn(1, 3, 8, 8))
    return torch.quantization.convert(model).state_dict()


def torchvisions():
    return {"features.conv0.weight": torch.zeros(64, 3, 7, 7), "features.norm0.weight": torch.zeros(64),
            "features.denseblock1.denselayer1.conv1.weight": torch.zeros(128, 64, 1, 1),
            "classifier.weight": torch.zeros(1000, 1024)}


MISTAKES = {
    "pickled_state_dict": pickled(state),
    "pickled_arrays": pickled(arrays),
    "pickled_arrays_5": pickled(arrays, 5),
    "pickled_list": pickled(lambda: [1, 2]),
    "saved_arrays": saved(arrays),
    "saved_nested_arrays": saved(lambda: {"params": arrays()}),
    "saved_tensor": saved(lambda: torch.zeros(3, 2)),
    "saved_list": saved(lambda: list(state().values())),
    "saved_numbers": saved(lambda: {"epoch": 3, "loss": 0.5}),
    "quantised": saved(quantised),
    "torchscript": lambda path: torch.jit.script(nn.Linear(2, 2)).save(path),
    "onnx": lambda path: torch.onnx.export(nn.Linear(2, 2), torch.zeros(1, 2), path),
    "arrays.npz": lambda path: numpy.savez(path, **arrays()),
    "compressed.npz": lambda path: numpy.savez_compressed(path, **arrays()),
    "array.npy": lambda path: numpy.save(path, numpy.zeros(3)),
    "torchvision": saved(torchvisions),
    "kuangliu": saved(lambda: {"conv1.weight": torch.zeros(24, 3, 3, 3), "dense1.0.bn1.weight": torch.zeros(24),
                               "dense1.0.conv1.weight": torch.zeros(48, 24, 1, 1),
                               "linear.weight": torch.zeros(10, 384)}),
    "resnet": saved(lambda: {"conv1.weight": torch.zeros(64, 3, 3, 3), "fc.weight": torch.zeros(10, 512),
                             "layer1.0.conv1.weight": torch.zeros(64, 64, 3, 3)}),
    "two_heads": saved(lambda: {**classifier("head")(), "linear.weight": torch.zeros(4, 9)}),
    "third": saved(lambda: collections.OrderedDict([("z.weight", torch.zeros(2, 2)), ("a.weight", torch.zeros(2, 2))])),
}


def write_mistakes(folder):
    for case, write in MISTAKES.items():
        write(f"{folder}/{case}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"networks": write_networks, "several": write_several, "mistakes": write_mistakes}[sys.argv[1]](*sys.argv[2:])
