#!/usr/bin/env python3
"""Tests of tools/fetch_data: archives and networks that are not what they should be. CTest runs each by its name."""
import gzip
import os
import tarfile
import unittest

from fetch_data_support import FetchDataCase, images, special, tar_of


class Archive(FetchDataCase):
    def test_a_wrong_checksum_is_refused(self):
        self.assert_refused(self.fetch("iSUN", images(folder="iSUN")), "sha256", "74c2d220910a65b495611601170a46fc")
        self.assert_refused(self.fetch("cifar10", images()), "md5", "c32a1d4ab5d03f1284b67883e8d87530")
        self.assert_refused(self.fetch("cifar100", images()), "md5", "03b5dce01913d631647c71ecec9e9cb8")

    def test_paths_out_of_the_folder_are_refused(self):
        good = ("LSUN/a.png", b"a")
        for member in [("../evil", b"x"), ("LSUN/../../evil", b"x"), ("/tmp/evil-odin-test", b"x"),
                       ("LSUN\\..\\evil", b"x"), ("LSUN/..", None)]:
            with self.subTest(member[0]):
                self.assert_refused(self.fetch("LSUN", tar_of(good, member)), "a path that leads out of its folder")
                self.assertFalse(os.path.exists("/tmp/evil-odin-test"))

    def test_links_and_devices_are_refused(self):
        good = ("LSUN/a.png", b"a")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            with self.subTest(kind):
                archive = tar_of(good, special("LSUN/b", kind, "/etc/passwd"), ("LSUN/b/c", b"x"))
                self.assert_refused(self.fetch("LSUN", archive), "'LSUN/b', which is neither a plain file nor a folder")

    def test_archives_with_another_structure_are_refused(self):
        for members, words in [
                ([("LSUN/a.png", b"a"), ("LSUN/a.png", b"b")], "twice"),
                ([("LSUN/a.png", b"a"), ("LSUN/a.png/b.png", b"b")], "LSUN"),
                ([("LSUN/a.png", b"a"), ("other/a.png", b"b")], "; one folder is expected"),
                ([("a.png", b"a")], "; one folder is expected"),
                ([("LSUN", None)], "it holds no file"),
                ([("LSUN/a.txt", b"a")], "it holds no PNG or JPEG image"), ([], "it holds no file")]:
            with self.subTest(words):
                self.assert_refused(self.fetch("LSUN", tar_of(*members)), words)

    def test_archives_that_unpack_to_too_much_are_refused(self):
        huge = tarfile.TarInfo("LSUN/a.png")
        huge.size = 5 << 30
        self.assert_refused(self.fetch("LSUN", gzip.compress(huge.tobuf())), "more than 4294967296 bytes")
        negative = tarfile.TarInfo("LSUN/a.png")
        negative.size = -1536  # back to before its own header
        self.assert_refused(self.fetch("LSUN", gzip.compress(negative.tobuf(tarfile.GNU_FORMAT) * 3)), "LSUN.tar.gz")
        header = tarfile.TarInfo("LSUN/pax")
        header.type, header.size = tarfile.XHDTYPE, 3 << 30
        self.assert_refused(self.fetch("LSUN", gzip.compress(header.tobuf())), "a header of 3221225472 bytes")
        folder = tarfile.TarInfo("LSUN")
        folder.type = tarfile.DIRTYPE
        self.assert_refused(self.fetch("LSUN", gzip.compress(folder.tobuf() * 250_001, 1)), "more than 250000 files")

    def test_damaged_archives_are_refused(self):
        archive = images(size=5000)
        inner = gzip.decompress(archive)
        wrong_checksum = bytearray(archive)
        wrong_checksum[-8] ^= 1
        for damaged in (archive[:-1], archive[:7000], archive[:20], bytes(wrong_checksum), inner, b"",
                        b"not an archive", gzip.compress(inner[:6000]), gzip.compress(b"not a tar" * 100)):
            self.assert_refused(self.fetch("LSUN", damaged), "LSUN.tar.gz is not unpacked", "damaged")

    def test_mac_os_files_are_ignored_and_the_folder_is_renamed(self):
        archive = tar_of(("./._LSUN", b"x"), ("./old_name/", None), ("./old_name/._a.png", b"x"),
                         ("./old_name/a.png", b"a"))
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 1)
        self.assertEqual([p.name for p in (self.data / "LSUN").iterdir()], ["a.png"])

    def test_file_modes_are_not_taken_from_the_archive(self):
        info = tarfile.TarInfo("LSUN/a.png")
        info.mode = 0o6777
        self.assert_fetched(self.fetch("LSUN", tar_of(info)), "LSUN", 1)
        self.assertEqual((self.data / "LSUN" / "a.png").stat().st_mode & 0o7111, 0)

    def test_files_that_are_not_networks_are_refused(self):
        network = gzip.compress(os.urandom(5000))
        self.assert_refused(self.fetch("densenet10", network[:-9]), "damaged")
        self.assert_refused(self.fetch("densenet10", b"neither"), "is not a file that torch.save wrote")

    def test_the_same_file_for_two_networks_is_refused(self):
        network = gzip.compress(b"wideresnet10, as it happens")
        self.assertEqual(self.fetch("wideresnet10", network).returncode, 0)
        result = self.fetch("wideresnet100", network)
        self.assertEqual(result.returncode, 1)
        self.assertIn("it is the same file as wideresnet10.pth.tar.gz", result.stderr)
        self.assertEqual([p.name for p in self.weights.iterdir()], ["wideresnet10.pth.tar.gz"])


if __name__ == "__main__":
    unittest.main()
