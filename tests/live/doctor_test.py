#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The doctor on a real kernel: what it says changes with what is there, its exit code says how bad it is, and its JSON is JSON."""
import json
import subprocess

import live

SEVERITIES = ("ok", "note", "warning", "problem")
HOST = {"kernel", "rights", "hooks", "tx-stamps", "receive-stamps", "time-scale"}
OF_VETH = {"device", "link", "driver", "stamping", "xdp", "tc-programs", "offloads"}


class Doctor(live.Test):
    def setUp(self):
        super().setUp()
        self.process = live.start(["unshare", "--net", "sh", "-c", "ip link add va type veth peer name vb && ip link set va up && "
                                   "ip link set vb up && echo ready && read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(lambda: self.process.communicate("\n"))
        self.assertEqual("ready\n", self.process.stdout.readline())

    def inside(self, *command):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "--", *command]

    def run_inside(self, *command):
        return subprocess.run(self.inside(*command), check=True, capture_output=True, text=True).stdout

    def doctor(self, *arguments, through=()):
        """Findings by interface and topic; checks what holds for every answer."""
        answer = subprocess.run(self.inside(*through, live.paths.ptplens, "doctor", *arguments, "--json"), capture_output=True, text=True)
        self.assertEqual("", answer.stderr)
        lines = [json.loads(line) for line in answer.stdout.splitlines()]
        self.assertEqual("severities", lines[-1]["kind"])
        found = {}
        for line in lines[:-1]:
            self.assertEqual(["kind", "severity", "topic", "interface", "what", "meaning", "todo"], list(line))
            key = line["interface"], line["topic"]
            self.assertNotIn(key, found)
            found[key] = line
        counts = [line["severity"] for line in lines[:-1]]
        self.assertEqual({severity: counts.count(severity) for severity in SEVERITIES}, {key: lines[-1][key] for key in SEVERITIES})
        self.assertEqual(1 if "warning" in counts or "problem" in counts else 0, answer.returncode)
        return found

    def about(self, topic, interface="va", **keywords):
        return self.doctor(interface, **keywords)[interface, topic]

    def test_every_topic_of_a_veth(self):
        found = self.doctor("va")
        self.assertEqual({("", topic) for topic in HOST} | {("va", topic) for topic in OF_VETH}, set(found))
        self.assertIn(subprocess.run(["uname", "-r"], capture_output=True, text=True).stdout.strip(), found["", "kernel"]["what"])
        self.assertEqual("ok", found["", "rights"]["severity"])
        self.assertEqual("note", found["va", "stamping"]["severity"])
        self.assertIn("veth", found["va", "driver"]["what"])
        for topic in ("device", "link", "xdp", "tc-programs", "offloads"):
            self.assertEqual("ok", found["va", topic]["severity"], found["va", topic])

    def test_what_it_promises_is_what_record_does(self):
        found = self.doctor("va")
        observer = live.Observer(self.inside(live.paths.ptplens, "record", "va", "-w", self.path("r.pcapng"), "--json"))
        try:
            self.assertIn(f"hooks={observer.mode['hooks']}:", found["", "hooks"]["what"])
            self.assertIn(f"stamps={observer.mode['stamps']}:", found["", "tx-stamps"]["what"])
            self.assertIn("ptplens taps it already", self.about("tc-programs")["what"])
        finally:
            observer.stop()
        self.assertEqual("ok", self.about("tc-programs")["severity"])
        self.assertNotIn("already", self.about("tc-programs")["what"])

    def test_it_leaves_nothing_and_disturbs_nobody(self):
        before = self.at_hooks()
        observer = live.Observer(self.inside(live.paths.ptplens, "record", "va", "-w", self.path("r.pcapng"), "--json"))
        self.doctor("va")
        self.assertEqual("COMPLETE", observer.stop()["verdict"])
        self.assertEqual(before, self.at_hooks())

    def at_hooks(self):
        """What stands at the interface, as tc and bpftool list it."""
        return self.run_inside("tc", "qdisc", "show", "dev", "va"), self.run_inside("bpftool", "--json", "net", "show", "dev", "va")

    def test_link(self):
        self.run_inside("ip", "link", "set", "vb", "down")
        self.assertEqual(("warning", "The link has no carrier."), (self.about("link")["severity"], self.about("link")["what"]))
        down = self.about("link", "vb")
        self.assertEqual("warning", down["severity"])
        self.run_inside(*down["todo"].removeprefix("Run: ").split())
        self.assertEqual("ok", self.about("link")["severity"])

    def test_program_in_front(self):
        ahead = live.start(self.inside(live.paths.ahead, live.paths.programs, "drop", "va"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if ahead.stdout.readline() != "ready\n":
            self.assertEqual(77, ahead.wait(), "no program in front")
            self.skipTest("this kernel has no tcx")
        finding = self.about("tc-programs")
        ahead.communicate("\n")
        self.assertEqual("note", finding["severity"])
        self.assertIn("tcx: drop.", finding["what"])

    def test_filter_and_xdp(self):
        self.run_inside("tc", "qdisc", "add", "dev", "va", "clsact")
        self.run_inside("tc", "filter", "add", "dev", "va", "ingress", "bpf", "direct-action", "object-file", live.paths.programs, "section",
                        "tc/drop")
        self.run_inside("ip", "link", "set", "dev", "va", "xdpgeneric", "object", live.paths.programs, "section", "xdp/pass")
        found = self.doctor("va")
        self.assertIn("Filters at tc: ", found["va", "tc-programs"]["what"])
        self.assertEqual("warning", found["va", "xdp"]["severity"])
        self.assertIn("pass (generic mode)", found["va", "xdp"]["what"])

    def test_upper_and_ports(self):
        self.run_inside("ip", "link", "add", "link", "va", "name", "upper0", "type", "macvlan")
        self.run_inside("ip", "link", "add", "bridge0", "type", "bridge")
        self.run_inside("ip", "link", "set", "vb", "master", "bridge0")
        upper = self.about("device", "upper0")
        self.assertEqual("warning", upper["severity"])
        self.assertIn("Tap va instead", upper["todo"])
        bridge = self.about("device", "bridge0")
        self.assertEqual("warning", bridge["severity"])
        self.assertIn("ports vb.", bridge["what"])
        self.assertEqual(("problem", {"device"}), (self.about("device", "lo")["severity"], {t for i, t in self.doctor("lo") if i}))

    def test_overview(self):
        self.run_inside("ip", "link", "set", "vb", "down")
        found = self.doctor()
        self.assertEqual({("", topic) for topic in HOST} | {("va", "interface"), ("vb", "interface")}, set(found))
        self.assertEqual("note", found["vb", "interface"]["severity"])
        self.assertIn("down", found["vb", "interface"]["what"])

    def test_no_rights(self):
        nobody = ("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
        found = self.doctor("va", through=nobody)
        self.assertEqual(("problem", "problem"), (found["", "rights"]["severity"], found["", "hooks"]["severity"]))
        for right in ("CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_BPF", "CAP_PERFMON"):
            self.assertIn(right, found["", "rights"]["what"])
        self.assertNotIn(("", "tx-stamps"), found)
        self.assertIn("could not be looked at", found["va", "tc-programs"]["what"])
        self.assertEqual("note", found["va", "stamping"]["severity"])

    def test_one_right_missing(self):
        for right in ("net_admin", "net_raw"):
            found = self.doctor("va", through=("setpriv", "--inh-caps=-all", f"--bounding-set=-{right}"))
            self.assertEqual(f"This process lacks CAP_{right.upper()}.", found["", "rights"]["what"])
            self.assertEqual("problem", found["", "rights"]["severity"])

    def test_no_bpf(self):
        hooks = self.doctor("va", through=(live.paths.without_bpf,))["", "hooks"]
        self.assertEqual("problem", hooks["severity"])
        self.assertIn("BPF", hooks["what"])

    def test_nothing_can_be_asked(self):
        answer = subprocess.run(self.inside(live.paths.without_netlink, "0", live.paths.ptplens, "doctor"), capture_output=True, text=True)
        self.assertEqual((3, ""), (answer.returncode, answer.stdout))
        self.assertIn("rtnetlink", answer.stderr)

    def test_strange_name(self):
        name = 'a"\\b\u00e9'
        self.run_inside("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "vx")
        found = self.doctor(name)
        shown = {interface for interface, _ in found if interface}
        self.assertEqual([name], [interface.encode("latin-1").decode() for interface in shown])

    def test_text_says_the_same(self):
        found = self.doctor("va")
        text = subprocess.run(self.inside(live.paths.ptplens, "doctor", "va"), capture_output=True, text=True).stdout
        for (_, topic), finding in found.items():
            self.assertRegex(text, f"(?m)^{finding['severity']} +{topic} +")
            self.assertIn(finding["what"], text)
            self.assertIn(finding["todo"], text)


if __name__ == "__main__":
    live.main()
