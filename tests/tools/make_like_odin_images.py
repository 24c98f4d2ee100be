#!/usr/bin/env python3
"""Writes like_odin_source.jpg and what the ODIN authors' program made of such a file, as like_odin_made.png.

    make_like_odin_images.py FOLDER      (PyPI: jpeglib, which brings IJG's libjpeg 9b; numpy, pillow)

Their program read the file with libjpeg 9b, took the nearest pixels, wrote them to a JPEG file of quality 75 with that
library, and read this file with it.
"""
import pathlib
import sys
import tempfile

import jpeglib
import numpy as np
from PIL import Image


def picture(size):
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:size, 0:size]
    image = np.stack([128 + 90 * np.sin(x / 7), 128 + 90 * np.cos(y / 9), 60 + 120 * ((x + y) // 12 % 2)], 2)
    image[size // 3:size // 2, size // 4:size // 2] = (230, 40, 30)
    return np.clip(image + random.normal(0, 12, image.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    jpeglib.version.set("9b")
    source = pathlib.Path(sys.argv[1]) / "like_odin_source.jpg"
    Image.fromarray(picture(64)).save(source, quality=75, subsampling="4:2:0")
    nearest = np.ascontiguousarray(jpeglib.read_spatial(str(source)).spatial[1::2, 1::2])
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/made.jpg"
        jpeglib.from_spatial(nearest).write_spatial(path, qt=75)
        made = jpeglib.read_spatial(path).spatial
    Image.fromarray(made).save(source.with_name("like_odin_made.png"), optimize=True)
