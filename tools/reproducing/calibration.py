"""Detectors made without out-of-distribution images: their magnitude, and what they accept, set by set."""
import json
import typing

from reproducing.networks import BUNDLED, NETWORKS, Failure, checkpoint, identity, in_specification

FASHION_MNIST_NETWORK = "bundled_fashion_mnist"
FASHION_MNIST = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"


class Subject(typing.NamedTuple):
    """A network that is calibrated."""
    name: str
    weights: object  # its checkpoint
    in_spec: str
    evaluation: tuple  # what odin_eval needs to know besides the magnitude
    tuned: float  # the magnitude that somebody chose with out-of-distribution images
    choice: str  # who, or on what


def subject(name, work, data_dir):
    return Subject(name, checkpoint(name, work), in_specification(name, data_dir),
                   (*identity(name, work, data_dir), "--benchmark", "odin"), NETWORKS[name].magnitude,
                   NETWORKS[name].choice)


def demo_network():
    return Subject(FASHION_MNIST_NETWORK, BUNDLED / "wrn_16_2_fashion_mnist.h5", f"idx:{FASHION_MNIST}", ("--demo",),
                   0.006, "chosen on uniform and Gaussian noise")


def scores_in(path):
    with open(path, encoding="ascii") as file:
        return [float(line.rpartition(",")[2]) for line in file]


def share(scores, threshold):
    return sum(score >= threshold for score in scores) / len(scores)


def calibrated(evaluation, network):
    """Both detectors of the network: at the tuned magnitude and at the chosen one."""
    result = {"network": network}
    for kind, how in (("tuned", ("--magnitude", network.tuned)), ("chosen", ("--choose-magnitude",))):
        file = evaluation.work / f"{network.name}_{kind}_detector.h5"
        evaluation.run("odin_calibrate", "--weights", network.weights, "--in", network.in_spec, *how, "--quiet",
                       "--out", file)
        settings = json.loads(evaluation.run("inspect_checkpoint", "--json", file))["detector"]
        scores = evaluation.work / f"{network.name}_{kind}_scores"
        report = evaluation.report(f"{network.name}_{kind}", *network.evaluation, "--score", "odin", "--magnitude",
                                   settings["magnitude"], "--scores", scores)
        sets = report["evaluations"]
        folders = [scores] if len(sets) == 1 else [scores / f"out_{i}" for i in range(1, len(sets) + 1)]
        missing = next((folder for folder in folders if not folder.is_dir()), None)
        if missing:
            raise Failure(f"{missing} is missing, though the report of its scores is there: remove {scores.parent}")
        threshold = settings["threshold"]
        result[kind] = {
            "settings": settings, "report": report,
            "tpr": share(scores_in(folders[0] / "confidence_Our_In.txt"), threshold),
            "accepted": [share(scores_in(folder / "confidence_Our_Out.txt"), threshold) for folder in folders]}
    return result
