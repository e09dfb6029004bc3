/* SPDX-License-Identifier: BSD-3-Clause */
/* Sized options: older and newer callers, and a tail that this version does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

struct options {
	size_t size;
	uint32_t a, b;
};

struct newer_options {
	struct options known;
	uint32_t c, d;
};

static void defaults(void **state)
{
	struct options known = {9, 9, 9};

	(void)state;
	assert_int_equal(pl_options_copy(&known, sizeof known, NULL), 0);
	assert_int_equal(known.a, 0);
	assert_int_equal(known.b, 0);
}

static void older_caller(void **state)
{
	struct options known, given = {offsetof(struct options, b), 7, 8};

	(void)state;
	assert_int_equal(pl_options_copy(&known, sizeof known, &given), 0);
	assert_int_equal(known.a, 7);
	assert_int_equal(known.b, 0);
}

static void newer_caller(void **state)
{
	struct options known;
	struct newer_options given = {.known = {sizeof given, 7, 8}};

	(void)state;
	assert_int_equal(pl_options_copy(&known, sizeof known, &given), 0);
	assert_int_equal(known.b, 8);
	given.d = 1;
	assert_int_equal(pl_options_copy(&known, sizeof known, &given), -1);
}

static void no_size(void **state)
{
	struct options known, given = {0, 7, 8};

	(void)state;
	assert_int_equal(pl_options_copy(&known, sizeof known, &given), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(older_caller),
	    cmocka_unit_test(newer_caller),
	    cmocka_unit_test(no_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
