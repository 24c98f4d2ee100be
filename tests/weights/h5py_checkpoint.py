"""Checkpoints as h5py sees them.

h5py_checkpoint.py check FILE VALUES   holds FILE to the format; writes all values, in the order of names, to VALUES
h5py_checkpoint.py rewrite FILE NEW STYLE   stores the same checkpoint as a user of h5py might
"""
import sys

import h5py
import numpy as np


def parameters(file):
    """(PyTorch's name, data set), sorted by name."""
    found = []
    file.visititems(lambda path, item: found.append((path.replace("/", "."), item))
                    if isinstance(item, h5py.Dataset) else None)
    return sorted(found)


def check(path, values_path):
    with h5py.File(path) as file, open(values_path, "wb") as values:
        a = file.attrs
        assert a["format"] == b"odin-checkpoint" and a["format_version"] == 1
        assert a["architecture"] == b"wide_resnet" and a["depth"] == 10 and a["widen_factor"] == 4
        assert a["num_classes"] == 3 and list(a["class_names"]) == [b"class 0", b"class 1", b"class 2"]
        assert a["mean"].dtype == "<f4" and np.array_equal(a["mean"], np.float32([0.4914, 0.4822, 0.4465]))
        assert a["std"].dtype == "<f4" and np.array_equal(a["std"], np.float32([0.247, 0.2435, 0.2616]))
        assert a["in_dataset"] == b"cifar10" and a["source"] == "fait à la main".encode()
        for name, data in parameters(file):
            assert data.dtype == "<f4" and data.chunks and data.shuffle and data.compression == "gzip", name
            values.write(data[()].tobytes())


# How a style stores data sets, and how it opens its file.
STYLES = {
    "plain": ({}, {}),
    "new": ({"chunks": True, "compression": "gzip", "shuffle": True}, {"libver": "latest"}),
    "old": ({"chunks": True, "compression": "gzip", "compression_opts": 9}, {"libver": "earliest"}),
    "checked": ({"chunks": True, "fletcher32": True, "compression": "gzip"}, {}),
    "growing": ({"chunks": True, "maxshape": "any"}, {}),
    "rows": ({"chunks": "rows", "shuffle": True}, {}),
    "rows-gzip": ({"chunks": "rows", "compression": "gzip"}, {}),
    "shifted": ({"chunks": "rows", "compression": "gzip", "shuffle": True}, {"userblock_size": 512}),
    "lzf": ({"compression": "lzf"}, {}),
}


def rewrite(path, new_path, style):
    storage, file_options = STYLES[style]
    with h5py.File(path) as old, h5py.File(new_path, "w", **file_options) as new:
        for key, value in old.attrs.items():
            if style != "old":  # what one gets by writing Python's values
                value = value.decode() if isinstance(value, bytes) else value
                value = [v.decode() for v in value] if key == "class_names" else value
            elif np.ndim(value) == 0 and not isinstance(value, bytes):
                value = np.array([value])
            new.attrs[key] = value
        for name, data in parameters(old):
            options = dict(storage)
            if options.get("chunks") == "rows":
                options["chunks"] = (max(1, data.shape[0] * 2 // 3),) + data.shape[1:]
            if "maxshape" in options:
                options["maxshape"] = (None,) * data.ndim
            new.create_dataset(name.replace(".", "/"), data=data[()], **options)


if __name__ == "__main__":
    {"check": check, "rewrite": rewrite}[sys.argv[1]](*sys.argv[2:])
