"""All detectors beside each other, on the sets of natural images that the ODIN authors resized."""
from reproducing.networks import NETWORKS
from reproducing.text import heading, mean_of, percent, row

SETS = ("Imagenet_resize", "LSUN_resize", "iSUN")
# The files of CIFAR's training half, one of each version.
TRAINING = {"cifar10": ("cifar-10-batches-bin/data_batch_1.bin", "cifar-10-batches-py/data_batch_1"),
            "cifar100": ("cifar-100-binary/train.bin", "cifar-100-python/train")}


def training_is_there(name, data_dir):
    return any((data_dir / file).is_file() for file in TRAINING[NETWORKS[name].in_set])


def arguments(fits):
    """What odin_eval needs to know besides the network."""
    return ["--benchmark", "odin", "--out_dataset", *SETS, "--score", "all", "--fit-dir", fits]


def comparison_table(report):
    evaluations = report["evaluations"]
    names = sorted(evaluations[0]["detectors"], key=lambda name: -mean_of(evaluations, name, "auroc"))
    best = {(i, figure): choose(e["detectors"][name][figure] for name in names)
            for i, e in enumerate(evaluations) for figure, choose in (("fpr_at_tpr95", min), ("auroc", max))}
    lines = heading("", "score", "average: FPR at TPR 95 %", "AUROC",
                    *(cell for e in evaluations for cell in (f"{e['out_set']}: FPR", "AUROC")), "ms per image")
    for place, name in enumerate(names, 1):
        cells = [percent(mean_of(evaluations, name, figure)) for figure in ("fpr_at_tpr95", "auroc")]
        for i, e in enumerate(evaluations):
            for figure in ("fpr_at_tpr95", "auroc"):
                value = e["detectors"][name][figure]
                cells.append(f"**{percent(value)}**" if value == best[i, figure] else percent(value))
        lines.append(row(str(place), f"`{name}`", *cells, f"{report['milliseconds_per_image'][name]:.3f}"))
    return lines


def network_part(name, report):
    return [f"### {name}", "",
            f"{report['in_images']} test images, and "
            + ", ".join(f"{e['out_images']} of {e['out_set']}" for e in report["evaluations"]) + ".", "",
            *comparison_table(report), ""]


def comparison_section(reports, earlier):
    """`reports` by the networks' names. Empty if there is nothing to compare."""
    parts = {name: network_part(name, reports[name]) if name in reports else earlier.section(3, name)
             for name in NETWORKS}
    if not any(parts.values()):
        return []
    lines = ["## All detectors", "",
             "`odin_eval --score all`, with the papers' options, fitted on the 50,000 training images. The highest",
             "average AUROC comes first; bold is the best of each set. The last column is what the score takes",
             "beside the forward pass that all share; tables may be of different machines. For CIFAR-10",
             "`react` at its percentile of 90 is far below `energy`, which it modifies; `--search` tries others.", ""]
    return lines + [line for part in parts.values() for line in part]
