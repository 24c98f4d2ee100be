#!/usr/bin/env python3
"""Tests of the progress that tools/fetch_data shows in a terminal. CTest runs each by its name."""
import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
import unittest
from unittest import mock

from fetch_data_support import module

NAME = "a set with quite a long name"


class Progress(unittest.TestCase):
    def drawn(self, columns, **environment):
        """What a terminal of so many columns gets."""
        master, slave = pty.openpty()
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(slave, "w", encoding="utf-8") as terminal, mock.patch.object(sys, "stderr", terminal), \
                mock.patch.dict(os.environ, environment):
            with module("download").progress(NAME, 170_000_000) as show:
                show(1_000_000)
                show(123_400_000)
        # The terminal passes on what was written when it likes to. It is closed now, so after the rest comes an error.
        drawn = b""
        with open(master, "rb", buffering=0) as shown, contextlib.suppress(OSError):
            while piece := shown.read(4096):
                drawn += piece
        return drawn.decode()

    def test_the_line_is_cut_to_the_terminal(self):
        for columns in (40, 80, 200):
            text = self.drawn(columns, TERM="xterm", NO_COLOR="")
            lines = text.rstrip("\r\n").split("\r")[1:]
            self.assertEqual(len(lines), 2)
            for line in lines:
                self.assertLess(len(line), columns)
            self.assertTrue(lines[1].endswith(" 123.4 of 170.0 MB "), lines)
            self.assertEqual(NAME in lines[1], columns > 40)

    def test_a_dumb_terminal_and_one_without_colours_get_none(self):
        self.assertEqual(self.drawn(80, TERM="dumb", NO_COLOR=""), "")
        self.assertEqual(self.drawn(80, TERM="xterm", NO_COLOR="1"), "")


if __name__ == "__main__":
    unittest.main()
