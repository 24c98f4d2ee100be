#!/usr/bin/env python3
"""Writes JPEG images with colour at half the size, and what IJG's libjpeg 9b decodes them to, as PNG.

    make_dct_chroma_images.py FOLDER      (PyPI: jpeglib, which brings the library; numpy, pillow)

Each is a few coloured shapes and noise, so that the planes of colour have edges and fine detail.
"""
import pathlib
import sys

import jpeglib
import numpy as np
from PIL import Image


def picture(width, height, seed):
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([128 + 100 * np.sin(x / 3 + seed), 128 + 100 * np.cos(y / 4), 255 * ((x + y) // 6 % 2)], 2)
    image[height // 3:height // 2, width // 4:width // 2] = (255, 0, 0)
    return np.clip(image + random.normal(0, 20, image.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    jpeglib.version.set("9b")
    for name, width, height, quality, progressive in (("square", 32, 32, 75, False), ("odd", 45, 37, 90, True)):
        path = pathlib.Path(sys.argv[1]) / f"dct_chroma_{name}.jpg"
        Image.fromarray(picture(width, height, width)).save(path, quality=quality, subsampling="4:2:0",
                                                            progressive=progressive)
        Image.fromarray(jpeglib.read_spatial(str(path)).spatial).save(path.with_suffix(".png"), optimize=True)
