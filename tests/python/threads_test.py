#!/usr/bin/env python3
"""Threads and signals. CTest runs each test by its name."""
import concurrent.futures
import signal
import threading
import time
import unittest

import numpy as np

import odin
from support import BUNDLED, PackageCase, random_images


class ThreadsTest(PackageCase):
    def test_the_number_of_threads_changes_no_score(self):
        images = random_images(9)
        expected = odin.Network(BUNDLED, device="cpu", threads=1).scores(images)
        for threads in (2, 5):
            self.assert_same(odin.Network(BUNDLED, device="cpu", threads=threads).scores(images), expected)

    def test_threads_share_a_network_or_have_their_own(self):
        several = [random_images(5, seed) for seed in range(6)]
        shared = odin.Network(BUNDLED, device="cpu", threads=1)
        expected = [shared.scores(images) for images in several]

        def score(number):
            network = shared if number % 2 else odin.Network(BUNDLED, device="cpu", threads=1)
            return network.scores(several[number])
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for found, wanted in zip(pool.map(score, range(6)), expected):
                self.assert_same(found, wanted)

    def test_other_threads_run_while_it_scores(self):
        network = odin.Network(BUNDLED, device="cpu", threads=1)
        images = random_images(10)
        thread = threading.Thread(target=network.scores, args=(images,))
        begin = last = time.perf_counter()
        thread.start()  # which waits until the other thread has begun
        longest = 0  # time that this thread had to wait
        alive = True
        while alive:
            alive = thread.is_alive()
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        self.assertLess(longest, (last - begin) / 2)

    def test_a_signal_ends_a_long_call(self):
        class Alarm(Exception):
            pass

        def ring(number, frame):
            raise Alarm
        network = odin.Network(BUNDLED, device="cpu", threads=1)
        self.addCleanup(signal.signal, signal.SIGALRM, signal.signal(signal.SIGALRM, ring))
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with self.assertRaises(Alarm):
            network.scores(np.zeros((100000, 32, 32, 3), np.uint8))  # some hours
        self.assertEqual(network.scores(random_images(1))["odin"].shape, (1,))


if __name__ == "__main__":
    unittest.main()
