#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds one compiler to the tables of doc/event-abi.md: abi_check.py DOC EVENT_H ROOT c|c++ COMPILER [ARGUMENT...]

Every row becomes compile-time assertions. Then each single assertion is made wrong, and the compiler has to refuse each of them."""
import re
import subprocess
import sys

TYPES = {"u8": (1, 0), "u16": (2, 0), "u32": (4, 0), "u64": (8, 0), "i32": (4, 1), "i64": (8, 1)}


def rows(text, columns):
    """Cells of the rows below a table head that starts with `columns`, with the last ### heading before them."""
    heading, inside = "", False
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[: len(columns)] == columns:
            inside = True
        elif inside and not cells[0].startswith("---"):
            yield heading, cells


def read_document(path):
    text = open(path, encoding="utf-8").read()
    structs, constants = {}, {}
    for heading, (offset, kind, field, *_) in rows(text, ["offset", "type", "field"]):
        base, _, count = kind.partition("[")
        for name in field.split(" / "):
            structs.setdefault(heading, []).append((int(offset), name, base, int(count[:-1]) if count else 1))
    for _, (name, value, *_) in rows(text, ["constant", "value"]):
        assert name not in constants, f"{name} stands twice in the tables"
        constants[name] = int(value, 0)
    return structs, constants


def check_tables(structs, constants, header):
    """The tables leave no byte and no constant of the header out."""
    assert set(structs) == set(re.findall(r"^(struct ptplens_\w+) \{", header, re.M)), "structs of the header and of the tables differ"
    for struct, fields in structs.items():
        end = 0
        for offset, name, base, count in fields:
            if offset == end:
                end += TYPES[base][0] * count
            assert offset + TYPES[base][0] * count == end, f"{struct}.{name}: a hole or an overlap at {offset}"
        assert end == 64, f"{struct} ends at {end}"
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    declared = set(re.findall(r"^#define (PTPLENS_\w+) [\d(]", code, re.M)) | set(re.findall(r"\b(PTPLENS_\w+) = ", code))
    missing = declared - set(constants)
    assert not missing, f"not in the tables: {sorted(missing)}"
    assert len(declared) > 40, "the header was not understood"


def assertions(structs, constants):
    """(expression, value) pairs."""
    for struct, fields in structs.items():
        yield f"sizeof({struct})", 64
        yield f"__alignof__({struct})", 8
        for offset, name, base, count in fields:
            size, signed = TYPES[base]
            member = f"(({struct} *)0)->{name}"
            yield f"__builtin_offsetof({struct}, {name})", offset
            yield f"sizeof({member})", size * count
            if count > 1:
                yield f"sizeof({member}[0])", size
            else:
                yield f"((__typeof__({member}))-1 < 0)", signed
    for name, value in constants.items():
        yield f"(long long){name}", value


def source(pairs, language):
    keyword = "_Static_assert" if language == "c" else "static_assert"
    lines = ["#include <ptplens/event.h>", "#include <ptplens/message.h>"]
    return "\n".join(lines + [f'{keyword}({e} == {v}, "ABI row {i}");' for i, (e, v) in enumerate(pairs)]) + "\n"


def compile_text(command, root, language, text):
    return subprocess.run(command + ["-fsyntax-only", "-I", root, "-x", language, "-"], input=text, text=True, capture_output=True)


def main():
    document, header, root, language, *command = sys.argv[1:]
    structs, constants = read_document(document)
    check_tables(structs, constants, open(header, encoding="utf-8").read())
    pairs = list(assertions(structs, constants))

    right = compile_text(command, root, language, source(pairs, language))
    if right.returncode:
        sys.exit(f"the tables do not hold:\n{right.stderr}")
    wrong = compile_text(command, root, language, source([(e, v + 1) for e, v in pairs], language))
    refused = {int(n) for n in re.findall(r'error: .*"?ABI row (\d+)', wrong.stderr)}
    unnoticed = sorted(set(range(len(pairs))) - refused)
    if unnoticed:
        sys.exit(f"wrong and not noticed: {[pairs[i] for i in unnoticed]}\n{wrong.stderr[:2000]}")
    print(f"{len(pairs)} assertions hold, and each fails when it is wrong")


main()
