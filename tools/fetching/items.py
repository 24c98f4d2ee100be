"""The data sets and networks that can be fetched: items.json, and files of the user's like it.

An item has
- name; title, for --list;
- addresses, tried in order; checksum, "md5:..." or "sha256:...", of the file that any of them sends or, of a gzipped
  file, of what is in it; size, of that file in bytes;
- groups, names by which several are fetched together;
- a set: folder, where it goes; unpack, one of tar.gz (if not given), tar, zip and none; file, its name there for none;
  files, those that it must contain, with their sizes;
- a network: in_dataset, what it was trained on; mean and std of each channel, if they are not that set's.
"""
import dataclasses
import json
import pathlib
import re
import urllib.parse

BUNDLED = pathlib.Path(__file__).with_name("items.json")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
CHECKSUM = re.compile(r"(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})?")
LARGEST_FILE = 1 << 20


class Failure(Exception):
    """Its text tells the user what is wrong and what to do."""


@dataclasses.dataclass(frozen=True)
class Item:
    name: str
    addresses: tuple
    title: str = ""
    checksum: str = ""
    size: int = 0
    groups: tuple = ()
    folder: str = ""
    unpack: str = "tar.gz"
    file: str = ""
    files: dict = dataclasses.field(default_factory=dict)
    in_dataset: str = ""
    mean: tuple = ()
    std: tuple = ()

    def stored_as(self, address):
        """The name under which the file of an address is kept: a network's ending says what it is."""
        if self.folder:
            return f"{self.name}.{self.unpack}"
        path = urllib.parse.urlsplit(address).path
        ending = next((e for e in (".pth.tar.gz", ".pth.tar", ".pth", ".pt", ".safetensors") if path.endswith(e)),
                      ".pth.tar.gz")
        return self.name + ending

    def conversion(self):
        """The options of convert_checkpoint."""
        options = ["--in-dataset", self.in_dataset]
        for name, values in (("--mean", self.mean), ("--std", self.std)):
            options += [name, *map(str, values)] if values else []
        return options


def is_name(value):
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def is_address(value):
    return (isinstance(value, str) and urllib.parse.urlsplit(value).scheme in ("http", "https")
            and value.isprintable() and " " not in value)


def are_numbers(value):
    return isinstance(value, list) and len(value) == 3 and all(type(v) in (int, float) for v in value)


# What each member must be, and how a wrong one is told.
MEMBERS = {
    "name": (is_name, "a name of letters, digits, - and _"),
    "addresses": (lambda v: isinstance(v, list) and len(v) > 0 and all(map(is_address, v)),
                  "a list of http or https addresses"),
    "title": (lambda v: isinstance(v, str) and v.isprintable() and len(v) < 100, "a short text"),
    "checksum": (lambda v: isinstance(v, str) and CHECKSUM.fullmatch(v) is not None,
                 "md5:... or sha256:..., in lower-case hexadecimal digits"),
    "size": (lambda v: type(v) is int and v > 0, "a number of bytes"),
    "groups": (lambda v: isinstance(v, list) and all(map(is_name, v)), "a list of names"),
    "folder": (is_name, "the name of a folder"),
    "unpack": (lambda v: v in ("tar.gz", "tar", "zip", "none"), "tar.gz, tar, zip or none"),
    "file": (is_name, "the name of a file"),
    "files": (lambda v: isinstance(v, dict) and all(is_name(k) and type(s) is int for k, s in v.items()),
              "an object of names of files and their sizes"),
    "in_dataset": (is_name, "the name of a data set"),
    "mean": (are_numbers, "three numbers"),
    "std": (are_numbers, "three numbers"),
}


def parse_item(value, where):
    if not isinstance(value, dict):
        raise Failure(f"{where} is not an object")
    for name, member in value.items():
        if name not in MEMBERS:
            raise Failure(f"{where} has an unknown member {name!r}: use {', '.join(MEMBERS)}")
        good, expected = MEMBERS[name]
        if not good(member):
            raise Failure(f"{where}: {name} must be {expected}")
    for name in ("name", "addresses"):
        if name not in value:
            raise Failure(f"{where} has no {name!r}")
    if ("folder" in value) == ("in_dataset" in value):
        raise Failure(f"{where} must have either 'folder', for a set, or 'in_dataset', for a network")
    if (value.get("unpack") == "none") != ("file" in value):
        raise Failure(f"{where}: 'file' belongs to \"unpack\": \"none\", and that to it")
    return Item(**{name: tuple(member) if isinstance(member, list) else member for name, member in value.items()})


def load(path):
    """The items of a file. Raises Failure, which says where it is wrong."""
    try:
        with open(path, "rb") as file:
            text = file.read(LARGEST_FILE + 1)
        if len(text) > LARGEST_FILE:
            raise Failure(f"{path} is too large for a list of items")
        content = json.loads(text.decode("utf-8"))
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Failure(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("items"), list):
        raise Failure(f"{path} is not an object with a list \"items\"")
    return [parse_item(value, f"{path}: item {i + 1}") for i, value in enumerate(content["items"])]


class Catalogue:
    """All items by name: the bundled ones, and those of the user's files, which replace bundled ones of their name."""

    def __init__(self, files=()):
        self.items = {item.name: item for path in (BUNDLED, *files) for item in load(path)}
        self.groups = {}
        for item in self.items.values():
            for group in (*item.groups, *(["networks"] if item.in_dataset else []), "all"):
                if group in self.items:
                    raise Failure(f"{group} is the name of an item, and of a group of {item.name}")
                self.groups.setdefault(group, []).append(item.name)
