/* SPDX-License-Identifier: BSD-3-Clause */
/* The contract of the host object: what it answers before, after and instead of a successful open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ptplens/ptplens.h>

static void unknown_interface(void **state)
{
	struct ptplens_host *h = ptplens_host_new();
	struct ptplens_finding f;

	(void)state;
	assert_non_null(h);
	assert_string_equal(ptplens_host_errmsg(h), "");
	assert_int_equal(ptplens_host_open(h, "no-such-interface0"), PTPLENS_E_NOT_FOUND);
	assert_string_equal(ptplens_host_errmsg(h), "no-such-interface0: no such interface");
	assert_int_equal(ptplens_host_findings(h), 0);
	assert_int_equal(ptplens_host_finding(h, 0, &f), PTPLENS_E_ARGUMENT);
	/* a failed open leaves it as it was */
	assert_int_equal(ptplens_host_open(h, NULL), 0);
	assert_true(ptplens_host_findings(h) > 0);
	ptplens_host_close(h);
}

static void findings_are_whole_and_machine_first(void **state)
{
	struct ptplens_host *h = ptplens_host_new();
	int in_interface = 0;

	(void)state;
	assert_int_equal(ptplens_host_open(h, "lo"), 0);
	assert_int_equal(ptplens_host_open(h, "lo"), PTPLENS_E_STATE);
	size_t n = ptplens_host_findings(h);
	for (size_t i = 0; i < n; i++) {
		struct ptplens_finding f;
		assert_int_equal(ptplens_host_finding(h, i, &f), 0);
		assert_string_not_equal(ptplens_severity_word((int)f.severity), "?");
		assert_true(f.topic[0] && f.what[0] && f.meaning[0] && f.todo);
		assert_true(!f.interface_name[0] || !strcmp(f.interface_name, "lo"));
		assert_true(f.interface_name[0] || !in_interface);
		in_interface |= f.interface_name[0] != 0;
	}
	assert_true(in_interface);
	struct ptplens_finding untouched = {.severity = 77};
	assert_int_equal(ptplens_host_finding(h, n, &untouched), PTPLENS_E_ARGUMENT);
	assert_int_equal(untouched.severity, 77);
	ptplens_host_close(h);
	ptplens_host_close(NULL);
}

static void words(void **state)
{
	static const char *const expected[] = {"ok", "note", "warning", "problem", "?"};

	(void)state;
	for (int i = 0; i <= PTPLENS_SEVERITY_PROBLEM + 1; i++)
		assert_string_equal(ptplens_severity_word(i), expected[i]);
	assert_string_equal(ptplens_severity_word(-1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unknown_interface),
	    cmocka_unit_test(findings_are_whole_and_machine_first),
	    cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
