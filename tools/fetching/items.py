"""The data sets and networks of ODIN's benchmark, and where they are published."""
import dataclasses

DROPBOX = "https://www.dropbox.com/s/"
CIFAR = "https://www.cs.toronto.edu/~kriz/"


class Failure(Exception):
    """Its text tells the user what is wrong and what to do."""


@dataclasses.dataclass(frozen=True)
class Item:
    name: str
    address: str
    digest: str = ""  # "md5:..." or "sha256:...", if its publisher or a known copy gives one
    folder: str = ""  # of the unpacked data set; empty for a network
    files: dict = dataclasses.field(default_factory=dict)  # the files that it must contain, and their sizes
    in_dataset: str = ""  # what a network was trained on

    @property
    def archive(self):
        return self.name + (".pth.tar.gz" if self.in_dataset else ".tar.gz")


# Addresses from CIFAR's page and the README of facebookresearch/odin. dl=1 asks Dropbox for the file itself.
ITEMS = [
    Item("cifar10", CIFAR + "cifar-10-binary.tar.gz", "md5:c32a1d4ab5d03f1284b67883e8d87530", "cifar-10-batches-bin",
         {**{f"data_batch_{i}.bin": 30_730_000 for i in range(1, 6)}, "test_batch.bin": 30_730_000}),
    Item("cifar100", CIFAR + "cifar-100-binary.tar.gz", "md5:03b5dce01913d631647c71ecec9e9cb8", "cifar-100-binary",
         {"train.bin": 153_700_000, "test.bin": 30_740_000}),
    Item("Imagenet", DROPBOX + "avgm2u562itwpkl/Imagenet.tar.gz?dl=1", folder="Imagenet"),
    Item("Imagenet_resize", DROPBOX + "kp3my3412u5k9rl/Imagenet_resize.tar.gz?dl=1", folder="Imagenet_resize"),
    Item("LSUN", DROPBOX + "fhtsw1m3qxlwj6h/LSUN.tar.gz?dl=1", folder="LSUN"),
    Item("LSUN_resize", DROPBOX + "moqh2wh8696c3yl/LSUN_resize.tar.gz?dl=1", folder="LSUN_resize"),
    Item("iSUN", DROPBOX + "ssz7qxfqae0cca5/iSUN.tar.gz?dl=1",
         "sha256:74c2d220910a65b495611601170a46fc093c26c543d66f7b843ef72954636ecc", "iSUN"),
    Item("densenet10", DROPBOX + "wr4kjintq1tmorr/densenet10.pth.tar.gz?dl=1", in_dataset="cifar10"),
    Item("densenet100", DROPBOX + "vxuv11jjg8bw2v9/densenet100.pth.tar.gz?dl=1", in_dataset="cifar100"),
    Item("wideresnet10", DROPBOX + "uiye5nw0uj6ie53/wideresnet10.pth.tar.gz?dl=1", in_dataset="cifar10"),
    # This is what the README says. The key is wideresnet10's, so it is probably that network.
    Item("wideresnet100", DROPBOX + "uiye5nw0uj6ie53/wideresnet100.pth.tar.gz?dl=1", in_dataset="cifar100"),
]
BY_NAME = {item.name: item for item in ITEMS}
GROUPS = {"sets": [i.name for i in ITEMS if i.folder], "networks": [i.name for i in ITEMS if i.in_dataset],
          "all": [i.name for i in ITEMS]}
