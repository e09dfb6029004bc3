#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The counts and delays of `stamps --json` against a recount of the messages that `show --json` lists, for random recordings.
usage: recount_test.py PTPLENS RECORDING_PROBE
"""
import collections
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

PTPLENS = PROBE = None
HARDWARE = ("hardware", "phy", "latch")
COUNTS = ("frames", "asked", "not_asked", "unknown", "delivered", "late", "ambiguous", "refused", "lost", "unreadable", "not_visible", "hardware",
          "no_event", "orphan")


def lines(*command):
    answer = subprocess.run([PTPLENS, *command, "--json"], capture_output=True, text=True, timeout=60)
    if answer.returncode not in (0, 1):
        raise AssertionError(answer)
    return [json.loads(line) for line in answer.stdout.splitlines()], answer.returncode


class Row:
    def __init__(self):
        self.n = collections.Counter()
        self.delays = []
        self.alone = collections.Counter()

    def frame(self, m):
        word, transmit = m["stamp"], m["direction"] == "transmit"
        self.n["frames"] += 1
        if word == "not-requested":
            self.n["not_asked"] += 1
            return
        if word == "none" and m["asked"] not in (("hardware", "software", "both") if transmit else ("hardware", "both")):
            self.n["unknown"] += 1
            return
        self.n["asked"] += 1
        if word in HARDWARE or word == "software":
            self.n["delivered"] += 1
            self.n["hardware"] += word in HARDWARE
            if transmit and m["stamp_delay_ns"] is not None and m["stamp_delay_ns"] >= 0:
                self.delays.append(m["stamp_delay_ns"])
        elif word == "refused":
            self.n["refused"] += 1
        elif word == "none" and transmit:
            self.n["unreadable"] += 1
        else:
            self.n["missing"] += 1

    def stamp(self, m):
        transmit = m["direction"] == "transmit"
        self.alone["late" if transmit and m["stamp"] == "late" else
                   "ambiguous" if transmit and m["verdict"] == "ambiguous" else "orphan"] += 1

    def finish(self, visible):
        missing = self.n.pop("missing", 0)
        for fate in ("late", "ambiguous"):
            self.n[fate] = min(self.alone[fate], missing)
            missing -= self.n[fate]
        self.n["orphan"] = sum(self.alone.values()) - self.n["late"] - self.n["ambiguous"]
        self.n["lost" if visible else "not_visible"] = missing
        return {name: self.n[name] for name in COUNTS}


def recount(messages, modes):
    rows = collections.defaultdict(Row)
    for m in messages:
        if m["verdict"] in ("not-ptp", "truncated"):
            continue
        row = rows[m["interface"], m["direction"], m["message_type"], ("2.0", "2.1", "2.2+")[min(m["minor_version"], 2)]]
        if "asked" in m:
            row.frame(m)
        elif m["tap_ns"] is not None:  # of the stamp, which came alone
            row.stamp(m)
        else:
            row.n["no_event"] += 1
    return {key: (row.finish(key[1] == "receive" or modes[key[0]] != "none"), row.delays) for key, row in rows.items()}


class Recount(unittest.TestCase):
    def compare(self, source):
        shown, _ = lines("show", source)
        counted, code = lines("stamps", source)
        modes = {line["interface"]: line["stamps"] for line in shown if line["kind"] == "mode"}
        messages = [line for line in shown if line["kind"] == "message"]
        expected = recount(messages, modes)
        rows = {(line["interface"], line["direction"], line["message_type"], line["version"]): line
                for line in counted if line["kind"] == "stamps-of-type"}
        self.assertEqual(set(expected), set(rows))
        for key, (counts, delays) in expected.items():
            self.assertEqual(counts, {name: rows[key][name] for name in COUNTS}, key)
            self.check_delays(rows[key], sorted(delays))
        self.assertEqual(sum(row["frames"] for row in rows.values()),
                         sum("asked" in m and m["verdict"] not in ("not-ptp", "truncated") for m in messages))
        certificate = any(line["verdict"] == "UNEXPLAINED" for line in counted if line["kind"] == "certificate")
        bad = any(counts["late"] + counts["lost"] + counts["refused"] for counts, _ in expected.values())
        self.assertEqual(int(certificate or bad), code)
        return len(messages)

    def check_delays(self, row, delays):
        """Sorted: the nearest rank, within 1 %; the largest exactly."""
        if row["late"] + row["orphan"]:
            return  # a late stamp may have found its frame, and then its delay counts
        self.assertEqual(len(delays), row["delays"])
        if not delays:
            self.assertIsNone(row["delay_p50_ns"])
            return
        self.assertEqual(delays[-1], row["delay_max_ns"])
        if delays[-1] >= 2**36:
            return
        for name, fraction in (("delay_p50_ns", 0.5), ("delay_p99_ns", 0.99)):
            truth = delays[max(0, math.ceil(len(delays) * fraction) - 1)]
            self.assertAlmostEqual(truth, row[name], delta=truth / 100)

    def test_random_recordings(self):
        with tempfile.TemporaryDirectory() as folder:
            for seed, (count, interfaces, alone) in enumerate([(0, 1, 0), (1, 1, 0), (1, 1, 100), (200, 3, 50), (3000, 2, 30), (6000, 1, 95)]):
                path = os.path.join(folder, f"{seed}.pcapng")
                subprocess.run([PROBE, "write", path, str(seed + 1), str(count), str(interfaces), str(alone), "0"], check=True,
                               stdout=subprocess.DEVNULL)
                self.assertEqual(count, self.compare(path))

    def test_simulation(self):
        self.assertEqual(328, self.compare("sim:demo"))


if __name__ == "__main__":
    PTPLENS, PROBE = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1], verbosity=2)
