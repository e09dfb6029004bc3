/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock mapping, with synthetic readings. */
#include "timebase.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS 1000000ll
#define WALL 1790000000000000123ll

static void steady_clocks_map_exactly(void **state)
{
	struct pl_timebase t = {0};
	int doubtful = 7;

	(void)state;
	assert_int_equal(pl_timebase_read(&t, 100 * MS, 100 * MS + WALL), 0);
	for (int i = 1; i < 100; i++) {
		int64_t now = 100 * MS + i * 20 * MS;
		assert_int_equal(pl_timebase_read(&t, now, now + WALL + i % 2), 0);
		assert_int_equal(pl_timebase_map(&t, now - 5 + WALL + i % 2, &doubtful), now - 5);
		assert_int_equal(doubtful, 0);
		assert_int_equal(t.previous_ns, now - 20 * MS);
	}
	assert_int_equal(t.steps, 0);
}

static void a_microsecond_is_no_step(void **state)
{
	static const int64_t by[] = {1000, -1000, 1001, -1001, 3600000 * MS, -3600000 * MS};

	(void)state;
	for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
		struct pl_timebase t = {0};
		pl_timebase_read(&t, 0, WALL);
		assert_int_equal(pl_timebase_read(&t, 20 * MS, 20 * MS + WALL + by[i]), i >= 2);
		assert_int_equal(t.steps, i >= 2);
	}
}

/* The time in suspend is missing from CLOCK_MONOTONIC, so it is a step. */
static void doubt_covers_stamps_from_around_a_step(void **state)
{
	struct pl_timebase t = {0};
	int doubtful;

	(void)state;
	pl_timebase_read(&t, 0, WALL);
	pl_timebase_read(&t, 20 * MS, 20 * MS + WALL);
	pl_timebase_read(&t, 40 * MS, 40 * MS + WALL + 5000 * MS);
	pl_timebase_map(&t, 30 * MS + WALL, &doubtful);
	assert_int_equal(doubtful, 1);
	pl_timebase_read(&t, 60 * MS, 60 * MS + WALL + 5000 * MS); /* a stamp from the stepped interval may be read only now */
	pl_timebase_map(&t, 50 * MS + WALL, &doubtful);
	assert_int_equal(doubtful, 1);
	pl_timebase_read(&t, 80 * MS, 80 * MS + WALL + 5000 * MS);
	assert_int_equal(pl_timebase_map(&t, 70 * MS + WALL + 5000 * MS, &doubtful), 70 * MS);
	assert_int_equal(doubtful, 0);
	pl_timebase_map(&t, 30 * MS + WALL, &doubtful); /* from before the step, read very late */
	assert_int_equal(doubtful, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steady_clocks_map_exactly),
	    cmocka_unit_test(a_microsecond_is_no_step),
	    cmocka_unit_test(doubt_covers_stamps_from_around_a_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
