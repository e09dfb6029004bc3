/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "samples.h"

#define NS_PER_S 1000000000ull
#define START (1795533611ull * NS_PER_S)

/* The k-th second of clocks of which the NIC's is `ahead` of realtime. */
static struct ptplens_clock_sample second(uint64_t k, uint64_t ahead_ns, uint32_t flags)
{
	return (struct ptplens_clock_sample){.nic_ns = ahead_ns ? START + k * NS_PER_S + ahead_ns : 0,
	                                     .monotonic_ns = (k + 1) * NS_PER_S,
	                                     .kind = PTPLENS_KIND_CLOCK,
	                                     .realtime_ns = (int64_t)(START + k * NS_PER_S),
	                                     .flags = flags,
	                                     .tai_utc_s = 37};
}

static void readers_follow_on_their_own(void **state)
{
	struct ptplens_clock_sample s, out[PL_SAMPLES_HELD];
	struct pl_samples samples;
	uint64_t fast = 0, slow = 0, beyond = 77;

	(void)state;
	assert_int_equal(pl_samples_open(&samples), 0);
	assert_int_equal(pl_samples_get(&samples, &fast, out, 10), 0);
	for (uint64_t k = 0; k < 3000; k++) {
		s = second(k, 37 * NS_PER_S, 0);
		pl_samples_add(&samples, &s);
		assert_int_equal(pl_samples_get(&samples, &fast, out, 10), 1);
		assert_memory_equal(out, &s, sizeof s);
	}
	/* the slow one gets the newest that are held, and can tell how many it missed */
	assert_int_equal(pl_samples_get(&samples, &slow, out, 0), 0);
	assert_int_equal(slow, 0);
	assert_int_equal(pl_samples_get(&samples, &slow, out, 5), 5);
	assert_int_equal(slow, 3000 - PL_SAMPLES_HELD + 5);
	s = second(3000 - PL_SAMPLES_HELD, 37 * NS_PER_S, 0);
	assert_memory_equal(out, &s, sizeof s);
	assert_int_equal(pl_samples_get(&samples, &slow, out, PL_SAMPLES_HELD), PL_SAMPLES_HELD - 5);
	assert_memory_equal(&out[PL_SAMPLES_HELD - 6], &samples.last, sizeof s);
	beyond = 5000;
	assert_int_equal(pl_samples_get(&samples, &beyond, out, 10), 0);
	pl_samples_close(&samples);
}

static void notes_after(const struct ptplens_clock_sample *s, size_t n, const char *expected)
{
	struct pl_samples samples;
	char notes[1024];

	assert_int_equal(pl_samples_open(&samples), 0);
	for (size_t k = 0; k < n; k++)
		pl_samples_add(&samples, &s[k]);
	pl_samples_notes(&samples, "eth0", notes, sizeof notes);
	assert_string_equal(notes, expected);
	for (size_t size = 1; size < 40; size++) {
		pl_samples_notes(&samples, "eth0", notes, size);
		assert_true(strlen(notes) < size);
	}
	pl_samples_close(&samples);
}

static void notes(void **state)
{
	const struct ptplens_clock_sample calm[] = {second(0, 37 * NS_PER_S, 0), second(1, 37 * NS_PER_S, 0)},
					  host[] = {second(0, 0, 0), second(1, 0, PTPLENS_CLOCK_STEPPED),
	                                            second(2, 0, PTPLENS_CLOCK_STEPPED)},
					  jumped[] = {second(0, 37 * NS_PER_S, 0), second(1, 0, 0),
	                                              second(2, 36 * NS_PER_S, PTPLENS_CLOCK_NIC_JUMPED),
	                                              second(3, 37 * NS_PER_S + 5, PTPLENS_CLOCK_NIC_JUMPED)},
					  utc[] = {second(0, 5, 0)}, cut[] = {second(0, 37 * NS_PER_S, PTPLENS_CLOCK_NIC_JUMPED)};

	(void)state;
	notes_after(calm, 0, "");
	notes_after(calm, 2, "");
	notes_after(host, 3, "eth0: CLOCK_REALTIME stepped 2 times");
	notes_after(jumped, 4, "eth0: the NIC's clock jumped 2 times, last by +1000000005 ns");
	notes_after(
	    jumped, 3,
	    "eth0: the NIC's clock keeps a time of its own: 36.000000000 s ahead of CLOCK_REALTIME, neither close to UTC nor to TAI (37 s "
	    "ahead, as the kernel says)\neth0: the NIC's clock jumped 1 time, last by -1000000000 ns");
	notes_after(utc, 1,
	            "eth0: the NIC's clock keeps UTC: 0.000000005 s ahead of CLOCK_REALTIME; TAI, which PTP carries, is 37 s ahead, as the "
	            "kernel says");
	notes_after(cut, 1, "eth0: the NIC's clock jumped 1 time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(readers_follow_on_their_own), cmocka_unit_test(notes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
