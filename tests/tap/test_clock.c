/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples of a made-up card's clock, whose truth is known, and the choice among readings. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "card.h"

#include "linux/clock.h"
#include "linux/host.h"
#include "scale.h"

#define NS_PER_S 1000000000ll

static void put(struct ptp_clock_time *t, int64_t ns)
{
	*t = (struct ptp_clock_time){.sec = ns / NS_PER_S, .nsec = (uint32_t)(ns % NS_PER_S)};
}

static void narrowest_of_several(void **state)
{
	/* before, NIC, after; the first is wide, the third spans a step backwards */
	static const int64_t readings[][3] = {
	    {1000, 900000, 76000}, {2999999990, 950000, 3000000691}, {500000, 960000, 400000}, {5000000000, 970000, 5000000900}};
	struct ptp_sys_offset_extended o = {.n_samples = 4};
	struct pl_clock_reading r = {0};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < 3; k++)
			put(&o.ts[i][k], readings[i][k]);
	assert_int_equal(pl_clock_narrowest(&o, &r), 0);
	assert_int_equal(r.nic_ns, 950000);
	assert_int_equal(r.half_width_ns, 351); /* of 701, rounded up */
	assert_int_equal(r.realtime_ns, 3000000340);
	o.n_samples = 1;
	assert_int_equal(pl_clock_narrowest(&o, &r), 0);
	assert_int_equal(r.half_width_ns, 37500);
	o.n_samples = 0;
	assert_int_equal(pl_clock_narrowest(&o, &r), -1);
	memcpy(o.ts[0], o.ts[2], sizeof o.ts[0]);
	o.n_samples = 1;
	assert_int_equal(pl_clock_narrowest(&o, &r), -1);
	assert_int_equal(r.half_width_ns, 37500); /* untouched */
}

static void narrowest_of_several_in_turn(void **state)
{
	static const int64_t readings[] = {1000, 500, 3000, 600, 3800, 700, 9000};
	struct ptp_sys_offset o = {.n_samples = 3};
	struct pl_clock_reading r;

	(void)state;
	for (unsigned i = 0; i < 7; i++)
		put(&o.ts[i], readings[i]);
	assert_int_equal(pl_clock_narrowest_basic(&o, &r), 0);
	assert_int_equal(r.nic_ns, 600);
	assert_int_equal(r.realtime_ns, 3400);
	assert_int_equal(r.half_width_ns, 400);
	o.n_samples = 0;
	assert_int_equal(pl_clock_narrowest_basic(&o, &r), -1);
}

static void assert_true_sample(const struct ptplens_clock_sample *s)
{
	struct pl_tap_clocks now;
	int64_t half = pl_clock_host(&now), offset = now.realtime_ns - now.monotonic_ns;

	assert_int_equal(s->kind, PTPLENS_KIND_CLOCK);
	assert_true(llabs(s->realtime_ns - (int64_t)s->monotonic_ns - offset) <= half + s->half_width_ns);
	assert_true(now.monotonic_ns - (int64_t)s->monotonic_ns >= -half && now.monotonic_ns - (int64_t)s->monotonic_ns < NS_PER_S);
	if (s->nic_ns)
		assert_true(llabs((int64_t)(s->nic_ns - s->monotonic_ns) - card.ahead_ns) <= s->half_width_ns);
}

/* A reading of the host's clocks was disturbed if it is wide; then the next one is taken. */
static struct ptplens_clock_sample read_calm(struct pl_clock *c)
{
	struct ptplens_clock_sample s;

	for (int i = 0; i < 1000; i++) {
		pl_clock_read(c, &s);
		if (s.half_width_ns < 20000)
			break;
	}
	return s;
}

static void each_method(void **state)
{
	static const struct {
		int methods;
		enum pl_clock_method method;
	} cases[] = {{CARD_PRECISE | CARD_EXTENDED | CARD_BASIC, PL_CLOCK_PRECISE},
	             {CARD_EXTENDED | CARD_BASIC, PL_CLOCK_EXTENDED},
	             {CARD_BASIC, PL_CLOCK_BASIC},
	             {0, PL_CLOCK_HOST}};

	(void)state;
	for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
		struct pl_clock c;
		card = (struct card){.methods = cases[k].methods, .ahead_ns = 1795533648ll * NS_PER_S};
		pl_clock_open(&c, "card0");
		assert_int_equal(c.method, cases[k].method);
		for (int i = 0; i < 50; i++) {
			struct ptplens_clock_sample s = read_calm(&c);
			assert_true_sample(&s);
			assert_int_equal(s.nic_ns != 0, cases[k].methods != 0);
			assert_int_equal(s.flags, cases[k].method == PL_CLOCK_PRECISE ? PTPLENS_CLOCK_CROSS_TIMESTAMP : 0);
		}
		assert_int_equal(c.relation.turns + c.relation.jumps, 0);
		pl_clock_close(&c);
		assert_int_equal(c.fd, -1);
	}
}

