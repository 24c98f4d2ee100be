#!/usr/bin/env python3
"""Tests of tools/fetch_data: what it fetches, the machine it runs on, and its usage. CTest runs each by its name."""
import fcntl
import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest
import urllib.request

from fetch_data_support import PROGRAM, ROOT, FetchDataCase, images, module

SHARED_ISUN = ROOT.parent / "shared" / "data" / "iSUN.tar.gz"


class FetchData(FetchDataCase):
    def test_a_set_is_fetched_and_unpacked(self):
        archive = images()
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)
        self.assertEqual(self.server.seen, [("/LSUN.tar.gz", None)])

    def test_an_unknown_checksum_is_printed(self):
        archive = images()
        self.assertIn(hashlib.sha256(archive).hexdigest(), self.fetch("LSUN", archive).stdout)

    def test_the_real_isun_arrives_over_a_bad_line(self):  # labels: needs-data
        if not SHARED_ISUN.exists():
            print("[SKIPPED] ../shared/data, the real data, is absent")
            return
        self.server.cut_after = [100_000, 1_000_000, 5]
        self.assert_fetched(self.fetch("iSUN", SHARED_ISUN.read_bytes()), "iSUN", 8925)
        ranges = [wanted for _, wanted in self.server.seen]
        self.assertEqual(ranges, [None, "bytes=100000-", "bytes=1100000-", "bytes=1100005-"])
        self.pieces(SHARED_ISUN.read_bytes())

    def test_cifar_must_be_complete(self):
        unpack = module("unpack")
        cifar = module("items").Catalogue().items["cifar10"]
        for name, size in cifar.files.items():
            with open(self.folder / name, "wb") as file:
                file.truncate(size)
        self.assertEqual(unpack.check_content(cifar, self.folder), "6 files")
        os.truncate(self.folder / "test_batch.bin", 30_729_999)
        with self.assertRaisesRegex(module("items").Failure, "test_batch.bin has 30729999 bytes, not 30730000"):
            unpack.check_content(cifar, self.folder)
        (self.folder / "test_batch.bin").unlink()
        with self.assertRaisesRegex(module("items").Failure, "test_batch.bin is missing"):
            unpack.check_content(cifar, self.folder)

    def test_it_runs_where_it_is_installed(self):
        shutil.copytree(ROOT / "tools" / "fetching", self.folder / "share" / "odin" / "fetching")
        (self.folder / "bin").mkdir()
        shutil.copy(PROGRAM[1], self.folder / "bin")
        program = [sys.executable, str(self.folder / "bin" / "fetch_data"), "--help"]
        result = subprocess.run(program, capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Imagenet_resize", result.stdout)

    def test_a_redirection_is_followed(self):
        self.server.files["LSUN.tar.gz"] = images()
        self.assert_fetched(self.fetch("LSUN", path="moved/LSUN.tar.gz"), "LSUN", 3)

    def test_a_redirection_to_a_plain_address_is_not(self):
        handler = module("download").SafeRedirects()
        secure = urllib.request.Request("https://host/file")
        with self.assertRaisesRegex(module("items").Failure, "which is not encrypted"):
            handler.redirect_request(secure, None, 302, "Found", {}, "http://host/file")
        self.assertEqual(handler.redirect_request(secure, None, 302, "Found", {}, "https://b/").full_url, "https://b/")

    def test_a_local_archive_is_used_and_kept(self):
        given = self.folder / "a file.tar.gz"
        given.write_bytes(images())
        self.assert_fetched(self.run_program("LSUN", "--archive", f"LSUN={given}"), "LSUN", 3)
        self.assertTrue(given.exists())
        result = self.run_program("cifar10", "--archive", f"cifar10={given}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("but c32a1d4ab5d03f1284b67883e8d87530 is expected", result.stderr)
        self.assertTrue(given.exists())

    def test_existing_sets_and_networks_are_left_alone(self):
        (self.data / "LSUN").mkdir(parents=True)
        (self.data / "LSUN" / "mine.png").write_bytes(b"mine")
        (self.data / "iSUN").mkdir()  # empty: not there
        self.weights.mkdir()
        (self.weights / "densenet10.h5").write_bytes(b"mine too")
        (self.weights / "densenet100.pth.tar.gz").write_bytes(b"and this")
        result = self.run_program("LSUN", "densenet10", "densenet100")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count("exists already"), 3)
        self.assertEqual((self.data / "LSUN" / "mine.png").read_bytes(), b"mine")
        self.assertEqual(sorted(p.name for p in self.folder.rglob("*")),
                         ["LSUN", "data", "densenet10.h5", "densenet100.pth.tar.gz", "iSUN", "mine.png", "weights"])

    def test_an_empty_folder_is_filled(self):
        (self.data / "LSUN").mkdir(parents=True)
        self.assert_fetched(self.fetch("LSUN", images()), "LSUN", 3)

    def test_a_network_is_stored_unchanged_and_its_conversion_is_printed(self):
        network = gzip.compress(b"a network")
        result = self.fetch("densenet10", network)
        self.assertEqual(result.returncode, 0, result.stderr)
        file = self.weights / "densenet10.pth.tar.gz"
        self.assertEqual(file.read_bytes(), network)
        self.assertIn(f"convert_checkpoint {file} {self.weights}/densenet10.h5 --in-dataset cifar10", result.stdout)
        self.assertEqual([p.name for p in self.weights.iterdir()], [file.name])

    def test_a_failure_does_not_stop_the_others(self):
        self.server.files["iSUN_is_not_there"] = b""
        self.server.files["LSUN.tar.gz"] = images()
        result = self.run_program("iSUN", "LSUN", "--url", f"iSUN={self.server.address('gone')}",
                                  "--url", f"LSUN={self.server.address('LSUN.tar.gz')}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("iSUN: ", result.stderr)
        self.assertTrue((self.data / "LSUN" / "test" / "0.png").exists())

    def test_a_full_disk_is_reported_and_what_was_fetched_is_kept(self):
        archive = images(count=4, size=100_000)
        self.server.files["LSUN.tar.gz"] = archive
        self.data.mkdir()
        fetch = shlex.join(self.command("LSUN", "--url", f"LSUN={self.server.address('LSUN.tar.gz')}"))
        data = shlex.quote(str(self.data))

        def on_disk(script):
            script = f"mount -t tmpfs -o size=200k none {data} && {{ {script}; }}"
            return subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True,
                                  text=True, timeout=120, env={**os.environ, "no_proxy": "*"})

        if on_disk("true").returncode != 0:
            print("[SKIPPED] no small disk can be mounted")
            return
        grow = f"mount -o remount,size=%s {data}"
        # Too small for the archive, then for what it unpacks to, then large enough.
        result = on_disk(f"{fetch}; echo $?; ls -A {data}; {grow % '600k'}; {fetch}; echo $?; ls -A {data}; "
                         f"{grow % '4m'}; {fetch}; echo $?; ls -A {data}")
        lines = [line for line in result.stdout.splitlines() if not line.startswith("LSUN: ")]
        self.assertEqual(lines, ["1", ".fetch", "1", ".fetch", "0", "LSUN"], result.stdout + result.stderr)
        self.assertEqual(result.stderr.count("No space left on device; what was fetched is kept"), 2, result.stderr)
        first, second = self.server.seen
        self.assertIsNone(first[1])
        self.assertRegex(second[1], r"^bytes=\d+-$")

    def test_a_folder_that_cannot_be_made_is_an_error(self):
        self.data.write_bytes(b"a file")
        result = self.fetch("LSUN", images())
        self.assertEqual(result.returncode, 1)
        self.assertIn("fetch_data: LSUN: ", result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertEqual(self.data.read_bytes(), b"a file")

    def test_a_second_fetch_data_in_the_same_folder_is_refused(self):
        (self.data / ".fetch").mkdir(parents=True)
        lock = os.open(self.data / ".fetch", os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = self.fetch("LSUN", images())
        self.assertEqual(result.returncode, 1)
        self.assertIn("another fetch_data is at work", result.stderr)
        self.assertEqual(self.server.seen, [])

    def test_wrong_usage_has_exit_status_2(self):
        for arguments in ([], ["nothing"], ["LSUN", "--url", "x=http://y"], ["LSUN", "--archive", "LSUN="],
                          ["LSUN", "--archive"], ["LSUN", "--timeout", "nan"], ["LSUN", "--timeout", "0"],
                          ["LSUN", "--pause", "-1"], ["LSUN", "--pause", "soon"]):
            self.assertEqual(self.run_program(*arguments).returncode, 2)
        self.assertIn("Imagenet_resize", self.run_program("nothing").stderr)
        self.assertEqual(self.run_program("--help").returncode, 0)

    def test_what_odin_eval_tells_to_fetch_is_there(self):
        items = module("items").Catalogue().items
        published = ROOT / "eval/published"
        networks = re.findall(r'^    \{"(\w+)", ', (published / "networks.cpp").read_text(encoding="utf-8"), re.M)
        self.assertEqual([n for n, i in items.items() if i.in_dataset], networks)
        for path in (published / "benchmarks").glob("*.json"):
            for benchmark_set in json.loads(path.read_text(encoding="utf-8"))["sets"]:
                if "fetch" in benchmark_set:
                    folders = [place.partition(":")[2].split("/")[0] for place in benchmark_set["places"]]
                    self.assertIn(items[benchmark_set["fetch"]].folder, folders)


if __name__ == "__main__":
    unittest.main()
