#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Received frames that are alike to the last byte are told apart by the kernel's time of receipt: each is matched with its own event."""
import os
import subprocess

import live

COUNT = 1000
IDENTITY = "0x020000fffe000099"  # burst.py's


class Replay(live.Test):
    def test_identical_frames(self):
        burst = os.path.join(os.path.dirname(os.path.abspath(__file__)), "burst.py")
        with live.Peers("e2e-ethernet") as peers:
            peers.await_log("MASTER_CLOCK_SELECTED")
            tcpdump = live.Tcpdump(peers, self.path("all.pcap"))
            recording = live.record(peers, self.path("recording.pcapng"))
            command = peers.at_master("python3", burst, live.MASTER_INTERFACE, str(COUNT), "same")
            sent = int(subprocess.run(command, check=True, capture_output=True).stdout)
            certificate = recording.stop()
            tcpdump.stop()
        self.assertEqual(COUNT, sent)
        for name in ("all.pcap", "recording.pcapng"):
            alike = [frame for frame in live.ptp_frames(self.path(name)) if frame.identity == IDENTITY]
            self.assertEqual(COUNT, len(alike), name)
            self.assertEqual(1, len({frame.sequence for frame in alike}))
        self.assert_equations(certificate)
        self.assert_causes(certificate)
        self.assertEqual("COMPLETE", certificate["verdict"], certificate)
        self.assertGreaterEqual(certificate["matched"], COUNT)


if __name__ == "__main__":
    live.main()
