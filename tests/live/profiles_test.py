#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A recording holds every PTP frame that tcpdump has seen meanwhile, in order and with its direction, and all of them are matched."""
import subprocess
import time

import live

SYNC, DELAY_REQ, PDELAY_REQ, PDELAY_RESP, FOLLOW_UP, DELAY_RESP, PDELAY_RESP_FOLLOW_UP, ANNOUNCE = 0, 1, 2, 3, 8, 9, 10, 11

E2E = {"master": {SYNC, FOLLOW_UP, ANNOUNCE, DELAY_RESP}, "slave": {DELAY_REQ}}
PEER_DELAY = {PDELAY_REQ, PDELAY_RESP, PDELAY_RESP_FOLLOW_UP}
P2P = {"master": {SYNC, FOLLOW_UP, ANNOUNCE} | PEER_DELAY, "slave": PEER_DELAY}


class Profiles(live.Test):
    def observe(self, profile, types, prepare=lambda peers: None):
        with live.Peers(profile) as peers:
            prepare(peers)
            sources = {end: peers.source(end) for end in ("master", "slave")}
            peers.await_log("MASTER_CLOCK_SELECTED")
            tcpdump = live.Tcpdump(peers, self.path("all.pcap"))
            recording = live.record(peers, self.path("recording.pcapng"))
            time.sleep(live.SECONDS)  # what is measured, not awaited
            certificate = recording.stop()
            tcpdump.stop()
            log = peers.close()
        self.assertNotIn("FAULTY", log)
        self.assertEqual(0, recording.process.returncode, recording.errors)
        self.check_certificate(certificate)
        self.check_frames(recording, certificate, sources, types)

    def check_certificate(self, c):
        self.assert_equations(c)
        self.assert_causes(c)
        self.assertEqual("COMPLETE", c["verdict"], c)
        self.assertEqual(c["matched"], c["frames"] - c["outside_frames"])

    def check_frames(self, recording, certificate, sources, types):
        seen = live.ptp_frames(self.path("all.pcap"))
        recorded = live.ptp_frames(self.path("recording.pcapng"))
        self.assertEqual(certificate["matched"], len(recorded))
        for end, source in sources.items():
            of_end = [frame for frame in recorded if frame.source == source]
            self.assertEqual(types[end], {frame.type for frame in of_end})
            self.assert_part(of_end, [frame for frame in seen if frame.source == source])
        meanwhile = [frame for frame in seen if recording.attached_ns <= frame.time_ns <= recording.detached_ns]
        self.assertGreater(len(meanwhile), 20 * live.SECONDS)
        self.assertEqual(set(), set(meanwhile) - set(recorded))
        self.check_tshark(sources)

    def check_tshark(self, sources):
        """Each frame says where it came from, and what became of it."""
        answer = subprocess.run(["tshark", "-r", self.path("recording.pcapng"), "-Y", "ptp", "-T", "fields", "-e", "eth.src", "-e",
                                 "frame.packet_flags_direction", "-e", "frame.comment"], check=True, capture_output=True, text=True)
        for line in answer.stdout.splitlines():
            source, direction, comment = line.split("\t")
            self.assertEqual(1 if source == sources["master"] else 2, int(direction, 0), line)
            self.assertIn("matched", comment)

    def test_e2e_ethernet(self):
        self.observe("e2e-ethernet", E2E)

    def test_e2e_ipv4(self):
        self.observe("e2e-ipv4", E2E)

    def test_e2e_ipv6(self):
        self.observe("e2e-ipv6", E2E)

    def test_p2p_ethernet(self):
        self.observe("p2p-ethernet", P2P)

    def test_gptp(self):
        self.observe("gptp", P2P)

    def tag(self, section):
        def prepare(peers):
            peers.program("ingress", "tc/pop")
            peers.program("egress", section)

        return prepare

    def test_tagged(self):
        self.observe("e2e-ethernet", E2E, self.tag("tc/push"))

    def test_tagged_twice(self):
        self.observe("e2e-ipv4", E2E, self.tag("tc/push2"))


if __name__ == "__main__":
    live.main()
