#!/usr/bin/env python3
"""What Pillow, torchvision and PyTorch make of images, for the tests of eval/.

    pillow_images.py make OUT              images of every kind: OUT/exact (32 x 32) and OUT/sized
    pillow_images.py pixels FOLDER FIT OUT [COUNT [CHANNELS SIDE]]
                                           what they look like, FIT one of exact, resize, crop, nearest,
                                           by torchvision resize-crop
                                           and, by PyTorch, bilinear (without antialiasing)
    pillow_images.py order FOLDER OUT      their order and classes, by torchvision's ImageFolder
    pillow_images.py made FROM TO FIT      whether make_ood made TO of FROM so: FIT as above, or cut (anywhere)

`pixels` writes (N, CHANNELS, SIDE, SIDE) bytes, (N, 3, 32, 32) by default, of FOLDER's own images by name,
COUNT of them at most or all for 0; `order` writes a line "CLASS PATH" for each. Leaves with status 77 and a
reason where a module is not installed.
"""
import pathlib
import sys

SIZE = 32
MODULES = {"bilinear": ["torch"], "resize-crop": ["torchvision"]}  # that a fit needs


def need(*modules):
    for module in modules:
        try:
            __import__(module)
        except ImportError:
            print(f"Python's module {module} is not installed", file=sys.stderr)
            sys.exit(77)


def picture(rng, height, width, channels):
    """Smooth with some noise, so that JPEG's chroma upsampling and the filters have something to do."""
    import numpy as np
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for _ in range(channels):
        a, b, c = rng.uniform(-0.4, 0.4, 3)
        planes.append(128 + 100 * np.sin(a * x + b * y + 9 * c) + rng.normal(0, 15, (height, width)))
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def make(out):
    import numpy as np
    from PIL import Image
    rng = np.random.default_rng(7)

    def save_all(folder, height, width, tag):
        folder.mkdir(parents=True, exist_ok=True)
        rgb = Image.fromarray(picture(rng, height, width, 3))
        grey = Image.fromarray(picture(rng, height, width, 1)[..., 0])
        rgba = Image.fromarray(picture(rng, height, width, 4), "RGBA")
        la = Image.merge("LA", [grey, Image.fromarray(picture(rng, height, width, 1)[..., 0])])
        cmyk = Image.fromarray(picture(rng, height, width, 4), "CMYK")
        palette = rgb.quantize(23)
        wide = picture(rng, height, width, 1)[..., 0].astype(np.int32) * 257

        def png(name, image, **options):
            image.save(folder / f"{tag}_{name}.png", **options)

        def jpeg(name, image, **options):
            image.save(folder / f"{tag}_{name}.jpg", "JPEG", **options)

        png("rgb", rgb)
        png("rgb_transparent_colour", rgb, transparency=rgb.getpixel((0, 0)))
        png("rgba", rgba)
        png("grey", grey)
        png("grey_alpha", la)
        png("grey_16", Image.fromarray(wide, "I"))
        png("bilevel", grey.convert("1"))
        png("palette", palette)
        png("palette_transparent", palette, transparency=3)
        png("palette_2_bits", rgb.quantize(4), bits=2)
        png("palette_4_bits", rgb.quantize(16), bits=4)
        jpeg("420", rgb, quality=60)
        jpeg("422", rgb, quality=85, subsampling=1)
        jpeg("444", rgb, quality=95, subsampling=0)
        jpeg("progressive", rgb, progressive=True)
        jpeg("optimised", rgb, optimize=True, quality=30)
        jpeg("grey", grey)
        jpeg("cmyk", cmyk)

    save_all(out / "exact", SIZE, SIZE, "a")
    for height, width in [(64, 64), (33, 35), (39, 67), (100, 32), (32, 101), (500, 333)]:
        save_all(out / "sized", height, width, f"{height}x{width}")
    # Proportions that are kept: odd, nearly square, wide and tall, larger and smaller.
    (out / "long").mkdir(parents=True, exist_ok=True)
    for height, width in [(1, 1), (32, 33), (33, 32), (34, 32), (32, 35), (45, 45), (61, 97), (333, 500), (1, 40),
                          (3, 1500), (2500, 5), (33, 2000), (1999, 37), (31, 33), (9, 7)]:
        Image.fromarray(picture(rng, height, width, 3)).save(out / "long" / f"{height}x{width}.png")
    # A resize also enlarges; nothing can be cut out of these.
    for height, width in [(1, 1), (7, 50), (31, 33), (300, 3)]:
        save_all(out / "small", height, width, f"{height}x{width}")


