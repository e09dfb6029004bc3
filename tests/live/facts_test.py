#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The facts about interfaces, against what ethtool, ip and the older ioctl say of the same interfaces in a network namespace.
usage: facts_test.py FACTS_PROBE PROGRAMS.bpf.o AHEAD_MAIN WITHOUT_NETLINK
"""
import ctypes
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

PROBE = PROGRAMS = AHEAD = WITHOUT_NETLINK = None
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
SIOCETHTOOL = 0x8946
ETHTOOL_GET_TS_INFO = 0x41
TX_SOFTWARE, RX_SOFTWARE, TX_HARDWARE, RX_HARDWARE = 1, 2, 4, 8  # enum pl_stamping
libc = ctypes.CDLL(None, use_errno=True)


def run(*command, check=True, **keywords):
    return subprocess.run(command, check=check, capture_output=True, text=True, **keywords).stdout


def start(*command, **keywords):
    return subprocess.Popen(command, text=True, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), **keywords)


def probe(*arguments):
    return dict(line.split("=", 1) for line in run(PROBE, *arguments).splitlines())


def link(name):
    return json.loads(run("ip", "-json", "-details", "link", "show", "dev", name))[0]


def stamping_by_ioctl(name):
    """so_timestamping, phc_index and rx_filters, as the ioctl gives them."""
    info = bytearray(struct.pack("IIiI3II3I", ETHTOOL_GET_TS_INFO, *[0] * 10))
    address = ctypes.addressof((ctypes.c_char * len(info)).from_buffer(info))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP16x", name.encode(), address))
    fields = struct.unpack("IIiI3II3I", info)
    return fields[1], fields[2], fields[7]


class Facts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if libc.unshare(CLONE_NEWNET):
            print("skipped: no network namespace")
            sys.exit(77)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb")
        run("ip", "link", "add", "link", "va", "name", "upper0", "type", "macvlan")
        run("ip", "link", "add", "bridge0", "type", "bridge")
        run("ip", "link", "set", "vb", "master", "bridge0")
        run("ip", "link", "set", "va", "up")
        run("ip", "link", "set", "vb", "up")

    def test_interfaces_are_those_of_ip(self):
        for name in ("lo", "va", "vb", "upper0", "bridge0"):
            f, other = probe(name), link(name)
            self.assertEqual(name, f["name"])
            self.assertEqual(other["ifindex"], int(f["ifindex"]))
            self.assertEqual(other["link_type"] == "ether", f["ethernet"] == "1", name)
            self.assertEqual("UP" in other["flags"], f["up"] == "1", name)
            # ip shows the operational state, whose UNKNOWN is a loopback's
            self.assertEqual(other["operstate"] in ("UP", "UNKNOWN"), f["carrier"] == "1", (name, other))
            self.assertEqual(other.get("linkinfo", {}).get("info_kind", ""), f["kind"])
            self.assertEqual(other.get("master", ""), f["master"])

    def test_relations(self):
        self.assertEqual("va", link("upper0")["link"])
        upper, lower, port, bridge = probe("upper0"), probe("va"), probe("vb"), probe("bridge0")
        self.assertEqual(("1", "va"), (upper["stacked"], upper["lower"]))
        self.assertEqual("upper0", lower["uppers"])
        # a veth's link is its peer: it lies on nothing
        self.assertEqual("vb", link("va")["link"])
        self.assertEqual(("0", ""), (lower["stacked"], lower["lower"]))
        self.assertEqual(("bridge0", "bridge"), (port["master"], port["master_kind"]))
        self.assertEqual(("vb", "1"), (bridge["ports"], bridge["ports_count"]))

    def test_driver_and_abilities(self):
        for name in ("va", "upper0", "bridge0", "lo"):
            f = probe(name)
            driver = re.search(r"^driver: (.*)$", run("ethtool", "-i", name, check=False), re.M)
            self.assertEqual(driver.group(1) if driver else "", f["driver"])
            told = run("ethtool", "-T", name)
            stamping = int(f["stamping"])
            self.assertEqual("software-transmit" in told, bool(stamping & TX_SOFTWARE), name)
            self.assertEqual("software-receive" in told, bool(stamping & RX_SOFTWARE), name)
            self.assertEqual("hardware-transmit" in told, bool(stamping & TX_HARDWARE), name)
            self.assertEqual("hardware-receive" in told, bool(stamping & RX_HARDWARE), name)
            flags, clock, filters = stamping_by_ioctl(name)
            # SOF_TIMESTAMPING_TX_SOFTWARE and RX_SOFTWARE are bits 1 and 3
            self.assertEqual((bool(flags & 2), bool(flags & 8)), (bool(stamping & TX_SOFTWARE), bool(stamping & RX_SOFTWARE)))
            self.assertEqual(clock, int(f["clock"]))
            self.assertEqual(bool(filters), bool(int(f["filters"])))
        self.assertEqual("veth", probe("va")["driver"])

    def test_the_older_ioctl_tells_the_same(self):
        generic = 16  # NETLINK_GENERIC, by which ethtool's family speaks
        ask = (sys.executable, "-c", f"import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, {generic})")
        self.assertEqual(0, subprocess.run(ask).returncode)
        self.assertNotEqual(0, subprocess.run([WITHOUT_NETLINK, str(generic), *ask], capture_output=True).returncode)
        for name in ("va", "upper0", "bridge0"):
            self.assertEqual(run(PROBE, name), run(WITHOUT_NETLINK, str(generic), PROBE, name))

    def test_offloads(self):
        for on in (True, False):
            run("ethtool", "-K", "va", "rx-udp-gro-forwarding", "on" if on else "off", "rx-gro-list", "off")
            features = run("ethtool", "-k", "va")
            self.assertEqual(on, "rx-udp-gro-forwarding: on" in features)
            self.assertEqual("rx-udp-gro-forwarding" if on else "", probe("va")["offloads"])

    def test_xdp(self):
        self.assertEqual("0", probe("va")["xdp"])
        for mode, number in (("xdpgeneric", "2"), ("xdpdrv", "1")):
            run("ip", "link", "set", "dev", "va", mode, "object", PROGRAMS, "section", "xdp/pass")
            try:
                f, other = probe("va"), link("va")
                self.assertEqual(number, f["xdp"])
                self.assertEqual(other["xdp"]["mode"], int(f["xdp"]))
                self.assertEqual("pass", f["xdp_program"])
            finally:
                run("ip", "link", "set", "dev", "va", mode, "off")
        self.assertEqual("0", probe("va")["xdp"])

    def test_filters_at_tc(self):
        self.assertEqual("0", probe("va")["filters_at_tc_count"])
        run("tc", "qdisc", "add", "dev", "va", "clsact")
        for direction in ("ingress", "egress"):
            run("tc", "filter", "add", "dev", "va", direction, "bpf", "direct-action", "object-file", PROGRAMS, "section", "tc/drop")
        try:
            f = probe("va")
            self.assertEqual("2", f["filters_at_tc_count"])
            self.assertEqual("0", f["taps"])
            for name in f["filters_at_tc"].split(","):
                self.assertIn(name, run("tc", "filter", "show", "dev", "va", "ingress"))
        finally:
            run("tc", "qdisc", "del", "dev", "va", "clsact")
        self.assertEqual("0", probe("va")["filters_at_tc_count"])

    def test_programs_at_tcx(self):
        f = probe("va")
        if f["chain"] == "0":
            self.skipTest("this kernel has no tcx")
        self.assertEqual(("1", "0"), (f["chain"], f["ahead_count"]))
        ahead = start(AHEAD, PROGRAMS, "drop", "va", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual("ready\n", ahead.stdout.readline())
        f = probe("va")
        self.assertEqual(("drop", "1"), (f["ahead"], f["ahead_count"]))
        ahead.communicate("\n")
        self.assertEqual("0", probe("va")["ahead_count"])

    def test_users_of_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "clock")
            open(path, "w").close()
            nobody = {"users": "", "users_count": "0", "unseen": "0"}
            self.assertEqual(nobody, probe("--users", path))
            with open(path) as file:
                holder = start("sleep", "1000", stdin=file)
            try:
                self.assertEqual(f"sleep ({holder.pid})", probe("--users", path)["users"])
                unprivileged = ("setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
                self.assertRegex(run(*unprivileged, PROBE, "--users", path), r"users=\n.*\nunseen=[1-9]")
            finally:
                holder.kill()
                holder.wait()
            self.assertEqual(nobody, probe("--users", path))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: network namespaces need root")
        sys.exit(77)
    PROBE, PROGRAMS, AHEAD, WITHOUT_NETLINK = (os.path.abspath(path) for path in sys.argv[1:])
    unittest.main(argv=sys.argv[:1], verbosity=2, warnings="ignore")
