/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantiles of a stream of numbers in fixed memory: a log-linear histogram. Numbers below 128 are kept exactly; above, each power of two is
 * split into 64 buckets, so that a quantile lies within 1/128 (0.8 %) of the number that sorting would give. Of numbers from 2^36 on
 * (68.7 s in ns) only the largest is known. A zeroed struct is empty. */
#ifndef PL_QUANTILE_H
#define PL_QUANTILE_H

#include <stdint.h>

#define PL_QUANTILE_BITS 6
#define PL_QUANTILE_TOP 36
#define PL_QUANTILE_BUCKETS ((PL_QUANTILE_TOP - PL_QUANTILE_BITS + 1) << PL_QUANTILE_BITS)

struct pl_quantile {
	uint64_t count;
	uint64_t min, max; /* exact; 0 while empty */
	uint64_t bucket[PL_QUANTILE_BUCKETS];
};

void pl_quantile_add(struct pl_quantile *, uint64_t value);

/* The number that at least `permille` of 1000 of all numbers do not exceed (nearest rank); 0 while empty. */
uint64_t pl_quantile_get(const struct pl_quantile *, uint32_t permille);

#endif
