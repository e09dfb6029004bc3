#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The parser against tshark, field by field, over captures and generated frames: compare_tshark.py PRINT_FRAMES CAPTURE..."""
import random
import subprocess
import sys
import tempfile

from scapy.all import (ICMP, IP, TCP, UDP, ARP, AH, Dot1AD, Dot1Q, Ether, IPOption_Router_Alert, IPv6, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, Raw, rdpcap, wrpcap)

FIELDS = ["ptp.v2.messagetype", "ptp.v2.sequenceid", "ptp.v2.domainnumber", "ptp.v2.sourceportid", "ptp.v2.majorsdoid",
          "ptp.v2.minorsdoid", "ptp.v2.versionptp", "ptp.v2.minorversionptp", "vlan.id", "vlan.priority", "vlan.dei",
          "ptp.v2.flags.twostep", "ptp.v2.clockidentity", "ptp.v2.messagelength", "ptp.v2.flags", "ptp.v2.correction.ns",
          "ptp.v2.correction.subns", "ptp.v2.controlfield", "ptp.v2.logmessageperiod", "ptp.v2.messagetypespecific",
          "ieee8021ad.id", "ieee8021ad.priority", "ieee8021ad.dei", "ip.dst", "ipv6.dst", "ptp.versionptp"]
OURS = ["at", "type", "sequence", "domain", "port", "sdo", "version", "vlan", "pcp", "event_flags", "hash", "identity",
        "h_type", "h_sequence", "h_domain", "h_port", "h_sdo", "h_version", "length", "flags", "correction", "control", "interval",
        "specific"]
VLAN, DEI, SECOND, REDUNDANCY = 1, 2, 4, 8
PER_ENCAPSULATION = 32


def message(rng, kind):
    """Any header and body, with the versions and lengths that a parser has to take."""
    body = rng.randbytes(rng.choice([20, 30] if kind == 13 else [10, 20, 30]))  # tshark shows nothing of a Management without its body
    length = 34 + len(body)
    header = bytes([rng.randrange(16) << 4 | kind, rng.randrange(16) << 4 | 2]) + length.to_bytes(2, "big") + rng.randbytes(30)
    return header + body


def encapsulations(rng):
    """(layers in front of the message, fewest PTP flags that the parser has to show)"""
    tag = lambda cls=Dot1Q: cls(vlan=rng.randrange(4096), prio=rng.randrange(8), id=rng.randrange(2))
    ip = lambda **more: IP(src="10.0.0.1", dst=rng.choice(["224.0.1.129", "224.0.0.107", "10.1.2.3"]), **more)
    ip6 = lambda: IPv6(src="fe80::1", dst=rng.choice(["ff0e::181", "ff02::6b", "fe80::1234"]))
    udp = lambda: UDP(sport=rng.choice([319, 320, 50000]), dport=rng.choice([319, 320]))
    ether = lambda **more: Ether(src="02:00:00:00:00:07", dst=rng.choice(["01:1b:19:00:00:00", "01:80:c2:00:00:0e"]), **more)
    nine = lambda: Raw(rng.randrange(65536).to_bytes(2, "big") + b"\x81\x00")
    hsr = lambda inner: Raw(b"\x00\x3a" + rng.randbytes(2) + inner)
    r_tag = lambda inner: Raw(b"\x00\x00" + rng.randbytes(2) + inner)
    hop, dest = lambda: IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]), lambda: IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])

    yield lambda: ether(type=0x88F7), 0
    yield lambda: ether() / Dot1Q(vlan=rng.randrange(4096), prio=rng.randrange(8), id=rng.randrange(2), type=0x88F7), VLAN
    yield lambda: ether() / tag(Dot1AD) / Dot1Q(vlan=rng.randrange(4096), type=0x88F7), VLAN | SECOND
    yield lambda: ether(type=0x9100) / nine() / Dot1Q(vlan=rng.randrange(4096), type=0x88F7), VLAN | SECOND
    yield lambda: ether(type=0x892F) / hsr(b"\x88\xf7"), REDUNDANCY
    yield lambda: ether(type=0xF1C1) / r_tag(b"\x88\xf7"), REDUNDANCY
    yield lambda: ether() / Dot1Q(vlan=rng.randrange(4096), type=0xF1C1) / r_tag(b"\x88\xf7"), VLAN | REDUNDANCY
    yield lambda: ether(type=0x892F) / hsr(b"\x81\x00") / Dot1Q(vlan=rng.randrange(4096), type=0x88F7), VLAN | REDUNDANCY
    yield lambda: ether() / ip() / udp(), 0x10
    yield lambda: ether() / tag() / ip() / udp(), VLAN | 0x10
    yield lambda: ether() / ip(options=[IPOption_Router_Alert()]) / udp(), 0x10
    yield lambda: ether() / ip6() / udp(), 0x20
    yield lambda: ether() / tag() / ip6() / udp(), VLAN | 0x20
    yield lambda: ether() / ip6() / hop() / udp(), 0x20
    yield lambda: ether() / ip6() / dest() / udp(), 0x20
    yield lambda: ether() / ip6() / IPv6ExtHdrRouting() / udp(), 0x20
    yield lambda: ether() / ip6() / IPv6ExtHdrFragment() / udp(), 0x20
    yield lambda: ether() / ip6() / AH(spi=1, seq=1, icv=b"\0" * 12, payloadlen=4) / udp(), 0x20
    yield lambda: ether() / ip6() / hop() / dest() / IPv6ExtHdrRouting() / udp(), 0x20


