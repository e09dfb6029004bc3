#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints "ok|fail|skip<TAB>folder: test" for each test in a meson testlog.json; fails if there is none."""
import json
import sys

WORDS = {"OK": "ok", "EXPECTEDFAIL": "ok", "SKIP": "skip"}

count = 0
with open(sys.argv[1]) as log:
    for line in log:
        test = json.loads(line)
        print(f"{WORDS.get(test['result'], 'fail')}\t{sys.argv[2]}: {test['name']}")
        count += 1
sys.exit(count == 0)
