#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Recording live: every way to start it wrong has its sentence, and every way to end it leaves a file that tells the truth."""
import json
import os
import signal
import subprocess
import time

import live

BURST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "burst.py")


class Pair:
    """A veth pair left0-right0 in a network namespace of its own, until close."""

    def __init__(self):
        self.process = live.start(["unshare", "--net", "sh", "-c", "ip link add name left0 type veth peer name right0 && "
                                   "ip link set left0 up && ip link set right0 up && echo ready && read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError("no veth pair")

    def inside(self, *command):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "--", *command]

    def run(self, *command, **options):
        return subprocess.run(self.inside(*command), capture_output=True, text=True, **options)

    def burst(self, interface, count):
        return int(self.run("python3", BURST, interface, str(count), "distinct", check=True).stdout)

    def close(self):
        self.process.communicate("\n")


class Record(live.Test):
    def setUp(self):
        super().setUp()
        self.pair = Pair()
        self.addCleanup(self.pair.close)

    def record(self, interfaces, name):
        return self.pair.inside(live.paths.ptplens, "record", interfaces, "-w", self.path(name), "--json")

    def refused(self, code, *sentences, command):
        answer = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(code, answer.returncode, answer)
        for sentence in sentences:
            self.assertIn(sentence, answer.stderr)
        self.assertEqual("", answer.stdout)
        self.assertEqual(1, len(answer.stderr.splitlines()), answer.stderr)
        self.assertFalse(os.path.exists(self.path("x")))

    def shown(self, name, code=0):
        answer = subprocess.run([live.paths.ptplens, "show", self.path(name), "--count", "--json"], capture_output=True, text=True)
        self.assertEqual(code, answer.returncode, answer.stderr)
        return {line["kind"]: line for line in map(json.loads, answer.stdout.splitlines())}, answer.stderr

    def test_unknown_interface(self):
        self.refused(2, "nowhere0: no such interface", command=self.record("nowhere0", "x"))

    def test_one_of_two_unknown(self):
        self.refused(2, "nowhere0: no such interface", command=self.record("left0,nowhere0", "x"))

    def test_no_rights(self):
        nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
        program = self.record("left0", "x")
        at = program.index("--") + 1
        self.refused(3, "CAP_NET_RAW", command=program[:at] + nobody + program[at:])

    def test_no_right_to_bpf(self):
        program = self.record("left0", "x")
        at = program.index("--") + 1
        partly = ["setpriv", "--inh-caps=-all", "--bounding-set=-bpf,-sys_admin,-perfmon"]
        self.refused(3, "CAP_BPF", command=program[:at] + partly + program[at:])

    def test_no_bpf(self):
        program = self.record("left0", "x")
        at = program.index("--") + 1
        self.refused(3, "BPF", command=program[:at] + [live.paths.without_bpf] + program[at:])

    def test_two_interfaces(self):
        observer = self.observe("left0,right0", "two.pcapng", certificates=2)
        self.assertEqual(500, self.pair.burst("left0", 500))
        observer.stop()
        for certificate in observer.certificates:
            self.assert_equations(certificate)
            self.assertEqual("COMPLETE", certificate["verdict"], certificate)
            self.assertEqual(500, certificate["matched"])
        self.assertEqual(["left0", "right0"], [certificate["interface"] for certificate in observer.certificates])
        messages = subprocess.run([live.paths.ptplens, "show", self.path("two.pcapng"), "--json"], capture_output=True, text=True).stdout
        sides = [(m["interface"], m["direction"]) for m in map(json.loads, messages.splitlines()) if m["kind"] == "message"]
        self.assertEqual({("left0", "transmit"): 500, ("right0", "receive"): 500}, {side: sides.count(side) for side in set(sides)})

    def observe(self, interfaces, name, certificates=1):
        observer = live.Observer(self.record(interfaces, name), certificates)
        self.addCleanup(observer.process.kill)
        return observer

    def test_ended_by_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            observer = self.observe("right0", f"{number}.pcapng")
            self.pair.burst("left0", 200)
            observer.process.send_signal(number)
            certificate = observer.wait()
            self.assertEqual(0, observer.process.returncode, observer.errors)
            self.assertEqual("COMPLETE", certificate["verdict"], certificate)
            self.assertEqual(200, certificate["matched"])
            kinds, notes = self.shown(f"{number}.pcapng")
            self.assertEqual(certificate, kinds["certificate"])
            self.assertEqual("", notes)

    def test_killed_at_any_time(self):
        for packets in (0, 1, 50, 700):
            name = f"killed{packets}.pcapng"
            observer = self.observe("right0", name)
            if packets:
                self.pair.burst("left0", packets)
                live.wait_until(lambda: len(live.ptp_frames(self.path(name))) >= packets // 2, "half is in the file")
            observer.process.kill()
            observer.process.wait()
            frames = len(live.ptp_frames(self.path(name)))
            kinds, notes = self.shown(name)
            self.assertEqual(frames, kinds["types"]["messages"])
            self.assertLessEqual(frames, packets)
            self.assertIn("not finished", notes)
        observer = self.observe("right0", "after.pcapng")
        self.pair.burst("left0", 20)
        self.assertEqual("COMPLETE", observer.stop()["verdict"])

    def test_no_hardware_to_enable(self):
        observer = live.Observer(self.record("right0", "hw.pcapng") + ["--enable-hw"])
        self.addCleanup(observer.process.kill)
        self.pair.burst("left0", 20)
        certificate = observer.stop()
        self.assertEqual(0, observer.process.returncode, observer.errors)
        self.assertEqual("COMPLETE", certificate["verdict"], certificate)
        self.assertIn("right0: no hardware stamps: the driver has no stamp settings", observer.errors)

    def test_clock_samples(self):
        observer = self.observe("right0", "clock.pcapng")
        live.wait_until(lambda: time.time_ns() > observer.attached_ns + 3 * 10**9, "three seconds pass")
        self.pair.burst("left0", 20)
        observer.stop()
        answer = subprocess.run([live.paths.ptplens, "show", self.path("clock.pcapng"), "--json"], capture_output=True, text=True, check=True)
        self.assertEqual("", answer.stderr)
        samples = [line for line in map(json.loads, answer.stdout.splitlines()) if line["kind"] == "clock"]
        self.assertGreaterEqual(len(samples), 4)
        # the same clocks, read here: they belong together the same way
        before, realtime, after = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        for sample in samples:
            self.assertIsNone(sample["nic_ns"])
            self.assertEqual("unknown", sample["scale"])
            self.assertFalse(sample["stepped"])
            offset, doubt = sample["realtime_ns"] - sample["monotonic_ns"], sample["half_width_ns"] + 1000
            self.assertTrue(realtime - after - doubt <= offset <= realtime - before + doubt, sample)
        apart = [b["monotonic_ns"] - a["monotonic_ns"] for a, b in zip(samples, samples[1:])]
        self.assertGreaterEqual(min(apart), 10**9)

    def test_full_disk(self):
        disk = self.path("disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        observer = self.observe("right0", "disk/full.pcapng")
        self.pair.burst("left0", 2000)
        observer.wait()
        self.assertEqual(2, observer.process.returncode, observer.errors)
        self.assertIn("full.pcapng", observer.errors)
        self.assertGreater(len(live.ptp_frames(self.path("disk/full.pcapng"))), 100)
        self.shown("disk/full.pcapng")


if __name__ == "__main__":
    live.main()
