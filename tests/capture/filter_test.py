#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every encapsulation that the parser takes passes the capture's kernel filter; traffic that is certainly not PTP does not.

The frames are built by scapy; `filter_probe` runs the real filter (libpcap's interpreter) and the real parser over each.
usage: filter_test.py FILTER_PROBE
"""
import struct
import subprocess
import sys

from scapy.all import (AH, Dot1AD, Dot1Q, Ether, IP, IPOption, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, Raw, TCP, UDP)

SYNC = bytes([0x00, 0x02, 0x00, 0x2C]) + bytes(16) + bytes([2, 0, 0, 0xFF, 0xFE, 0, 0, 1, 0, 1, 0, 7, 0, 0xFD]) + bytes(10)
PTP = Raw(SYNC)


def untagged():
    yield "ethernet", bytes(Ether(type=0x88F7) / PTP)
    yield "hsr", bytes(Ether(type=0x892F) / Raw(struct.pack("!HHH", 0x1040, 7, 0x88F7) + SYNC))
    yield "802.1CB", bytes(Ether(type=0xF1C1) / Raw(struct.pack("!HHH", 0, 7, 0x88F7) + SYNC))
    yield "hsr+vlan", bytes(Ether(type=0x892F) / Raw(struct.pack("!HHHHH", 0x1040, 7, 0x8100, 0x6005, 0x88F7) + SYNC))


def network(port):
    yield f"ipv4 {port}", IP(dst="224.0.1.129") / UDP(sport=port, dport=port) / PTP
    yield f"ipv4 options {port}", IP(dst="224.0.1.129", options=[IPOption(b"\x94\x04\x00\x00")]) / UDP(sport=port, dport=port) / PTP
    yield f"ipv6 {port}", IPv6(dst="ff0e::181") / UDP(sport=port, dport=port) / PTP
    for header in (IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), IPv6ExtHdrRouting(), IPv6ExtHdrFragment()):
        yield f"ipv6 {type(header).__name__} {port}", IPv6(dst="ff0e::181") / header / UDP(sport=port, dport=port) / PTP
    yield f"ipv6 AH {port}", IPv6(dst="ff0e::181") / AH(nh=17, payloadlen=4, icv=bytes(12)) / UDP(sport=port, dport=port) / PTP


TAGS = {
    "802.1Q": lambda inner, t: Dot1Q(vlan=5, prio=6, type=t) / inner,
    "802.1ad": lambda inner, t: Dot1AD(vlan=5, prio=6, type=t) / inner,
    "QinQ": lambda inner, t: Dot1AD(vlan=5, prio=6, type=0x8100) / Dot1Q(vlan=7, type=t) / inner,
}


def ptp_frames():
    yield from untagged()
    for name, tag in TAGS.items():
        outer = 0x8100 if name == "802.1Q" else 0x88A8
        yield f"{name} ethernet", bytes(Ether(type=outer) / tag(PTP, 0x88F7))
    yield "9100 ethernet", bytes(Ether(type=0x9100) / Raw(struct.pack("!HH", 5, 0x88F7) + SYNC))
    yield "vlan+hsr", bytes(Ether(type=0x8100) / Raw(struct.pack("!HHHHH", 5, 0x892F, 0x1040, 7, 0x88F7) + SYNC))
    for port in (319, 320):
        for name, packet in network(port):
            yield name, bytes(Ether() / packet)
            ethertype = 0x0800 if isinstance(packet, IP) else 0x86DD
            for tag_name, tag in TAGS.items():
                outer = 0x8100 if tag_name == "802.1Q" else 0x88A8
                yield f"{tag_name} {name}", bytes(Ether(type=outer) / tag(packet, ethertype))


def other_frames():
    yield "arp", bytes(Ether(type=0x0806) / Raw(bytes(46)))
    yield "lldp", bytes(Ether(type=0x88CC) / Raw(bytes(46)))
    yield "tcp", bytes(Ether() / IP() / TCP(dport=319))
    yield "udp 53", bytes(Ether() / IP() / UDP(dport=53) / PTP)
    yield "tcp6", bytes(Ether() / IPv6() / TCP(dport=319))
    yield "udp6 53", bytes(Ether() / IPv6() / UDP(dport=53) / PTP)
    yield "vlan tcp", bytes(Ether() / Dot1Q(vlan=5) / IP() / TCP(dport=319))
    yield "vlan tcp6", bytes(Ether() / Dot1Q(vlan=5) / IPv6() / TCP(dport=319))


def main():
    frames = [(name, frame, True) for name, frame in ptp_frames()] + [(name, frame, False) for name, frame in other_frames()]
    text = "".join(frame.hex() + "\n" for _, frame, _ in frames)
    answer = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    assert len(answer) == len(frames), "one answer a frame"
    wrong = 0
    for (name, _, is_ptp), line in zip(frames, answer):
        passed, parsed = (word == "1" for word in line.split())
        if passed != is_ptp or parsed != is_ptp:
            print(f"{name}: filter {passed}, parser {parsed}, PTP {is_ptp}")
            wrong += 1
    print(f"{len(frames)} frames, {wrong} wrong")
    sys.exit(wrong > 0)


main()