def rgb_of(path):
    import numpy as np
    from PIL import Image
    image = Image.open(path)
    if image.mode.startswith("I"):  # Pillow clips 16-bit grey to 255; what is wanted is the upper byte
        grey = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return grey.convert("RGB")
    return image.convert("RGB")


def fitted(path, fit, channels=3, side=SIZE):
    """(channels, side, side) bytes of an image brought to that size."""
    import numpy as np
    from PIL import Image
    image = rgb_of(path)
    if channels == 1:
        image = image.convert("L")
    if fit == "resize":
        image = image.resize((side, side), Image.BILINEAR)
    elif fit == "nearest":
        image = image.resize((side, side), Image.NEAREST)
    elif fit == "resize-crop":
        from torchvision import transforms
        image = transforms.CenterCrop(side)(transforms.Resize(side)(image))
    elif fit == "bilinear":
        import torch
        planes = torch.from_numpy(np.asarray(image, np.float64).transpose(2, 0, 1).copy())
        scaled = torch.nn.functional.interpolate(planes[None], (side, side), mode="bilinear", align_corners=False)
        return np.floor(scaled[0].numpy() + 0.5).astype(np.uint8)
    elif fit == "crop":
        left, top = (int(round((extent - side) / 2.0)) for extent in image.size)
        image = image.crop((left, top, left + side, top + side))
    return np.asarray(image).reshape(image.height, image.width, channels).transpose(2, 0, 1)


def pixels(folder, fit, out, count=0, channels=3, side=SIZE):
    import numpy as np
    images = np.stack([fitted(path, fit, channels, side) for path in sorted(folder.iterdir())[:count or None]])
    assert images.shape[1:] == (channels, side, side), images.shape
    images.tofile(out)


def made(source_folder, folder, fit):
    import numpy as np
    lines = (folder / "sources.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# odin "), lines[0]
    names = [line.split("\t") for line in lines[1:]]
    assert sorted(p.name for p in (folder / "images").iterdir()) == [name[len("images/"):] for name, _ in names]
    places = set()
    for name, source in names:
        image = fitted(folder / name, "exact").astype(int)
        assert image.shape == (3, SIZE, SIZE)
        if fit == "cut":
            whole = fitted(source_folder / source, "exact").astype(int)
            windows = np.lib.stride_tricks.sliding_window_view(whole, (3, SIZE, SIZE))[0]
            found = np.argwhere((windows == image).all(axis=(2, 3, 4)))
            assert len(found) > 0, f"{name} is no part of {source}"
            places.add(tuple(found[0]))
        else:
            furthest = abs(image - fitted(source_folder / source, fit)).max()
            assert furthest <= (1 if fit == "bilinear" else 0), f"{name} differs by {furthest}"
    assert fit != "cut" or len(places) > len(names) / 2 ** 5, f"only {len(places)} places"


def order(folder, out):
    from torchvision.datasets import ImageFolder
    lines = [f"{label} {path}\n" for path, label in ImageFolder(str(folder)).samples]
    out.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "make":
        need("numpy", "PIL")
        make(pathlib.Path(arguments[0]))
    elif command == "pixels":
        need("numpy", "PIL", *MODULES.get(arguments[1], []))
        pixels(pathlib.Path(arguments[0]), arguments[1], pathlib.Path(arguments[2]), *map(int, arguments[3:]))
    elif command == "made":
        need("numpy", "PIL", *MODULES.get(arguments[2], []))
        made(pathlib.Path(arguments[0]), pathlib.Path(arguments[1]), arguments[2])
    elif command == "order":
        need("torchvision")
        order(pathlib.Path(arguments[0]), pathlib.Path(arguments[1]))
    else:
        sys.exit(__doc__)
