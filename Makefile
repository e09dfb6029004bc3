# SPDX-License-Identifier: BSD-3-Clause
# A thin front: `make setup` installs what is needed on Debian 12, `make demo` shows the main job, `make check` runs all tests,
# `make check-hw` those on emulated network cards.
BUILD ?= build

.PHONY: all setup build demo check check-hw quick bench format clean

all: build

setup:
	./setup.sh

$(BUILD)/build.ninja:
	meson setup $(BUILD)

build: $(BUILD)/build.ninja
	meson compile -C $(BUILD)

demo: setup build
	$(BUILD)/cli/ptplens demo

check: setup
	./check.sh

check-hw: setup build
	meson test -C $(BUILD) --suite hw --print-errorlogs

quick: build
	meson test -C $(BUILD) --no-suite slow

bench: build
	meson test -C $(BUILD) --benchmark --verbose

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build build-*
