#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Faults made on purpose: each is in the certificate under its own cause, and none under another."""
import json
import os
import signal
import subprocess

import live

BURST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "burst.py")


class Faults(live.Test):
    def setUp(self):
        super().setUp()
        self.peers = live.Peers("e2e-ethernet")
        self.addCleanup(self.peers.__exit__)
        self.peers.await_log("MASTER_CLOCK_SELECTED")

    def observe(self, ring_slots=4096, buffer_bytes=1 << 22):
        command = [live.paths.session, live.SLAVE_INTERFACE, str(ring_slots), str(buffer_bytes)]
        observer = live.Observer(self.peers.at_slave(*command))
        self.addCleanup(observer.process.kill)
        return observer

    def burst(self, at, interface, count):
        answer = subprocess.run(at("python3", BURST, interface, str(count), "distinct"), check=True, capture_output=True)
        return int(answer.stdout)

    def receive(self, count):
        self.assertEqual(count, self.burst(self.peers.at_master, live.MASTER_INTERFACE, count))

    def transmit(self, count):
        return self.burst(self.peers.at_slave, live.SLAVE_INTERFACE, count)

    def check(self, certificate, causes, tolerated=()):
        """EXPLAINED, with causes and at most the tolerated ones beside them."""
        self.assert_equations(certificate)
        found = {(side, cause) for side in ("event_only", "frame_only", "ambiguous", "orphan") for cause in certificate[f"{side}_by"]}
        self.assertEqual("EXPLAINED", certificate["verdict"], certificate)
        self.assertLessEqual(set(causes), found, certificate)
        self.assertLessEqual(found, set(causes) | set(tolerated), certificate)

    def test_ring_too_small(self):
        observer = self.observe(ring_slots=16)
        observer.process.send_signal(signal.SIGSTOP)
        self.receive(200)
        observer.process.send_signal(signal.SIGCONT)
        c = observer.stop()
        # what the slave sent meanwhile may have been lost too, and sent frames may always be lost below the stack
        self.check(c, {("frame_only", "ring-loss")}, {("ambiguous", "loss"), ("orphan", "ring-loss")})
        self.assertGreaterEqual(c["ring_lost"], 200 - 16)
        self.assertLessEqual(c["frame_only"], c["ring_lost"])
        self.assertEqual(0, c["capture_dropped"])

    def test_capture_buffer_too_small(self):
        observer = self.observe(buffer_bytes=65536)
        observer.process.send_signal(signal.SIGSTOP)
        self.receive(3000)
        observer.process.send_signal(signal.SIGCONT)
        c = observer.stop()
        self.check(c, {("event_only", "capture-drop")})
        self.assertGreater(c["capture_dropped"], 0)
        self.assertLessEqual(c["event_only"], c["capture_dropped"])
        self.assertEqual(0, c["ring_lost"])

    def shape(self, limit):
        """Frames of the slave wait below the stack, at 1,000 bytes a second."""
        subprocess.run(self.peers.at_slave("tc", "qdisc", "add", "dev", live.SLAVE_INTERFACE, "root", "tbf", "rate", "8kbit", "burst",
                                           "1600", "limit", str(limit)), check=True)

    def queue(self):
        answer = subprocess.run(self.peers.at_slave("tc", "-s", "-json", "qdisc", "show", "dev", live.SLAVE_INTERFACE), check=True,
                                capture_output=True, text=True)
        return next(qdisc for qdisc in json.loads(answer.stdout) if qdisc["kind"] == "tbf")

    def test_queue_drops_below_the_stack(self):
        self.shape(1600)
        observer = self.observe()
        self.transmit(200)
        live.wait_until(lambda: self.queue()["qlen"] < 3, "the queue has run empty but for the slave's own frames")
        before = self.queue()["drops"]
        c = observer.stop()
        self.check(c, {("event_only", "below-stack")})
        # the slave's own frames are dropped on and on
        self.assertLessEqual(before, c["event_only"])
        self.assertLessEqual(c["event_only"], self.queue()["drops"])

    def test_program_ahead(self):
        observer = self.observe()
        command = self.peers.at_slave(live.paths.ahead, live.paths.programs, "drop", live.SLAVE_INTERFACE)
        ahead = live.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ready = ahead.stdout.readline()
        if not ready and ahead.wait() == 77:
            self.skipTest("no tcx in this kernel")
        self.assertEqual("ready\n", ready)
        self.receive(50)
        ahead.communicate()
        c = observer.stop()
        self.check(c, {("frame_only", "program-ahead")})
        self.assertGreaterEqual(c["frame_only"], 50)

    def test_interface_goes_down(self):
        """What waits in the queue goes with the link."""
        self.shape(100000)
        observer = self.observe()
        sent = self.transmit(100)
        live.wait_until(lambda: self.queue()["qlen"] > 50, "frames wait")
        subprocess.run(self.peers.at_slave("ip", "link", "set", live.SLAVE_INTERFACE, "down"), check=True)
        c = observer.stop()
        self.check(c, {("event_only", "link-down")})
        self.assertGreater(c["event_only"], 50)
        self.assertLessEqual(c["event_only"], sent + 20)

    def test_interface_goes_away(self):
        self.shape(100000)
        observer = self.observe()
        self.transmit(100)
        live.wait_until(lambda: self.queue()["qlen"] > 50, "frames wait")
        # the namespace goes with its last process, and the pair with it
        os.kill(self.peers.master, signal.SIGKILL)
        c = observer.wait()
        self.check(c, {("event_only", "link-down")}, {("event_only", "detached")})
        self.assertGreater(c["event_only"], 50)


if __name__ == "__main__":
    live.main()
