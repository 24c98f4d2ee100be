#!/usr/bin/env python3
"""Files in SVHN's layout, as SciPy writes them, for the tests of eval/data/arrays/svhn.

    scipy_svhn.py FOLDER    FOLDER/good_*.mat with FOLDER/pixels (N, 3, 32, 32) and FOLDER/labels, N bytes;
                            FOLDER/bad_*.mat, each with one thing wrong

Leaves with status 77 and a reason where a module is not installed.
"""
import pathlib
import sys

IMAGES = 12


def main():
    try:
        import numpy as np
        from scipy.io import savemat
    except ImportError as error:
        print(f"Python's module {error.name} is not installed", file=sys.stderr)
        sys.exit(77)
    folder = pathlib.Path(sys.argv[1])
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (32, 32, 3, IMAGES), np.uint8)
    x[:, :, :, IMAGES // 2:] //= 64  # compresses well
    y = (np.arange(IMAGES) % 10 + 1).astype(np.uint8)[:, None]
    x.transpose(3, 2, 0, 1).copy().tofile(folder / "pixels")
    (y % 10).astype(np.uint8).tofile(folder / "labels")

    def save(name, variables, compressed=True, **options):
        savemat(folder / f"{name}.mat", variables, do_compression=compressed, **options)

    whole = {"X": x, "y": y}
    save("good_compressed", whole)
    save("good_plain", whole, compressed=False)
    save("good_double", {"X": x, "y": y.astype(float)})
    save("good_double_plain", {"X": x, "y": y.astype(float)}, compressed=False)
    save("good_row", {"y": y.T, "X": x})  # and in the other order
    save("good_int64", {"X": x, "y": y.astype(np.int64)})
    save("good_more", {"X": x, "extra": np.arange(5.0), "y": y})
    save("one_image", {"X": x[..., 0], "y": y[:1]})

    save("bad_no_x", {"y": y})
    save("bad_no_y", {"X": x})
    save("bad_float", {"X": x.astype(float), "y": y})
    save("bad_order", {"X": x.transpose(3, 0, 1, 2), "y": y})
    save("bad_size", {"X": x[:31], "y": y})
    save("bad_rank", {"X": x[..., 0, 0], "y": y})
    save("bad_none", {"X": x[..., :0], "y": y[:0]})
    save("bad_fewer", {"X": x, "y": y[:-1]})
    save("bad_square", {"X": x, "y": y.reshape(3, 4)})
    save("bad_eleven", {"X": x, "y": np.where(y == 3, 11, y)})
    save("bad_zero", {"X": x, "y": np.where(y == 10, 0, y)})
    save("bad_half", {"X": x, "y": np.where(y == 2, 2.5, y)})
    save("bad_nan", {"X": x, "y": np.where(y == 2, np.nan, y)})
    save("bad_complex", {"X": x, "y": y * (1 + 1j)})
    save("bad_struct", {"X": x, "y": y, "s": {"a": 1}})
    save("bad_v4", {"y": y}, compressed=False, format="4")


if __name__ == "__main__":
    main()
