#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The command line as a user meets it: help, words, exit codes, and a clear sentence for each bad input. Needs no rights.
usage: cli_test.py PTPLENS
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

PTPLENS = None
COMMANDS = ("demo", "doctor", "record", "show", "stamps", "version")


def run(*arguments, **keywords):
    return subprocess.run([PTPLENS, *arguments], capture_output=True, text=True, timeout=60, **keywords)


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def refused(self, code, sentence, *arguments, **keywords):
        answer = run(*arguments, **keywords)
        self.assertEqual(code, answer.returncode, answer)
        self.assertIn(sentence, answer.stderr)
        self.assertEqual("", answer.stdout)

    def test_help(self):
        overview = run("help")
        self.assertEqual(0, overview.returncode)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", overview.stdout)
        for command in ("demo", "doctor", "record", "show", "stamps"):
            answer = run(command, "--help")
            self.assertEqual(0, answer.returncode)
            self.assertTrue(answer.stdout.startswith(f"usage: ptplens {command}"), answer.stdout)
            self.assertEqual("", answer.stderr)
        self.assertEqual(2, run().returncode)

    def test_version(self):
        self.assertRegex(run("version").stdout, r"^ptplens \d+\.\d+\.\d+\n$")
        self.assertEqual(run("version").stdout, run("--version").stdout)

    def test_usage_errors(self):
        self.refused(2, "no such command", "recrod")
        self.refused(2, "takes no argument", "version", "x")
        self.refused(2, "needs -w FILE", "record", "sim:demo")
        self.refused(2, "needs an interface", "record", "-w", self.path("x"))
        self.refused(2, "one source", "show")
        self.refused(2, "one source", "show", "a", "b")
        self.refused(2, "one source", "stamps")
        self.refused(2, "-d 0: not a number of seconds", "stamps", "sim:demo", "-d", "0")
        self.refused(2, "no-such0: no such interface or file", "stamps", "no-such0")
        self.refused(2, "-c 0: not a count", "show", "sim:demo", "-c", "0")
        self.refused(2, "-c -3: not a count", "show", "sim:demo", "-c", "-3")
        self.refused(2, "-d x: not a number of seconds", "record", "sim:demo", "-w", self.path("x"), "-d", "x")
        self.refused(2, "-d -1: not a number of seconds", "demo", "-d", "-1")
        self.refused(2, "one interface at most", "doctor", "a", "b")
        self.refused(2, "no-such0: no such interface", "doctor", "no-such0")
        self.refused(2, "no such interface", "doctor", "")
        self.refused(2, "ptplens: unrecognized option", "show", "--colour", "sim:demo")
        self.assertEqual([], os.listdir(self.folder))

    def test_sources(self):
        self.refused(2, "no-such0: no such interface or file", "show", "no-such0")
        self.refused(2, "sim:x: no such scenario", "show", "sim:x")
        self.refused(2, "empty source", "show", "")
        self.refused(2, "./no-such", "show", "./no-such")
        self.refused(2, self.folder, "show", self.folder + "/")
        with open(self.path("text"), "w") as text:
            text.write("not a capture, and long enough for a block header\n")
        self.refused(2, self.path("text"), "show", self.path("text"))

    def test_files(self):
        exists = self.path("exists.pcapng")
        with open(exists, "w") as file:
            file.write("precious")
        self.refused(2, "exists.pcapng", "record", "sim:demo", "-w", exists)
        with open(exists) as file:
            self.assertEqual("precious", file.read())
        self.refused(2, "no/such/folder", "record", "sim:demo", "-w", "/no/such/folder/x.pcapng")
        self.refused(2, self.folder, "record", "sim:demo", "-w", self.folder)

    def test_record_and_show_agree(self):
        recording = self.path("r.pcapng")
        recorded = run("record", "sim:demo", "-w", recording, "--json")
        self.assertEqual(0, recorded.returncode, recorded.stderr)
        shown = run("show", recording, "--json", "--count")
        self.assertEqual(0, shown.returncode, shown.stderr)
        kinds = {line["kind"]: line for line in map(json.loads, recorded.stdout.splitlines())}
        again = {line["kind"]: line for line in map(json.loads, shown.stdout.splitlines())}
        self.assertEqual({"mode", "types", "stamps", "certificate"}, set(kinds))
        self.assertEqual("simulated", kinds["mode"]["mode"])
        self.assertEqual("file", again["mode"]["mode"])
        self.assertEqual("none", kinds["certificate"]["verdict"])
        for kind in ("types", "stamps", "certificate"):
            self.assertEqual(kinds[kind], again[kind])
        # live and read back: the same messages, line by line
        live, back = run("show", "sim:demo", "--json"), run("show", recording, "--json")
        of_kind = lambda answer, kind: [line for line in map(json.loads, answer.stdout.splitlines()) if line["kind"] == kind]
        messages = of_kind(back, "message")
        self.assertEqual(of_kind(live, "message"), messages)
        # the simulator's NIC keeps TAI, and gives a sample a second
        samples = of_kind(back, "clock")
        self.assertEqual(of_kind(live, "clock"), [dict(sample, interface="sim:demo") for sample in samples])
        self.assertGreater(len(samples), 9)
        for sample in samples:
            self.assertEqual(37 * 10**9, sample["nic_ns"] - sample["realtime_ns"])
            self.assertEqual("tai", sample["scale"])
            self.assertIn("37.000000000 s ahead of CLOCK_REALTIME", sample["reason"])
        self.assertEqual(kinds["types"]["messages"], len(messages))
        self.assertTrue(all(m["verdict"] == "matched" for m in messages))
        self.assertEqual(len(messages), run("show", recording).stdout.count("verdict=matched\n"))

    def test_stamps(self):
        """79 Delay_Req are sent, each stamped 34 us after the tap; 80 Sync are received, all stamped."""
        answer = run("stamps", "sim:demo", "--json")
        self.assertEqual(0, answer.returncode, answer.stderr)
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        rows = {(line["direction"], line["type"]): line for line in lines if line["kind"] == "stamps-of-type"}
        self.assertEqual({("transmit", "Delay_Req"): 79, ("receive", "Sync"): 80},
                         {key: row["asked"] for key, row in rows.items() if row["asked"]})
        for row in rows.values():
            self.assertEqual(row["asked"], row["hardware"])
        delays = rows["transmit", "Delay_Req"]
        self.assertEqual([79, 34000, 34000, 34000], [delays[key] for key in ("delays", "delay_p50_ns", "delay_p99_ns", "delay_max_ns")])
        self.assertEqual([], [line for line in lines if line["kind"] in ("stamps-cause", "unstamped", "counter")])
        self.assertEqual([None], [line["ms"] for line in lines if line["kind"] == "tx-timestamp-timeout"])
        text = run("stamps", "sim:demo")
        self.assertRegex(text.stdout, r"\n  Delay_Req +2\.0 +79 +79 +0 .* 34\.0\n")
        self.assertIn("no statement; 79 delays", text.stdout)
        self.assertNotIn("certificate", text.stdout)
        self.assertIn("frames without their stamp: none\ncertificate of sim:demo", run("stamps", "sim:demo", "--verbose").stdout)

    def test_source_lists(self):
        self.refused(2, "empty interface name", "record", "lo,", "-w", self.path("x"))
        self.refused(2, "lo: named twice", "record", "lo", "lo", "-w", self.path("x"))

    def test_count_stops(self):
        recording = self.path("c.pcapng")
        stopped = run("record", "sim:demo", "-w", recording, "-c", "17")
        self.assertEqual(0, stopped.returncode)
        self.assertIn("stopped after 17 messages; ", stopped.stderr)
        lines = run("show", recording).stdout.splitlines()
        self.assertEqual(17, len(lines))
        self.assertEqual(lines[:5], run("show", recording, "-c", "5").stdout.splitlines())

    def test_standard_output(self):
        piped = subprocess.run([PTPLENS, "record", "sim:demo", "-w", "-"], capture_output=True, timeout=60)
        self.assertEqual(0, piped.returncode)
        self.assertEqual(b"\x0a\x0d\x0d\x0a", piped.stdout[:4])
        self.assertIn(b"verdict: none", piped.stderr)
        count = subprocess.run(["tshark", "-r", "-", "-T", "fields", "-e", "frame.number"], input=piped.stdout, capture_output=True)
        self.assertEqual(328, len(count.stdout.split()), count.stderr)

    def test_full_disk(self):
        full = run("record", "sim:demo", "-w", "/dev/full")
        self.assertEqual(2, full.returncode, full)
        self.assertIn("/dev/full", full.stderr)

    def test_reader_goes_away(self):
        reader, writer = os.pipe()
        os.close(reader)
        gone = subprocess.run([PTPLENS, "show", "sim:demo"], stdout=writer, stderr=subprocess.DEVNULL, timeout=60)
        os.close(writer)
        self.assertEqual(2, gone.returncode)
        with open("/dev/full", "w") as full:
            for command in ("show", "stamps"):
                self.assertEqual(2, subprocess.run([PTPLENS, command, "sim:demo"], stdout=full, stderr=subprocess.DEVNULL).returncode)


    def test_stuck_reader(self):
        """One signal asks for the end, which waits for the reader; a second one does not wait."""
        with subprocess.Popen([PTPLENS, "record", "sim:demo", "-w", "-"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as stuck:
            with self.assertRaises(subprocess.TimeoutExpired):
                stuck.wait(1)  # the recording is larger than a pipe
            stuck.send_signal(signal.SIGTERM)
            with self.assertRaises(subprocess.TimeoutExpired):
                stuck.wait(1)
            stuck.send_signal(signal.SIGTERM)
            self.assertEqual(-signal.SIGTERM, stuck.wait(60))

    def test_output_fails(self):
        for arguments in (["show", "sim:demo"], ["show", "sim:demo", "--count"], ["record", "sim:demo", "-w", self.path("x")], ["version"]):
            with open("/dev/full", "w") as full:
                answer = subprocess.run([PTPLENS, *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(2, answer.returncode, arguments)
            self.assertIn("standard output: No space left", answer.stderr)


if __name__ == "__main__":
    PTPLENS = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
