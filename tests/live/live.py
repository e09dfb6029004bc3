# SPDX-License-Identifier: BSD-3-Clause
"""What the live tests share: PTP clocks in network namespaces, what tcpdump sees of them, and what ptplens makes of it."""
import argparse
import collections
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SLAVE_INTERFACE = "demo0"
MASTER_INTERFACE = "demo1"
PROFILES = ("e2e-ethernet", "e2e-ipv4", "e2e-ipv6", "p2p-ethernet", "gptp")
SECONDS = 3  # of traffic in a measurement
PATIENCE = 30  # seconds until something that should happen counts as failed

paths = None  # of the programs under test, set by main()

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **options):
    return subprocess.Popen(command, preexec_fn=die_with_parent, text=True, **options)


def finish(process, stream):
    """The rest of a stream that was read by lines, which communicate would lose a part of; returns when the process has ended."""
    text = stream.read()
    process.wait()
    return text


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {PATIENCE} s: {what}")
        time.sleep(0.02)


class Peers:
    """The clocks of a profile, until close."""

    def __init__(self, profile):
        self.process = start([paths.peers, profile], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.slave, self.master = (int(pid) for pid in self.process.stdout.readline().split())

    def at_slave(self, *command):
        return ["nsenter", f"--net=/proc/{self.slave}/ns/net", "--", *command]

    def at_master(self, *command):
        return ["nsenter", f"--net=/proc/{self.master}/ns/net", "--", *command]

    def program(self, direction, section):
        """A classifier of programs.bpf.c at both ends, behind the tap's."""
        for interface, at in ((SLAVE_INTERFACE, self.at_slave), (MASTER_INTERFACE, self.at_master)):
            subprocess.run(at("tc", "qdisc", "replace", "dev", interface, "clsact"), check=True)
            subprocess.run(at("tc", "filter", "add", "dev", interface, direction, "bpf", "direct-action", "object-file",
                              paths.programs, "section", section), check=True)

    def source(self, end):
        """The MAC address of an end."""
        interface, at = (SLAVE_INTERFACE, self.at_slave) if end == "slave" else (MASTER_INTERFACE, self.at_master)
        answer = subprocess.run(at("ip", "-json", "link", "show", "dev", interface), check=True, capture_output=True)
        return json.loads(answer.stdout)[0]["address"]

    def await_log(self, text):
        """Reads the slave's log up to a line with text."""
        for line in self.process.stdout:
            if text in line:
                return
        raise AssertionError(f"the slave has ended without {text}")

    def close(self):
        """Returns what the slave has printed since."""
        self.process.stdin.close()
        log = self.process.stdout.read()
        self.process.wait()
        return log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.close()


class Tcpdump:
    """Everything at the slave's end, seen by another program."""

    def __init__(self, peers, path):
        self.path = path
        self.process = start(peers.at_slave("tcpdump", "-Z", "root", "-i", SLAVE_INTERFACE, "-w", path, "-B", "16384", "-s", "256", "-U",
                                            "--immediate-mode", "--time-stamp-precision=nano"), stderr=subprocess.PIPE)
        while "listening on" not in self.process.stderr.readline():
            if self.process.poll() is not None:
                raise AssertionError("tcpdump did not start")

    def stop(self):
        """Returns when everything up to now is in the file."""
        # it writes in order, and what it has not read when it is told to end is lost
        now_ns = time.time_ns()
        wait_until(lambda: any(frame.time_ns > now_ns for frame in ptp_frames(self.path)), "tcpdump sees a later frame")
        self.process.send_signal(signal.SIGINT)
        words = finish(self.process, self.process.stderr)
        if "\n0 packets dropped by kernel" not in words:
            raise AssertionError(f"tcpdump: {words}")


class Observer:
    """A program that observes interfaces and prints JSON lines: its modes when it is attached, its certificates at the end."""

    def __init__(self, command, certificates=1):
        self.expected = certificates
        self.process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{command}: {finish(self.process, self.process.stderr)}")
        self.attached_ns = time.time_ns()
        self.mode = json.loads(line)

    def stop(self):
        self.detached_ns = time.time_ns()
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        """Reads on until the program has ended by itself."""
        out, self.errors = finish(self.process, self.process.stdout), self.process.stderr.read()
        self.lines = [json.loads(line) for line in out.splitlines()]
        self.certificates = [line for line in self.lines if line["kind"] == "certificate"]
        if len(self.certificates) != self.expected:
            raise AssertionError(f"exit code {self.process.returncode}, {out} {self.errors}")
        self.certificate = self.certificates[0]
        return self.certificate


def record(peers, path):
    return Observer(peers.at_slave(paths.ptplens, "record", SLAVE_INTERFACE, "-w", path, "--json"))


Frame = collections.namedtuple("Frame", "time_ns source type sequence identity")


def ptp_frames(path):
    """The PTP frames of a file in its order, as tshark reads them."""
    fields = ("frame.time_epoch", "eth.src", "ptp.v2.messagetype", "ptp.v2.sequenceid", "ptp.v2.clockidentity")
    command = ["tshark", "-r", path, "-Y", "ptp", "-T", "fields", "-E", "occurrence=f"]
    for field in fields:
        command += ["-e", field]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    frames = []
    for line in answer.stdout.splitlines():
        seconds, source, kind, sequence, identity = line.split("\t")
        whole, fraction = seconds.split(".")
        frames.append(Frame(int(whole) * 10**9 + int(fraction.ljust(9, "0")), source, int(kind, 0), int(sequence, 0), identity))
    return frames


class Test(unittest.TestCase):
    maxDiff = 4096

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def assert_part(self, part, whole):
        """part stands in whole without a gap."""
        self.assertTrue(part)
        self.assertIn(part[0], whole)
        at = whole.index(part[0])
        self.assertEqual(part, whole[at:at + len(part)])

    def assert_equations(self, c):
        self.assertEqual(c["positions"], c["received"] + c["ring_lost"] + c["ring_pending"])
        self.assertEqual(c["received"], c["frame_events"] + c["stamp_events"] + c["skipped_events"])
        self.assertEqual(c["frame_events"],
                         c["matched"] + c["ambiguous_events"] + c["event_only"] + c["outside_events"] + c["open_events"])
        self.assertEqual(c["captured"], c["frames"] + c["not_ptp"] + c["rejected"])
        self.assertEqual(c["frames"],
                         c["matched"] + c["ambiguous_frames"] + c["frame_only"] + c["outside_frames"] + c["open_frames"])
        self.assertEqual(c["stamp_events"], c["attached"] + c["late"] + c["ambiguous_stamps"] + c["orphan_stamps"] +
                         c["outside_stamps"] + c["open_stamps"])
        self.assertEqual(0, c["open_events"] + c["open_frames"] + c["open_stamps"] + c["ring_pending"])
        self.assertTrue(c["final"])

    def assert_causes(self, c, **expected):
        """What is alone or ambiguous has the expected causes, at least one item each, and no other."""
        for key in ("event_only_by", "frame_only_by", "ambiguous_by", "orphan_by"):
            self.assertEqual(set(expected.get(key, ())), set(c[key]), f"{key} of {c}")


def main():
    global paths
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        sys.exit(77)
    parser = argparse.ArgumentParser()
    for name in ("peers", "ptplens", "programs", "session", "ahead", "without-bpf", "without-netlink"):
        parser.add_argument(f"--{name}", type=os.path.abspath)
    paths, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2, warnings="ignore")
