/* SPDX-License-Identifier: BSD-3-Clause */
#include "relation.h"

#include <string.h>

#define UNIT 1000000000000ll /* of rates */

typedef __int128 wide; /* differences of offsets, times a unit, do not fit 64 bits */

static wide low(const struct pl_relation_sample *s)
{
	return (wide)s->offset_ns - s->half_width_ns;
}

static wide high(const struct pl_relation_sample *s)
{
	return (wide)s->offset_ns + s->half_width_ns;
}

static wide divide_down(wide a, wide b)
{
	return a / b - (a % b < 0);
}

static wide divide_up(wide a, wide b)
{
	return -divide_down(-a, b);
}

/* What two samples allow, rounded outward. */
static void pair_rates(const struct pl_relation_sample *a, const struct pl_relation_sample *b, wide *min, wide *max)
{
	wide time = (wide)b->host_ns - a->host_ns;

	*min = divide_down((low(b) - high(a)) * UNIT, time);
	*max = divide_up((high(b) - low(a)) * UNIT, time);
}

/* The slopes of the lines through all intervals: for a slope they exist if the intervals, moved along it, meet in pairs. */
static int find_rates(struct pl_relation *r)
{
	wide min = -PL_RELATION_RATE_MAX, max = PL_RELATION_RATE_MAX;

	for (unsigned b = 1; b < r->n; b++) {
		for (unsigned a = 0; a < b; a++) {
			wide pair_min, pair_max;
			pair_rates(&r->run[a], &r->run[b], &pair_min, &pair_max);
			if (pair_min > min)
				min = pair_min;
			if (pair_max < max)
				max = pair_max;
		}
	}
	if (min > max)
		return -1;
	r->rate_min = (int64_t)min;
	r->rate_max = (int64_t)max;
	return 0;
}

static void drop_oldest(struct pl_relation *r)
{
	r->n--;
	memmove(r->run, r->run + 1, r->n * sizeof *r->run);
}

static int is_jump(const struct pl_relation_sample *a, const struct pl_relation_sample *b)
{
	wide min, max;

	pair_rates(a, b, &min, &max);
	return min > PL_RELATION_RATE_MAX || max < -PL_RELATION_RATE_MAX;
}

enum pl_relation_change pl_relation_add(struct pl_relation *r, int64_t host_ns, int64_t nic_ns, uint32_t half_width_ns)
{
	struct pl_relation_sample s = {host_ns, nic_ns - host_ns, half_width_ns};
	enum pl_relation_change change = PL_RELATION_CONTINUED;

	if (r->n && is_jump(&r->run[r->n - 1], &s)) {
		r->n = 0;
		r->jumps++;
		change = PL_RELATION_JUMPED;
	}
	if (r->n == PL_RELATION_SAMPLES)
		drop_oldest(r);
	r->run[r->n++] = s;
	/* ends: two samples without a jump between them always agree */
	while (find_rates(r)) {
		drop_oldest(r);
		change = PL_RELATION_TURNED;
	}
	r->turns += change == PL_RELATION_TURNED;
	return change;
}

/* The highest line of the run at a time. By one sample and the extreme rate, or by two samples on both sides of that time: the lowest of
 * these bounds is reached by a line, since conditions on one number hold together if they hold in pairs. `sign` -1: the same of the
 * mirrored run, for the lowest line. */
static wide highest(const struct pl_relation *r, int64_t at_ns, int sign)
{
	wide rate_max = sign > 0 ? r->rate_max : -(wide)r->rate_min, rate_min = sign > 0 ? r->rate_min : -(wide)r->rate_max, best = 0;

	for (unsigned k = 0; k < r->n; k++) {
		wide since = (wide)at_ns - r->run[k].host_ns, top = sign > 0 ? high(&r->run[k]) : -low(&r->run[k]);
		wide bound = top + divide_up((since >= 0 ? rate_max : rate_min) * since, UNIT);
		if (k == 0 || bound < best)
			best = bound;
		for (unsigned j = k + 1; j < r->n && since >= 0; j++) {
			wide until = (wide)r->run[j].host_ns - at_ns, other = sign > 0 ? high(&r->run[j]) : -low(&r->run[j]);
			if (until < 0)
				continue;
			bound = top + divide_up((other - top) * since, since + until);
			if (bound < best)
				best = bound;
		}
	}
	return best;
}

static int64_t fit(wide v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

int pl_relation_at(const struct pl_relation *r, int64_t host_ns, struct pl_relation_bounds *out)
{
	if (!r->n)
		return -1;
	*out = (struct pl_relation_bounds){
	    .offset_min_ns = fit(-highest(r, host_ns, -1)),
	    .offset_max_ns = fit(highest(r, host_ns, 1)),
	    .rate_min = r->rate_min,
	    .rate_max = r->rate_max,
	};
	return 0;
}