def generate(rng):
    frames = []
    for layers, flags in encapsulations(rng):
        for i in range(PER_ENCAPSULATION):
            m = message(rng, i % 16)
            frames.append((bytes(layers() / Raw(m)), m, flags))
    for other in (ARP(), IP() / TCP(dport=319), IP() / UDP(sport=50000, dport=318), IP() / ICMP(), IPv6() / TCP(dport=320),
                  IP(proto=17, frag=100) / Raw(b"\x01\x3f" * 40)):
        frames.append((bytes(Ether(src="02:00:00:00:00:07", dst="02:00:00:00:00:08") / other / Raw(bytes(60))), None, 0))
    return frames


def tshark(path):
    command = ["tshark", "-r", path, "-n", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f"]
    out = subprocess.run(command + [a for f in FIELDS for a in ("-e", f)], capture_output=True, text=True, check=True).stdout
    return [dict(zip(FIELDS, line.split("\t"))) for line in out.split("\n")[:-1]]


def parse(program, frames):
    text = "".join(f"{tag} {frame.hex()}\n" for tag, frame in frames)
    out = subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(out) == len(frames)
    result = []
    for line in out:
        word, *values = line.split()
        result.append((word, {k: v if k == "identity" else int(v) for k, v in zip(OURS, values, strict=word == "ptp")} if values else {}))
    return result


def number(text):
    return {"": 0, "True": 1, "False": 0}[text] if text in ("", "True", "False") else int(text, 0)


def differences(theirs, ours):
    """Names of the fields in which the two disagree."""
    n = {k: number(v) for k, v in theirs.items() if k not in ("ip.dst", "ipv6.dst", "ptp.v2.correction.ns", "ptp.v2.correction.subns")}
    tag = "ieee8021ad" if theirs["ieee8021ad.id"] else "vlan"  # the name that tshark has for an outermost 88a8
    sdo = n["ptp.v2.majorsdoid"] << 8 | n["ptp.v2.minorsdoid"]
    version = n["ptp.v2.minorversionptp"] << 4 | n["ptp.v2.versionptp"]
    expected = {
        "type": n["ptp.v2.messagetype"], "sequence": n["ptp.v2.sequenceid"], "domain": n["ptp.v2.domainnumber"],
        "port": n["ptp.v2.sourceportid"], "sdo": sdo, "version": version, "vlan": n[tag + ".id"], "pcp": n[tag + ".priority"],
        "identity": f"{n['ptp.v2.clockidentity']:016x}", "length": n["ptp.v2.messagelength"], "flags": n["ptp.v2.flags"],
        "control": n["ptp.v2.controlfield"], "interval": n["ptp.v2.logmessageperiod"], "specific": n["ptp.v2.messagetypespecific"],
    }
    expected |= {"h_" + k: expected[k] for k in ("type", "sequence", "domain", "port", "sdo", "version")}
    wrong = [k for k, v in expected.items() if ours[k] != v]
    transport = 1 if theirs["ip.dst"] else 2 if theirs["ipv6.dst"] else 0
    flags = ours["event_flags"]
    wrong += ["transport"] * (flags >> 4 & 3 != transport) + ["twoStep"] * (flags >> 6 & 1 != n["ptp.v2.flags.twostep"])
    wrong += ["VLAN"] * ((flags & VLAN != 0) != (theirs[tag + ".id"] != "")) + ["DEI"] * (flags >> 1 & 1 != n[tag + ".dei"])
    # tshark splits the correction in whole ns and a rest, and shifts it without its sign
    whole = int(theirs["ptp.v2.correction.ns"]) % (1 << 48)
    rest = round(float(theirs["ptp.v2.correction.subns"]) * 65536) if theirs["ptp.v2.correction.subns"] else 0
    wrong += ["correction"] * (ours["correction"] % (1 << 64) != whole << 16 | rest)
    return wrong


def fnv1a(data):
    h = 2166136261
    for octet in data:
        h = (h ^ octet) * 16777619 % (1 << 32)
    return h


def expected_hash(frame, m, flags):
    end = len(frame) - len(m)
    destination = frame[:6]
    if flags & 0x30:
        # the destination stands at the end of the IP header, which starts where its EtherType was found
        start = next(i + 2 for i in range(12, end) if frame[i : i + 2] == (b"\x08\x00" if flags & 0x10 else b"\x86\xdd"))
        destination = frame[start + 16 : start + 20] if flags & 0x10 else frame[start + 24 : start + 40]
    kind = m[0] & 15
    covered = m[44:54] if kind in (3, 9, 10) else m[34:54] + m[2:4] if kind in (12, 13) else b""
    return fnv1a(destination + covered)


def main():
    program, *captures = sys.argv[1:]
    seed = 20240229
    generated = generate(random.Random(seed))
    failures, compared, rejected = [], 0, 0
    cases = [(f"{path} frame {i}", bytes(f), None, 0) for path in captures for i, f in enumerate(rdpcap(path), 1)]
    cases += [(f"generated frame {i}", *case) for i, case in enumerate(generated, 1)]
    frames = [frame for _, frame, _, _ in cases]

    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        wrpcap(file.name, [Ether(f) for f in frames])
        dissected = tshark(file.name)
    parsed = parse(program, [(-1, f) for f in frames])
    for (name, frame, m, flags), theirs, (word, ours) in zip(cases, dissected, parsed, strict=True):
        if theirs["ptp.v2.messagetype"]:
            wrong = differences(theirs, ours) if word == "ptp" else [f"not taken: {word}"]
            compared += 1
        else:
            wrong = [f"taken as {word}"] if word != ("ptpv1" if theirs["ptp.versionptp"] else "not-ptp") else []
            rejected += 1
        if m is not None and word == "ptp":
            wrong += ["hash"] * (ours["hash"] != expected_hash(frame, m, flags)) + ["offset"] * (ours["at"] != len(frame) - len(m))
            wrong += ["flags"] * (ours["event_flags"] & flags != flags)
        if wrong:
            failures.append(f"{name}: {wrong}\n  {theirs}\n  {word} {ours}")

    tagged = [f for f in frames if f[12:14] in (b"\x81\x00", b"\x88\xa8")]
    beside = parse(program, [(int.from_bytes(f[14:16], "big"), f[:12] + f[16:]) for f in tagged])
    for frame, (word, a), (other, b) in zip(tagged, parse(program, [(-1, f) for f in tagged]), beside):
        if word != "ptp" or (word, a | {"at": a["at"] - 4}) != (other, b):
            failures.append(f"a tag beside the frame: {frame.hex()}\n  {a}\n  {b}")

    print("\n".join(failures[:20]))
    print(f"{compared} messages and {rejected} other frames compared, {len(tagged)} with a tag beside them; {len(failures)} differ (seed {seed})")
    sys.exit(bool(failures) or compared < 500 or rejected < 5 or not tagged)


main()
