/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scale.h"

#define NS_PER_S 1000000000ll
#define NOW (1795533611ll * NS_PER_S)

static struct ptplens_clock_sample at(int64_t ahead_ns, int32_t tai_utc_s)
{
	return (struct ptplens_clock_sample){.nic_ns = (uint64_t)(NOW + ahead_ns), .realtime_ns = NOW, .tai_utc_s = tai_utc_s};
}

static void told_apart(void **state)
{
	static const struct {
		int64_t ahead_ns;
		int32_t tai_utc_s;
		int scale;
		const char *words;
	} cases[] = {
	    {0, 37, PTPLENS_SCALE_UTC,
	     "keeps UTC: 0.000000000 s ahead of CLOCK_REALTIME; TAI, which PTP carries, is 37 s ahead, as the kernel says"},
	    {-1500, 0, PTPLENS_SCALE_UTC,
	     "keeps UTC: 0.000001500 s behind CLOCK_REALTIME; TAI, which PTP carries, is 37 s ahead, which the kernel was not told"},
	    {499999999, 37, PTPLENS_SCALE_UTC, "keeps UTC"},
	    {500000000, 37, PTPLENS_SCALE_ARBITRARY,
	     "keeps a time of its own: 0.500000000 s ahead of CLOCK_REALTIME, neither close to UTC nor to TAI (37 s"},
	    {37 * NS_PER_S + 12, 0, PTPLENS_SCALE_TAI,
	     "keeps TAI: 37.000000012 s ahead of CLOCK_REALTIME, close to TAI - UTC = 37 s, which the kernel was not told"},
	    {37 * NS_PER_S, 38, PTPLENS_SCALE_ARBITRARY, "(38 s ahead, as the kernel says)"},
	    {38 * NS_PER_S - 1, 38, PTPLENS_SCALE_TAI, "keeps TAI: 37.999999999 s"},
	    {-37 * NS_PER_S, 37, PTPLENS_SCALE_ARBITRARY, "keeps a time of its own: 37.000000000 s behind"},
	    {-NOW + 12345, 37, PTPLENS_SCALE_ARBITRARY, "behind CLOCK_REALTIME"},
	};

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct ptplens_clock_sample s = at(cases[k].ahead_ns, cases[k].tai_utc_s);
		char reason[PL_SCALE_REASON_BYTES];
		assert_int_equal(pl_scale_of(&s), cases[k].scale);
		pl_scale_reason(reason, &s);
		if (!strstr(reason, cases[k].words))
			fail_msg("%s", reason);
	}
}

static void no_clock(void **state)
{
	struct ptplens_clock_sample s = {.realtime_ns = 3};
	char reason[PL_SCALE_REASON_BYTES] = "x";

	(void)state;
	assert_int_equal(pl_scale_of(&s), PTPLENS_SCALE_UNKNOWN);
	pl_scale_reason(reason, &s);
	assert_string_equal(reason, "");
	/* a value that wraps the difference */
	s = (struct ptplens_clock_sample){.nic_ns = 1ull << 63, .realtime_ns = -1};
	assert_int_equal(pl_scale_of(&s), PTPLENS_SCALE_ARBITRARY);
	s.nic_ns = UINT64_MAX;
	s.realtime_ns = NOW;
	assert_int_equal(pl_scale_of(&s), PTPLENS_SCALE_ARBITRARY);
	pl_scale_reason(reason, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(told_apart), cmocka_unit_test(no_clock)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
