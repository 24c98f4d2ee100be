#!/usr/bin/env python3
"""Packs programs and images for the two calls of gpu_check.sh, and unpacks them. Needs numpy and Pillow.

    tools/gpu_check/packs.py pack PROGRAMS FOLDER [--data DIR] [--weights FILE] [--training FILE] [--limit BYTES]
                                  [--test-images N]
    tools/gpu_check/packs.py unpack PACK FOLDER [--images NAME]

pack writes FOLDER/first.tar and FOLDER/second.tar, each of at most --limit bytes. The first holds the programs,
compressed together, since much of their code is the same; the network, --test-images (4,000) of its images, and
another set. Both hold what fits of the images to train on, and then of other sets. CIFAR-10 is stored as lossless
WebP, 2,000 images a file. unpack extracts a pack; with --images test or train it writes FOLDER/NAME.bin, in
CIFAR-10's own format, from all that has been extracted there.
"""
import argparse
import io
import pathlib
import sys
import tarfile

ROWS, COLUMNS, SIDE = 20, 100, 32  # images in a file, and their size
CHUNK = ROWS * COLUMNS
RECORD = 1 + 3 * SIDE * SIDE  # a label, then planes of red, green and blue
SETS = ("LSUN_resize", "Imagenet_resize", "iSUN")
LIMIT = 58_000_000


def to_tiles(records):
    """The labels, and the images as a lossless WebP of one picture."""
    import numpy as np
    from PIL import Image
    rows = np.frombuffer(records, np.uint8).reshape(-1, RECORD)
    images = np.zeros((ROWS * COLUMNS, 3, SIDE, SIDE), np.uint8)
    images[:len(rows)] = rows[:, 1:].reshape(-1, 3, SIDE, SIDE)
    picture = images.reshape(ROWS, COLUMNS, 3, SIDE, SIDE).transpose(0, 3, 1, 4, 2)
    buffer = io.BytesIO()
    Image.fromarray(picture.reshape(ROWS * SIDE, COLUMNS * SIDE, 3)).save(buffer, "WEBP", lossless=True, quality=100,
                                                                          method=4)
    return rows[:, 0].tobytes(), buffer.getvalue()


def from_tiles(labels, picture):
    """The records."""
    import numpy as np
    from PIL import Image
    image = np.asarray(Image.open(picture).convert("RGB"))
    pixels = image.reshape(ROWS, SIDE, COLUMNS, SIDE, 3).transpose(0, 2, 4, 1, 3).reshape(CHUNK, -1)[:len(labels)]
    return np.concatenate([np.frombuffer(labels, np.uint8)[:, None], pixels], axis=1).tobytes()


class Pack:
    def __init__(self, path, limit):
        self.path, self.left = path, limit - 10240  # a TAR archive's end
        self.tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)

    def add(self, name, content):
        """Whether there was room for it."""
        size = 512 + (len(content) + 511) // 512 * 512
        if size > self.left:
            return False
        info = tarfile.TarInfo(name)
        info.size = len(content)
        self.tar.addfile(info, io.BytesIO(content))
        self.left -= size
        return True


def compressed(folder):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as tar:
        tar.add(folder, ".")
    return buffer.getvalue()


def chunks(files, most=None):
    records = b"".join(path.read_bytes() for path in files)[:most and most * RECORD]
    for i in range(0, len(records), CHUNK * RECORD):
        yield to_tiles(records[i:i + CHUNK * RECORD])


def pack(options):
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    first, second = (Pack(folder / name, options.limit) for name in ("first.tar", "second.tar"))

    def put(name, content, *packs):
        if not any(to.add(name, content) for to in packs):
            sys.exit(f"{name} of {len(content):,} bytes does not fit into {options.limit:,} bytes with what is there")

    put("programs.tar.xz", compressed(options.programs), first)
    if options.weights:
        put("densenet10.h5", pathlib.Path(options.weights).read_bytes(), first)
    if options.training:
        for path in (options.training, f"{options.training}.state", f"{options.training}.csv"):
            if path == options.training and not pathlib.Path(path).exists():
                continue  # it is written after the first epoch
            put("training.h5" + path.removeprefix(options.training), pathlib.Path(path).read_bytes(), first)
    if options.data:
        data = pathlib.Path(options.data)
        cifar = data / "cifar-10-batches-bin"
        for i, (labels, picture) in enumerate(chunks([cifar / "test_batch.bin"], options.test_images)):
            put(f"test_{i:02}.labels", labels, first)
            put(f"test_{i:02}.webp", picture, first)

        def put_sets(names):
            for name in names:
                if (data / name).is_dir() and not any(to.add(f"{name}.tar.xz", compressed(data / name))
                                                      for to in (first, second)):
                    print(f"{name} is left out")

        put_sets(SETS[:1])
        left_out = count = 0
        for i, (labels, picture) in enumerate(chunks([cifar / f"data_batch_{k}.bin" for k in range(1, 6)])):
            count += len(labels)
            if not any(to.add(f"train_{i:02}.labels", labels) and to.add(f"train_{i:02}.webp", picture)
                       for to in (second, first)):
                left_out += len(labels)
        if left_out:
            print(f"{left_out} of {count} images to train on are left out")
        put_sets(SETS[1:])
    for made in (first, second):
        made.tar.close()
        print(f"{made.path}: {made.path.stat().st_size:,} bytes")


def extract(path, folder):
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python 3.11.4 and later
    with tarfile.open(path) as tar:
        tar.extractall(folder, **safely)


def unpack(options):
    folder = pathlib.Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    extract(options.pack, folder)
    for inner in sorted(folder.glob("*.tar.xz")):
        into = folder if inner.name == "programs.tar.xz" else folder / inner.name.removesuffix(".tar.xz")
        extract(inner, into)
        inner.unlink()
    if options.images:
        with open(folder / f"{options.images}.bin", "wb") as out:
            for path in sorted(folder.glob(f"{options.images}_*.labels")):
                if path.with_suffix(".webp").exists():
                    out.write(from_tiles(path.read_bytes(), path.with_suffix(".webp")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("pack")
    one.add_argument("programs")
    one.add_argument("folder")
    for name in ("--data", "--weights", "--training"):
        one.add_argument(name)
    one.add_argument("--limit", type=int, default=LIMIT)
    one.add_argument("--test-images", type=int, default=4000)
    one.set_defaults(run=pack)
    other = commands.add_parser("unpack")
    other.add_argument("pack")
    other.add_argument("folder")
    other.add_argument("--images", choices=("test", "train"))
    other.set_defaults(run=unpack)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
