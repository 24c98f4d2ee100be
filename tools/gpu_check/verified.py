"""The lines of kernels/cuda/VERIFIED.md, with what the checks say of each."""
import fnmatch

WGMMA = ("kernels, wgmma", "plans, wgmma", "networks, wgmma", "half precision, wgmma")
LIBRARY = ("plans, cudnn", "half precision, cudnn", "networks, cudnn")

# The first cell of a line, as a pattern, and the checks that show whether it holds. The first pattern that fits counts.
SHOWN_BY = (
    ("scores in fp32 *", ("scores of densenet_bc_100 fp32 * against the CPU's",)),
    ("metrics of tf32*", ("metrics of * against fp32's",)),
    ("rates next to *", ("timing *",)),
    ("`wgmma` equal *", (*WGMMA, "timing convolutions in fp16")),
    ("compute-sanitizer*", ("memcheck, *", "racecheck, *")),
    ("two batches in flight*", ("plans, own",)),
    ("training in *", ("training", "networks, own", "half precision, own", "training densenet_bc_100 *")),
    ("`conv/wgmma.*`", WGMMA),
    ("`device/warpgroup.cuh`", WGMMA),
    ("`library/peak.cpp`", ("timing own in fp16",)),
    ("`library/*`", LIBRARY),
    ("`conv/*_layer_convolution.cpp`", ("operations", "networks, own", "training")),
    ("`conv/*`", ("kernels", "plans, own", "networks, own")),
    ("`plan/*`", ("plans, own", "networks, own")),
    ("`device/*`", ("kernels", "plans, own")),
    ("`runtime/*`", ("kernels", "plans, own")),
    ("`backend.cpp`", ("operations", "networks, own")),
    ("`*.cu`", ("kernels", "operations")),
)


def verdict(patterns, checks):
    """What the checks of these names say together; None if none is there."""
    names = [name for pattern in patterns for name in checks if fnmatch.fnmatchcase(name, pattern)]
    by_result = {}
    for name in dict.fromkeys(names):
        by_result.setdefault(checks[name].split(" (")[0], []).append(name)
    if not by_result or set(by_result) == {"not run"}:
        return None
    if set(by_result) == {"passed"}:
        return "passed"
    said = [f"{result}: {', '.join(by_result[result])}" for result in ("failed", "information", "unfinished", "not run")
            if result in by_result]
    return "; ".join((["the rest passed"] if "passed" in by_result else []) + said)


def verified_lines(text, checks, about):
    """The lines of the tables in VERIFIED.md (`text`) of which the checks say something, their last cell renewed."""
    found = []
    for line in text.splitlines():
        cells = line.strip("|").split(" | ") if line.startswith("| ") else []
        patterns = next((shown for pattern, shown in SHOWN_BY if cells and fnmatch.fnmatchcase(cells[0].strip(),
                                                                                               pattern)), ())
        said = verdict(patterns, checks)
        if said:
            cells[-1] = f"{about['gpu']}, {about['commit']}: {said} |"
            found.append("|" + " | ".join(cells))
    return found
