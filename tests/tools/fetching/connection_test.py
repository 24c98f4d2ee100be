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


if __name__ == "__main__":
    unittest.main()
