#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""`stamps` beside real PTP clocks: what it counts is what tcpdump saw being sent, every stamp asked for came, and a queue that holds frames
is named."""
import collections
import subprocess
import time

import live

SYNC, DELAY_REQ, FOLLOW_UP, DELAY_RESP, ANNOUNCE = 0, 1, 8, 9, 11


class Stamps(live.Test):
    def stamps(self, at, interface):
        observer = live.Observer(at(live.paths.ptplens, "stamps", interface, "--json"))
        self.addCleanup(observer.process.kill)
        return observer

    def rows(self, observer, direction):
        return {line["message_type"]: line for line in observer.lines
                if line["kind"] == "stamps-of-type" and line["direction"] == direction}

    def causes(self, observer):
        return {line["cause"]: line for line in observer.lines if line["kind"] == "stamps-cause"}

    def check_rows(self, observer):
        total = 0
        for line in observer.lines:
            if line["kind"] != "stamps-of-type":
                continue
            total += line["frames"]
            self.assertEqual(line["frames"], line["asked"] + line["not_asked"] + line["unknown"])
            self.assertEqual(line["asked"], line["delivered"] + line["late"] + line["ambiguous"] + line["refused"] + line["lost"] +
                             line["unreadable"] + line["not_visible"])
        self.assertEqual(observer.certificate["matched"] + observer.certificate["ambiguous_events"] + observer.certificate["event_only"],
                         total)

    def check_frames(self, rows, seen, source, observer):
        """tcpdump's frames of a sender: all between attach and detach are counted, and none but them and a few at the edges."""
        of_type = collections.Counter(frame.type for frame in seen if frame.source == source)
        within = collections.Counter(frame.type for frame in seen if frame.source == source and
                                     observer.attached_ns <= frame.time_ns <= observer.detached_ns)
        self.assertEqual(set(within), set(rows))
        for message_type, row in rows.items():
            self.assertLessEqual(within[message_type], row["frames"])
            self.assertLessEqual(row["frames"], of_type[message_type])

    def test_both_ends(self):
        with live.Peers("e2e-ethernet") as peers:
            sources = {end: peers.source(end) for end in ("master", "slave")}
            peers.await_log("MASTER_CLOCK_SELECTED")
            tcpdump = live.Tcpdump(peers, self.path("all.pcap"))
            at = {"master": self.stamps(peers.at_master, live.MASTER_INTERFACE), "slave": self.stamps(peers.at_slave, live.SLAVE_INTERFACE)}
            time.sleep(live.SECONDS)  # what is measured, not awaited
            for observer in at.values():
                observer.stop()
            tcpdump.stop()
        seen = live.ptp_frames(self.path("all.pcap"))
        asked = {"master": {SYNC}, "slave": {DELAY_REQ}}
        for end, observer in at.items():
            self.assertEqual(0, observer.process.returncode, observer.errors)
            self.assert_equations(observer.certificate)
            self.check_rows(observer)
            rows = self.rows(observer, "transmit")
            self.check_frames(rows, seen, sources[end], observer)
            for message_type, row in rows.items():
                expected = row["frames"] if message_type in asked[end] else 0
                self.assertEqual([expected] * 3 + [0], [row[name] for name in ("asked", "delivered", "asked_software_only", "hardware")])
                self.assertEqual(expected, row["delays"])
            received = self.rows(observer, "receive")
            self.check_frames(received, seen, sources["slave" if end == "master" else "master"], observer)
            for row in received.values():
                self.assertEqual(row["frames"], row["not_asked"])
            self.assertEqual({"software-only"}, set(self.causes(observer)))
            self.assertEqual(sum(row["asked"] for row in rows.values()), self.causes(observer)["software-only"]["frames"])
            self.assertFalse([line for line in observer.lines if line["kind"] == "unstamped"])

    def test_queue_that_holds(self):
        with live.Peers("e2e-ethernet") as peers:
            peers.await_log("MASTER_CLOCK_SELECTED")
            # a Follow_Up goes out right behind its Sync, and has to wait for more than 10 ms
            subprocess.run(peers.at_master("tc", "qdisc", "replace", "dev", live.MASTER_INTERFACE, "root", "tbf", "rate", "40kbit", "burst",
                                           "100", "limit", "10000"), check=True)
            observer = self.stamps(peers.at_master, live.MASTER_INTERFACE)
            time.sleep(live.SECONDS)  # what is measured, not awaited
            observer.stop()
        self.check_rows(observer)
        held = self.causes(observer)["queue-hold"]
        rows = self.rows(observer, "transmit")
        self.assertGreater(held["frames"], rows[FOLLOW_UP]["frames"] // 2)
        self.assertLessEqual(held["frames"], held["evidence"])
        self.assertLessEqual(held["evidence"], sum(row["frames"] for row in rows.values()))
        self.assertGreater(held["longest_ns"], 5000000)
        self.assertLess(held["longest_ns"], 2000000000)


if __name__ == "__main__":
    live.main()
