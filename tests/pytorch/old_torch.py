"""Writes files exactly as torch.save of PyTorch 0.1 and 0.2 did under Python 2, without PyTorch.

    old_torch.py OUT [--container magic|tar|zip] [--saved module|state_dict] [--release 0.1.12|0.2] ...

OUT is a DenseNet-BC on `cuda:1` with the classes, attributes and opcodes of that time. OUT.expected holds each tensor
in the order of the names: a line "NAME COUNT", then the elements as little-endian floats. `--container zip` puts the
same pickle into the container of PyTorch 1.6. Python 2 never wrote that; it is a seed for fuzzing the reader.
"""
import argparse
import io
import struct
import tarfile
import zipfile

from old_network import Builder, named_tensors
from python2_pickle import Pickle

MAGIC_NUMBER = 0x1950a86a20f9469cfc6c
LOCATION = "cuda:1"

# The order in which Python 2 visits the attributes of a module: the order of the hashes of their names.
ATTRIBUTE_ORDER = [
    "padding", "_backward_hooks", "_forward_pre_hooks", "output_padding", "transposed", "_backend", "in_features",
    "num_features", "out_features", "affine", "out_channels", "_forward_hooks", "_modules", "inplace", "droprate",
    "eps", "_parameters", "threshold", "in_planes", "value", "stride", "in_channels", "dilation", "groups",
    "_buffers", "training", "kernel_size", "momentum",
]


class Saver(Pickle):
    """Pickles a module or a state dict as torch.save's pickler did."""

    def __init__(self, container, release):
        super().__init__()
        self.container, self.release = container, release
        self.views = set()

    def class_of(self, module):
        """The class, for the first time with file and source as a persistent id."""
        name = ("name", module.file, module.name)
        if self.get(name):
            return
        parts = [lambda: self.name(module.file, module.name),
                 lambda: self.string(module.file.replace(".", "/") + ".py"),
                 lambda: self.string(f"class {module.name}(nn.Module):\n    pass\n")]
        if self.container != "tar":
            parts.insert(0, lambda: self.string("module"))
        if self.container != "zip":
            self.tuple(parts)
            self.raw(b"Q")  # BINPERSID
        else:
            self.name(module.file, module.name)

    def module(self, module):
        self.class_of(module)
        self.raw(b")\x81")  # EMPTY_TUPLE, NEWOBJ
        self.put(("module", id(module)))
        values = {name: (lambda value=value: self.value(value)) for name, value in module.attributes.items()}
        values["training"] = lambda: self.boolean(True)
        values["_backend"] = self.backend
        hooks = ["_backward_hooks", "_forward_hooks"] + (["_forward_pre_hooks"] if self.release == "0.2" else [])
        for hook in hooks:
            values[hook] = lambda hook=hook: self.ordered_dict([], (id(module), hook))
        for kind, push, entries in (("_parameters", self.parameter, module.parameters),
                                    ("_buffers", self.tensor, module.buffers),
                                    ("_modules", self.module, module.modules)):
            items = [(name, (lambda push=push, entry=entry: push(entry))) for name, entry in entries]
            values[kind] = lambda items=items, kind=kind: self.ordered_dict(items, (id(module), kind))
        self.dict(sorted(values.items(), key=lambda item: ATTRIBUTE_ORDER.index(item[0])), ("state", id(module)))
        self.raw(b"b")  # BUILD

    def backend(self):
        if not self.get("backend"):
            self.name("torch.nn.backends.thnn", "_get_thnn_function_backend")
            self.raw(b")R")  # EMPTY_TUPLE, REDUCE
            self.put("backend")

    def parameter(self, tensor):
        if tensor is None:
            self.none()
            return
        self.name("torch.nn.parameter", "Parameter")
        if self.container == "tar":  # Variable.__getstate__ of the first releases
            self.raw(b")\x81")  # EMPTY_TUPLE, NEWOBJ
            self.put(("parameter", tensor.address))
            self.tuple([lambda: self.tensor(tensor), self.none, self.none, lambda: self.boolean(True),
                        lambda: self.boolean(False)])
        else:  # Variable.__reduce_ex__
            self.tensor(tensor)
            self.raw(b"\x85R")  # TUPLE1, REDUCE
            self.put(("parameter", tensor.address))
            self.tuple([lambda: self.boolean(True), lambda: self.boolean(False), self.none])
        self.raw(b"b")

    def tensor(self, tensor):
        if self.container == "tar":
            self.string(str(tensor.address))
            self.raw(b"Q")
            return
        self.name("torch._utils", "_rebuild_tensor")
        in_view = tensor.view is not None and self.container == "magic"
        self.tuple([lambda: self.storage(tensor), lambda: self.integer(0 if in_view else tensor.offset),
                    lambda: self.tuple([lambda e=e: self.integer(e) for e in tensor.shape]),
                    lambda: self.tuple([lambda e=e: self.long(e) for e in tensor.strides()])])
        self.raw(b"R")
        self.put(("tensor", tensor.address))

    def storage(self, tensor):
        root = tensor.storage
        parts = [lambda: self.string("storage"), lambda: self.name("torch", "FloatStorage"),
                 lambda: self.string(str(root.address)), lambda: self.string(LOCATION),
                 lambda: self.integer(len(root.values))]
        view = [lambda: self.string(str(tensor.view)), lambda: self.integer(tensor.offset),
                lambda: self.integer(tensor.count)]
        if self.container == "magic":
            parts.append(self.none if tensor.view is None else lambda: self.tuple(view))
        self.tuple(parts)
        self.raw(b"Q")

    def saved(self, network, what):
        if what == "module":
            self.module(network)
        else:
            self.ordered_dict([(name, lambda tensor=tensor: self.tensor(tensor))
                               for name, tensor in named_tensors(network)], "state_dict")
        return self.finish()


