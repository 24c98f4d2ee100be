"""make_pictures.py DIR: twenty PNG pictures of 32 x 32, noise of growing contrast."""
import pathlib
import sys

import numpy as np
from PIL import Image

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True)
random = np.random.default_rng(0)
for i in range(20):
    pixels = 128 + (i + 1) * 6 * random.uniform(-1, 1, (32, 32, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{i:02}.png")
