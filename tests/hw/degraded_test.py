#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the kernel or the user withholds is named by the mode, and nothing is claimed of what cannot be seen."""
import hw


class Degraded(hw.Machine):
    script = "degraded.sh"

    def check(self, name, stamps, state):
        self.assert_mode(name, hw.HOOKS[hw.paths.kernel], stamps)
        # nothing is said but what time the card keeps
        said = [line for line in self.read(f"{name}.err").splitlines() if "eth0: the NIC's clock keeps UTC" not in line]
        self.assertEqual([], said)
        self.assertEqual("0", self.read(f"{name}.status").strip())
        got = dict(tuple(map(int, line.split())) for line in self.read(f"{name}.sent").splitlines())
        self.assertEqual(set(range(1000, 1005)), set(got))
        messages = {m["sequence_id"]: m for m in self.messages(name) if m["direction"] == "transmit" and m["verdict"] == "matched"}
        self.assertEqual(set(got), set(messages))
        for sequence, m in messages.items():
            self.assertEqual((state, got[sequence] if state == "hardware" else None), (m["stamp"], m["hw_ns"]), m)

    def test_rights(self):
        self.check("rights", "fentry", "hardware")

    def test_no_perfmon(self):
        self.assertEqual("3", self.read("no-perfmon.status").strip())
        self.assertIn("CAP_PERFMON", self.read("no-perfmon.err"))

    def test_no_ftrace(self):
        """fentry and kprobes can be attached, and would never be called."""
        self.check("no-ftrace", "error-queue", "hardware")

    def test_no_btf(self):
        self.check("no-btf", "none", "none")

    def test_lockdown(self):
        self.check("lockdown", "none", "none")


if __name__ == "__main__":
    hw.main()
