#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""spin.py [--without GUARD] [-DNAME=VALUE ...]: Spin searches the whole state space of ring.pml.

Exits 0 if it finds no error, or with --without if it finds one. The big configuration: -DPRODUCERS=3 (minutes, some GB).
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

GUARDS = {
    "claim": ("		claim();\n", "		won = 1;\n"),
    "atomic_claim": (
        "	atomic {\n		won = (seq[RING_SLOT] == expected);\n		old = seq[RING_SLOT];\n",
        "	d_step { won = (seq[RING_SLOT] == expected); old = seq[RING_SLOT] };\n	atomic {\n",
    ),
    "busy": (
        "	:: !won && (old & BUSY)\n	:: !won && !(old & BUSY) && old > position\n	:: !won && !(old & BUSY) && old <= position -> cas(old)\n",
        "	:: !won && NUMBER(old) > position\n	:: !won && NUMBER(old) <= position -> cas(old)\n",
    ),
    "late": (
        "	:: !won && !(old & BUSY) && old > position\n	:: !won && !(old & BUSY) && old <= position -> cas(old)\n",
        "	:: !won && !(old & BUSY) -> cas(old)\n",
    ),
    "order": ("			write_payload();\n			commit()\n", "			commit();\n			write_payload()\n"),
    "recheck": ("	:: seq[RING_SLOT] == seen ->\n", "	:: seen > 0 ->\n"),
    "own_lap": ("		:: seen == position + 1 -> look_and_copy()\n", "		:: seen > 0 && !(seen & BUSY) -> look_and_copy()\n"),
    "age": ("	:: d_step { lost++; position++ }\n", ""),
    "counted_resync": ("		lost = lost + to - position;\n", ""),
}


def model_text(guard):
    text = (pathlib.Path(__file__).parent / "ring.pml").read_text()
    if guard is None:
        return text
    old, new = GUARDS[guard]
    if text.count(old) != 1:
        sys.exit(f"{guard}: the text to replace is {text.count(old)} times in ring.pml:\n{old}")
    return text.replace(old, new)


def search(text, defines):
    """Returns pan's report."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "model.pml").write_text(text)
        for command in (
            ["spin", *defines, "-a", "model.pml"],
            ["gcc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=2048", "-o", "pan", "pan.c"],
        ):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stdout + done.stderr)
        return subprocess.run(["./pan", "-m1000000", "-w24"], cwd=folder, capture_output=True, text=True).stdout


def main():
    arguments = sys.argv[1:]
    guard = None
    if arguments[:1] == ["--without"]:
        guard = arguments[1]
        arguments = arguments[2:]
    if not all(a.startswith("-D") for a in arguments):
        sys.exit(__doc__)
    if not shutil.which("spin"):
        print("skipped: spin is not installed")
        sys.exit(77)
    report = search(model_text(guard), arguments)
    found = re.search(r"errors: (\d+)", report)
    states = re.search(r"([0-9.e+]+) states, stored", report)
    cause = re.search(r"^pan:\d+: (.*)$", report, re.M)
    if not found or not states or "max search depth too small" in report or "out of memory" in report:
        sys.exit(f"the search did not finish\n{report}")
    print(f"{states[1]} states, {found[1]} errors" + (f": {cause[1]}" if cause else ""))
    sys.exit((int(found[1]) > 0) != (guard is not None))


main()
