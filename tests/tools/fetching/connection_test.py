#!/usr/bin/env python3
"""Tests of tools/fetch_data: broken connections, failing servers, dead addresses. CTest runs each by its name."""
import gzip
import signal
import socket
import subprocess
import time
import unittest

from fetch_data_support import FetchDataCase, images


class Connection(FetchDataCase):
    def test_a_cut_connection_is_resumed_in_the_same_run(self):
        archive = images(size=100_000)
        self.server.cut_after = [1000, 50_000]
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.assertEqual([r for _, r in self.server.seen], [None, "bytes=1000-", "bytes=51000-"])
        self.pieces(archive)

    def test_the_next_run_resumes_too(self):
        archive = images(size=100_000)
        self.server.cut_after = [1000]
        self.server.answers = [0, 503, 503, 503, 503, 503]
        result = self.fetch("LSUN", archive)
        self.assertEqual(result.returncode, 1)
        self.assertIn("1000 bytes are kept", result.stderr)
        self.assertIn("503", result.stderr)
        self.server.answers, self.server.seen = [], []
        result = self.fetch("LSUN")
        self.assertIn("continuing at byte 1000", result.stdout)
        self.assert_fetched(result, "LSUN", 3)
        self.assertEqual([r for _, r in self.server.seen], ["bytes=1000-"])
        self.pieces(archive)

    def test_a_file_that_changed_meanwhile_is_fetched_again(self):
        self.server.cut_after = [1000]
        self.server.answers = [0] + [500] * 4
        self.assertEqual(self.fetch("LSUN", images(size=100_000)).returncode, 1)
        self.server.etag = '"2"'
        self.server.answers = []
        archive = images(size=90_000)
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)

    def test_a_file_that_changed_unnoticed_is_refused_and_then_fetched_again(self):
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

    def test_a_server_without_ranges_sends_the_file_again(self):
        archive = images(size=100_000)
        self.server.ranges = False
        self.server.cut_after = [1000]
        self.assert_fetched(self.fetch("LSUN", archive), "LSUN", 3)
        self.pieces(archive)

    def test_another_address_does_not_resume_the_part_of_the_first(self):
        self.server.cut_after = [1000]
        self.server.answers = [0] + [500] * 4
        self.assertEqual(self.fetch("LSUN", images(size=100_000)).returncode, 1)
        self.server.answers = []
        archive = images(size=50_000)
        self.assert_fetched(self.fetch("LSUN", archive, path="elsewhere"), "LSUN", 3)
        self.pieces(archive)

    def test_a_server_that_fails_for_a_while_is_asked_again(self):
        self.server.answers = [500, 503, 429]
        self.assert_fetched(self.fetch("LSUN", images()), "LSUN", 3)

    def test_a_silent_server_times_out(self):
        self.server.answers = [-1] * 4
        self.server.files["LSUN.tar.gz"] = images()
        result = self.run_program("LSUN", "--url", f"LSUN={self.server.address('LSUN.tar.gz')}", "--timeout", "0.2")
        self.assert_refused(result, "timed out")

    def test_an_interrupted_run_keeps_what_it_has(self):
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

    def test_a_missing_file_is_an_error_with_advice(self):
        result = self.fetch("LSUN", path="gone")
        self.assert_refused(result, "404", "nothing is at this address any more",
                            "--url LSUN=", "--archive LSUN=", "make_ood")

    def test_a_refused_connection_is_an_error(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{unused.getsockname()[1]}/LSUN.tar.gz"
            result = self.run_program("LSUN", "--url", f"LSUN={address}")
        self.assert_refused(result, address, "Connection refused", "the server is gone, or this machine is offline")

    def test_an_unknown_host_is_an_error(self):
        result = self.run_program("LSUN", "--url", "LSUN=http://nowhere.invalid/LSUN.tar.gz")
        self.assert_refused(result, "nowhere.invalid", "cannot be fetched")

    def test_a_web_page_instead_of_the_archive_is_refused(self):
        self.server.content_type = "text/html"
        for page in (b"<!DOCTYPE html><html>Sorry</html>", b"\n <HTML>", b"\xef\xbb\xbf<!doctype html>"):
            result = self.fetch("LSUN", page)
            self.assert_refused(result, "sends a web page instead of the file", "--archive LSUN=")
        self.assert_refused(self.fetch("densenet10", page), "a web page")

    def test_an_invalid_address_is_refused(self):
        for address in ("ftp://host/file", "file:///etc/passwd", "LSUN.tar.gz"):
            result = self.run_program("LSUN", "--url", f"LSUN={address}")
            self.assertEqual(result.returncode, 2)
            self.assertIn("is not an http or https address", result.stderr)


if __name__ == "__main__":
    unittest.main()
