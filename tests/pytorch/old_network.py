"""A DenseNet-BC as PyTorch 0.1 and 0.2 had it in memory: modules, tensors and storages. old_torch.py saves it."""
import random
from array import array


class Storage:
    def __init__(self, address, values):
        self.address = address
        self.values = values


class Tensor:
    """`count` elements of a storage from `offset`, through a view of the storage where `view` is an address."""

    def __init__(self, address, storage, shape, offset=0, view=None):
        self.address, self.storage, self.shape, self.offset, self.view = address, storage, shape, offset, view
        self.count = 1
        for extent in shape:
            self.count *= extent

    def strides(self):
        strides, stride = [], 1
        for extent in reversed(self.shape):
            strides.insert(0, stride)
            stride *= extent
        return strides

    def values(self):
        return self.storage.values[self.offset:self.offset + self.count]


class Module:
    def __init__(self, file, name, attributes=None, parameters=None, buffers=None, modules=None):
        self.file, self.name = file, name
        self.attributes = attributes or {}
        self.parameters, self.buffers, self.modules = parameters or [], buffers or [], modules or []


class Builder:
    """A DenseNet-BC with random weights."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.address = 140214738345984

    def next_address(self):
        self.address += 96
        return self.address

    def storage(self, count, positive=False):
        low = 0.25 if positive else -1.0
        return Storage(self.next_address(), array("f", (self.random.uniform(low, 1) for _ in range(count))))

    def tensor(self, *shape, positive=False):
        count = 1
        for extent in shape:
            count *= extent
        return Tensor(self.next_address(), self.storage(count, positive), shape)

    def convolution(self, inputs, outputs, size):
        return Module("torch.nn.modules.conv", "Conv2d", {
            "in_channels": inputs, "out_channels": outputs, "kernel_size": (size, size), "stride": (1, 1),
            "padding": (size // 2, size // 2), "dilation": (1, 1), "transposed": False, "output_padding": (0, 0),
            "groups": 1}, [("weight", self.tensor(outputs, inputs, size, size)), ("bias", None)])

    def batch_norm(self, channels):
        return Module("torch.nn.modules.batchnorm", "BatchNorm2d", {
            "num_features": channels, "affine": True, "eps": 1e-5, "momentum": 0.1},
            [("weight", self.tensor(channels)), ("bias", self.tensor(channels))],
            [("running_mean", self.tensor(channels)), ("running_var", self.tensor(channels, positive=True))])

    @staticmethod
    def relu():
        return Module("torch.nn.modules.activation", "ReLU", {"threshold": 0, "value": 0, "inplace": True})

    def linear(self, inputs, outputs):
        """Weight and bias are views of one storage, as storages could be views then."""
        storage = self.storage(outputs * inputs + outputs)
        weight = Tensor(self.next_address(), storage, (outputs, inputs), 0, self.next_address())
        bias = Tensor(self.next_address(), storage, (outputs,), outputs * inputs, self.next_address())
        return Module("torch.nn.modules.linear", "Linear", {"in_features": inputs, "out_features": outputs},
                      [("weight", weight), ("bias", bias)])

    def bottleneck(self, inputs, growth):
        return Module("densenet", "BottleneckBlock", {"droprate": 0}, modules=[
            ("bn1", self.batch_norm(inputs)), ("relu", self.relu()),
            ("conv1", self.convolution(inputs, 4 * growth, 1)), ("bn2", self.batch_norm(4 * growth)),
            ("conv2", self.convolution(4 * growth, growth, 3))])

    def block(self, inputs, growth, layers):
        blocks = [(str(i), self.bottleneck(inputs + i * growth, growth)) for i in range(layers)]
        return Module("densenet", "DenseBlock", modules=[
            ("layer", Module("torch.nn.modules.container", "Sequential", modules=blocks))])

    def transition(self, inputs, outputs):
        return Module("densenet", "TransitionBlock", {"droprate": 0}, modules=[
            ("bn1", self.batch_norm(inputs)), ("relu", self.relu()),
            ("conv1", self.convolution(inputs, outputs, 1))])

    def densenet(self, depth, growth, classes):
        """Of depth 0, only the linear layer."""
        if depth == 0:
            return Module("densenet", "DenseNet3", modules=[("fc", self.linear(growth, classes))])
        layers, channels = (depth - 4) // 6, 2 * growth
        modules = [("conv1", self.convolution(3, channels, 3))]
        for b in (1, 2, 3):
            modules.append((f"block{b}", self.block(channels, growth, layers)))
            channels += layers * growth
            if b < 3:
                modules.append((f"trans{b}", self.transition(channels, channels // 2)))
                channels //= 2
        modules += [("bn1", self.batch_norm(channels)), ("relu", self.relu()), ("fc", self.linear(channels, classes))]
        return Module("densenet", "DenseNet3", {"in_planes": channels}, modules=modules)


def named_tensors(module, prefix=""):
    for name, tensor in module.parameters + module.buffers:
        if tensor is not None:
            yield prefix + name, tensor
    for name, child in module.modules:
        yield from named_tensors(child, prefix + name + ".")
