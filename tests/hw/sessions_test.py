#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every hardware stamp that ptplens shows is the one that the application got, and every one that it does not show was missed there too."""
import os
import re
import subprocess

import hw

SECOND = 10**9
EVENTS = {"Sync", "Delay_Req", "Pdelay_Req", "Pdelay_Resp"}
ENDS = {"master": "52:54:00:00:00:01", "slave": "52:54:00:00:00:02"}
SHARE = 0.6  # of receive stamps that the emulated card gives at least: it has one register, and waits for us to empty it
LOG_STEP = 0.002  # of the times in ptp4l's log, and a reading
PATIENCE = 1.0  # seconds from a message to ptp4l's complaint

# What a message says of an earlier one: type, the field, and the type and direction of the earlier one at the same end
TELLS = {
    "Follow_Up": ("fu.preciseorigintimestamp", "Sync", "transmit"),
    "Delay_Resp": ("dr.receivetimestamp", "Delay_Req", "receive"),
    "Pdelay_Resp": ("pdrs.requestreceipttimestamp", "Pdelay_Req", "receive"),
    "Pdelay_Resp_Follow_Up": ("pdfu.responseorigintimestamp", "Pdelay_Resp", "transmit"),
}
TYPES = {"Follow_Up": 8, "Delay_Resp": 9, "Pdelay_Resp": 3, "Pdelay_Resp_Follow_Up": 10}


