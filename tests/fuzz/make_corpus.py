"""Writes the small files that the fuzzing of a reader starts from.

    make_corpus.py READER FOLDER

READER is the name of a target: checkpoint, cifar, idx, image, network_file, npy, report, svhn or training_state.
"""
import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import zlib

import h5py
import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
PYTORCH = os.path.join(HERE, "..", "pytorch")


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], stderr=subprocess.DEVNULL, check=False).returncode == 0


def archived(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def densenet_parameters(growth, blocks, classes):
    """The names and shapes of a DenseNet without bottlenecks, of `blocks` with one layer each."""
    channels = 2 * growth

    def norm(name, count):
        return {f"{name}.{value}": (count,) for value in ("weight", "bias", "running_mean", "running_var")}

    shapes = {"conv1.weight": (channels, 3, 3, 3)}
    for block in range(1, blocks + 1):
        shapes |= norm(f"block{block}.layer.0.bn1", channels)
        shapes[f"block{block}.layer.0.conv1.weight"] = (growth, channels, 3, 3)
        channels += growth
        if block < blocks:
            shapes |= norm(f"trans{block}.bn1", channels)
            shapes[f"trans{block}.conv1.weight"] = (channels // 2, channels, 1, 1)
            channels //= 2
    return shapes | norm("bn1", channels) | {"fc.weight": (classes, channels), "fc.bias": (classes,)}


def checkpoint(write, folder):
    """Valid checkpoints of a small DenseNet, stored in several ways, with and without a detector, and one with a
    parameter missing."""
    ways = {
        "plain": ({}, {}),
        "deflated": ({"chunks": True, "compression": "gzip", "shuffle": True}, {}),
        "checked": ({"chunks": True, "fletcher32": True}, {}),
        "latest": ({"chunks": True, "compression": "gzip"}, {"libver": "latest"}),
        "block": ({}, {"userblock_size": 512}),
    }
    for name, (storage, file_options) in ways.items():
        path = os.path.join(folder, name)
        with h5py.File(path, "w", **file_options) as file:
            file.attrs.update({
                "format": "odin-checkpoint", "format_version": 1, "architecture": "densenet", "depth": 7,
                "growth_rate": 1, "reduction": 0.5, "bottleneck": 0, "num_classes": 2, "in_dataset": "cifar10",
                "mean": np.float32([0.5, 0.5, 0.5]), "std": np.float32([0.25, 0.25, 0.25]), "source": "a test"})
            names = [b"cat", b"dog"] if name == "plain" else ["cat", "dog"]
            file.attrs["class_names"] = names
            for key, shape in densenet_parameters(1, 3, 2).items():
                values = np.linspace(0.1, 0.9, int(np.prod(shape)), dtype=np.float32).reshape(shape)
                few = key in ("conv1.weight", "trans1.conv1.weight", "fc.weight")
                # A chunked data set takes 2 KB, and inputs are cut at 64 KiB.
                file.create_dataset(key.replace(".", "/"), data=values, **(storage if few else {}))
            if name in ("plain", "deflated", "latest"):
                detector = file.create_group("detector")
                detector.attrs.update({
                    "version": 1, "score": "odin", "temperature": 1000.0, "magnitude": 0.002, "threshold": 0.5001,
                    "tpr": 0.95, "tpr_low": 0.93, "tpr_high": 0.97, "images": 1000, "images_name": "a test",
                    "images_sha256": "0" * 64, "fit": "exact", "magnitudes": [0.0, 0.002], "mean_scores": [0.5, 0.6]})
            if name in ("deflated", "latest"):  # and what its score has learnt
                detector.attrs.update({"version": 2, "training_images": 3, "training_images_name": "a training set",
                                       "training_images_sha256": "f" * 64})
                fit = detector.create_group("fit")
                fit.create_dataset("mean", data=np.linspace(-1, 1, 40), **storage)
                fit.create_dataset("bank", data=np.linspace(0, 1, 60, dtype=np.float32), **storage)
    with open(os.path.join(folder, "plain"), "rb") as file:
        write("short", file.read()[:-700])


def cifar(write, _):
    """Batches and names of the Python version, by every protocol; records of the binary version."""
    data = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(2, 3072)
    names = [str(i) for i in range(10)]
    for protocol in (2, 3, 4, 5):
        meta = pickle.dumps({"label_names": names}, protocol)
        for way, array in {"rows": data, "columns": np.asfortranarray(data)}.items():
            batch = pickle.dumps({"data": array, "labels": [3, 9]}, protocol)
            write(f"{way}_{protocol}", b"\0" + struct.pack("<H", len(meta)) + meta + batch)
        batch = pickle.dumps({b"data": data, b"fine_labels": np.array([3, 99])}, protocol)
        write(f"fine_{protocol}", b"\1\0\0" + batch)
    write("binary", bytes(3) + bytes([7]) + data[0].tobytes())


def idx(write, _):
    """Pairs of files, labels first: plain, gzipped, without labels; padded, scaled and cropped."""
    for fit, (height, width) in enumerate([(28, 28), (32, 32), (40, 36), (33, 64), (50, 50), (40, 40)]):
        images = struct.pack(">IIII", 0x803, 2, height, width) + bytes(i % 256 for i in range(2 * height * width))
        labels = struct.pack(">II", 0x801, 2) + bytes([0, 1])
        for packed in (bytes, gzip.compress):
            write(f"{fit}_{packed.__name__}", bytes([fit]) + struct.pack("<H", len(packed(labels))) + packed(labels)
                  + packed(images))
        write(f"{fit}_unlabelled", bytes([fit, 0, 0]) + images)


def image(write, _):
    """Every kind of PNG and JPEG that Pillow writes, each with another way to fit it."""
    colours = Image.fromarray(np.arange(40 * 36 * 3, dtype=np.uint8).reshape(40, 36, 3))
    kinds = {}
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        grey = Image.fromarray(np.arange(40 * 36, dtype=np.uint16).reshape(40, 36))
        kinds[f"png_{mode}"] = (grey if mode == "I;16" else colours.convert(mode), {"format": "PNG"})
    for mode in ("L", "RGB", "CMYK"):
        kinds[f"jpeg_{mode}"] = (colours.convert(mode), {"format": "JPEG"})
    kinds["jpeg_progressive"] = (colours, {"format": "JPEG", "progressive": True})
    kinds["jpeg_whole"] = (colours, {"format": "JPEG", "subsampling": 0, "optimize": True})
    kinds["png_exact"] = (colours.resize((32, 32)), {"format": "PNG"})
    for number, (name, (picture, options)) in enumerate(kinds.items()):
        out = io.BytesIO()
        picture.save(out, **options)
        write(name, bytes([0 if name == "png_exact" else 1 + number % 5]) + out.getvalue())


def npy(write, _):
    """Images and labels of several types and versions of the format, with and without a severity."""
    images = np.arange(5 * 3072, dtype=np.uint32).astype(np.uint8).reshape(5, 32, 32, 3)
    for severity, (kind, version) in enumerate([("uint8", 1), ("<i8", 2), (">i4", 3), ("float32", 1)]):
        files = []
        for array in (np.arange(5).astype(kind), images):
            out = io.BytesIO()
            np.lib.format.write_array(out, array, version=(version, 0))
            files.append(out.getvalue())
        write(f"{severity}", bytes([severity]) + struct.pack("<H", len(files[0])) + b"".join(files))


def report(write, folder):
    """Checkpoints, of which the target makes reports."""
    checkpoint(write, folder)


def svhn(_, folder):
    """Two images with labels of several types, compressed and not."""
    from scipy.io import savemat  # only this reader needs it
    images = np.arange(2 * 3072, dtype=np.uint32).astype(np.uint8).reshape(32, 32, 3, 2)
    for compressed in (False, True):
        for kind in ("uint8", "int16", "int64", "float64"):
            savemat(os.path.join(folder, f"{kind}_{compressed}"), {"X": images, "y": np.array([[1], [10]], kind)},
                    appendmat=False, do_compression=compressed)
    savemat(os.path.join(folder, "short"), {"y": np.uint8([[1]]), "X": images[..., :1]}, appendmat=False)


def training_state(write, _):
    """States with and without records and velocities, and of the older version."""
    def text(value):
        return struct.pack("<Q", len(value)) + value

    def arrays(shapes):
        out = struct.pack("<Q", len(shapes))
        for name, shape in shapes.items():
            out += text(name.encode()) + struct.pack(f"<i{len(shape)}q", len(shape), *shape)
            out += np.ones(shape, np.float32).tobytes()
        return out

    setup = json.dumps({"recipe": {"epochs": 2, "half_size_epochs": 0},
                        "history": [{"until_step": 4, "epochs": 1, "half_size_epochs": 0}], "held_out": 0}).encode()
    for version in (1, 2):
        for records in (0, 2):
            shapes = densenet_parameters(1, 3, 2) if records else {}
            content = f"ODIN training {version}\n".encode() + text(setup) + struct.pack("<qdqqd", 5, 0.5, 1, 8, 0.1)
            content += struct.pack("<Q", records) + struct.pack("<q8d", 5, 1, .1, .5, .25, .5, .25, 1, 80) * records
            content += arrays(shapes) + arrays(shapes)
            if version == 2:
                content += struct.pack("<dq", 65536, 3)
            write(f"{version}_{records}", content + struct.pack("<I", zlib.crc32(content)))


def network_file(write, folder):
    """One or more of each container, pickle protocol and wrapping, and what PyTorch saves, if it is installed."""
    for container in ("magic", "tar", "zip"):
        for saved in ("module", "state_dict"):
            for depth in (0, 10):
                path = os.path.join(folder, f"{container}_{saved}_{depth}")
                if not run(os.path.join(PYTORCH, "old_torch.py"), path, "--container", container, "--saved", saved,
                           "--depth", str(depth), "--growth", "1", "--classes", "2"):
                    sys.exit("old_torch.py failed")
                os.remove(path + ".expected")
        with open(os.path.join(folder, f"{container}_module_0"), "rb") as file:
            data = file.read()
        write(f"{container}.tar.gz", gzip.compress(archived("a.pth", data)))
        write(f"{container}.tar", archived("./a.pth", data))
    for protocol in range(6):
        value = {"a": [1, -2, 2**70, 1.5, None, True], "b": ({"c": {1}}, b"bytes", "caf\u00e9")}
        write(f"pickle{protocol}", pickle.dumps(value, protocol))
    for case in ("module-zip", "state_dict-magic", "under_state_dict-zip4", "strided-magic5", "with_attributes-zip"):
        if not run(os.path.join(PYTORCH, "saved_by_pytorch.py"), "write", folder, case):
            print("PyTorch does not run: the corpus is without its files")
            break
        os.remove(os.path.join(folder, case + ".pth.expected"))
    tensors = {"fc.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
               "fc.bias": {"dtype": "BF16", "shape": [2], "data_offsets": [24, 28]}, "__metadata__": {"format": "pt"}}
    header = json.dumps(tensors).encode()
    write("safetensors", struct.pack("<Q", len(header)) + header + bytes(28))


def main():
    reader, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)

    def write(name, data):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)

    makers = (checkpoint, cifar, idx, image, network_file, npy, report, svhn, training_state)
    {make.__name__: make for make in makers}[reader](write, folder)


if __name__ == "__main__":
    main()
