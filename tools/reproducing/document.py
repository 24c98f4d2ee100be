"""RESULTS.md as text."""
import datetime
import pathlib

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


def network_section(name, results):
    network, report, made, near = NETWORKS[name], results["odin"], results["made"], results["near"]
    lines = [f"## {name}", "",
             f"This is {network.title}; ODIN with temperature 1000 and magnitude {network.magnitude}.",
             error_sentence(network, results["whole"]), "", *figures_table(report), *missing(report)]
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


def summary(results):
    """The short table: FPR and AUROC of the baseline and ODIN, and the published figures."""
    lines = heading("network", "set", "FPR at TPR 95 %: baseline", "ODIN", "AUROC: baseline", "ODIN")
    for name, reports in results.items():
        made = reports["made"]["evaluations"] if reports["made"] else []
        for evaluation in made + reports["odin"]["evaluations"]:
            detectors = evaluation["detectors"]
            cells = [summary_cell(detectors[detector], figure) for figure in ("fpr_at_tpr95", "auroc")
                     for detector in ("baseline", "odin")]
            lines.append(row(name, evaluation["out_set"], *cells))
    return lines


def calibration_section(calibrations):
    """What odin_calibrate makes of 1,000 in-distribution images, and how far its choice is from a tuned one."""
    lines = ["## Without out-of-distribution images", "",
             "`odin_calibrate` sets the threshold on the first 1,000 in-distribution images, the score being ODIN at "
             "temperature",
             "1000. TPR: the share of the other images that is accepted; in square brackets the 95 % interval that was "
             "stated before.", ""]
    lines += heading("network", "magnitude", "threshold", "TPR asked for", "TPR", "accepted of each set")
    for entry in calibrations:
        for kind in ("tuned", "chosen"):
            made = entry[kind]
            settings = made["settings"]
            sets = [f"{e['out_set']} {percent(accepted)}"
                    for e, accepted in zip(made["report"]["evaluations"], made["accepted"])]
            how = entry["network"].tuned_by if kind == "tuned" else "chosen by `--choose-magnitude`"
            stated = f"[{percent(settings['tpr_low'])}, {percent(settings['tpr_high'])}]"
            lines.append(row(entry["network"].name, f"{settings['magnitude']:g}, {how}",
                             f"{settings['threshold']:.8f}", percent(settings["tpr"]),
                             f"{percent(made['tpr'])} {stated}", ", ".join(sets)))
    lines += ["", "How far the choice of Generalized ODIN (Hsu et al., CVPR 2020, section 3.2: the greatest mean score",
              "of in-distribution images) is from the tuned magnitude:", ""]
    lines += heading("network", "set", "FPR at TPR 95 %: tuned", "chosen", "AUROC: tuned", "chosen")
    for entry in calibrations:
        pairs = zip(entry["tuned"]["report"]["evaluations"], entry["chosen"]["report"]["evaluations"])
        for tuned, chosen in pairs:
            cells = [percent(e["detectors"]["odin"][figure]) for figure in ("fpr_at_tpr95", "auroc")
                     for e in (tuned, chosen)]
            lines.append(row(entry["network"].name, tuned["out_set"], *cells))
    return [*lines, ""]


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, "an unknown processor")


def document(results, absent, comparisons, calibrations):
    """RESULTS.md: the summary, the networks, all detectors, the calibrations, and what is known of the differences."""
    first = next(iter(results.values()))["odin"]
    settings = first["settings"]
    seconds = sum(report["seconds"] for reports in results.values() for report in reports.values() if report)
    lines = [
        "# Results", "",
        "Written by `tools/reproduce`; do not edit. Figures are in percent. In brackets stands what was published, in",
        "the long tables with the difference. A difference of more than one point is bold, and explained at the end.",
        "",
        *summary(results), "",
        f"- Made on {datetime.date.today().isoformat()} by version {first['versions']['odin']} in "
        f"{seconds / 60:.0f} minutes of scoring, on {processor()}, {settings['device'].partition(' on ')[2]}.",
        f"- The first {settings['skip']} images of every set are held out, as in the authors' code; at most "
        f"{settings['limit']} are read.",
        "- Figures are exact. Rows with \"sweep\" are computed as the authors' code does, by 100,000 thresholds, which "
        "is what their paper prints.",
        "- Where there are square brackets, they are 95 % confidence intervals: AUROC by DeLong's method, FPR by the "
        "bootstrap."]
    if absent:
        lines.append(f"- Networks that were not there: {', '.join(absent)}.")
    lines.append("")
    for name, reports in results.items():
        lines += network_section(name, reports)
    if comparisons:
        lines += comparison_section(comparisons)
    lines += calibration_section(calibrations)
    lines += ["## What explains the differences", "", DIFFERENCES.read_text(encoding="utf-8").strip(), ""]
    return "\n".join(lines)
