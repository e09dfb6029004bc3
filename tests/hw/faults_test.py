#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of transmit stamps that a card gives late, not at all or to nobody, and of a recording whose card goes away."""
import hw


class Faults(hw.Machine):
    script = "faults.sh"

    def got(self, file):
        """sequenceId to stamp, as the sender had them."""
        return dict(tuple(map(int, line.split())) for line in self.read(file).splitlines())

    def sent(self, name, first, count):
        """[messages] for each of count sequenceIds from first on."""
        of = {first + i: [] for i in range(count)}
        for m in self.messages(name):
            if m["direction"] == "transmit" and m["sequence_id"] in of:
                of[m["sequence_id"]].append(m)
        return of

    def assert_delivered(self, name, first, count, file):
        got, sent = self.got(file), self.sent(name, first, count)
        self.assertEqual(count, len(got))
        for sequence, messages in sent.items():
            stamped = [m for m in messages if m["hw_ns"] is not None]
            self.assertEqual([got[sequence]], [m["hw_ns"] for m in stamped], messages)

    def assert_undelivered(self, name, first, count, file):
        self.assertEqual({}, self.got(file))
        for messages in self.sent(name, first, count).values():
            self.assertEqual([("matched", "undelivered")], [(m["verdict"], m["stamp"]) for m in messages])

    def counter(self, name):
        return int(next(line.split()[1] for line in self.read("counters").splitlines() if line.split()[0] == f"{name}:"))

    def test_ordinary(self):
        self.assert_delivered("slot", 1000, 5, "ordinary")

    def test_occupied(self):
        self.assert_undelivered("slot", 2100, 3, "skipped")
        self.assertEqual(3, self.counter("tx_hwtstamp_skipped"))

    def test_late(self):
        """The sender got a late stamp that is nobody's time: the register still had the earlier frame's."""
        (messages,) = self.sent("slot", 2000, 1).values()
        self.assertEqual([("matched", "undelivered"), ("event-only", "late")], [(m["verdict"], m["stamp"]) for m in messages])
        self.assertEqual({2000: self.got("ordinary")[1004]}, self.got("late"))
        self.assertIsNone(messages[1]["hw_ns"])

    def test_stale(self):
        (messages,) = self.sent("slot", 5100, 1).values()
        self.assertEqual({5100: self.got("held")[3004]}, self.got("stale"))
        self.assertEqual([("matched", "refused", None)], [(m["verdict"], m["stamp"], m["hw_ns"]) for m in messages])

    def test_timed_out(self):
        self.assert_undelivered("slot", 5000, 1, "timed-out")
        self.assertEqual(1, self.counter("tx_hwtstamp_timeouts"))

    def test_held(self):
        self.assert_delivered("slot", 3000, 5, "held")
        for messages in self.sent("slot", 3000, 5).values():
            delays = [m["stamp_delay_ns"] for m in messages if m["stamp_delay_ns"] is not None]
            self.assertTrue(all(delay >= 60 * 10**6 for delay in delays), messages)

    def test_never(self):
        self.assert_undelivered("silent", 4000, 5, "never")

    def test_certificates(self):
        for name in ("slot", "silent", "bound"):
            self.assert_mode(name, hw.HOOKS[hw.paths.kernel], "fentry")
            self.assert_account(name)

    def test_unbound(self):
        self.assertEqual(5, len(self.got("before")))
        c = self.line("unbound", "certificate")
        self.assertTrue(c["final"], c)
        self.assertIn(c["verdict"], ("COMPLETE", "EXPLAINED"), c)
        # the record ended by itself, and says why
        self.assertEqual("1", self.read("unbound.status").strip(), self.read("unbound.err"))
        # tap and capture both notice, in either order
        self.assertRegex(self.read("unbound.err"), "eth0: the (interface.* is gone|capture failed: The interface disappeared)")
        self.assertEqual(5, len(self.sent("unbound", 6000, 5)))
        self.assert_delivered("bound", 7000, 5, "after")


if __name__ == "__main__":
    hw.main()
