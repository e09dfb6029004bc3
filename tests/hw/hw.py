# SPDX-License-Identifier: BSD-3-Clause
"""What the tests on emulated cards share: one run of the machine a class, and what ptplens made of it."""
import argparse
import json
import operator
import os
import subprocess
import sys
import tempfile
import unittest

import guest

paths = None  # kernel, ptplens and the programs of the machine, set by main()

HOOKS = {"6.1": "clsact", "6.12": "tcx"}  # by which each kernel is tapped


class Machine(unittest.TestCase):
    """Subclasses name the command that runs inside; its output is in self.out."""
    maxDiff = 4096
    script = None
    parameters = ""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = folder.name
        files = [os.path.join(guest.HERE, name) for name in ("lib.sh", "ptp4l.cfg", cls.script)] + [paths.tos]
        result = guest.run(paths.kernel, f"sh /{cls.script}", cls.out, [paths.ptplens, paths.nic, paths.stamps, paths.monitor], files,
                           cls.parameters)
        print(f"Linux {paths.kernel}, {cls.script}: {result.text}", flush=True)

    def read(self, name):
        with open(os.path.join(self.out, name), encoding="utf-8") as file:
            return file.read()

    def lines(self, name):
        """What `record --json` printed."""
        return [json.loads(line) for line in self.read(f"{name}.json").splitlines()]

    def line(self, name, kind):
        found = [line for line in self.lines(name) if line["kind"] == kind]
        self.assertEqual(1, len(found), f"{name}: {self.read(name + '.json')} {self.read(name + '.err')}")
        return found[0]

    @classmethod
    def messages(cls, name):
        answer = subprocess.run([paths.ptplens, "show", os.path.join(cls.out, f"{name}.pcapng"), "--json"], capture_output=True, text=True)
        if answer.returncode not in (0, 1):
            raise AssertionError(answer.stderr)
        return [line for line in map(json.loads, answer.stdout.splitlines()) if line["kind"] == "message"]

    def assert_mode(self, name, hooks, stamps):
        mode = self.line(name, "mode")
        self.assertEqual((hooks, stamps), (mode["hooks"], mode["stamps"]), mode)

    def stalled(self, messages):
        """How many received frames had their event more than 100 ms later, measured by the clocks of their neighbours. The join gives such a
        frame up. It takes a processor that stood still between two calls, which on an emulated machine it may."""
        offsets = sorted(m["time_ns"] - m["tap_ns"] for m in messages if m["verdict"] == "matched" and m["direction"] == "receive")
        offset = offsets[len(offsets) // 2] if offsets else 0
        key = operator.itemgetter("direction", "type", "sequence_id", "domain", "port")
        events = {key(m): m["tap_ns"] + offset for m in messages if m["verdict"] == "event-only" and m["direction"] == "receive"}
        frames = [m for m in messages if m["verdict"] == "frame-only"]
        return sum(events.get(key(m), 0) - m["time_ns"] > 10**8 for m in frames)

    def assert_account(self, name):
        """COMPLETE, but for stamps that came late and frames that were stalled: no time on an emulated machine is promised."""
        c, stalled = self.line(name, "certificate"), self.stalled(self.messages(name))
        self.assertEqual("UNEXPLAINED" if stalled else "EXPLAINED" if c["late"] else "COMPLETE", c["verdict"], c)
        self.assertEqual("1" if stalled else "0", self.read(f"{name}.status").strip(), self.read(f"{name}.err"))
        for key in ("ring_lost", "ambiguous_events", "ambiguous_frames", "ambiguous_stamps", "orphan_stamps", "crowded", "not_ptp", "rejected"):
            self.assertEqual(0, c[key], f"{key} of {c}")
        self.assertEqual((stalled, stalled), (c["event_only"], c["frame_only"]), c)
        self.assertEqual(c["frames"], c["matched"] + c["outside_frames"] + stalled)


def main():
    global paths
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", choices=HOOKS)
    for name in ("ptplens", "nic", "stamps", "monitor", "tos"):
        parser.add_argument(f"--{name}", type=os.path.abspath)
    paths, rest = parser.parse_known_args()
    guest.fetch()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2, warnings="ignore")
