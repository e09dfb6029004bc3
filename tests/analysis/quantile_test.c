/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantiles against sorting: at every rank asked for, within the error that the header states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quantile.h"

#define N 20000

static uint64_t values[N];
static struct pl_quantile q;

static uint64_t random_bits(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Adds the first n values, in the order they stand in, and compares with sorting. */
static void compare(size_t n)
{
	memset(&q, 0, sizeof q);
	for (size_t i = 0; i < n; i++)
		pl_quantile_add(&q, values[i]);
	assert_int_equal(q.count, n);
	qsort(values, n, sizeof values[0], ascending);
	assert_true(q.min == values[0] && q.max == values[n - 1]);
	size_t rank = 1; /* of the smallest that at least permille of 1000 do not exceed */
	for (uint32_t permille = 0; permille <= 1000; permille++) {
		while (rank * 1000 < n * permille)
			rank++;
		uint64_t truth = values[rank - 1], given = pl_quantile_get(&q, permille);
		uint64_t error = given > truth ? given - truth : truth - given;
		if (truth >> PL_QUANTILE_TOP)
			continue;
		if (error * 128 > truth || (truth < 128 && error))
			fail_msg("%zu values, %u permille: %llu, and sorting gives %llu", n, permille, (unsigned long long)given,
			         (unsigned long long)truth);
	}
	assert_true(pl_quantile_get(&q, 0) == values[0]);
	assert_true(pl_quantile_get(&q, 1000) == values[n - 1]);
}

static void empty(void **state)
{
	(void)state;
	memset(&q, 0, sizeof q);
	assert_int_equal(pl_quantile_get(&q, 500), 0);
}

static void each_power_and_its_neighbours(void **state)
{
	size_t n = 0;

	(void)state;
	for (int k = 0; k < PL_QUANTILE_TOP; k++)
		for (int d = -1; d <= 1; d++)
			values[n++] = (1ull << k) + (uint64_t)d;
	compare(n);
}

/* Alone, so that neither min nor max can help: each value between an extreme on either side. */
static void edges_of_buckets(void **state)
{
	(void)state;
	for (int k = 7; k < PL_QUANTILE_TOP; k++) {
		for (uint64_t at = 0; at < 64; at++) {
			uint64_t width = 1ull << (k - 6), low = (1ull << k) + at * width;
			for (int edge = 0; edge < 2; edge++) {
				values[0] = 0;
				values[1] = edge ? low + width - 1 : low;
				values[2] = (1ull << PL_QUANTILE_TOP) - 1;
				compare(3);
			}
		}
	}
}

static void constant(void **state)
{
	(void)state;
	for (uint64_t value = 1; value < 1ull << PL_QUANTILE_TOP; value = value * 7 + 3) {
		for (size_t i = 0; i < 100; i++)
			values[i] = value;
		compare(100);
	}
}

static void every_small_count(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 40; n++) {
		for (size_t i = 0; i < n; i++)
			values[i] = random_bits() >> (28 + random_bits() % 36);
		compare(n);
	}
}

/* A bulk of microseconds and one far away per cent: what stamp delays look like. */
static void two_clusters(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		values[i] = i % 100 ? 20000 + random_bits() % 10000 : 1500000000 + random_bits() % 1000;
	compare(N);
}

static void spread_over_all_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		values[i] = random_bits() >> (64 - PL_QUANTILE_TOP + random_bits() % PL_QUANTILE_TOP);
	compare(N);
}

static void falling_and_rising(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++)
		values[i] = (uint64_t)i * i * 17;
	compare(N);
	for (size_t i = 0; i < N; i++)
		values[i] = (uint64_t)(N - i) * (N - i) * 17;
	compare(N);
}

static void beyond_the_top(void **state)
{
	(void)state;
	values[0] = 5;
	values[1] = 1ull << PL_QUANTILE_TOP;
	values[2] = UINT64_MAX;
	compare(3);
	assert_true(pl_quantile_get(&q, 999) == UINT64_MAX);
	assert_int_equal(pl_quantile_get(&q, 333), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty),
	    cmocka_unit_test(each_power_and_its_neighbours),
	    cmocka_unit_test(edges_of_buckets),
	    cmocka_unit_test(constant),
	    cmocka_unit_test(every_small_count),
	    cmocka_unit_test(two_clusters),
	    cmocka_unit_test(spread_over_all_sizes),
	    cmocka_unit_test(falling_and_rising),
	    cmocka_unit_test(beyond_the_top),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
