/* SPDX-License-Identifier: BSD-3-Clause */
/* Synthetic clocks, whose truth is known, and a second opinion on the bounds: all lines through two ends of intervals, tried one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relation.h"

#define NS_PER_S 1000000000ll
#define START (5000 * NS_PER_S)

static uint64_t state;

static int64_t uniform(int64_t below) /* 0 to below - 1 */
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int64_t)(state % (uint64_t)below);
}

struct clock { /* a NIC's clock: `offset` at START, then `rate` in 10^-12 */
	int64_t offset;
	int64_t rate;
};

static int64_t truth(const struct clock *c, int64_t host_ns)
{
	return c->offset + (int64_t)((long double)(host_ns - START) * (long double)c->rate / 1e12L);
}

/* A reading that is wrong by no more than its half width, which is 50 ns to `widest`. 1 ns for the truth's own rounding. */
static enum pl_relation_change sample(struct pl_relation *r, const struct clock *c, int64_t host_ns, int64_t widest)
{
	int64_t half = 50 + uniform(widest - 49), error = uniform(2 * half + 1) - half;

	return pl_relation_add(r, host_ns, host_ns + truth(c, host_ns) + error, (uint32_t)half + 1);
}

static void assert_within(const struct pl_relation *r, const struct clock *c, int64_t host_ns)
{
	struct pl_relation_bounds b;

	assert_int_equal(pl_relation_at(r, host_ns, &b), 0);
	assert_true(b.offset_min_ns <= truth(c, host_ns) + 1 && b.offset_max_ns >= truth(c, host_ns) - 1);
	assert_true(b.rate_min <= c->rate && b.rate_max >= c->rate);
}

static void no_sample(void **unused)
{
	struct pl_relation r = {0};
	struct pl_relation_bounds b;

	(void)unused;
	assert_int_equal(pl_relation_at(&r, 1, &b), -1);
}

static void one_sample(void **unused)
{
	struct pl_relation r = {0};
	struct pl_relation_bounds b;

	(void)unused;
	assert_int_equal(pl_relation_add(&r, START, START + 37 * NS_PER_S, 500), PL_RELATION_CONTINUED);
	assert_int_equal(pl_relation_at(&r, START, &b), 0);
	assert_int_equal(b.offset_min_ns, 37 * NS_PER_S - 500);
	assert_int_equal(b.offset_max_ns, 37 * NS_PER_S + 500);
	/* a second later or earlier any rate that is possible: 1000 ppm are 1 ms */
	for (int side = -1; side <= 1; side += 2) {
		assert_int_equal(pl_relation_at(&r, START + side * NS_PER_S, &b), 0);
		assert_int_equal(b.offset_min_ns, 37 * NS_PER_S - 500 - 1000000);
		assert_int_equal(b.offset_max_ns, 37 * NS_PER_S + 500 + 1000000);
	}
}

static void constant_rates_stay_within(void **unused)
{
	static const int64_t offsets[] = {0, 37 * NS_PER_S, -4000 * NS_PER_S, 1700000000 * NS_PER_S, 1ll << 61};

	(void)unused;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		state = seed * 0x9e3779b97f4a7c15ull;
		struct clock c = {offsets[seed % 5], uniform(400000001) - 200000000};
		struct pl_relation r = {0};
		int64_t now = START;
		for (int k = 0; k < 100; k++) {
			assert_int_equal(sample(&r, &c, now, seed % 3 ? 2000 : 80000), PL_RELATION_CONTINUED);
			assert_within(&r, &c, now);
			assert_within(&r, &c, now + uniform(NS_PER_S));
			assert_within(&r, &c, r.run[0].host_ns + uniform(now - r.run[0].host_ns + 1));
			now += NS_PER_S + uniform(40000000);
		}
		assert_int_equal(r.n, PL_RELATION_SAMPLES);
		assert_int_equal(r.jumps + r.turns, 0);
	}
}

/* 32 samples within 1 us: the rate is known to 0.1 ppm, and the offset better than from any single sample. */
static void bounds_are_narrow(void **unused)
{
	struct clock c = {37 * NS_PER_S, 17000000};
	struct pl_relation r = {0};
	struct pl_relation_bounds b;

	(void)unused;
	state = 7;
	for (int k = 0; k < 32; k++)
		sample(&r, &c, START + k * NS_PER_S, 1000);
	assert_int_equal(pl_relation_at(&r, START + 16 * NS_PER_S, &b), 0);
	assert_true(b.rate_max - b.rate_min < 100000);
	assert_true(b.offset_max_ns - b.offset_min_ns < 500);
}

static void jump_begins_a_new_run(void **unused)
{
	static const int64_t jumps[] = {1ll << 41, -(1ll << 41), 37 * NS_PER_S, 2000000, -2000000};

	(void)unused;
	for (size_t k = 0; k < sizeof jumps / sizeof jumps[0]; k++) {
		struct clock c = {100000 * NS_PER_S, -200000000};
		struct pl_relation r = {0};
		state = k + 1;
		for (int s = 0; s < 10; s++)
			assert_int_equal(sample(&r, &c, START + s * NS_PER_S, 500), PL_RELATION_CONTINUED);
		c.offset += jumps[k];
		assert_int_equal(sample(&r, &c, START + 10 * NS_PER_S, 500), PL_RELATION_JUMPED);
		assert_int_equal(r.n, 1);
		assert_int_equal(r.jumps, 1);
		for (int s = 11; s < 20; s++)
			assert_int_equal(sample(&r, &c, START + s * NS_PER_S, 500), PL_RELATION_CONTINUED);
		assert_within(&r, &c, START + 19 * NS_PER_S);
	}
}

