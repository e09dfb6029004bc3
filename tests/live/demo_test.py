#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The demo: what it shows, that it can be stopped in any way, and that nothing but the recording stays."""
import glob
import json
import os
import shutil
import signal
import subprocess

import live

NOBODY = 65534
MESSAGE_TYPES = {"Sync", "Follow_Up", "Announce", "Delay_Req", "Delay_Resp"}


def children(pid):
    """The processes below pid."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def gone(pids):
    return not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def traces():
    """What a demo might leave on the machine: interfaces, and files where ptp4l makes its sockets and programs their temporary files."""
    links = subprocess.run(["ip", "-brief", "link"], check=True, capture_output=True, text=True).stdout
    names = {line.split()[0] for line in links.splitlines()}
    pinned = set(os.listdir("/sys/fs/bpf")) if os.path.isdir("/sys/fs/bpf") else set()
    sockets = {name for name in os.listdir("/run") if name.startswith(("ptp", "pmc"))}
    return names, pinned, sockets


class Demo(live.Test):
    def start(self, *options, program=None, **more):
        process = live.start([program or live.paths.ptplens, "demo", "--json", *options], cwd=self.folder, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, **more)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.mode = json.loads(process.stdout.readline())
        return process

    def finish(self, process):
        out, errors = live.finish(process, process.stdout), process.stderr.read()
        return [json.loads(line) for line in out.splitlines()], errors

    def check_report(self, lines, verdict, path):
        kinds = {}
        for line in lines:
            kinds.setdefault(line["kind"], []).append(line)
        self.assertLessEqual(MESSAGE_TYPES, set(kinds["types"][0]))
        certificate = kinds["certificate"][0]
        self.assert_equations(certificate)
        self.assertEqual(verdict, certificate["verdict"], certificate)
        self.assertEqual(MESSAGE_TYPES, {line["type"] for line in kinds["message"]})
        self.assertEqual({"matched"}, {line["verdict"] for line in kinds["message"]})
        self.assertEqual(path, kinds["recording"][0]["file"])
        self.assertEqual(certificate["matched"], len(live.ptp_frames(path)))
        return certificate

    def test_live(self):
        before = traces()
        demo = self.start("-d", "4")
        self.assertEqual("live", demo.mode["mode"])
        lines, errors = self.finish(demo)
        self.assertEqual(0, demo.returncode, errors)
        self.check_report(lines, "COMPLETE", self.path("ptplens-demo.pcapng"))
        self.assertEqual(before, traces())
        self.assertEqual(["ptplens-demo.pcapng"], os.listdir(self.folder))

    def test_text(self):
        answer = subprocess.run([live.paths.ptplens, "demo", "-d", "3", "-w", "x.pcapng"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(0, answer.returncode, answer.stderr)
        for words in ("mode=live hooks=", "stamps=", "verdict: COMPLETE", "verdict=matched", f"recording: {self.path('x.pcapng')}"):
            self.assertIn(words, answer.stdout)

    def test_overwriting(self):
        for name in ("ptplens-demo.pcapng", "mine.pcapng"):
            with open(self.path(name), "w") as file:
                file.write("not a recording")
        answer = subprocess.run([live.paths.ptplens, "demo", "-d", "1", "-w", "mine.pcapng"], cwd=self.folder, capture_output=True,
                                text=True)
        self.assertEqual(2, answer.returncode)
        self.assertIn("mine.pcapng", answer.stderr)
        with open(self.path("mine.pcapng")) as file:
            self.assertEqual("not a recording", file.read())
        self.assertEqual(0, subprocess.run([live.paths.ptplens, "demo", "-d", "3"], cwd=self.folder, capture_output=True).returncode)
        self.assertGreater(len(live.ptp_frames(self.path("ptplens-demo.pcapng"))), 0)

    def test_interrupted(self):
        """Ctrl-C reaches the whole process group; the end is reported as usual."""
        before = traces()
        demo = self.start("-d", "1000", start_new_session=True)
        clocks = children(demo.pid)
        self.assertEqual(2, len(clocks))
        self.await_frames(demo, "ptplens-demo.pcapng")
        os.killpg(demo.pid, signal.SIGINT)
        lines, errors = self.finish(demo)
        self.assertEqual(0, demo.returncode, errors)
        self.check_report(lines, "COMPLETE", self.path("ptplens-demo.pcapng"))
        live.wait_until(lambda: gone(clocks), "the clocks have ended")
        self.assertEqual(before, traces())

    def await_frames(self, demo, name):
        """Until every type of message is in the recording, which can be read all the time."""
        live.wait_until(lambda: {0, 1, 8, 9, 11} <= {frame.type for frame in live.ptp_frames(self.path(name))}, "all types are recorded")
        self.assertIsNone(demo.poll())

    def test_killed(self):
        before = traces()
        demo = self.start("-d", "1000")
        clocks = children(demo.pid)
        self.assertEqual(2, len(clocks))
        self.await_frames(demo, "ptplens-demo.pcapng")
        demo.kill()
        demo.wait()
        live.wait_until(lambda: gone(clocks), "the clocks have died with the demo")
        self.assertEqual(before, traces())
        self.assertGreater(len(live.ptp_frames(self.path("ptplens-demo.pcapng"))), 0)

    def test_clock_dies(self):
        demo = self.start("-d", "1000")
        os.kill(children(demo.pid)[1], signal.SIGTERM)
        lines, errors = self.finish(demo)
        self.assertEqual(1, demo.returncode, errors)
        self.assertIn("ptp4l (slave) has ended", errors)

    def test_two_at_once(self):
        demos = [self.start("-d", "4", "-w", f"{name}.pcapng") for name in ("one", "two")]
        for demo, name in zip(demos, ("one", "two")):
            lines, errors = self.finish(demo)
            self.assertEqual(0, demo.returncode, errors)
            self.check_report(lines, "COMPLETE", self.path(f"{name}.pcapng"))

    def test_without_root(self):
        # where the programs were built may be closed to others
        programs = os.path.join(self.folder, "programs")
        os.makedirs(programs)
        for file in [live.paths.ptplens, *glob.glob(os.path.join(os.path.dirname(live.paths.ptplens), "..", "lib", "libptplens.so*[0-9]"))]:
            shutil.copy(file, programs)
        os.chmod(self.folder, 0o777)
        demo = self.start("-d", "1000", program=os.path.join(programs, "ptplens"), env={**os.environ, "LD_LIBRARY_PATH": programs},
                          user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertEqual("simulated", demo.mode["mode"])
        lines, errors = self.finish(demo)
        self.assertEqual(0, demo.returncode, errors)
        self.assertEqual(1, len(errors.splitlines()), errors)
        self.assertIn("simulated", errors)
        self.check_report(lines, "none", self.path("ptplens-demo.pcapng"))
        self.assertNotIn("COMPLETE", json.dumps(lines))

    def test_usage(self):
        for options in (["-d", "0"], ["-d", "x"], ["eth0"], ["--what"]):
            self.assertEqual(2, subprocess.run([live.paths.ptplens, "demo", *options], capture_output=True).returncode, options)


if __name__ == "__main__":
    live.main()
