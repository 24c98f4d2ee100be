"""RESULTS.md as text."""
import datetime
import pathlib

from processor import processor
from reproducing.calibration import FASHION_MNIST_NETWORK
from reproducing.comparison import comparison_section
from reproducing.networks import NETWORKS
from reproducing.text import heading, mean_of, percent, row

FIGURES = {"fpr_at_tpr95": "FPR at TPR 95 %", "detection_error": "detection error", "auroc": "AUROC",
           "aupr_in": "AUPR In", "aupr_out": "AUPR Out"}
DETECTORS = {"baseline": "baseline", "max_logit": "maximum logit", "energy": "energy", "odin": "ODIN"}
LARGE = 0.01  # a difference that is marked
DIFFERENCES = pathlib.Path(__file__).with_name("differences.md")


def published(figures):
    """The figures of the same network that a paper printed, or an empty dictionary."""
    paper = figures.get("paper", {})
    return {} if paper.get("another_network") else paper


def interval(figures, figure):
    """The text " [32.5, 34.8]", the 95 % confidence interval, where there is one."""
    bounds = figures.get(f"{figure}_ci95")
    return f" [{percent(bounds[0])}, {percent(bounds[1])}]" if bounds else ""


def compared(ours, paper, figure):
    """A cell: ours, and the published figure with the difference if there is one."""
    cell = percent(ours[figure]) + interval(ours, figure)
    if paper.get(figure) is None or ours[figure] is None:
        return cell
    difference = ours[figure] - paper[figure]
    cell += f" ({percent(paper[figure])}, {100 * difference:+.1f})"
    return f"**{cell}**" if abs(difference) > LARGE else cell


class Sources:
    """Publications, numbered in the order in which they are asked for."""

    def __init__(self):
        self.all = []

    def mark(self, paper):
        if not paper:
            return ""
        if paper["source"] not in self.all:
            self.all.append(paper["source"])
        return f"[{self.all.index(paper['source']) + 1}]"


def figures_table(report):
    """The table of one report: a row for each set and detector, the sweep's below the exact one's, averages last."""
    sources = Sources()
    lines = heading("set", "images", "score", *FIGURES.values(), "published in")
    for evaluation in report["evaluations"]:
        images = f"{report['in_images']} + {evaluation['out_images']}"
        for detector, figures in evaluation["detectors"].items():
            paper = published(figures)
            cells = [compared(figures, paper, figure) for figure in FIGURES]
            lines.append(row(evaluation["out_set"], images, DETECTORS[detector], *cells, sources.mark(paper)))
            if "threshold_sweep" in figures:
                cells = [compared(figures["threshold_sweep"], paper, figure) for figure in FIGURES]
                lines.append(row("", "", f"{DETECTORS[detector]}, sweep", *cells, ""))
    if len(report["evaluations"]) > 1:
        for detector in report["evaluations"][0]["detectors"]:
            cells = [percent(mean_of(report["evaluations"], detector, figure)) for figure in FIGURES]
            lines.append(row("average of the sets", "", DETECTORS[detector], *cells, ""))
    if sources.all:
        lines.append("")
    return lines + [f"- [{number}] {source}" for number, source in enumerate(sources.all, 1)]


def missing(report):
    names = ", ".join(entry["out_set"] for entry in report["missing"])
    return ["", f"- Not evaluated, because it was not there: {names}."] if names else []


def error_sentence(network, whole):
    error = 100 * (1 - whole["accuracy"])
    known = f" Published: {network.error:.2f} % ({network.source})." if network.error is not None else ""
    return f"Classification error on {whole['in_images']} test images: {error:.2f} %.{known}"


def provenance(report):
    settings = report["settings"]
    return (f"Made on {datetime.date.today().isoformat()} by version {report['versions']['odin']} on {processor()}, "
            f"{settings['device'].partition(' on ')[2]}. The first {settings['skip']} images of every set are held "
            f"out, as in the authors' code; at most {settings['limit']} are read.")


def network_section(name, results):
    network, report, made, near = NETWORKS[name], results["odin"], results["made"], results["near"]
    lines = [f"## {name}", "",
             f"This is {network.title}; ODIN with temperature 1000 and magnitude {network.magnitude}, "
             f"{network.choice}.",
             error_sentence(network, results["whole"]), provenance(report), "", *figures_table(report),
             *missing(report)]
    lines += ["", *(f"- {note}." for note in report["notes"])] if report["notes"] else []
    if made:
        lines += ["", "A set that `make_ood` made as the authors' was:", "", *figures_table(made)]
    if near:
        lines += ["", "Near sets:", "", *figures_table(near), *missing(near)]
    return lines + [""]