def pickled(push):
    pickle = Pickle()
    push(pickle)
    return pickle.finish()


def storages_of(network):
    return list({id(tensor.storage): tensor.storage for _, tensor in named_tensors(network)}.values())


def elements(storage):
    return struct.pack("<q", len(storage.values)) + storage.values.tobytes()


def sys_info(version):
    sizes = [("int", lambda p: p.integer(4)), ("short", lambda p: p.integer(2)), ("long", lambda p: p.integer(8))]

    def push(pickle):
        pickle.dict([
            ("protocol_version", lambda: pickle.integer(version)),
            ("type_sizes",
             lambda: pickle.dict([(name, lambda size=size: size(pickle)) for name, size in sizes], "sizes")),
            ("little_endian", lambda: pickle.boolean(True))], "info")
    return pickled(push)


def magic_container(network, pickle):
    storages = sorted(storages_of(network), key=lambda storage: str(storage.address))
    keys = [str(storage.address) for storage in storages]
    return b"".join([
        pickled(lambda p: p.long(MAGIC_NUMBER)), pickled(lambda p: p.integer(1001)), sys_info(1001), pickle,
        pickled(lambda p: p.list([lambda key=key: p.string(key) for key in keys], "keys")),
        *map(elements, storages)])


def tar_container(network, pickle):
    tensors = [tensor for _, tensor in named_tensors(network)]
    storages = storages_of(network)
    views = [tensor for tensor in tensors if tensor.view is not None]

    def triple(first, second, third):
        return pickled(lambda p: p.tuple([lambda: first(p), lambda: second(p), lambda: third(p)]))

    storages_file = pickled(lambda p: p.integer(len(storages)))
    for storage in storages:
        storages_file += triple(lambda p: p.integer(storage.address), lambda p: p.string(LOCATION),
                                lambda p: p.name("torch", "FloatStorage")) + elements(storage)
    storages_file += pickled(lambda p: p.list([
        lambda view=view: p.tuple([lambda n=n: p.integer(n)
                                   for n in (view.view, view.storage.address, view.offset, view.count)])
        for view in views], "views"))

    tensors_file = pickled(lambda p: p.integer(len(tensors)))
    for tensor in tensors:
        key = tensor.storage.address if tensor.view is None else tensor.view
        offset = tensor.offset if tensor.view is None else 0
        tensors_file += triple(lambda p: p.integer(tensor.address), lambda p: p.integer(key),
                               lambda p: p.name("torch.cuda", "FloatTensor"))
        rank = len(tensor.shape)
        tensors_file += struct.pack(f"<q{rank}q{rank}qq", rank, *tensor.shape, *tensor.strides(), offset)

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, data in (("sys_info", sys_info(1000)), ("pickle", pickle), ("tensors", tensors_file),
                           ("storages", storages_file)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mtime = 1480000000.25  # a fraction of a second makes an extended header, as then
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_container(network, pickle):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickle)
        archive.writestr("archive/byteorder", b"little")
        for storage in storages_of(network):
            archive.writestr(f"archive/data/{storage.address}", storage.values.tobytes())
        archive.writestr("archive/version", b"3\n")
    return out.getvalue()


CONTAINERS = {"magic": magic_container, "tar": tar_container, "zip": zip_container}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--container", choices=sorted(CONTAINERS), default="magic")
    parser.add_argument("--saved", choices=["module", "state_dict"], default="module")
    parser.add_argument("--release", choices=["0.1.12", "0.2"], default="0.1.12")
    parser.add_argument("--depth", type=int, default=100)
    parser.add_argument("--growth", type=int, default=12)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    network = Builder(arguments.seed).densenet(arguments.depth, arguments.growth, arguments.classes)
    pickle = Saver(arguments.container, arguments.release).saved(network, arguments.saved)
    with open(arguments.out, "wb") as file:
        file.write(CONTAINERS[arguments.container](network, pickle))
    with open(arguments.out + ".expected", "wb") as file:
        for name, tensor in sorted(named_tensors(network)):
            file.write(f"{name} {tensor.count}\n".encode() + tensor.values().tobytes())


if __name__ == "__main__":
    main()
