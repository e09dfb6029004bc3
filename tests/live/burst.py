#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""burst.py INTERFACE COUNT same|distinct: sends Syncs of a domain that the clocks ignore, as fast as it can; prints how many it has sent.

All alike, or each with its own sequenceId. Those that a full queue of the sender's own drops are not counted."""
import errno
import socket
import struct
import sys

DOMAIN = 42
SEQUENCE = 1000

interface, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def sync(sequence):
    header = struct.pack("!BBHBBHqI8sHHBb", 0, 2, 44, DOMAIN, 0, 0, 0, 0, bytes.fromhex("020000fffe000099"), 1, sequence, 0, -3)
    return bytes.fromhex("011b19000000" "020000000099" "88f7") + header + bytes(10)


def send(out, frame):
    try:
        return out.send(frame) == len(frame)
    except OSError as error:
        if error.errno != errno.ENOBUFS:
            raise
        return False


with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind((interface, 0))
    frames = [sync(SEQUENCE + (i if kind == "distinct" else 0)) for i in range(count)]
    print(sum(send(out, frame) for frame in frames))
