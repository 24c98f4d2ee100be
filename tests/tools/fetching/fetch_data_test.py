#!/usr/bin/env python3
"""Tests of tools/fetch_data against a server on loopback. CTest runs each by its name."""
import fcntl
import gzip
import hashlib
import http.server
import importlib
import io
import os
import pathlib
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = [sys.executable, str(ROOT / "tools" / "fetch_data")]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
SHARED_ISUN = ROOT.parent / "shared" / "data" / "iSUN.tar.gz"


def module(name):
    """One of the program's modules."""
    return importlib.import_module("fetching." + name)


def tar_of(*members, compressed=True):
    """An archive of (name, content) or TarInfo members, content None for a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            name, content = member
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), 1, mtime=0) if compressed else buffer.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def images(count=3, size=1000, folder="LSUN"):
    """An archive as the authors' are, which does not compress."""
    return tar_of((folder, None), *[(f"{folder}/test/{i}.png", os.urandom(size)) for i in range(count)])


class Server(http.server.ThreadingHTTPServer):
    """Answers /NAME with files[NAME], and notes the requests in `seen`: (path, Range header)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.seen = {}, []
        self.etag = '"1"'
        self.ranges = True     # whether parts can be had
        self.cut_after = []    # bytes after which the next answers end
        self.answers = []      # statuses of the next answers; 0: as it should be
        self.content_type = "application/octet-stream"
        self.released = threading.Event()  # ends the waiting of a silent answer

    def address(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def handle_error(self, request, client_address):
        pass  # a client that goes away in the middle


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server = self.server
        server.seen.append((self.path, self.headers.get("Range")))
        status = server.answers.pop(0) if server.answers else 0
        name = self.path[1:]
        if name.startswith("moved/"):
            self.send_response(302)
            self.send_header("Location", server.address(name[6:]))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if status == -1:
            server.released.wait(60)
            status = 500
        if status or name not in server.files:
            self.send_error(status or 404)
            return
        content, begin = server.files[name], 0
        wanted = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        if wanted and server.ranges and condition in (None, server.etag):
            begin = int(wanted[len("bytes="):-1])
            if begin >= len(content):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - begin))
        self.send_header("Content-Type", server.content_type)
        if server.etag:
            self.send_header("ETag", server.etag)
        self.end_headers()
        end = begin + server.cut_after.pop(0) if server.cut_after else len(content)
        self.wfile.write(content[begin:end])
        if end < len(content):
            self.close_connection = True


class FetchData(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data, self.weights = self.folder / "data", self.folder / "weights"
        self.server = Server()
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.released.set)

    def command(self, *arguments):
        return PROGRAM + ["--data-dir", str(self.data), "--weights-dir", str(self.weights), "--pause", "0.01",
                          "--timeout", "20", *arguments]

    def run_program(self, *arguments, prefix=()):
        environment = {**os.environ, "no_proxy": "*"}
        return subprocess.run([*prefix, *self.command(*arguments)], capture_output=True, text=True, timeout=120,
                              env=environment)

    def fetch(self, name, content=None, path=None):
        """Runs fetch_data for one name, whose address is the server's."""
        path = path or f"{name}.tar.gz"
        if content is not None:
            self.server.files[path] = content
        return self.run_program(name, "--url", f"{name}={self.server.address(path)}")

    def assert_fetched(self, result, folder, count):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{self.data / folder}, {count} images", result.stdout)
        self.assertEqual([p.name for p in self.data.iterdir()], [folder])

    def assert_refused(self, result, *parts):
        """Failed with those words, and left nothing behind."""
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        left = [p for p in self.folder.rglob("*") if p not in (self.data, self.weights)]
        self.assertEqual(left, [])

    def pieces(self, archive):
        """What the archive holds, and what was unpacked: the same?"""
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            expected = {m.name: tar.extractfile(m).read() for m in tar if m.isreg()}
        found = {str(p.relative_to(self.data)): p.read_bytes() for p in self.data.rglob("*") if p.is_file()}
        self.assertEqual(sorted(expected), sorted(found))
        self.assertEqual(expected, found)

    # --- what should work ---

    def test_a_set_is_fetched_and_unpacked(self):
        archive = images()
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)
        self.assertEqual(self.server.seen, [("/LSUN.tar.gz", None)])

    def test_the_checksum_that_is_not_known_is_told(self):
        archive = images()
        self.assertIn(hashlib.sha256(archive).hexdigest(), self.fetch("LSUN", archive).stdout)

    def test_the_real_isun_comes_over_a_bad_line(self):  # labels: needs-data
        if not SHARED_ISUN.exists():
            print("[SKIPPED] ../shared/data, the real data, is absent")
            return
        self.server.cut_after = [100_000, 1_000_000, 5]
        self.assert_fetched(self.fetch("iSUN", SHARED_ISUN.read_bytes()), "iSUN", 8925)
        ranges = [wanted for _, wanted in self.server.seen]
        self.assertEqual(ranges, [None, "bytes=100000-", "bytes=1100000-", "bytes=1100005-"])
        self.pieces(SHARED_ISUN.read_bytes())

    def test_cifar_must_be_whole(self):
        unpack = module("unpack")
        cifar = module("items").BY_NAME["cifar10"]
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
        result = subprocess.run([sys.executable, str(self.folder / "bin" / "fetch_data"), "--help"], capture_output=True,
                                text=True, timeout=60)
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

    def test_an_archive_at_hand_is_taken_and_kept(self):
        given = self.folder / "a file.tar.gz"
        given.write_bytes(images())
        self.assert_fetched(self.run_program("LSUN", "--archive", f"LSUN={given}"), "LSUN", 3)
        self.assertTrue(given.exists())
        result = self.run_program("cifar10", "--archive", f"cifar10={given}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("where c32a1d4ab5d03f1284b67883e8d87530 is known", result.stderr)
        self.assertTrue(given.exists())

    def test_what_is_there_is_left_alone(self):
        (self.data / "LSUN").mkdir(parents=True)
        (self.data / "LSUN" / "mine.png").write_bytes(b"mine")
        (self.data / "iSUN").mkdir()  # empty: not there
        self.weights.mkdir()
        (self.weights / "densenet10.h5").write_bytes(b"mine too")
        (self.weights / "densenet100.pth.tar.gz").write_bytes(b"and this")
        result = self.run_program("LSUN", "densenet10", "densenet100")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.count("is there already and left alone"), 3)
        self.assertEqual((self.data / "LSUN" / "mine.png").read_bytes(), b"mine")
        self.assertEqual(sorted(p.name for p in self.folder.rglob("*")),
                         ["LSUN", "data", "densenet10.h5", "densenet100.pth.tar.gz", "iSUN", "mine.png", "weights"])

    def test_an_empty_folder_is_filled(self):
        (self.data / "LSUN").mkdir(parents=True)
        self.assert_fetched(self.fetch("LSUN", images()), "LSUN", 3)

    def test_a_network_is_kept_as_it_is_and_its_conversion_told(self):
        network = gzip.compress(b"a network")
        result = self.fetch("densenet10", network)
        self.assertEqual(result.returncode, 0, result.stderr)
        file = self.weights / "densenet10.pth.tar.gz"
        self.assertEqual(file.read_bytes(), network)
        self.assertIn(f"convert_checkpoint {file} {self.weights}/densenet10.h5 --in-dataset cifar10", result.stdout)
        self.assertEqual([p.name for p in self.weights.iterdir()], [file.name])

    def test_one_that_fails_does_not_stop_the_others(self):
        self.server.files["iSUN_is_not_there"] = b""
        self.server.files["LSUN.tar.gz"] = images()
        result = self.run_program("iSUN", "LSUN", "--url", f"iSUN={self.server.address('gone')}",
                                  "--url", f"LSUN={self.server.address('LSUN.tar.gz')}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("iSUN: ", result.stderr)
        self.assertTrue((self.data / "LSUN" / "test" / "0.png").exists())

    # --- connections that end, servers that fail ---

    def test_a_connection_that_is_cut_goes_on_in_the_same_run(self):
        archive = images(size=100_000)
        self.server.cut_after = [1000, 50_000]
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.assertEqual([r for _, r in self.server.seen], [None, "bytes=1000-", "bytes=51000-"])
        self.pieces(archive)

    def test_the_next_run_goes_on_too(self):
        archive = images(size=100_000)
        self.server.cut_after = [1000]
        self.server.answers = [0, 503, 503, 503, 503, 503]
        result = self.fetch("LSUN", archive)
        self.assertEqual(result.returncode, 1)
        self.assertIn("1000 bytes are kept", result.stderr)
        self.assertIn("503", result.stderr)
        self.server.answers, self.server.seen = [], []
        result = self.fetch("LSUN")
        self.assertIn("going on at byte 1000", result.stdout)
        self.assert_fetched(result, "LSUN", 3)
        self.assertEqual([r for _, r in self.server.seen], ["bytes=1000-"])
        self.pieces(archive)

    def test_a_file_that_has_changed_meanwhile_is_fetched_anew(self):
        self.server.cut_after = [1000]
        self.server.answers = [0] + [500] * 4
        self.assertEqual(self.fetch("LSUN", images(size=100_000)).returncode, 1)
        self.server.etag = '"2"'
        self.server.answers = []
        archive = images(size=90_000)
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)

    def test_a_file_that_has_changed_unnoticed_is_refused_and_then_fetched_anew(self):
        self.server.etag = ""  # nothing by which the server could tell
        self.server.cut_after = [2000]  # into the first image
        self.server.answers = [0] + [500] * 4
        # Not compressed, so that both are of one length.
        first, archive = (gzip.compress(gzip.decompress(images()), 0) for _ in range(2))
        self.assertEqual(len(first), len(archive))
        self.assertEqual(self.fetch("LSUN", first).returncode, 1)
        self.server.answers = []
        self.assert_refused(self.fetch("LSUN", archive), "is damaged")
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)

    def test_a_server_that_gives_no_parts(self):
        archive = images(size=100_000)
        self.server.ranges = False
        self.server.cut_after = [1000]
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)

    def test_another_address_does_not_go_on_with_the_part_of_the_first(self):
        self.server.cut_after = [1000]
        self.server.answers = [0] + [500] * 4
        self.assertEqual(self.fetch("LSUN", images(size=100_000)).returncode, 1)
        self.server.answers = []
        archive = images(size=50_000)
        self.assert_fetched(self.fetch("LSUN", archive, path="elsewhere"), "LSUN", 3)
        self.pieces(archive)

    def test_a_server_that_fails_for_a_while(self):
        self.server.answers = [500, 503, 429]
        self.assert_fetched(self.fetch("LSUN", images()), "LSUN", 3)

    def test_a_silent_server_is_not_waited_for_for_ever(self):
        self.server.answers = [-1] * 4
        self.server.files["LSUN.tar.gz"] = images()
        result = self.run_program("LSUN", "--url", f"LSUN={self.server.address('LSUN.tar.gz')}", "--timeout", "0.2")
        self.assert_refused(result, "timed out")

    def test_interrupted_it_keeps_what_it_has(self):
        self.server.files["LSUN.tar.gz"] = images(size=100_000)
        self.server.cut_after = [1000]
        self.server.answers = [0, -1]
        process = subprocess.Popen(self.command("LSUN", "--url", f"LSUN={self.server.address('LSUN.tar.gz')}"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while len(self.server.seen) < 2:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("interrupted", errors)
        self.assertEqual((self.data / ".fetch" / "LSUN.tar.gz.part").stat().st_size, 1000)

    # --- addresses that lead nowhere ---

    def test_an_address_of_nothing(self):
        result = self.fetch("LSUN", path="gone")
        self.assert_refused(result, "404", "the address is dead", "--url LSUN=", "--archive LSUN=", "make_ood")

    def test_an_address_that_nobody_answers(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{unused.getsockname()[1]}/LSUN.tar.gz"
            result = self.run_program("LSUN", "--url", f"LSUN={address}")
        self.assert_refused(result, address, "Connection refused", "it is dead, or this machine is not connected")

    def test_a_host_that_does_not_exist(self):
        result = self.run_program("LSUN", "--url", "LSUN=http://nowhere.invalid/LSUN.tar.gz")
        self.assert_refused(result, "nowhere.invalid", "cannot be fetched")

    def test_a_web_page_instead_of_the_archive(self):
        self.server.content_type = "text/html"
        for page in (b"<!DOCTYPE html><html>Sorry</html>", b"\n <HTML>", b"\xef\xbb\xbf<!doctype html>"):
            result = self.fetch("LSUN", page)
            self.assert_refused(result, "answers with a web page instead of the file", "--archive LSUN=")
        self.assert_refused(self.fetch("densenet10", page), "a web page")

    def test_an_address_that_is_none(self):
        for address in ("ftp://host/file", "file:///etc/passwd", "LSUN.tar.gz"):
            result = self.run_program("LSUN", "--url", f"LSUN={address}")
            self.assertEqual(result.returncode, 2)
            self.assertIn("no address of http or https", result.stderr)

    # --- files that are not what they should be ---

    def test_a_wrong_checksum(self):
        self.assert_refused(self.fetch("iSUN", images(folder="iSUN")), "sha256", "74c2d220910a65b495611601170a46fc")
        self.assert_refused(self.fetch("cifar10", images()), "md5", "c32a1d4ab5d03f1284b67883e8d87530")
        self.assert_refused(self.fetch("cifar100", images()), "md5", "03b5dce01913d631647c71ecec9e9cb8")

    def test_archives_that_reach_out_of_their_folder(self):
        good = ("LSUN/a.png", b"a")
        for member in [("../evil", b"x"), ("LSUN/../../evil", b"x"), ("/tmp/evil-odin-test", b"x"),
                       ("LSUN\\..\\evil", b"x"), ("LSUN/..", None)]:
            with self.subTest(member[0]):
                self.assert_refused(self.fetch("LSUN", tar_of(good, member)), "a path that leads out of its folder")
                self.assertFalse(os.path.exists("/tmp/evil-odin-test"))

    def test_archives_of_links_and_devices(self):
        good = ("LSUN/a.png", b"a")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            with self.subTest(kind):
                archive = tar_of(good, special("LSUN/b", kind, "/etc/passwd"), ("LSUN/b/c", b"x"))
                self.assert_refused(self.fetch("LSUN", archive), "'LSUN/b', which is neither a plain file nor a folder")

    def test_archives_of_other_shapes(self):
        for members, words in [
                ([("LSUN/a.png", b"a"), ("LSUN/a.png", b"b")], "twice"),
                ([("LSUN/a.png", b"a"), ("LSUN/a.png/b.png", b"b")], "LSUN"),
                ([("LSUN/a.png", b"a"), ("other/a.png", b"b")], "where one folder is expected"),
                ([("a.png", b"a")], "where one folder is expected"),
                ([("LSUN", None)], "it holds no file"),
                ([("LSUN/a.txt", b"a")], "it holds no PNG or JPEG image"), ([], "it holds no file")]:
            with self.subTest(words):
                self.assert_refused(self.fetch("LSUN", tar_of(*members)), words)

    def test_archives_that_want_too_much(self):
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
        self.assert_refused(self.fetch("LSUN", gzip.compress(folder.tobuf() * 50_001, 1)), "more than 50000 files")

    def test_damaged_archives(self):
        archive = images(size=5000)
        inner = gzip.decompress(archive)
        wrong_checksum = bytearray(archive)
        wrong_checksum[-8] ^= 1
        for damaged in (archive[:-1], archive[:7000], archive[:20], bytes(wrong_checksum), inner, b"", b"not an archive",
                        gzip.compress(inner[:6000]), gzip.compress(b"not a tar" * 100)):
            self.assert_refused(self.fetch("LSUN", damaged), "LSUN.tar.gz is not unpacked", "damaged")

    def test_files_of_mac_os_and_a_folder_of_another_name(self):
        archive = tar_of(("./._LSUN", b"x"), ("./old_name/", None), ("./old_name/._a.png", b"x"), ("./old_name/a.png", b"a"))
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 1)
        self.assertEqual([p.name for p in (self.data / "LSUN").iterdir()], ["a.png"])

    def test_modes_of_files_are_not_taken_over(self):
        info = tarfile.TarInfo("LSUN/a.png")
        info.mode = 0o6777
        self.assert_fetched(self.fetch("LSUN", tar_of(info)), "LSUN", 1)
        self.assertEqual((self.data / "LSUN" / "a.png").stat().st_mode & 0o7111, 0)

    def test_networks_that_are_none(self):
        network = gzip.compress(os.urandom(5000))
        self.assert_refused(self.fetch("densenet10", network[:-9]), "damaged")
        self.assert_refused(self.fetch("densenet10", b"neither"), "no file that torch.save writes")

    def test_the_same_network_for_two(self):
        network = gzip.compress(b"wideresnet10, as it happens")
        self.assertEqual(self.fetch("wideresnet10", network).returncode, 0)
        result = self.fetch("wideresnet100", network)
        self.assertEqual(result.returncode, 1)
        self.assertIn("wideresnet10.pth.tar.gz once more", result.stderr)
        self.assertEqual([p.name for p in self.weights.iterdir()], ["wideresnet10.pth.tar.gz"])

    # --- the machine ---

    def test_a_full_disk(self):
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

    def test_a_folder_that_cannot_be_made(self):
        self.data.write_bytes(b"a file")
        result = self.fetch("LSUN", images())
        self.assertEqual(result.returncode, 1)
        self.assertIn("fetch_data: LSUN: ", result.stderr)
        self.assertNotIn("Traceback", result.stderr)
        self.assertEqual(self.data.read_bytes(), b"a file")

    def test_two_at_once(self):
        (self.data / ".fetch").mkdir(parents=True)
        lock = os.open(self.data / ".fetch", os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = self.fetch("LSUN", images())
        self.assertEqual(result.returncode, 1)
        self.assertIn("another fetch_data is at work", result.stderr)
        self.assertEqual(self.server.seen, [])

    def test_wrong_usage(self):
        for arguments in ([], ["nothing"], ["LSUN", "--url", "x=http://y"], ["LSUN", "--archive", "LSUN="],
                          ["LSUN", "--archive"], ["LSUN", "--timeout", "nan"], ["LSUN", "--timeout", "0"],
                          ["LSUN", "--pause", "-1"], ["LSUN", "--pause", "soon"]):
            self.assertEqual(self.run_program(*arguments).returncode, 2)
        self.assertIn("Imagenet_resize", self.run_program("nothing").stderr)
        self.assertEqual(self.run_program("--help").returncode, 0)

    def test_the_names_and_folders_are_those_of_odin_eval(self):
        names = (ROOT / "eval" / "paper" / "benchmark_names.cpp").read_text(encoding="utf-8")
        for item in module("items").ITEMS:
            self.assertIn(f'"{item.name}"', names)
            self.assertIn(f'"{item.folder or item.name + ".h5"}"', names)


if __name__ == "__main__":
    unittest.main()
