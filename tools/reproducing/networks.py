"""The networks that are reproduced: their files, how to convert them, and what is published of them."""
import typing


class Failure(Exception):
    """What the user is told, in one sentence."""


class Network(typing.NamedTuple):
    title: str
    files: tuple  # their names, as fetch_data, the authors' archives and others have them
    in_set: str
    magnitude: float  # of ODIN
    conversion: tuple  # options of convert_checkpoint
    error: typing.Optional[float] = None  # of classification, published, in percent
    source: str = ""  # of the error


def authors(name, in_set, magnitude, error):
    files = (f"{name}.pth", f"odin_authors_{name}.pth", f"{name}.pth.tar.gz")
    return Network(f"the ODIN authors' DenseNet-BC-100 on {in_set.upper().replace('R', 'R-', 1)}", files, in_set,
                   magnitude, ("--in-dataset", in_set), error, "Liang, Li & Srikant, ICLR 2018, Table 1")


def dice(in_set, magnitude):
    classes = in_set[len("cifar"):]
    files = (f"dice_densenet{classes}.pth.tar", f"dice_densenet_bc_100_{in_set}.pth.tar")
    normalisation = ("--mean", "0.4914", "0.4822", "0.4465", "--std", "0.2023", "0.1994", "0.2010")
    return Network(f"the DenseNet-BC-100 on {in_set.upper().replace('R', 'R-', 1)} published with DICE "
                   "(Sun & Li, ECCV 2022)", files, in_set, magnitude, ("--in-dataset", in_set, *normalisation))


# The magnitudes are those of the ODIN paper's fifth edition; nobody published one for DICE's networks.
NETWORKS = {
    "densenet10": authors("densenet10", "cifar10", 0.0014, 4.81),
    "densenet100": authors("densenet100", "cifar100", 0.002, 22.37),
    "dice_densenet10": dice("cifar10", 0.0014),
    "dice_densenet100": dice("cifar100", 0.002),
}


def network_file(folder, name):
    """The file of a network in the folder, or None."""
    for candidate in NETWORKS[name].files:
        if (folder / candidate).is_file():
            return folder / candidate
    return None
