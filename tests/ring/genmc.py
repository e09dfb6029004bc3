#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""genmc.py GENMC: model checks core/ring.h under RC11, IMM and TSO, whole and with each guard removed.

GENMC names the binary (https://github.com/MPI-SWS/genmc, 0.10). It is in no Debian package, so `meson test` does not run this.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CORE = HERE.parents[1] / "core"

# memory model, configuration
WHOLE = [
    ("rc11", ["-DEARLIER=1", "-DLOOKS=3"]),
    ("imm", ["-DEARLIER=1", "-DLOOKS=2"]),
    ("tso", ["-DEARLIER=0", "-DLOOKS=3"]),
    ("rc11", ["-DEARLIER=0", "-DFINAL"]),
]
# guard, the header that has it, memory model, configuration
WITHOUT = [
    ("claim_after_payload", "ring.h", "rc11", ["-DEARLIER=1"]),
    ("commit_before_payload", "ring.h", "rc11", ["-DEARLIER=1"]),
    ("no_recheck", "ring.h", "rc11", ["-DEARLIER=1"]),
    ("late_overwrites", "ring.h", "rc11", ["-DEARLIER=0", "-DFINAL"]),
    ("claim_not_fenced", "atomic.h", "rc11", ["-DEARLIER=1"]),
    ("commit_relaxed", "atomic.h", "rc11", ["-DEARLIER=1"]),
    ("copy_not_fenced", "atomic.h", "rc11", ["-DEARLIER=1"]),
    ("load_relaxed", "atomic.h", "rc11", ["-DEARLIER=1"]),
]


def check(genmc, folder, model, defines):
    """Returns (an error was found, GenMC's words)."""
    command = [genmc, "--disable-estimation", f"--{model}", "--", f"-I{folder}", f"-I{HERE.parents[1] / 'include'}",
               *defines, str(HERE / "genmc.c")]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    text = done.stdout + done.stderr
    words = f"{model} {' '.join(defines)}: "
    executions = re.search(r"executions explored: (\d+)", text)
    if "No errors were detected" in text and executions:
        return False, words + f"{executions[1]} executions, {time.monotonic() - start:.0f} s, no error"
    error = re.search(r"Error: (.*)", text)
    if not error:
        sys.exit(text)
    return True, words + error[1]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    wrong = 0
    for model, defines in WHOLE:
        found, words = check(sys.argv[1], CORE, model, defines)
        print(words, flush=True)
        wrong += found
    for guard, header, model, defines in WITHOUT:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("ring.h", "atomic.h"):
                (pathlib.Path(folder) / name).write_text((CORE / name).read_text())
            subprocess.run([HERE / "mutate.py", guard, CORE / header, pathlib.Path(folder) / header], check=True)
            found, words = check(sys.argv[1], folder, model, defines)
            print(f"without {guard}: {words}", flush=True)
            wrong += not found
    sys.exit(wrong != 0)


main()
