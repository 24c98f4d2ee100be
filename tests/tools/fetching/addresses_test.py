#!/usr/bin/env python3
"""Tests of tools/fetch_data: items with several addresses, and lists of items. CTest runs each by its name."""
import gzip
import hashlib
import io
import json
import os
import tarfile
import unittest
import zipfile

from fetch_data_support import BUNDLED, FetchDataCase, images, module, special, tar_of

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
PAGE = b"<!DOCTYPE html><html><title>Google Drive - Virus scan warning</title></html>"
NETWORK = b"\x80\x02 a network"


def zip_of(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def small_file_for(item):
    """What an item's addresses could send: small, and of its form."""
    if item.in_dataset:
        return NETWORK + item.name.encode()
    if item.unpack == "none":
        return b"MATLAB 5.0 " + item.name.encode()
    members = [(f"{item.folder}/{name}", bytes(size)) for name, size in item.files.items()]
    members = members or [(f"{item.folder}/a/{i}.png", os.urandom(500)) for i in range(3)]
    if item.unpack == "zip":
        return zip_of(*members)
    return tar_of(*members, compressed=item.unpack == "tar.gz")


class Addresses(FetchDataCase):
    def item(self, name, addresses, content=None, **members):
        """The list of items becomes this one item, with the content's checksum."""
        value = {"name": name, "addresses": [self.server.address(a) for a in addresses], **members}
        if content is not None:
            value["checksum"] = "sha256:" + hashlib.sha256(content).hexdigest()
        self.write_items([value])

    def test_every_item_arrives_past_addresses_that_are_slow_cut_off_moved_and_lying(self):
        for item in module("items").Catalogue().items.values():
            with self.subTest(item.name):
                if item.files:  # CIFAR's files are large: the check of their sizes has a test of its own
                    item = module("items").Item(**{**item.__dict__, "files": {}})
                content = small_file_for(item)
                name = item.stored_as(item.addresses[0])
                good, cut, lie, page, pointer, slow = (f"{kind}/{name}" for kind in (
                    "good", "cut", "lie", "page", "pointer", "slow"))
                self.server.files = {good: content, cut: content, lie: content[:-1] + b"?", page: PAGE,
                                     pointer: POINTER, slow: content}
                self.server.trickling = (slow,)
                self.server.seen.clear()
                self.server.cut_after = [10, 0, 0]  # for the first address
                wanted = ("folder", "unpack", "file") if item.folder else ("in_dataset",)
                members = {k: v for k, v in item.__dict__.items() if k in wanted and v}
                addresses = [cut, f"gone/{name}", lie, page, pointer, slow, f"moved/{good}"]
                self.item(item.name, addresses, content, **members)
                result = self.run_program(item.name, "--timeout", "0.2")
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
                for reason in ("too early", "404", "is expected: it is damaged, or a different file", "a web page",
                               "a pointer of Git LFS", "too slow"):
                    self.assertIn(reason, result.stdout)
                self.assertEqual(result.stdout.count("trying the next address"), 6)
                self.assertEqual(result.stderr, "")

    def test_the_first_good_address_is_used_alone(self):
        archive = images()
        self.server.files["a/LSUN.tar.gz"] = archive
        self.item("LSUN", ["a/LSUN.tar.gz", "b/LSUN.tar.gz"], archive, folder="LSUN")
        self.assert_fetched(self.run_program("LSUN"), "LSUN", 3)
        self.assertEqual([path for path, _ in self.server.seen], ["/a/LSUN.tar.gz"])

    def test_a_part_from_one_address_does_not_spoil_the_next(self):
        archive = images(size=5000)
        other = os.urandom(len(archive))
        self.server.files = {"a/LSUN.tar.gz": other, "b/LSUN.tar.gz": archive}
        self.server.cut_after = [4000, 0, 0]
        self.item("LSUN", ["a/LSUN.tar.gz", "b/LSUN.tar.gz"], archive, folder="LSUN")
        self.assert_fetched(self.run_program("LSUN"), "LSUN", 3)
        self.assertEqual(self.server.seen[-1], ("/b/LSUN.tar.gz", None))

    def test_when_no_address_is_good_each_is_told(self):
        self.server.files["b/LSUN.tar.gz"] = PAGE
        self.item("LSUN", ["a/LSUN.tar.gz", "b/LSUN.tar.gz"], b"x", folder="LSUN")
        result = self.run_program("LSUN")
        self.assert_refused(result, "none of its 2 addresses is good", "a/LSUN.tar.gz answers 404",
                            "b/LSUN.tar.gz sends a web page", "--archive LSUN=FILE")

    def test_without_a_checksum_an_archive_that_is_none_leads_on_too(self):
        self.server.files = {"a/LSUN.tar.gz": os.urandom(3000), "b/LSUN.tar.gz": images()}
        self.item("LSUN", ["a/LSUN.tar.gz", "b/LSUN.tar.gz"], folder="LSUN")
        self.assert_fetched(self.run_program("LSUN"), "LSUN", 3)

    def test_an_address_of_the_users_is_the_only_one(self):
        self.item("LSUN", ["a/LSUN.tar.gz"], b"x", folder="LSUN")
        result = self.run_program("LSUN", "--url", "LSUN=" + self.server.address("mine"))
        self.assert_refused(result, "mine answers 404")
        self.assertEqual([path for path, _ in self.server.seen], ["/mine"])

    def test_a_gzipped_network_has_the_checksum_of_what_it_holds(self):
        for archive in (gzip.compress(NETWORK), tar_of(("net.pth", NETWORK))):
            self.server.files["net.pth.tar.gz"] = archive
            self.item("net", ["net.pth.tar.gz"], NETWORK, in_dataset="cifar10")
            result = self.run_program("net")
            self.assertEqual(result.returncode, 0, result.stderr)
            (self.weights / "net.pth.tar.gz").unlink()
        self.server.files["net.pth.tar.gz"] = gzip.compress(NETWORK + b"?")
        self.assert_refused(self.run_program("net"), "is expected: it is damaged, or a different file")

    def test_the_normalisation_of_a_network_is_in_its_conversion(self):
        self.server.files["net.pth.tar"] = NETWORK
        self.item("net", ["net.pth.tar"], NETWORK, in_dataset="cifar10", mean=[0.5, 0.25, 0.125], std=[0.2, 0.2, 0.1])
        result = self.run_program("net")
        self.assertIn(f"convert_checkpoint {self.weights}/net.pth.tar {self.weights}/net.h5 --in-dataset cifar10 "
                      "--mean 0.5 0.25 0.125 --std 0.2 0.2 0.1\n", result.stdout)

    def test_hostile_zip_and_tar_archives_are_refused(self):
        link = zipfile.ZipInfo("set/link.png")
        link.external_attr = 0o120777 << 16
        bomb = zip_of(("set/a.png", bytes(5_000_000)))
        hidden = bomb.replace((5_000_000).to_bytes(4, "little"), (500).to_bytes(4, "little"))
        for how, archive, reason in (
                ("zip", zip_of(("set/../../a.png", b"x")), "a path that leads out"),
                ("zip", zip_of(("/set/a.png", b"x")), "a path that leads out"),
                ("zip", zip_of(("set/a.png", b"x"), (link, b"/etc/passwd")), "neither a plain file nor a folder"),
                ("zip", zip_of(("set/a.png", b"x"), ("other/b.png", b"x")), "one folder is expected"),
                ("zip", hidden, "is not unpacked"),
                ("zip", bomb[:-30], "it is damaged, or not a ZIP archive"),
                ("zip", b"PK\x03\x04 not at all", "it is damaged, or not a ZIP archive"),
                ("tar", tar_of(("set/../a.png", b"x"), compressed=False), "a path that leads out"),
                ("tar", tar_of(("set/a.png", b"x"), special("set/b", tarfile.SYMTYPE, "/etc"), compressed=False),
                 "neither a plain file nor a folder"),
                ("tar", b"not a tar", "it is damaged, or not a TAR archive")):
            with self.subTest(reason + how):
                self.server.files["set"] = archive
                self.item("set", ["set"], archive, folder="set", unpack=how)
                self.assert_refused(self.run_program("set"), reason)

    def test_the_list_says_what_is_there(self):
        (self.data / "iSUN").mkdir(parents=True)
        (self.data / "iSUN/a.png").write_bytes(b"x")
        self.weights.mkdir()
        (self.weights / "densenet10.h5").write_bytes(b"x")
        (self.weights / "densenet100.pth").write_bytes(b"x")
        result = self.run_program("--list")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = {line.split()[0]: line for line in result.stdout.splitlines() if line}
        self.assertRegex(lines["iSUN"], r"iSUN +yes$")
        self.assertRegex(lines["LSUN"], r"LSUN +no$")
        self.assertRegex(lines["densenet10"], r" yes$")
        self.assertRegex(lines["densenet100"], r" convert$")
        self.assertRegex(lines["cifar10"], r"CIFAR-10 +170 MB +cifar-10-batches-bin +no$")
        table = result.stdout.split("\n\n")[0]
        self.assertLess(max(map(len, table.splitlines())), 81)
        self.assertEqual(len(table.splitlines()), 1 + len(json.loads(BUNDLED.read_text(encoding="utf-8"))["items"]))

    def test_a_wrong_list_of_items_is_refused_with_the_place(self):
        good = {"name": "a", "addresses": ["http://x/a"], "folder": "a"}
        for content, reason in (
                (b"{", "is not JSON"), (b"\xff", "is not JSON"), (b"[" * 100_000, "is not JSON"),
                ([], 'is not an object with a list "items"'),
                ({"items": [3]}, "item 1 is not an object"),
                ({"items": [{**good, "adress": 1}]}, "item 1 has an unknown member 'adress'"),
                ({"items": [{"name": "a", "folder": "a"}]}, "item 1 has no 'addresses'"),
                ({"items": [good, {**good, "name": "../a"}]}, "item 2: name must be a name of letters"),
                ({"items": [{**good, "folder": "../a"}]}, "folder must be the name of a folder"),
                ({"items": [{**good, "addresses": []}]}, "addresses must be a list of http or https addresses"),
                ({"items": [{**good, "addresses": ["file:///etc/passwd"]}]}, "addresses must be a list of http"),
                ({"items": [{**good, "checksum": "md5:12"}]}, "checksum must be md5:... or sha256:..."),
                ({"items": [{**good, "in_dataset": "b"}]}, "must have either 'folder', for a set, or 'in_dataset'"),
                ({"items": [{**good, "unpack": "none"}]}, "'file' belongs to"),
                ({"items": [{**good, "files": {"../b": 1}}]}, "files must be an object of names"),
                ({"items": [{**good, "name": "all"}]}, "all is the name of an item, and of a group")):
            with self.subTest(reason):
                self.items.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
                result = self.run_program("--list")
                self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
                self.assertIn(reason, result.stderr)
                self.assertNotIn("Traceback", result.stderr)
        self.items.unlink()
        self.assertIn("cannot be read: No such file", self.run_program("--list").stderr)


if __name__ == "__main__":
    unittest.main()
