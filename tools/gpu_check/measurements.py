"""The measurements: how they are named, how they are read, and which of several is the fastest."""
import json

NETWORKS = {"densenet_bc_100": "DenseNet-BC-100", "wrn_28_10": "Wide-ResNet-28-10"}
PRECISIONS = ("fp32", "tf32", "fp16", "bf16")
HALF = ("fp16", "bf16")
KINDS = ("own", "wgmma", "cudnn")
NOT_RUN = "not run"


def lines(path):
    """The objects in a file of JSON lines. An incomplete line, of a program that was cut off, is ignored."""
    found = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            pass
    return [line for line in found if isinstance(line, dict)]


def joined_kernels(rows):
    """One row per convolution. Each process timed only some of its kinds."""
    found = {}
    for row in rows:
        key = tuple(row.get(name) for name in ("network", "pass", "shape", "precision"))
        found[key] = {**row, **found.get(key, {})}  # the first row wins where both timed the same
    return list(found.values())


def best(rows, **wanted):
    """The fastest of the rows that match."""
    rows = [r for r in rows if "images_per_second" in r and all(r.get(k) == v for k, v in wanted.items())]
    return max(rows, key=lambda r: r["images_per_second"], default=None)


def rate(row):
    return f"{row['images_per_second']:,.0f}" if row else NOT_RUN
