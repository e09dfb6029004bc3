/* SPDX-License-Identifier: BSD-3-Clause */
#include "quantile.h"

#define BUCKETS_AN_OCTAVE (1u << PL_QUANTILE_BITS)

static uint32_t bucket_of(uint64_t value)
{
	if (value < BUCKETS_AN_OCTAVE)
		return (uint32_t)value;
	if (value >> PL_QUANTILE_TOP)
		return PL_QUANTILE_BUCKETS - 1;
	uint32_t shift = 63u - (uint32_t)__builtin_clzll(value) - PL_QUANTILE_BITS;
	return shift * BUCKETS_AN_OCTAVE + (uint32_t)(value >> shift);
}

static uint64_t middle_of(uint32_t bucket)
{
	if (bucket < 2 * BUCKETS_AN_OCTAVE)
		return bucket;
	uint32_t shift = bucket / BUCKETS_AN_OCTAVE - 1;
	return ((uint64_t)(BUCKETS_AN_OCTAVE + bucket % BUCKETS_AN_OCTAVE) << shift) + (1ull << (shift - 1));
}

void pl_quantile_add(struct pl_quantile *q, uint64_t value)
{
	if (!q->count || value < q->min)
		q->min = value;
	if (value > q->max)
		q->max = value;
	q->count++;
	q->bucket[bucket_of(value)]++;
}

uint64_t pl_quantile_get(const struct pl_quantile *q, uint32_t permille)
{
	uint64_t rank = q->count / 1000 * permille + (q->count % 1000 * permille + 999) / 1000, below = 0;
	uint32_t i = 0;

	if (rank <= 1)
		return q->min;
	if (rank >= q->count)
		return q->max;
	while (below + q->bucket[i] < rank)
		below += q->bucket[i++];
	uint64_t value = middle_of(i);
	return value < q->min ? q->min : value > q->max ? q->max : value;
}
