"""Downloads that continue where they were cut off."""
import contextlib
import http.client
import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request

from fetching.items import Failure

CHUNK = 1 << 18
TRIES = 4  # in a row that receive nothing
IMPATIENT_TRIES = 2  # the same, where another address is left
SLOWEST = 1000  # bytes per second, over as long as the timeout; slower is like silent
MOST_BYTES = 4 << 30  # of one file


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but not from an encrypted address to a plain one."""

    def redirect_request(self, request, file, code, message, headers, address):
        if request.full_url.startswith("https:") and not address.startswith("https:"):
            raise Failure(f"{request.full_url} leads to {address}, which is not encrypted")
        return super().redirect_request(request, file, code, message, headers, address)


class Partial:
    """An unfinished download: NAME.part, and NAME.part.json, which shows whether the server still has the same file."""

    def __init__(self, target, address):
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")
        self.target, self.address = target, address

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def known(self):
        """The note about the existing part, or {} if it came from another address."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            return note if isinstance(note, dict) and note.get("address") == self.address else {}
        except (OSError, ValueError):
            return {}

    def remember(self, validator, total):
        self.note.write_text(json.dumps({"address": self.address, "validator": validator, "total": total}),
                             encoding="utf-8")

    def discard(self):
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def finish(self):
        os.replace(self.path, self.target)
        self.note.unlink(missing_ok=True)


def looks_like_a_page(start):
    """Whether a file that starts like this is HTML, which file hosts send when a file is gone."""
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml"))


def is_pointer(start):
    """Whether a file that starts like this is what Git LFS keeps in place of a large file."""
    return start.startswith(b"version https://git-lfs.github.com/spec/")


class TooSlow(Exception):
    """A server sends, but so slowly that it is as good as silent."""


class Pace:
    """Raises TooSlow where a server sends, but hardly anything."""

    def __init__(self, timeout):
        self.timeout, self.since, self.received = timeout, time.monotonic(), 0

    def note(self, count):
        self.received += count
        elapsed = time.monotonic() - self.since
        if elapsed < self.timeout:
            return
        if self.received < SLOWEST * elapsed:
            raise TooSlow(f"it sent {self.received} bytes in {elapsed:.0f} seconds, which is too slow")
        self.since, self.received = time.monotonic(), 0


def whole_size(response):
    """The size of the whole file, not of the part that is sent; None if the server does not say."""
    if response.status == 206:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        total = response.headers.get("Content-Length", "")
    return int(total) if total.isdigit() else None


def begins_at(response):
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else None


def receive(part, name, timeout):
    """One try. Returns True if the file is complete, and False if the connection ended too early."""
    known, size = part.known(), part.size()
    if not known:
        part.discard()
        size = 0
    headers = {"User-Agent": "odin fetch_data", "Accept-Encoding": "identity"}
    if size > 0:
        headers["Range"] = f"bytes={size}-"
        if known.get("validator"):
            headers["If-Range"] = known["validator"]
    request = urllib.request.Request(part.address, headers=headers)
    opener = urllib.request.build_opener(SafeRedirects)
    try:
        response = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is already the whole file, or the file has changed
            if size > 0 and size == known.get("total"):
                return True
            part.discard()
            return False
        raise
    with response:
        total = whole_size(response)
        if total is not None and total > MOST_BYTES:
            raise Failure(f"{part.address} sends {total} bytes; at most {MOST_BYTES} are accepted")
        resumed = response.status == 206 and begins_at(response) == size and total == known.get("total")
        if response.status == 206 and not resumed:
            part.discard()
            return False
        if not resumed:
            size = 0
            etag = response.headers.get("ETag", "")
            weak = etag.startswith("W/")  # not valid for ranges
            part.remember(etag if etag and not weak else response.headers.get("Last-Modified", ""), total)
        pace = Pace(timeout)
        with open(part.path, "ab" if resumed else "wb") as file, progress(name, total) as show:
            while True:
                try:
                    chunk = response.read1(CHUNK)
                except http.client.IncompleteRead as error:
                    chunk = error.partial
                if not chunk:
                    break
                if size == 0 and looks_like_a_page(chunk):
                    part.discard()
                    raise Failure(f"{part.address} sends a web page instead of the file")
                if size == 0 and is_pointer(chunk):
                    part.discard()
                    raise Failure(f"{part.address} sends a pointer of Git LFS instead of the file")
                pace.note(len(chunk))
                size += len(chunk)
                if size > MOST_BYTES:
                    part.discard()
                    raise Failure(f"{part.address} sends more than the accepted {MOST_BYTES} bytes")
                file.write(chunk)
                show(size)
    return total is None or size == total


@contextlib.contextmanager
def progress(name, total):
    """Yields a function that shows, on a terminal, how many bytes have arrived."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "") in ("", "dumb")
    drawn = sys.stderr.isatty() and not plain
    of = f" of {total / 1e6:.1f}" if total else ""

    def show(size):
        if drawn:
            columns = os.get_terminal_size(sys.stderr.fileno()).columns or 80  # a window changes its size
            line = f"{name}: {size / 1e6:.1f}{of} MB "
            room = min(columns - len(line) - 4, 50)
            if total and room >= 10:
                full = min(room * size // total, room)
                line = f"[{'#' * full}{' ' * (room - full)}] {line}"
            print("\r" + line[max(0, len(line) - columns + 1):], end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if drawn:
            print(file=sys.stderr)


def download(name, address, target, timeout, pause, patient=True):
    """Downloads to `target`. Gives up after some tries without a byte; waits `pause` seconds, then twice that."""
    tries = TRIES if patient else IMPATIENT_TRIES
    part = Partial(target, address)
    at = part.size() if part.known() else 0
    print(f"{name}: " + (f"continuing at byte {at} of {address}" if at else f"fetching {address}"), flush=True)
    failed = 0
    while True:
        before, reason, slow = part.size(), "the connection ended too early", False
        try:
            if receive(part, name, timeout):
                part.finish()
                return
        except TooSlow as error:
            reason, slow = str(error), True
        except urllib.error.HTTPError as error:
            reason = f"{error.code} {error.reason}"
            if error.code not in (408, 429) and error.code < 500:
                raise Failure(f"{address} answers {reason}: nothing is at this address any more") from None
        except urllib.error.URLError as error:
            reason = str(error.reason)
        except (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
        failed = 0 if part.size() > before and not slow else failed + 1
        if failed == tries:
            size = part.size()
            rest = (f"; {size} bytes are kept; run the same command to continue" if size
                    else "; the server is gone, or this machine is offline")
            raise Failure(f"{address} cannot be fetched: {reason}{rest}")
        time.sleep(pause * 2 ** failed)
