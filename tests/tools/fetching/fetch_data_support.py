"""What the tests of tools/fetch_data share: a server on loopback, archives, and a test case that has both."""
import gzip
import http.server
import importlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUNDLED = ROOT / "tools/fetching/items.json"
PROGRAM = [sys.executable, str(ROOT / "tools" / "fetch_data")]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))


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
        self.trickling = ()    # names whose content comes byte by byte
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
        if name in server.trickling:
            for at in range(len(content)):
                if server.released.wait(0.05):
                    break
                self.wfile.write(content[at:at + 1])
            self.close_connection = True
            return
        end = begin + server.cut_after.pop(0) if server.cut_after else len(content)
        self.wfile.write(content[begin:end])
        if end < len(content):
            self.close_connection = True


class FetchDataCase(unittest.TestCase):
    """Runs fetch_data with fresh folders and a server. Only CIFAR's and iSUN's items keep their checksums."""
    maxDiff = None
    checked = ("cifar10", "cifar100", "iSUN")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data, self.weights = self.folder / "data", self.folder / "weights"
        elsewhere = tempfile.TemporaryDirectory()
        self.addCleanup(elsewhere.cleanup)
        self.items = pathlib.Path(elsewhere.name) / "items.json"
        items = json.loads(BUNDLED.read_text(encoding="utf-8"))["items"]
        self.write_items([item if item["name"] in self.checked else {**item, "checksum": ""} for item in items])
        self.server = Server()
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.released.set)

    def write_items(self, items):
        self.items.write_text(json.dumps({"items": items}), encoding="utf-8")

    def command(self, *arguments):
        return PROGRAM + ["--items", str(self.items), "--data-dir", str(self.data), "--weights-dir", str(self.weights),
                          "--pause", "0.01", "--timeout", "20", *arguments]

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
