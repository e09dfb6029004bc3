#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Installs into an empty folder, then builds and runs a C and a C++ program against what is there, and compares the exported symbols with
the headers.
usage: install_test.py BUILD_DIR CONSUMER.c
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **keywords):
    done = subprocess.run(command, capture_output=True, text=True, **keywords)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def declared(include):
    text = "".join(path.read_text() for path in sorted((include / "ptplens").glob("*.h")))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"\b(ptplens_\w+)\s*\(", text))


def exported(library):
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    return {line.split()[2].split("@")[0] for line in lines if line.split()[1] == "T"}


def main():
    build, consumer = sys.argv[1:]
    with tempfile.TemporaryDirectory() as root:
        run("meson", "install", "-C", build, "--no-rebuild", env={**os.environ, "DESTDIR": root})
        pc = next(Path(root).rglob("ptplens.pc"))
        library = next(Path(root).rglob("libptplens.so"))
        include = next(Path(root).rglob("ptplens/ptplens.h")).parent.parent
        environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": root, "PKG_CONFIG_PATH": str(pc.parent)}
        flags = run("pkg-config", "--cflags", "--libs", "ptplens", env=environment).split()
        symbols, functions = exported(library), declared(include)
        if symbols != functions:
            sys.exit(f"only exported: {sorted(symbols - functions)}; only declared: {sorted(functions - symbols)}")
        for compiler, language, standard in (("gcc", "c", "c11"), ("g++", "c++", "c++17")):
            program = Path(root) / f"consumer-{language}"
            run(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", language, consumer, "-x", "none", "-o", program, *flags)
            out = run(program, env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)})
            print(language, out.strip())
            if not re.search(r"messages=[1-9]\d+ matched=[1-9]\d+ verdict=none", out):
                sys.exit("the program did not read the simulated messages")
        tool = next(path for path in Path(root).rglob("bin/ptplens"))
        print(run(tool, "version", env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)}).strip())
        print(f"{len(symbols)} symbols")


main()
