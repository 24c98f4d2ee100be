#!/usr/bin/env python3
"""Files of numpy.save() in CIFAR-10-C's layout, for the tests of eval/data/arrays/npy_images.

    numpy_arrays.py FOLDER    FOLDER/fog.npy (10, 32, 32, 3) and FOLDER/labels.npy; FOLDER/pixels (10, 3, 32, 32) and
                              FOLDER/classes, 10 bytes; FOLDER/version_2.npy and version_3.npy, the same images;
                              FOLDER/labels_TYPE/labels.npy with fog.npy; FOLDER/bad_*.npy, each with one thing wrong

Leaves with status 77 and a reason where NumPy is not installed.
"""
import pathlib
import shutil
import sys


def main():
    try:
        import numpy as np
    except ImportError as error:
        print(f"Python's module {error.name} is not installed", file=sys.stderr)
        sys.exit(77)
    folder = pathlib.Path(sys.argv[1])
    images = np.random.default_rng(5).integers(0, 256, (10, 32, 32, 3), np.uint8)
    labels = np.array([3, 9, 3, 9, 0, 1, 2, 9, 4, 5])
    np.save(folder / "fog.npy", images)
    np.save(folder / "labels.npy", labels)
    images.transpose(0, 3, 1, 2).copy().tofile(folder / "pixels")
    labels.astype(np.uint8).tofile(folder / "classes")
    for version in (2, 3):
        with open(folder / f"version_{version}.npy", "wb") as file:
            np.lib.format.write_array(file, images, version=(version, 0))
    for kind in ("uint8", "int32", ">i8", ">u2", "float64"):
        below = folder / f"labels_{kind.strip('>')}"
        below.mkdir()
        shutil.copy(folder / "fog.npy", below)
        np.save(below / "labels.npy", labels.astype(kind))
    for name, values in {"fewer": labels[:-1], "negative": labels - 1}.items():
        (folder / f"labels_{name}").mkdir()
        shutil.copy(folder / "fog.npy", folder / f"labels_{name}")
        np.save(folder / f"labels_{name}" / "labels.npy", values)

    np.save(folder / "bad_float.npy", images / 255)
    np.save(folder / "bad_planes.npy", images.transpose(0, 3, 1, 2).copy())
    np.save(folder / "bad_rank.npy", images[0])
    np.save(folder / "bad_columns.npy", np.asfortranarray(images))
    np.save(folder / "bad_none.npy", images[:0])
    np.save(folder / "bad_records.npy", np.zeros(3, [("a", "u1")]))
    np.save(folder / "bad_objects.npy", np.array([None]), allow_pickle=True)
    np.save(folder / "seven.npy", np.concatenate([images[:7]]))
    np.savez(folder / "bad_archive.npy.npz", images=images)


if __name__ == "__main__":
    main()
