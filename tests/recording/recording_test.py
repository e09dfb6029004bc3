#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Recordings as other tools see them, and as we see them after other tools have rewritten them. Usage: recording_test.py PROBE"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest

PROBE = sys.argv.pop(1)
PEN = 32473
NO_TIME = -2**63
ENVIRONMENT = dict(os.environ, TZ='UTC', LC_ALL='C')


def run(*command):
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, timeout=60)
    assert done.returncode == 0, f'{command}: {done.returncode}: {done.stderr.decode()}'
    return done.stdout.decode()


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class File:
    """A file as the probe reads it."""

    def __init__(self, path):
        done = subprocess.run([PROBE, 'read', path], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        self.notes = done.stderr.decode().splitlines()
        entries = lines(done.stdout.decode())
        self.code = entries[-1]['code']
        self.certificates = [e for e in entries if 'certificate' in e]
        self.messages = [e for e in entries if 'verdict' in e]

    def of(self, interface):
        return of(self.messages, interface)


def of(messages, interface):
    return [dict(m, interface=0) for m in messages if m['interface'] == interface]


def blocks(data, order='<'):
    """Type, body and options of each block, by the specification of pcapng."""
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from(order + 'II', data, at)
        assert length % 4 == 0 and length >= 12, (at, length)
        assert struct.unpack_from(order + 'I', data, at + length - 4)[0] == length, at
        body = data[at + 8:at + length - 4]
        fixed = {0x0a0d0d0a: 16, 1: 8, 6: 20, 5: 12}[kind]
        if kind == 6:
            fixed += (struct.unpack_from(order + 'I', body, 12)[0] + 3) & ~3
        yield kind, body[:fixed], options(body[fixed:], order), data[at:at + length]
        at += length
    assert at == len(data)


def options(data, order='<'):
    found = []
    at = 0
    while at < len(data):
        code, length = struct.unpack_from(order + 'HH', data, at)
        if code == 0:
            assert length == 0 and at + 4 == len(data)
            break
        found.append((code, data[at + 4:at + 4 + length]))
        at += 4 + (length + 3 & ~3)
    return found


def records(found):
    return [v for c, v in found if c == 2989 and struct.unpack_from('<I', v)[0] == PEN and v[4:8] == b'PTPL']


def comments(found):
    return [v.decode('ascii') for c, v in found if c == 1]


def seconds(ns):
    return f'{ns // 10**9}.{ns % 10**9:09d}'


class Recording(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = self.at('recording.pcapng')

    def tearDown(self):
        self.folder.cleanup()

    def at(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, seed=1, count=200, interfaces=1, alone=20, pause_ms=3, *more, path=None):
        return lines(run(PROBE, 'write', path or self.path, *map(str, (seed, count, interfaces, alone, pause_ms)), *more))

    def data(self, path=None):
        with open(path or self.path, 'rb') as f:
            return f.read()


class Structure(Recording):
    """The bytes against an independent reading of doc/recording-format.md."""

    def test_blocks(self):
        written = self.write(interfaces=2, count=400, alone=30)
        found = list(blocks(self.data()))
        self.assertEqual([k for k, *_ in found[:3]], [0x0a0d0d0a, 1, 1])
        self.assertEqual(struct.unpack('<IHHq', found[0][1]), (0x1a2b3c4d, 1, 0, -1))
        self.assertEqual(sum(k == 5 for k, *_ in found), 2)
        self.assertEqual(found[-1][0], 5)
        recording = records(found[0][2])
        self.assertEqual([(len(r), r[8], r[9]) for r in recording], [(16 + 40, 1, 5)])
        identity = recording[0][16:32]
        for k in (0, 1):
            _, body, o, _ = found[1 + k]
            self.assertEqual(struct.unpack('<HHI', body), (1, 0, 262144))
            values = dict(o)
            self.assertEqual(values[2], b'veth%d' % k)
            self.assertEqual(values[3].decode(), f'ptplens recording {identity.hex()} if {7 + k}')
            self.assertEqual(values[6], bytes((2, 0x11, 0x22, 0x33, 0x44, k)))
            self.assertEqual(values[9], b'\x09')
            r, = records(o)
            self.assertEqual((len(r), r[9], r[16:24], r[80:96]), (16 + 88, 6, b'PTPLEVT1', identity))
            self.assertEqual(struct.unpack_from('<II', r, 96), (1, 0))
            self.assertEqual(struct.unpack_from('<I', r, 32)[0], 7 + k)
        packets = [f for f in found if f[0] == 6]
        self.assertEqual(len(packets), sum('frame' in m for m in written))
        self.assertLess(max(len(f[3]) for f in found), 65536)

    def test_packets(self):
        written = self.write(alone=0)
        self.assertGreater(len(written), 100)
        packets = [f for f in blocks(self.data()) if f[0] == 6]
        verdicts = {'matched': 1, 'ambiguous': 2, 'event-only': 3, 'frame-only': 4, 'not-ptp': 5, 'truncated': 6}
        for m, (_, body, o, _) in zip(written, packets, strict=True):
            frame = bytes.fromhex(m['frame'])
            interface, high, low, captured, wire = struct.unpack_from('<IIIII', body)
            self.assertEqual((interface, high << 32 | low, captured, wire), (0, m['host_ns'], len(frame), m['wire_length']))
            self.assertEqual(body[20:20 + captured], frame)
            values = dict(o)
            self.assertEqual(values[2], struct.pack('<I', 2 if m['direction'] else 1))
            self.assertEqual(values[5], struct.pack('<Q', m['packet_id']))
            queue = bytes.fromhex(m['event'])[31] if 'event' in m else 255
            self.assertEqual(values.get(6), struct.pack('<I', queue) if queue != 255 else None)
            ours = [r for r in records(o) if r[9] < 2]
            expected = [m[k] for k in ('event', 'stamp_event') if k in m]
            self.assertEqual([r[16:].hex() for r in ours], expected or [''])
            self.assertEqual([r[9] for r in ours], [1] * len(expected) or [0])
            self.assertEqual({(r[8], r[10], r[13:16]) for r in ours}, {(1, verdicts[m['verdict']], bytes(3))})
            self.assertEqual([c for c, _ in o][:2], [2, 5])

    def test_comments(self):
        written = self.write(alone=30)
        packets = [f for f in blocks(self.data()) if f[0] == 6]
        frames = [m for m in written if 'frame' in m]
        for m, (*_, o, _) in zip(frames, packets, strict=True):
            line = comments(o)[0]
            stamp = bytes.fromhex(m.get('stamp_event') or m.get('event') or '00' * 64)[46]
            expected = ['ptplens:', f'verdict={m["verdict"]}', f'stamp={m["stamp"]}']
            expected += ['hw=none'] if m['hw_ns'] == NO_TIME else [f'hw={seconds(m["hw_ns"])}', f'clock={"utc" if stamp == 1 else "tai"}']
            expected += [] if m['cause'] == 'none' else [f'cause={m["cause"]}']
            self.assertEqual(line, ' '.join(expected))
        everything = [c for f in blocks(self.data()) for c in comments(f[2])]
        self.assertEqual(sum(c.startswith('ptplens event: ') for c in everything), len(written) - len(frames))
        self.assertGreater(sum(c.startswith('ptplens cert: ') for c in everything), 1)
        for c in everything:
            self.assertRegex(c, r'^ptplens( event| clock| cert)?: [!-~]+( [!-~]+)*$')
            self.assertNotRegex(c, '[,"\']')
            self.assertLessEqual(len(c), 200)

    def test_documented_offsets(self):
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
        with open(os.path.join(root, 'doc', 'recording-format.md')) as f:
            table = re.findall(r'^\| (\d+) \| (\w+)(?:\[(\d+)\])?(?:: [^|]*)? \|$', f.read(), re.M)
        at = [k for k, row in enumerate(table) if row[0] == '0']
        for start, end, header, name in ((at[0], at[1], 'include/ptplens/message.h', 'ptplens_certificate'), (at[1], None, 'core/record.h', 'pl_tally')):
            with open(os.path.join(root, header)) as f:
                members = re.search(r'struct %s {(.*?)\n};' % name, f.read(), re.S)[1]
            offset, expected = 0, []
            for member, count in re.findall(r'uint64_t (\w+)(?:\[(\d+)\])?;', members):
                expected.append((str(offset), member, count))
                offset += 8 * int(count or 1)
            self.assertEqual(table[start:end], expected)

    def test_no_comment(self):
        written = self.write(1, 100, 1, 30, 3, 'no-comment')
        self.assertEqual([c for f in blocks(self.data()) for c in comments(f[2])], [])
        self.assertEqual(File(self.path).messages, written)

    def test_running_certificates(self):
        self.write(count=2500, alone=0, pause_ms=0)
        of_frame = [[struct.unpack_from('<Q', r, 24)[0] for r in records(f[2]) if r[9] == 7] for f in blocks(self.data()) if f[0] == 6]
        self.assertEqual([(n, t) for n, t in enumerate(of_frame, 1) if t], [(1000, [1000]), (2000, [2000]), (2500, [2500])])

    def test_riders(self):
        self.check_riders(self.write(count=300, alone=97, pause_ms=1))

    def test_riders_without_a_frame(self):
        self.check_riders(self.write(count=100, alone=100, pause_ms=1))

    def check_riders(self, written):
        found = [f for f in blocks(self.data()) if f[0] in (5, 6)]
        riders = [sum(r[9] == 2 and not r[13] & 2 for r in records(f[2])) for f in found]
        alone = sum('frame' not in m for m in written)
        adrift = sum(n for n, f in zip(riders, found) if f[0] == 5)
        self.assertLessEqual(max(riders), 64)
        self.assertEqual(sum(riders), alone)
        self.assertGreater(adrift, 0)
        self.assertEqual(File(self.path).messages, written)
        everything = [r for f in found for r in records(f[2])]
        closing = struct.unpack('<6Q', [r for r in everything if r[9] == 7][-1][16:])
        self.assertEqual(closing, (1, len(written) - alone, alone, sum(r[9] == 3 for r in everything), sum(r[9] == 4 for r in everything), adrift))


class Tools(Recording):
    """What tools by others show of a recording."""

    def test_tshark(self):
        written = self.write(interfaces=2, alone=30)
        frames = sorted((m for m in written if 'frame' in m), key=lambda m: (m['interface'], m['packet_id']))
        fields = ['frame.interface_id', 'frame.packet_id', 'frame.time_epoch', 'frame.packet_flags_direction', 'frame.interface_queue',
                  'frame.cap_len', 'frame.len', 'frame.interface_name', 'frame.comment']
        shown = run('tshark', '-n', '-r', self.path, '-T', 'fields', '-E', 'occurrence=f', *[a for f in fields for a in ('-e', f)])
        rows = sorted((line.split('\t') for line in shown.splitlines()), key=lambda r: (int(r[0]), int(r[1], 0)))
        self.assertEqual(len(rows), len(frames))
        for m, row in zip(frames, rows):
            queue = bytes.fromhex(m['event'])[31] if 'event' in m else 255
            self.assertEqual(int(row[1], 0), m['packet_id'])
            self.assertEqual(row[2], seconds(m['host_ns']))
            self.assertEqual(int(row[3], 0), 2 if m['direction'] else 1)
            self.assertEqual(row[4], '' if queue == 255 else str(queue))
            self.assertEqual([int(v) for v in row[5:7]], [len(m['frame']) // 2, m['wire_length']])
            self.assertEqual(row[7], f'veth{m["interface"]}')
            self.assertTrue(row[8].startswith(f'ptplens: verdict={m["verdict"]} stamp={m["stamp"]} hw='), row[8])
        ambiguous = run('tshark', '-n', '-r', self.path, '-Y', 'frame.comment contains "ptplens: verdict=ambiguous"')
        self.assertEqual(len(ambiguous.splitlines()), sum(m['verdict'] == 'ambiguous' for m in frames))

    def test_capinfos(self):
        written = self.write(alone=30)
        frames = sum('frame' in m for m in written)
        shown = run('capinfos', '-M', self.path)
        self.assertRegex(shown, rf'Number of packets: *{frames}\n')
        self.assertRegex(shown, r'File timestamp precision: *nanoseconds')
        self.assertRegex(shown, r'Strict time order: *True')
        self.assertRegex(shown, r'Number of stat entries = 1')

    def test_tcpdump(self):
        written = self.write(interfaces=2, alone=30)
        shown = run('tcpdump', '-n', '-tt', '--nano', '-r', self.path).splitlines()
        times = sorted(line.split()[0] for line in shown if line[:1].isdigit())
        self.assertEqual(times, sorted(seconds(m['host_ns']) for m in written if 'frame' in m))

    def test_scapy(self):
        written = [m for m in self.write(alone=30) if 'frame' in m]
        from scapy.utils import RawPcapNgReader
        with open(self.path, 'rb') as f:
            packets = list(RawPcapNgReader(f))
        self.assertEqual(len(packets), len(written))
        for m, (data, meta) in zip(written, packets):
            self.assertEqual((data.hex(), meta.wirelen), (m['frame'], m['wire_length']))
            self.assertEqual((meta.tshigh << 32) + meta.tslow, m['host_ns'])
            if hasattr(meta, 'direction'):  # 2.5 shows no direction, and no comment but those with a line end
                self.assertEqual(meta.direction, 2 if m['direction'] else 1)
                self.assertTrue(str(meta.comments[0]).startswith("b'ptplens: verdict="), meta.comments)


class Rewritten(Recording):
    """Files that went through other tools."""

    def rewriters(self):
        return {
            'editcap': ['editcap', self.path, self.at('out')],
            'tshark': ['tshark', '-r', self.path, '-w', self.at('out')],
            'tshark two passes': ['tshark', '-2', '-r', self.path, '-w', self.at('out')],
            'reordercap': ['reordercap', self.path, self.at('out')],
            'mergecap': ['mergecap', '-w', self.at('out'), self.path],
        }

    def test_every_message_survives(self):
        written = self.write(interfaces=2, count=600, alone=30, pause_ms=1)
        for name, command in self.rewriters().items():
            with self.subTest(name):
                run(*command)
                again = File(self.at('out'))
                self.assertEqual(again.code, -13)
                for k in (0, 1):
                    self.assertEqual(again.of(k), of(written, k))
                    self.assertEqual(again.certificates[k]['final'], 1)
                    self.assertEqual(again.certificates[k]['matched'], len(of(written, k)))
                # nothing but the certificates of the closing blocks may be gone, and then it is said
                kept = sum(k == 5 for k, *_ in blocks(self.data(self.at('out'))))
                self.assertEqual(again.notes, [] if kept == 2 else [f'veth{k}: 1 certificates of those recorded are not in the file' for k in (0, 1)])
                os.unlink(self.at('out'))

    def test_what_was_lost_is_said(self):
        written = self.write(count=900, alone=99, pause_ms=300)
        whole = list(blocks(self.data()))
        first = [f[0] for f in whole].index(6)  # editcap keeps statistics blocks that stand in front of the first packet
        adrift = sum(r[9] == 2 and not r[13] & 2 for f in whole[first:] if f[0] == 5 for r in records(f[2]))
        self.assertGreater(adrift, 100)
        run('editcap', self.path, self.at('out'))
        again = File(self.at('out'))
        self.assertEqual(len(again.messages), len(written) - adrift)
        # the last packet was written long before the end, so the closing counts went with the statistics blocks
        self.assertIn('veth0: the end of the recording is missing: it was not finished, or its last blocks were taken away', again.notes)
        self.assertIn('veth0: no final certificate: the last running one is shown', again.notes)
        self.assertTrue(any(n.endswith('messages without a frame of those recorded are not in the file') for n in again.notes), again.notes)

    def test_filtered(self):
        written = self.write(count=300, alone=20, pause_ms=1)
        run('editcap', self.path, self.at('out'), '3', '10-19', '100')
        again = File(self.at('out'))
        frames = [m for m in written if 'frame' in m]
        left = [m for n, m in enumerate(frames, 1) if n != 3 and n != 100 and not 10 <= n <= 19]
        self.assertEqual([m for m in again.messages if 'frame' in m], left)
        self.assertIn('veth0: 12 frames of those recorded are not in the file', again.notes)
        gone = len(written) - len(frames) - sum('frame' not in m for m in again.messages)
        self.assertGreater(gone, 0)
        self.assertIn(f'veth0: {gone} messages without a frame of those recorded are not in the file', again.notes)
        self.assertEqual(again.certificates[0]['final'], 1)

    def test_filtered_without_its_end(self):
        self.write(count=1500, alone=0, pause_ms=0)
        run('editcap', '-r', self.path, self.at('out'), '6-1400')
        again = File(self.at('out'))
        self.assertIn('veth0: 5 frames of those recorded are not in the file', again.notes)
        self.assertIn('veth0: no final certificate: the last running one is shown', again.notes)

    def test_one_record_taken_away(self):
        written = self.write(count=100, alone=0, pause_ms=1)
        found = list(blocks(self.data()))
        place = next(n for n, f in enumerate(found) if n > 40 and sum(v[9] in (0, 1) for v in records(f[2])) == 1)
        kind, _, o, raw = found[place]
        self.assertEqual(kind, 6)
        record = next(v for v in records(o) if v[9] in (0, 1))
        at = raw.index(record)
        self.assertEqual(raw[at - 4:at], struct.pack('<HH', 2989, len(record)))
        cut = bytearray(raw[:at - 4] + raw[at + len(record):])
        cut[4:8] = cut[-4:] = struct.pack('<I', len(cut))
        with open(self.at('out'), 'wb') as f:
            f.write(b''.join(b[3] for b in found[:place]) + cut + b''.join(b[3] for b in found[place + 1:]))
        again = File(self.at('out'))
        self.assertEqual(len(again.messages), len(written))
        self.assertEqual(again.notes, ['veth0: 1 frames without a record of their events', 'veth0: 1 frames of those recorded are not in the file'])

    def test_merged(self):
        first = self.write(seed=5, interfaces=2, pause_ms=1)
        second = self.write(seed=6, interfaces=2, pause_ms=1, path=self.at('second.pcapng'))
        run('mergecap', '-w', self.at('out'), self.path, self.at('second.pcapng'))
        again = File(self.at('out'))
        self.assertEqual([again.of(k) for k in range(4)], [of(first, 0), of(first, 1), of(second, 0), of(second, 1)])
        self.assertEqual([c['ifindex'] for c in again.certificates], [7, 8, 7, 8])
        self.assertEqual({c['final'] for c in again.certificates}, {1})

    def test_merged_with_itself(self):
        self.write(alone=0, count=50, pause_ms=1)
        run('mergecap', '-w', self.at('out'), self.path, self.path)
        self.assertIn('veth0: 50 frames more than were recorded', File(self.at('out')).notes)

    def test_concatenated(self):
        first = self.write(seed=5, pause_ms=1)
        second = self.write(seed=6, pause_ms=1, path=self.at('second.pcapng'))
        with open(self.at('out'), 'wb') as f:
            f.write(self.data() + self.data(self.at('second.pcapng')))
        again = File(self.at('out'))
        self.assertEqual([again.of(0), again.of(1), again.notes], [of(first, 0), of(second, 0), []])

    def test_big_endian(self):
        written = self.write(count=300, alone=30, interfaces=2)
        with open(self.at('out'), 'wb') as f:
            for block in blocks(self.data()):
                f.write(to_big_endian(*block))
        again = File(self.at('out'))
        self.assertEqual([again.of(0), again.of(1), again.notes], [of(written, 0), of(written, 1), []])


def to_big_endian(kind, body, found, _):
    """As a rewriter on a big-endian machine would: its own fields, numbers of options it knows, and the PEN are swapped."""
    words = {0x0a0d0d0a: ('<IHHQ', 16), 1: ('<HHI', 8), 6: ('<IIIII', 20), 5: ('<III', 12)}[kind]
    fixed = struct.pack('>' + words[0][1:], *struct.unpack_from(words[0], body)) + body[words[1]:]
    out = b''
    for code, value in found:
        if code == 2989:
            value = struct.pack('>I', PEN) + value[4:]
        elif kind in (5, 6) and code != 1:
            value = value[::-1]
        out += struct.pack('>HH', code, len(value)) + value + bytes(-len(value) % 4)
    body = fixed + out + bytes(4)
    return struct.pack('>II', kind, len(body) + 12) + body + struct.pack('>I', len(body) + 12)


def option(code, value):
    return struct.pack('<HH', code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body):
    return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)


HEAD = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
SYNC = bytes.fromhex('011b19000000020000000001' '88f7') + bytes((0, 2, 0, 44)) + bytes(26) + b'\x12\x34' + bytes(12)


def interface(link=1, more=b''):
    return block(1, struct.pack('<HHI', link, 0, 0) + more)


def packet(time, frame=SYNC, more=b'', number=0):
    return block(6, struct.pack('<IIIII', number, time >> 32, time & 0xffffffff, len(frame), len(frame)) + frame + bytes(-len(frame) % 4) + more)


class Foreign(Recording):
    """Files made by others, and damaged ones."""

    def read(self, data):
        with open(self.path, 'wb') as f:
            f.write(data)
        return File(self.path)

    def test_frames_without_events(self):
        again = self.read(HEAD + interface() + packet(1000) + packet(2000, SYNC[:30]) + packet(3000, bytes(60)))
        self.assertEqual([(m['verdict'], m['cause'], m['host_ns'], m['packet_id']) for m in again.messages],
                         [('frame-only', 'no-events', 1000000, 1), ('truncated', 'none', 2000000, 2), ('not-ptp', 'none', 3000000, 3)])
        self.assertEqual([m['sequence_id'] for m in again.messages], [0x1234, 0, 0])
        self.assertEqual(again.code, -13)
        self.assertIn('if0: 3 frames without a record of their events', again.notes)

    def test_comment_is_no_data(self):
        fake = option(1, b'ptplens: verdict=matched stamp=hardware hw=1.000000000 clock=tai')
        m, = self.read(HEAD + interface() + packet(1000, more=fake)).messages
        self.assertEqual((m['verdict'], m['cause'], m['stamp'], m['hw_ns']), ('frame-only', 'no-events', 'none', NO_TIME))

    def test_records_of_others(self):
        event = bytes(64)
        ours = struct.pack('<I', PEN) + b'PTPL' + bytes((1, 1, 1, 0, 1, 0, 0, 0))
        self.assertEqual([m['verdict'] for m in self.read(HEAD + interface() + packet(1, more=option(2989, ours + event))).messages], ['matched'])
        not_ours = [struct.pack('<I', 1) + ours[4:] + event, ours[:4] + b'PTPX' + ours[8:] + event, ours[:4], ours[:2], b'']
        for value in not_ours:
            again = self.read(HEAD + interface() + packet(1, more=option(2989, value)))
            self.assertEqual(([m['verdict'] for m in again.messages], again.notes[2:]), (['frame-only'], []))
        later = [ours[:8] + b'\2' + ours[9:], ours[:9] + b'\x20' + ours[10:], ours[:10] + b'\7' + ours[11:], ours[:11] + b'\xff' + ours[12:]]
        for value in [v + event for v in later] + [ours + event[:63], ours + event[:27] + b'\2' + event[28:], ours[:12],
                                                      ours + event[:16] + b'\2' + event[17:], ours + event[:17] + b'\x10' + event[18:]]:
            again = self.read(HEAD + interface() + packet(1, more=option(2989, value)))
            self.assertEqual([m['verdict'] for m in again.messages], ['frame-only'])
            self.assertIn('1 records or options are not understood', again.notes)

    def test_final_certificate_stays(self):
        def certificate(final, matched):
            head = struct.pack('<I', PEN) + b'PTPL' + bytes((1, 4, 2 if final else 3, 0, 0, 0, 0, 0))
            return option(2989, head + struct.pack('<QQQQQQQQQ', final, 0, 0, 0, 0, 0, 0, 0, matched))
        again = self.read(HEAD + interface() + packet(1, more=certificate(0, 5)) + packet(2, more=certificate(0, 6)))
        self.assertEqual([(c['final'], c['matched']) for c in again.certificates], [(0, 6)])
        again = self.read(HEAD + interface() + packet(1, more=certificate(1, 7)) + packet(2, more=certificate(0, 6)))
        self.assertEqual([(c['final'], c['matched']) for c in again.certificates], [(1, 7)])

    def test_times(self):
        def times(resolution, value, offset=None):
            more = option(9, bytes((resolution,))) + (option(14, struct.pack('<q', offset)) if offset is not None else b'')
            return [m['host_ns'] for m in self.read(HEAD + interface(more=more) + packet(value)).messages]
        self.assertEqual(times(0, 1700000000), [1700000000 * 10**9])
        self.assertEqual(times(3, 1700000000123), [1700000000123 * 10**6])
        self.assertEqual(times(12, 123456789999, 1700000000), [1700000000123456789])
        self.assertEqual(times(0x80 + 32, (1700000000 << 32) + 3), [1700000000 * 10**9 + (3 * 10**9 >> 32)])
        self.assertEqual(times(0x80 + 63, 2**63 + 2**62), [1500000000])
        self.assertEqual(times(9, 1700000000123456789, -37), [1699999963123456789])
        self.assertEqual(times(9, 2**63), [NO_TIME])
        self.assertEqual(times(6, 2**64 - 1), [NO_TIME])
        self.assertEqual(times(9, 5, -2**63), [NO_TIME])

    def test_damage(self):
        good = HEAD + interface() + packet(1)
        at = len(good)
        for name, more, code, sentence in [
            ('length 0', struct.pack('<II', 6, 0) + bytes(40), -8, f'block 4 at offset {at}: a block length of 0'),
            ('length 8', struct.pack('<II', 6, 8) + bytes(40), -8, f'block 4 at offset {at}: a block length of 8'),
            ('odd length', struct.pack('<II', 6, 33) + bytes(40), -8, f'block 4 at offset {at}: a block length of 33'),
            ('huge length', struct.pack('<II', 6, 0xfffffffc) + bytes(40), -8, f'block 4 at offset {at}: a block length of 4294967292, more than 16 MiB'),
            ('15 MiB', struct.pack('<II', 6, 15 << 20) + bytes(40), -9, f'cut inside block 4 at offset {at}: 48 bytes are left'),
            ('trailing length', packet(1)[:-4] + bytes(4), -8, f'block 4 at offset {at}: the length at its end, 0, is not that at its start'),
            ('short packet', block(6, bytes(12)), -8, f'block 4 at offset {at}: a packet block of 24 bytes, at least 32 are needed'),
            ('interface 1', packet(1, number=1), -8, f'block 4 at offset {at}: a packet of interface 1, which the section does not have'),
            ('captured', block(6, struct.pack('<IIIII', 0, 0, 0, 0xfffffffd, 60) + bytes(60)), -8,
             f'block 4 at offset {at}: a captured length of 4294967293, more than the block holds'),
            ('simple packet', block(3, bytes(64)), -8, f'block 4 at offset {at}: packet blocks of type 3 are not supported'),
            ('second section', block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 2, 0, -1)), -4, f'block 4 at offset {at}: pcapng version 2 is not supported'),
            ('zeros', bytes(512), -9, f'zero bytes instead of block 4 at offset {at}'),
            ('ones', b'\xff' * 512, -8, f'block 4 at offset {at}: a block length of 4294967295'),
        ]:
            with self.subTest(name):
                again = self.read(good + more)
                self.assertEqual(([m['host_ns'] for m in again.messages], again.code), ([1000], code))
                self.assertEqual(again.notes[-1], f'error: {self.path}: {sentence}')

    def test_refused(self):
        for name, data, code, sentence in [
            ('empty', b'', -8, 'the file is empty'),
            ('text', b'this is no capture\n', -8, 'block 1 at offset 0: type 73696874, not the section header of a pcapng file'),
            ('pcap', struct.pack('<IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1), -8,
             'a pcap file, which is not supported: block 1 at offset 0 is no pcapng section header'),
            ('cut section', HEAD[:20], -9, 'cut inside block 1 at offset 0: 20 bytes are left'),
            ('byte order', HEAD[:8] + b'\1\2\3\4' + HEAD[12:], -8, 'block 1 at offset 0: byte-order magic 04030201 is not that of pcapng'),
            ('short section', struct.pack('<IIII', 0x0a0d0d0a, 16, 0x1a2b3c4d, 16), -8,
             'block 1 at offset 0: a section header of 16 bytes, at least 28 are needed'),
            ('link type', HEAD + interface(link=113), -8, 'block 2 at offset 28: link type 113 is not supported, only Ethernet is'),
            ('resolution', HEAD + interface(more=option(9, b'\x1e')), -8, 'block 2 at offset 28: time resolution 30 cannot be used'),
            ('interfaces', HEAD + interface() * 257, -8, f'block 258 at offset {28 + 256 * 20}: more than 256 interfaces'),
        ]:
            with self.subTest(name):
                again = self.read(data)
                self.assertEqual((again.messages, again.code), ([], code))
                self.assertEqual(again.notes, [f'error: {self.path}: {sentence}'])

    def test_nothing_in_it(self):
        for data in (HEAD, HEAD + interface()):
            again = self.read(data)
            self.assertEqual((again.messages, again.code, again.notes), ([], -13, []))

    def test_skipped(self):
        statistics = block(5, struct.pack('<III', 9, 0, 0))
        again = self.read(HEAD + interface() + block(0x0bad, bytes(8)) + packet(1, more=option(2, struct.pack('<I', 2))) + statistics)
        self.assertEqual([m['direction'] for m in again.messages], [1])
        self.assertIn('1 blocks that are neither packets nor statistics', again.notes)

    def test_option_past_its_block(self):
        for length in (9, 12, 13, 400, 65535):
            again = self.read(HEAD + interface() + packet(1, more=struct.pack('<HH', 1, length) + bytes(8)) + packet(2))
            self.assertEqual([m['host_ns'] for m in again.messages], [1000, 2000])
            self.assertIn('1 records or options are not understood', again.notes)


if __name__ == '__main__':
    unittest.main(verbosity=2)
