#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# All tests but those on emulated cards (`make check-hw`), in every build that must pass. Ends with a line "N passed, N failed, N skipped" counted from the results.
set -u
cd "$(dirname "$0")" || exit 1
results=$(mktemp)
trap 'rm -f "$results"' EXIT

note() { # name ok|fail
	printf '%s\t%s\n' "$2" "$1" >>"$results"
	[ "$2" = ok ] || echo "FAILED: $1"
}

build() { # folder, then meson's options
	folder=$1
	shift
	rm -rf "$folder"
	if meson setup "$folder" "$@" >"$folder.log" 2>&1 && meson compile -C "$folder" >>"$folder.log" 2>&1; then
		rm -f "$folder.log"
		note "build $folder" ok
		return 0
	fi
	tail -n 60 "$folder.log"
	note "build $folder" fail
	return 1
}

run() { # folder, then meson test's options; counts each test
	folder=$1
	shift
	# a hang still ends, and a slow machine is no failure
	meson test -C "$folder" --print-errorlogs --no-rebuild --timeout-multiplier 4 "$@"
	status=$?
	tests/count_results.py "$folder/meson-logs/testlog.json" "$folder" >>"$results" || note "results of $folder" fail
	# a run that dies without a failing test must not look green
	[ $status = 0 ] || grep -q "^fail	$folder: " "$results" || note "meson test in $folder" fail
}

step() { echo "== $1 ($(date +%T))"; }

step "format"
if git ls-files '*.c' '*.h' | xargs clang-format --dry-run --Werror >/dev/null 2>&1; then note "clang-format" ok; else note "clang-format" fail; fi

step "gcc"
build build-gcc && run build-gcc --no-suite hw
step "clang"
CC=clang CXX=clang++ build build-clang && run build-clang --no-suite slow --no-suite live
step "address and undefined behaviour sanitizers"
CC=clang CXX=clang++ build build-asan -Db_sanitize=address,undefined -Db_lundef=false &&
	ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 run build-asan --no-suite slow --no-suite live
step "thread sanitizer"
CC=clang CXX=clang++ build build-tsan -Db_sanitize=thread -Db_lundef=false && run build-tsan --suite threads
step "mingw"
build build-mingw --cross-file cross/mingw64.ini

step "done"
passed=$(grep -c '^ok' "$results")
failed=$(grep -c '^fail' "$results")
skipped=$(grep -c '^skip' "$results")
grep '^fail\|^skip' "$results"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
