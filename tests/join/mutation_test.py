#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Breaks one guard of the join at a time and expects the tests to notice: mutation_test.py CC SOURCE_ROOT"""
import os
import subprocess
import sys
import tempfile

MUTANTS = [  # file, text that is there exactly once, what stands there instead
    ("join_rule.c", "if (x[o[a]].left == c[b]) {", "if (1) {"),
    ("join_rule.c", "x[c[b]].time_ns - x[o[a]].time_ns >= -j->slack_ns)\n\t\t\tx[o[a++]]", "1)\n\t\t\tx[o[a++]]"),
    ("join_rule.c", "if (lossy(j, k))", "if (0)"),
    ("join_rule.c", "if (leader->group_frames != leader->group_events)", "if (0)"),
    ("join_rule.c", "x->time_ns < j->attach_ns ||", ""),
    ("join_rule.c", "x->time_ns > j->detach_ns", "0"),
    ("join_rule.c", "if (j->items[s].time_ns <= from + PL_JOIN_QUIET_NS)", "if (1)"),
    ("join_rule.c", "if (k->doubt == PTPLENS_CAUSE_CROWDED)", "if (0)"),
    ("join_pool.c", "(uint32_t)(frame_stamp - (uint32_t)x->host_ns) < j->resolution_ns", "frame_stamp == (uint32_t)x->host_ns"),
    ("join_state.h", "#define PL_JOIN_SENT_NS 2000000000ll", "#define PL_JOIN_SENT_NS 1900000000ll"),
    ("join_evidence.c", "tick_at(j, n)->left[c]--;", ""),
    ("join_evidence.c", "b->time_ns < j->now_ns ? b->time_ns : j->now_ns", "b->time_ns"),
    ("join.c", "clamp(host_ns) - (below < 0 ? below + j->resolution_ns : below)", "clamp(host_ns)"),
]
CORE = ["join.c", "join_certificate.c", "join_evidence.c", "join_pool.c", "join_rule.c"]
TESTS = ["rule_test.c", "harness.c"]


def passes(compiler, root, folder):
    program = os.path.join(folder, "test")
    sources = [os.path.join(folder, c) for c in CORE] + [os.path.join(root, "tests/join", t) for t in TESTS]
    subprocess.run(compiler + ["-std=gnu11", "-D_GNU_SOURCE", "-O0", "-I", folder, "-I", os.path.join(root, "core"), "-I",
                               os.path.join(root, "include"), "-o", program] + sources + ["-lcmocka"], check=True)
    try:
        return subprocess.run([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def copy(root, folder):
    for name in CORE + ["join_state.h"]:
        with open(os.path.join(root, "core", name)) as source, open(os.path.join(folder, name), "w") as target:
            target.write(source.read())


def main():
    compiler, root = sys.argv[1].split(), sys.argv[2]
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy(root, folder)
        if not passes(compiler, root, folder):
            sys.exit("the unbroken join fails its tests")
        for name, text, instead in MUTANTS:
            copy(root, folder)
            with open(os.path.join(folder, name)) as source:
                code = source.read()
            if code.count(text) != 1:
                sys.exit(f"{name}: {text!r} is there {code.count(text)} times")
            with open(os.path.join(folder, name), "w") as target:
                target.write(code.replace(text, instead))
            survived = passes(compiler, root, folder)
            missed += survived
            print(f"{'MISSED' if survived else 'caught'}  {name}: {text!r} -> {instead!r}", flush=True)
    sys.exit(1 if missed else 0)


main()