static void once_a_second(void **state)
{
	struct ptplens_clock_sample s;
	struct pl_clock c;

	(void)state;
	card = (struct card){.methods = CARD_EXTENDED, .ahead_ns = NS_PER_S};
	pl_clock_open(&c, "card0");
	unsigned reads = card.reads;
	assert_int_equal(pl_clock_sample(&c, &s), 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pl_clock_sample(&c, &s), 0);
	assert_int_equal(card.reads, reads + 1);
	assert_in_range(c.next_ns - (int64_t)s.monotonic_ns, NS_PER_S, NS_PER_S);
	c.next_ns = pl_host_now(CLOCK_MONOTONIC);
	assert_int_equal(pl_clock_sample(&c, &s), 1);
	pl_clock_close(&c);
}

static void jump_of_the_nic(void **state)
{
	struct pl_clock c;

	(void)state;
	card = (struct card){.methods = CARD_EXTENDED, .ahead_ns = 100 * NS_PER_S};
	pl_clock_open(&c, "card0");
	assert_int_equal(read_calm(&c).flags, 0);
	card.ahead_ns += 1ll << 41;
	assert_int_equal(read_calm(&c).flags, PTPLENS_CLOCK_NIC_JUMPED);
	assert_int_equal(read_calm(&c).flags, 0);
	assert_int_equal(c.relation.jumps, 1);
	pl_clock_close(&c);
}

static void step_of_realtime(void **state)
{
	struct ptplens_clock_sample s;
	struct pl_clock c;

	(void)state;
	for (int methods = 0; methods <= CARD_EXTENDED; methods += CARD_EXTENDED) {
		card = (struct card){.methods = methods, .ahead_ns = 100 * NS_PER_S};
		pl_clock_open(&c, "card0");
		assert_int_equal(read_calm(&c).flags, 0);
		card.step_ns = -37 * NS_PER_S;
		assert_int_equal(read_calm(&c).flags, PTPLENS_CLOCK_STEPPED);
		assert_int_equal(read_calm(&c).flags, 0);
		card.step_ns += 100000; /* 0.1 ms */
		assert_int_equal(read_calm(&c).flags, PTPLENS_CLOCK_STEPPED);
		pl_clock_close(&c);
	}
	/* in the middle of a reading: that reading is not taken */
	card = (struct card){.methods = CARD_BASIC, .ahead_ns = 100 * NS_PER_S};
	pl_clock_open(&c, "card0");
	assert_int_equal(read_calm(&c).flags, 0);
	card.step_on_read = 5 * NS_PER_S;
	unsigned reads = card.reads;
	s = read_calm(&c);
	assert_true(card.reads >= reads + 2);
	assert_int_equal(s.flags, PTPLENS_CLOCK_STEPPED);
	assert_true_sample(&s);
	pl_clock_close(&c);
	card.step_ns = 0;
}

static void lost_clock(void **state)
{
	struct pl_clock c;
	struct ptplens_clock_sample s;

	(void)state;
	card = (struct card){.methods = CARD_EXTENDED, .ahead_ns = 100 * NS_PER_S};
	pl_clock_open(&c, "card0");
	card.clock_error = EBUSY;
	pl_clock_read(&c, &s);
	assert_int_equal(s.nic_ns, 0);
	card.clock_error = 0;
	pl_clock_read(&c, &s);
	assert_true(s.nic_ns != 0);
	card.clock_error = ENODEV;
	pl_clock_read(&c, &s);
	assert_int_equal(s.nic_ns, 0);
	unsigned reads = card.reads;
	card.clock_error = 0;
	pl_clock_read(&c, &s);
	assert_int_equal(s.nic_ns, 0);
	assert_int_equal(card.reads, reads);
	assert_true_sample(&s);
	pl_clock_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(narrowest_of_several), cmocka_unit_test(narrowest_of_several_in_turn),
	    cmocka_unit_test(each_method),          cmocka_unit_test(once_a_second),
	    cmocka_unit_test(jump_of_the_nic),      cmocka_unit_test(step_of_realtime),
	    cmocka_unit_test(lost_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