/* From the first to the last time that fits. */
static void extreme_values(void **unused)
{
	struct pl_relation r = {0};
	struct pl_relation_bounds b;

	(void)unused;
	assert_int_equal(pl_relation_add(&r, 1, 0, UINT32_MAX), PL_RELATION_CONTINUED);
	assert_int_equal(pl_relation_add(&r, 2, INT64_MAX, UINT32_MAX), PL_RELATION_JUMPED);
	assert_int_equal(pl_relation_at(&r, 2, &b), 0);
	assert_true(b.offset_max_ns == INT64_MAX && b.offset_min_ns == INT64_MAX - 2 - (int64_t)UINT32_MAX);
	assert_int_equal(pl_relation_add(&r, INT64_MAX, 0, 0), PL_RELATION_JUMPED);
	assert_int_equal(pl_relation_at(&r, 0, &b), 0);
	assert_true(b.offset_min_ns < 0 && b.offset_min_ns <= b.offset_max_ns);
}

/* A rate that turns: the old samples go, and the bounds are those of the new rate. */
static void turn_is_noticed(void **unused)
{
	struct clock before = {0, -50000000}, after = {0, 50000000};
	struct pl_relation r = {0};

	(void)unused;
	state = 3;
	for (int k = 10; k > 0; k--)
		assert_int_equal(sample(&r, &before, START - k * NS_PER_S, 200), PL_RELATION_CONTINUED);
	int turned = 0;
	for (int k = 0; k < 10; k++)
		turned += sample(&r, &after, START + k * NS_PER_S, 200) == PL_RELATION_TURNED;
	assert_true(turned >= 1);
	assert_int_equal(r.turns, turned);
	assert_int_equal(r.jumps, 0);
	assert_within(&r, &after, START + 9 * NS_PER_S);
}

/* The feasible lines are a polygon of (offset, rate); its corners are where two of its conditions meet. */
static void second_opinion(const struct pl_relation *r, int64_t at_ns, long double *min, long double *max)
{
	struct {
		long double x, y;
		int is_top;
	} ends[2 * PL_RELATION_SAMPLES];
	unsigned n = 0;
	int64_t base = r->run[0].offset_ns;

	*min = 1e30L;
	*max = -1e30L;
	for (unsigned k = 0; k < r->n; k++)
		for (int top = 0; top <= 1; top++, n++) {
			ends[n].x = (long double)(r->run[k].host_ns - at_ns) / 1e9L;
			ends[n].y = (long double)(r->run[k].offset_ns - base + (top ? 1 : -1) * r->run[k].half_width_ns);
		}
	for (unsigned a = 0; a < n; a++) {
		for (unsigned b = 0; b < n + 2; b++) {
			/* the last two: the conditions on the rate */
			long double slope = b < n ? ends[a].x == ends[b].x ? 1e30L : (ends[b].y - ends[a].y) / (ends[b].x - ends[a].x)
			                          : (b == n ? 1e6L : -1e6L);
			long double y = ends[a].y - slope * ends[a].x;
			int passes = slope <= 1e6L + 1e-6L && slope >= -1e6L - 1e-6L;
			for (unsigned k = 0; k < r->n && passes; k++)
				passes = y + slope * ends[2 * k].x >= ends[2 * k].y - 1e-3L &&
				         y + slope * ends[2 * k].x <= ends[2 * k + 1].y + 1e-3L;
			if (passes && y < *min)
				*min = y;
			if (passes && y > *max)
				*max = y;
		}
	}
	*min += (long double)base;
	*max += (long double)base;
}

static void bounds_are_those_of_all_lines(void **unused)
{
	(void)unused;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		state = seed * 0xda942042e4dd58b5ull;
		struct clock c = {uniform(1000) * NS_PER_S, uniform(400000001) - 200000000};
		struct pl_relation r = {0};
		int64_t now = START;
		for (unsigned k = 0; k < 1 + seed % 20; k++, now += NS_PER_S / 2 + uniform(NS_PER_S))
			sample(&r, &c, now, 5000);
		for (int k = 0; k < 20; k++) {
			struct pl_relation_bounds b;
			long double min, max;
			int64_t at = START - 2 * NS_PER_S + uniform(now - START + 4 * NS_PER_S);
			assert_int_equal(pl_relation_at(&r, at, &b), 0);
			second_opinion(&r, at, &min, &max);
			/* rounded outward, by what 10^-12 makes over the run */
			assert_true((long double)b.offset_min_ns <= min + 0.01L && (long double)b.offset_min_ns > min - 2.0L);
			assert_true((long double)b.offset_max_ns >= max - 0.01L && (long double)b.offset_max_ns < max + 2.0L);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_sample),
	    cmocka_unit_test(one_sample),
	    cmocka_unit_test(constant_rates_stay_within),
	    cmocka_unit_test(bounds_are_narrow),
	    cmocka_unit_test(jump_begins_a_new_run),
	    cmocka_unit_test(extreme_values),
	    cmocka_unit_test(turn_is_noticed),
	    cmocka_unit_test(bounds_are_those_of_all_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
