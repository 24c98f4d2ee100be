"""The networks that are evaluated: their files, how to convert them, and what is published of them."""
import pathlib
import typing

BUNDLED = pathlib.Path(__file__).resolve().parents[2] / "weights"
# Where the images are: the binary version, and the Python version.
FOLDERS = {"cifar10": ("cifar-10-batches-bin", "cifar-10-batches-py"),
           "cifar100": ("cifar-100-binary", "cifar-100-python")}


class Failure(Exception):
    """What the user is told, in one sentence."""


class Network(typing.NamedTuple):
    title: str
    files: tuple  # their names, as fetch_data, the authors' archives and others have them
    in_set: str
    magnitude: float  # of ODIN
    choice: str  # of the magnitude
    conversion: typing.Optional[tuple]  # options of convert_checkpoint; None for a checkpoint that is bundled
    error: typing.Optional[float] = None  # of classification, published, in percent
    source: str = ""  # of the error


def display_name(in_set):
    return in_set.upper().replace("R", "R-", 1)


def authors(name, in_set, magnitude, error):
    files = (f"{name}.pth", f"odin_authors_{name}.pth", f"{name}.pth.tar.gz")
    return Network(f"the ODIN authors' DenseNet-BC-100 on {display_name(in_set)}", files, in_set, magnitude,
                   "published", ("--in-dataset", in_set), error, "Liang, Li & Srikant, ICLR 2018, Table 1")


def dice(in_set, magnitude):
    classes = in_set[len("cifar"):]
    files = (f"dice_densenet{classes}.pth.tar", f"dice_densenet_bc_100_{in_set}.pth.tar")
    normalisation = ("--mean", "0.4914", "0.4822", "0.4465", "--std", "0.2023", "0.1994", "0.2010")
    return Network(f"the DenseNet-BC-100 on {display_name(in_set)} published with DICE (Sun & Li, ECCV 2022)", files,
                   in_set, magnitude, "the ODIN paper's", ("--in-dataset", in_set, *normalisation))


def bundled(file, in_set, magnitude):
    return Network(f"our network on {display_name(in_set)}, `weights/{file}`", (file,), in_set, magnitude,
                   f"chosen on the first 1,000 images of {display_name(in_set)} and iSUN", None)


# The magnitudes are those of the ODIN paper's fifth edition; nobody published one for DICE's networks, and
# weights/README.md says how that of the bundled network was chosen.
NETWORKS = {
    "densenet10": authors("densenet10", "cifar10", 0.0014, 4.81),
    "densenet100": authors("densenet100", "cifar100", 0.002, 22.37),
    "dice_densenet10": dice("cifar10", 0.0014),
    "dice_densenet100": dice("cifar100", 0.002),
    "bundled_cifar10": bundled("densenet_bc_100_cifar10.h5", "cifar10", 0.0026),
}


def in_set_is_there(name, data_dir):
    return any((data_dir / folder).is_dir() for folder in FOLDERS[NETWORKS[name].in_set])


def network_file(folder, name, data_dir):
    """The file of a network in the folder, which may be None, or of a bundled one whose images are there; or None."""
    network = NETWORKS[name]
    if network.conversion is None:
        folder = BUNDLED if in_set_is_there(name, data_dir) else None
    for candidate in network.files if folder else ():
        if (folder / candidate).is_file():
            return folder / candidate
    return None


def in_specification(name, data_dir):
    """The test images of CIFAR that the network is for, in the version that is there."""
    in_set = NETWORKS[name].in_set
    binary, python = FOLDERS[in_set]
    only_python = (data_dir / python).is_dir() and not (data_dir / binary).is_dir()
    return f"{in_set}:{data_dir / (python if only_python else binary)}"


def checkpoint(name, work):
    """The network's checkpoint: the bundled one, or that which was converted."""
    network = NETWORKS[name]
    return BUNDLED / network.files[0] if network.conversion is None else work / f"{name}.h5"


def identity(name, work, data_dir):
    """How odin_eval is told the network. A published name stands for its figures, too."""
    if NETWORKS[name].conversion is None:
        which = ("--weights", checkpoint(name, work), "--in", in_specification(name, data_dir))
    else:
        which = ("--nn", name, "--weights-dir", work)
    return (*which, "--data-dir", data_dir)
