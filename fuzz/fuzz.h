/* SPDX-License-Identifier: BSD-3-Clause */
/* What libFuzzer or replay.c calls with each input. */
#ifndef PL_FUZZ_H
#define PL_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