def summary_cell(figures, figure):
    paper = published(figures)
    known = f" ({percent(paper[figure])})" if paper.get(figure) is not None else ""
    return percent(figures[figure]) + known


def networks_table(cells, rows, earlier):
    """A table with these cells in its heading and `rows` by the networks' names; others have their earlier ones."""
    lines = heading(*cells)
    return lines + [line for name in (*NETWORKS, FASHION_MNIST_NETWORK)
                    for line in rows.get(name, earlier.rows(lines[0], name))]


def summary_rows(name, reports):
    made = reports["made"]["evaluations"] if reports["made"] else []
    return [row(name, evaluation["out_set"],
                *(summary_cell(evaluation["detectors"][detector], figure) for figure in ("fpr_at_tpr95", "auroc")
                  for detector in ("baseline", "odin")))
            for evaluation in made + reports["odin"]["evaluations"]]


def summary(results, earlier):
    """The short table: FPR and AUROC of the baseline and ODIN, and the published figures."""
    return networks_table(("network", "set", "FPR at TPR 95 %: baseline", "ODIN", "AUROC: baseline", "ODIN"),
                          {name: summary_rows(name, reports) for name, reports in results.items()}, earlier)


def detector_rows(entry):
    rows = []
    for kind in ("tuned", "chosen"):
        made = entry[kind]
        settings = made["settings"]
        sets = [f"{e['out_set']} {percent(accepted)}"
                for e, accepted in zip(made["report"]["evaluations"], made["accepted"])]
        how = entry["network"].choice if kind == "tuned" else "chosen by `--choose-magnitude`"
        stated = f"[{percent(settings['tpr_low'])}, {percent(settings['tpr_high'])}]"
        rows.append(row(entry["network"].name, f"{settings['magnitude']:g}, {how}", f"{settings['threshold']:.8f}",
                        percent(settings["tpr"]), f"{percent(made['tpr'])} {stated}", ", ".join(sets)))
    return rows


def choice_rows(entry):
    pairs = zip(entry["tuned"]["report"]["evaluations"], entry["chosen"]["report"]["evaluations"])
    return [row(entry["network"].name, tuned["out_set"],
                *(percent(e["detectors"]["odin"][figure]) for figure in ("fpr_at_tpr95", "auroc")
                  for e in (tuned, chosen)))
            for tuned, chosen in pairs]


def calibration_section(calibrations, earlier):
    """What odin_calibrate makes of 1,000 in-distribution images, and how far its choice is from a tuned one."""
    lines = ["## Without out-of-distribution images", "",
             "`odin_calibrate` sets the threshold on the first 1,000 in-distribution images, the score being ODIN at "
             "temperature",
             "1000. TPR: the share of the other images that is accepted; in square brackets the 95 % interval that was "
             "stated before.", ""]
    lines += networks_table(("network", "magnitude", "threshold", "TPR asked for", "TPR", "accepted of each set"),
                            {entry["network"].name: detector_rows(entry) for entry in calibrations}, earlier)
    lines += ["", "How far the choice of Generalized ODIN (Hsu et al., CVPR 2020, section 3.2: the greatest mean score",
              "of in-distribution images) is from the tuned magnitude:", ""]
    lines += networks_table(("network", "set", "FPR at TPR 95 %: tuned", "chosen", "AUROC: tuned", "chosen"),
                            {entry["network"].name: choice_rows(entry) for entry in calibrations}, earlier)
    return [*lines, ""]


def document(results, comparisons, calibrations, earlier):
    """RESULTS.md: the summary, the networks, all detectors, the calibrations, and what is known of the differences."""
    sections = {name: network_section(name, results[name]) if name in results else earlier.section(2, name)
                for name in NETWORKS}
    absent = [name for name, section in sections.items() if not section]
    lines = [
        "# Results", "",
        "Written by `tools/reproduce`; do not edit. Figures are in percent. In brackets stands what was published, in",
        "the long tables with the difference. There a difference of more than one point is bold; the end says what",
        "is known of it.",
        "",
        *summary(results, earlier), "",
        "- Figures are exact. Rows with \"sweep\" are computed as the authors' code does, by 100,000 thresholds, which "
        "is what their paper prints.",
        "- Where there are square brackets, they are 95 % confidence intervals: AUROC by DeLong's method, FPR by the "
        "bootstrap."]
    if absent:
        lines.append(f"- Networks that were not evaluated: {', '.join(absent)}.")
    lines.append("")
    for section in sections.values():
        lines += section
    lines += comparison_section(comparisons, earlier)
    lines += calibration_section(calibrations, earlier)
    lines += ["## What explains the differences", "", DIFFERENCES.read_text(encoding="utf-8").strip(), ""]
    return "\n".join(lines)
