"""Figures and tables of Markdown."""


def percent(value):
    return "n/a" if value is None else f"{100 * value:.1f}"


def mean_of(evaluations, detector, figure):
    values = [e["detectors"][detector][figure] for e in evaluations]
    return None if None in values else sum(values) / len(values)


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def heading(*cells):
    return [row(*cells), "|" + " --- |" * len(cells)]