class Sessions(hw.Machine):
    script = "sessions.sh"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.all = {end: cls.messages(end) for end in ENDS}

    def of(self, end, domain):
        return [m for m in self.all[end] if m["domain"] == domain]

    def stamps(self, end, domain, kind, direction):
        """sequenceId to stamp, None where there is none."""
        found = {}
        for m in self.of(end, domain):
            # a late stamp is a message of its own, after the one that had to do without
            if (m["type"], m["direction"]) == (kind, direction) and found.get(m["sequence_id"]) is None:
                found[m["sequence_id"]] = m["hw_ns"]
        return found

    def told(self, end, domain, kind):
        """sequenceId to the time that the messages of a type sent at this end carry, as tshark reads them."""
        field = "ptp.v2." + TELLS[kind][0]
        answer = subprocess.run(["tshark", "-r", os.path.join(self.out, f"{end}.pcapng"), "-Y",
                                 f"ptp.v2.messagetype=={TYPES[kind]} && eth.src=={ENDS[end]} && ptp.v2.domainnumber=={domain}", "-T",
                                 "fields", "-e", "ptp.v2.sequenceid", "-e", f"{field}.seconds", "-e", f"{field}.nanoseconds"],
                                check=True, capture_output=True, text=True)
        rows = (line.split("\t") for line in answer.stdout.splitlines())
        return {int(sequence, 0): int(seconds) * SECOND + int(ns) for sequence, seconds, ns in rows}

    def complaints(self, end, domain):
        """[seconds, type] of each message that ptp4l got without a stamp. Its clock is the tap's, CLOCK_MONOTONIC."""
        found = re.findall(r"^ptp4l\[([0-9.]+)\]: .* received (\w+) without timestamp$", self.read(f"{domain}-{end}.log"), re.M)
        return [[float(seconds), kind] for seconds, kind in found]

    def steady(self, end, domain):
        """From when until when ptp4l reads all messages: while it looks for a master, and after a fault, it opens its sockets anew."""
        role = "MASTER on" if end == "master" else "UNCALIBRATED on RS_SLAVE"
        begin = re.findall(rf"^ptp4l\[([0-9.]+)\]: .* to {role}", self.read(f"{domain}-{end}.log"), re.M)
        return float(begin[-1]), float(self.read(f"{domain}.end"))

    def check_unstamped(self, end, domain):
        """ptp4l misses the same stamps as we."""
        missed = [m for m in self.of(end, domain) if m["direction"] == "receive" and m["stamp"] == "none" and m["tap_ns"] is not None]
        for seconds, kind in self.complaints(end, domain):
            before = [m for m in missed if m["type"].upper() == kind and -LOG_STEP <= seconds - m["tap_ns"] / SECOND < PATIENCE]
            self.assertTrue(before, f"ptp4l at {seconds}: {kind} without a stamp, of {missed}")
            missed.remove(before[-1])
        begin, until = self.steady(end, domain)
        self.assertEqual([], [m for m in missed if begin < m["tap_ns"] / SECOND < until - LOG_STEP], "ptp4l did not miss these")

    def check_end(self, end, domain):
        late = {m["sequence_id"] for m in self.of(end, domain) if m["stamp"] == "late"}
        received = []
        for m in self.of(end, domain):
            if m["verdict"] != "matched":
                continue  # all of them are in the account that test_certificates makes
            if m["direction"] == "transmit":
                asked = "undelivered" if m["sequence_id"] in late and m["stamp"] == "undelivered" else "hardware"
                self.assertEqual(asked if m["type"] in EVENTS else "not-requested", m["stamp"], m)
            elif m["type"] in EVENTS:
                self.assertIn(m["stamp"], ("hardware", "none"), m)
                received.append(m["stamp"])
        self.check_unstamped(end, domain)
        self.assertNotIn("timed out while polling for tx timestamp", self.read(f"{domain}-{end}.log"))
        self.assertGreaterEqual(received.count("hardware"), SHARE * len(received))

    def check_told(self, domain, kinds):
        for kind, end in kinds:
            _, earlier, direction = TELLS[kind]
            told, stamps = self.told(end, domain, kind), self.stamps(end, domain, earlier, direction)
            self.assertGreaterEqual(len(told), 8, f"{kind} of {end}")
            self.assertEqual(told, {sequence: stamps.get(sequence) for sequence in told}, f"{kind} of {end}")

    def check_monitor(self, domain, sides):
        """The slave's own account, record by record."""
        records = [line.split() for line in self.read(f"{domain}.monitor").splitlines()]
        for letter, kind, sender, receiver in sides:
            sent, received = (self.stamps(sender, domain, kind, "transmit"), self.stamps(receiver, domain, kind, "receive"))
            mine = [tuple(map(int, numbers)) for name, *numbers in records if name == letter]
            self.assertGreaterEqual(len(mine), 12, kind)
            self.assertEqual(mine, [(sequence, sent.get(sequence), received.get(sequence)) for sequence, _, _ in mine])

    def check_e2e(self, domain):
        for end in ENDS:
            self.check_end(end, domain)
        self.check_told(domain, [("Follow_Up", "master"), ("Delay_Resp", "master")])
        self.check_monitor(domain, [("S", "Sync", "master", "slave"), ("D", "Delay_Req", "slave", "master")])

    def check_p2p(self, domain):
        for end in ENDS:
            self.check_end(end, domain)
        self.check_told(domain, [("Follow_Up", "master")] + [(kind, end) for end in ENDS for kind in
                                                             ("Pdelay_Resp", "Pdelay_Resp_Follow_Up")])
        self.check_monitor(domain, [("S", "Sync", "master", "slave")])

    def test_certificates(self):
        for end in ENDS:
            self.assert_mode(end, hw.HOOKS[hw.paths.kernel], "fentry")
            self.assert_account(end)

    def test_e2e_ethernet(self):
        self.check_e2e(0)

    def test_e2e_ipv4(self):
        self.check_e2e(1)

    def test_p2p_ipv4(self):
        self.check_p2p(2)

    def test_gptp_vlan(self):
        self.check_p2p(3)
        for end in ENDS:
            self.assertEqual({2}, {m.get("vlan_id") for m in self.of(end, 3)})

    def test_own_application(self):
        for end, direction, file in (("master", "transmit", "own.sent"), ("slave", "receive", "own.received")):
            got = dict(tuple(map(int, line.split())) for line in self.read(file).splitlines() if line != "ready")
            seen = self.stamps(end, 4, "Sync", direction)
            self.assertEqual(set(range(1000, 1200)), set(seen))
            self.assertEqual(got, {sequence: stamp for sequence, stamp in seen.items() if stamp is not None})
            self.assertGreaterEqual(len(got), 200 if direction == "transmit" else 200 * SHARE)


if __name__ == "__main__":
    hw.main()
