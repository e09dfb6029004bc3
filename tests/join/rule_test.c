/* SPDX-License-Identifier: BSD-3-Clause */
/* Each sentence of the rule in doc/join.md, with exact results. */
#include "harness.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define RX PTPLENS_RECEIVE
#define TX PTPLENS_TRANSMIT
#define ASKED PTPLENS_FLAG_HARDWARE_REQUESTED

static struct item item(enum kind kind, int direction, uint32_t id, int64_t time)
{
	struct item x = {.kind = kind, .direction = direction, .id = id, .key = 1, .time = time, .host = WALL + BASE + time};

	x.sequence = 1000 + id;
	return x;
}

static void feed(struct run *r, enum kind kind, int direction, uint32_t id, int64_t time)
{
	struct item x = item(kind, direction, id, time);

	run_feed(r, &x);
}

static void feed_asked(struct run *r, uint32_t id, int64_t time)
{
	struct item x = item(EVENT, TX, id, time);

	x.flags = ASKED;
	run_feed(r, &x);
}

/* sequence 0: the record does not name its event */
static void feed_stamp(struct run *r, uint32_t id, int64_t time, uint32_t event)
{
	struct item x = item(STAMP, TX, id, time);

	x.exact = event ? 1000 + event : 0;
	x.stamp = PTPLENS_STAMP_NIC;
	run_feed(r, &x);
}

static void feed_exact(struct run *r, uint32_t id, int64_t time, uint32_t frame_stamp)
{
	struct item x = item(EVENT, RX, id, time);

	x.exact = frame_stamp;
	run_feed(r, &x);
}

static void feed_frame(struct run *r, uint32_t id, int64_t time, int64_t host, int doubtful)
{
	struct item x = item(FRAME, RX, id, time);

	x.host = host;
	x.doubtful = doubtful;
	run_feed(r, &x);
}

static struct run *fresh(void)
{
	return run_open(1, 0, 0);
}

static void expect_matched(const struct run *r, uint64_t frame, uint64_t event)
{
	const struct outcome *f = &r->out[FRAME][frame];

	assert_true(f->seen);
	assert_int_equal(f->verdict, PTPLENS_MATCHED);
	assert_int_equal(f->cause, PTPLENS_CAUSE_NONE);
	assert_int_equal(f->event, event);
}

static void expect(const struct run *r, enum kind kind, uint64_t id, int verdict, int cause)
{
	const struct outcome *o = &r->out[kind][id];

	assert_true(o->seen);
	assert_int_equal(o->verdict, verdict);
	assert_int_equal(o->cause, cause);
	if (kind == FRAME)
		assert_int_equal(o->event, PL_JOIN_NONE);
	else
		assert_int_equal(o->frame, PL_JOIN_NONE);
}

static void expect_verdict(const struct run *r, int verdict)
{
	struct ptplens_certificate c = run_certificate(r);

	assert_int_equal(pl_certificate_verdict(&c), verdict);
}

/* --- order and windows --- */

static void received_pairs_within_100_ms(void **state)
{
	(void)state;
	static const struct {
		int64_t delay;
		int match;
	} c[] = {{0, 1}, {100 * MS, 1}, {100 * MS + 1, 0}, {-1000, 1}, {-1001, 0}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct run *r = fresh();
		feed(r, FRAME, RX, 1, S);
		feed(r, EVENT, RX, 2, S + c[i].delay);
		run_finish(r, INT64_MAX);
		if (c[i].match) {
			expect_matched(r, 1, 2);
			expect_verdict(r, PTPLENS_COMPLETE);
		} else {
			expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
			expect(r, EVENT, 2, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
			expect_verdict(r, PTPLENS_UNEXPLAINED);
		}
		run_close(r);
	}
}

static void sent_pairs_within_2_s(void **state)
{
	(void)state;
	static const struct {
		int64_t delay;
		int match;
	} c[] = {{0, 1}, {50 * MS, 1}, {150 * MS, 1}, {2 * S, 1}, {2 * S + 1, 0}, {-1000, 1}, {-1001, 0}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct run *r = fresh();
		feed(r, EVENT, TX, 2, S);
		feed(r, FRAME, TX, 1, S + c[i].delay);
		run_finish(r, INT64_MAX);
		if (c[i].match) {
			expect_matched(r, 1, 2);
		} else {
			expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
			expect(r, EVENT, 2, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
		}
		run_close(r);
	}
}

static void coarse_capture_widens_the_slack(void **state)
{
	(void)state;
	struct run *r = run_open(1000, 0, 0);

	/* a frame of S + 1999 ns, floored, and 1 us of mapping error */
	feed(r, EVENT, TX, 2, S + 2999);
	feed(r, FRAME, TX, 1, S + 1000);
	run_finish(r, INT64_MAX);
	expect_matched(r, 1, 2);
	run_close(r);
}

static void keys_do_not_mix(void **state)
{
	(void)state;
	struct item f = item(FRAME, RX, 1, S), e = item(EVENT, RX, 2, S + 10);
	struct ptplens_event base = {.sequence_id = 1}, other[8];
	const size_t n = sizeof other / sizeof *other;

	for (size_t i = 0; i < n; i++) {
		other[i] = base;
		other[i].system_timestamp = (uint64_t)(BASE + S + 10);
	}
	other[0].direction = TX;
	other[1].flags = 1 << PTPLENS_FLAG_TRANSPORT_SHIFT;
	other[2].sdo_id = 0x100;
	other[3].domain_number = 1;
	other[4].message_type = 8;
	other[5].clock_identity[7] = 1;
	other[6].port_number = 1;
	other[7].message_hash = 1;
	for (size_t i = 0; i < n; i++) {
		struct pl_join *j = pl_join_open(&(struct pl_join_options){0});
		struct pl_join_result x;
		pl_join_frame(j, 1, &base, BASE + S, 0, 0);
		pl_join_event(j, 2, &other[i]);
		pl_join_finish(j, INT64_MAX);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(pl_join_next(j, &x), 1);
			assert_int_not_equal(x.verdict, PTPLENS_MATCHED);
		}
		assert_int_equal(pl_join_next(j, &x), 0);
		pl_join_close(j);
	}
	/* source MAC and VLAN are no part of it */
	other[0] = base;
	other[0].system_timestamp = (uint64_t)(BASE + S + 10);
	other[0].source_mac[0] = 2;
	other[0].vlan_id = 5;
	other[0].flags = PTPLENS_FLAG_VLAN;
	struct pl_join *j = pl_join_open(&(struct pl_join_options){0});
	struct pl_join_result x;
	pl_join_frame(j, 1, &base, BASE + S, 0, 0);
	pl_join_event(j, 2, &other[0]);
	pl_join_finish(j, INT64_MAX);
	assert_int_equal(pl_join_next(j, &x), 1);
	assert_int_equal(x.verdict, PTPLENS_MATCHED);
	pl_join_close(j);

	e.key = 2;
	struct run *r = fresh();
	run_feed(r, &f);
	run_feed(r, &e);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	run_close(r);
}

/* --- exact --- */

static void exact_pairs_at_once_and_crosses(void **state)
{
	(void)state;
	struct run *r = fresh();
	int64_t h = WALL + BASE + S;

	feed_frame(r, 1, S, h, 0);
	feed_frame(r, 2, S + 10, h + 10, 0);
	feed_exact(r, 4, S + 20, (uint32_t)(h + 10));
	feed_exact(r, 3, S + 30, (uint32_t)h);
	run_advance(r, S + 40);
	expect_matched(r, 1, 3);
	expect_matched(r, 2, 4);
	run_close(r);
}

static void exact_never_pairs_by_window(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_frame(r, 1, S, WALL + BASE + S, 0);
	feed_exact(r, 2, S + 10, (uint32_t)(WALL + BASE + S + 1));
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	expect(r, EVENT, 2, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	run_close(r);
}

static void exact_floors_to_the_resolution(void **state)
{
	(void)state;
	int64_t whole = (WALL + BASE + S) / 1000 * 1000;
	static const struct {
		int64_t offset;
		int match;
	} c[] = {{0, 1}, {999, 1}, {1000, 0}, {-1, 0}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct run *r = run_open(1000, 0, 0);
		feed_frame(r, 1, S, whole, 0);
		feed_exact(r, 2, S + 2000, (uint32_t)(whole + c[i].offset));
		run_finish(r, INT64_MAX);
		if (c[i].match)
			expect_matched(r, 1, 2);
		else
			expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
		run_close(r);
	}
	/* the caller need not have floored it, and the low 32 bits may wrap in between */
	int64_t wrap = ((WALL + BASE + S) | 0xffffffffll) + 1;
	int64_t frame = (wrap - 1) / 1000 * 1000;
	for (int64_t offset = 3; offset < 1000; offset += 996) {
		struct run *r = run_open(1000, 0, 0);
		feed_frame(r, 1, S, frame + 7, 0);
		feed_exact(r, 2, S + 2000, (uint32_t)(frame + offset));
		run_finish(r, INT64_MAX);
		expect_matched(r, 1, 2);
		run_close(r);
	}
}

static void exact_equal_ones_need_equal_counts(void **state)
{
	(void)state;
	int64_t h = (WALL + BASE + S) / 1000 * 1000;

	for (int events = 1; events <= 3; events++) {
		struct run *r = run_open(1000, 0, 0);
		feed_frame(r, 1, S, h, 0);
		feed_frame(r, 2, S, h, 0);
		for (int e = 0; e < events; e++)
			feed_exact(r, 3 + (uint32_t)e, S + 2000 + e, (uint32_t)(h + 100 * e));
		run_finish(r, INT64_MAX);
		if (events == 2) {
			expect_matched(r, 1, 3);
			expect_matched(r, 2, 4);
		} else {
			expect(r, FRAME, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
			expect(r, FRAME, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
			expect(r, EVENT, 3, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
			expect_verdict(r, PTPLENS_EXPLAINED);
		}
		run_close(r);
	}
}

static void exact_does_not_hold_a_cluster_open(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_frame(r, 1, S, WALL, 0); /* its event was lost */
	for (uint32_t i = 0; i < 40; i++) {
		int64_t t = S + 30 * MS * (i + 1);
		feed_frame(r, 10 + i, t, WALL + BASE + t, 0);
		feed_exact(r, 10 + i, t + 5, (uint32_t)(WALL + BASE + t));
		run_advance(r, t + 10);
		if (t < S + 100 * MS)
			continue;
		expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
		expect_matched(r, 10 + i, 10 + i);
	}
	run_close(r);
}

/* --- clusters --- */

static void repeated_key_pairs_in_order_when_counts_agree(void **state)
{
	(void)state;
	struct run *r = fresh();

	for (uint32_t i = 0; i < 3; i++) {
		feed(r, FRAME, RX, 1 + i, S + i);
		feed(r, EVENT, RX, 11 + i, S + 100 + i);
	}
	run_finish(r, INT64_MAX);
	for (uint32_t i = 0; i < 3; i++)
		expect_matched(r, 1 + i, 11 + i);
	run_close(r);
}

static void one_event_for_two_frames_is_ambiguous(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, FRAME, RX, 1, S);
	feed(r, FRAME, RX, 2, S + MS);
	feed(r, EVENT, RX, 3, S + 2 * MS);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	expect(r, FRAME, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	expect(r, EVENT, 3, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	run_close(r);
}

/* one frame, two events: only the second can be... both can, so neither is matched */
static void greedy_alone_would_be_wrong(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, FRAME, RX, 1, S);
	feed(r, EVENT, RX, 2, S + MS);
	feed(r, EVENT, RX, 3, S + 2 * MS);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	expect(r, EVENT, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	expect(r, EVENT, 3, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	run_close(r);
}

static void an_event_before_the_frame_is_none_of_its_own(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, EVENT, RX, 1, S);
	feed(r, FRAME, RX, 2, S + 10 * US);
	feed(r, EVENT, RX, 3, S + 20 * US);
	run_finish(r, INT64_MAX);
	expect_matched(r, 2, 3);
	expect(r, EVENT, 1, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	run_close(r);
}

static void cluster_settles_when_quiet_for_100_ms(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, FRAME, RX, 1, S);
	feed(r, EVENT, RX, 2, S + 10 * MS);
	run_advance(r, S + 110 * MS - 1);
	assert_false(r->out[FRAME][1].seen);
	run_advance(r, S + 110 * MS);
	expect_matched(r, 1, 2);
	run_close(r);
}

static void waiting_sent_event_belongs_to_the_next_cluster(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, EVENT, TX, 1, S);
	feed(r, EVENT, TX, 2, S + 500 * MS);
	feed(r, FRAME, TX, 3, S + 900 * MS);
	run_advance(r, S + 1000 * MS);
	expect(r, FRAME, 3, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	assert_false(r->out[EVENT][1].seen);
	run_advance(r, S + 2 * S);
	expect(r, EVENT, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	assert_false(r->out[EVENT][2].seen);
	run_finish(r, INT64_MAX);
	expect(r, EVENT, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	run_close(r);
}

static void doubtful_event_is_never_matched_later(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, EVENT, TX, 1, S);
	feed(r, EVENT, TX, 2, S + 1);
	feed(r, FRAME, TX, 3, S + 50 * MS);
	feed(r, FRAME, TX, 4, S + 500 * MS);
	feed(r, FRAME, TX, 5, S + 501 * MS);
	run_finish(r, INT64_MAX);
	for (uint64_t f = 3; f <= 5; f++)
		expect(r, FRAME, f, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	expect(r, EVENT, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	expect(r, EVENT, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	run_close(r);
}

static void old_cluster_is_crowded(void **state)
{
	(void)state;
	struct run *r = fresh();

	for (uint32_t i = 0; i < 30; i++) {
		int64_t t = S + 90 * MS * i;
		feed(r, FRAME, RX, 1 + i, t);
		feed(r, EVENT, RX, 1 + i, t + 5);
		run_advance(r, t + 10);
	}
	/* never over 1.2 s, and the doubt lasts until the key is quiet */
	for (uint32_t i = 0; i < 30; i++) {
		if (r->out[FRAME][1 + i].seen)
			assert_in_range(r->frame_left[1 + i] - (S + 90 * MS * i), 0, 1200 * MS);
	}
	feed(r, FRAME, RX, 100, 5 * S);
	feed(r, EVENT, RX, 100, 5 * S + 5);
	run_finish(r, INT64_MAX);
	for (uint32_t i = 0; i < 30; i++) {
		expect(r, FRAME, 1 + i, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
		expect(r, EVENT, 1 + i, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	}
	expect_matched(r, 100, 100);
	struct ptplens_certificate c = run_certificate(r);
	assert_int_equal(c.crowded, 2);
	expect_verdict(r, PTPLENS_EXPLAINED);
	run_close(r);
}

/* The frame left with its crowd; its event is then no riddle of its own. */
static void an_event_behind_its_crowd_is_crowded(void **state)
{
	(void)state;
	struct run *r = fresh();

	for (uint32_t i = 0; i <= 11; i++)
		feed(r, FRAME, RX, 1 + i, S + 90 * MS * i);
	feed(r, EVENT, RX, 12, S + 1020 * MS);
	run_advance(r, S + 1010 * MS);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 12, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	expect(r, EVENT, 12, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	run_close(r);
}

static void big_cluster_is_crowded(void **state)
{
	(void)state;

	for (uint32_t extra = 0; extra < 2; extra++) {
		struct run *r = fresh();
		for (uint32_t i = 0; i < 2048 + extra; i++) {
			feed(r, FRAME, RX, i, S + 2 * i);
			if (i < 2048)
				feed(r, EVENT, RX, i, S + 5000 + 2 * i);
		}
		run_finish(r, INT64_MAX);
		struct ptplens_certificate c = run_certificate(r);
		assert_int_equal(c.crowded, extra);
		assert_int_equal(c.matched, extra ? 0 : 2048);
		assert_int_equal(c.ambiguous_by[PTPLENS_CAUSE_CROWDED], extra ? 4097 : 0);
		run_close(r);
	}
}

static void full_table_evicts_and_nothing_vanishes(void **state)
{
	(void)state;

	for (int mode = 0; mode < 3; mode++) { /* staged; in their clusters; sent events kept for late stamps */
		struct run *r = run_open(1, 0, 64);
		for (uint32_t i = 0; i < 1000; i++) {
			struct item x = item(mode == 2 ? EVENT : i % 2 ? EVENT : FRAME, mode == 2 ? TX : RX, i, S + i * 100);
			x.flags = mode == 2 ? ASKED : 0;
			x.key = i;
			run_feed(r, &x);
			if (mode == 2) {
				x = item(FRAME, TX, i, S + i * 100 + 10);
				x.key = i;
				run_feed(r, &x);
			}
			if (mode || i % 32 == 31)
				run_advance(r, mode ? S + i * 100 + 20 : 0);
		}
		run_finish(r, INT64_MAX);
		struct ptplens_certificate c = run_certificate(r);
		assert_true(c.crowded > 0);
		assert_true(c.ambiguous_by[PTPLENS_CAUSE_CROWDED] > 0);
		expect_verdict(r, mode == 2 ? PTPLENS_EXPLAINED : PTPLENS_UNEXPLAINED);
		run_close(r);
	}
}

static void a_caller_that_never_reads_is_counted(void **state)
{
	(void)state;
	struct pl_join *j = pl_join_open(&(struct pl_join_options){.items = 16});
	struct pl_join_result x;
	struct ptplens_certificate c;
	uint64_t out = 0;

	for (uint32_t i = 0; i < 200; i++) {
		struct ptplens_event e = {.sequence_id = (uint16_t)i, .system_timestamp = (uint64_t)(BASE + i)};
		pl_join_event(j, i, &e);
	}
	pl_join_finish(j, INT64_MAX);
	while (pl_join_next(j, &x))
		out++;
	memset(&c, 0, sizeof c);
	pl_join_certificate(j, &c);
	assert_int_equal(c.frame_events, 200);
	assert_int_equal(c.open_events, 0);
	assert_int_equal(c.ambiguous_events + c.event_only, 200);
	assert_int_equal(out, 32);
	assert_true(c.crowded >= 168);
	pl_join_close(j);
}

/* --- loss --- */

static void loss_needs_both_sides_when_received(void **state)
{
	(void)state;

	for (int mask = 0; mask < 4; mask++) {
		struct run *r = fresh();
		run_evidence(r, S - 10 * MS);
		run_advance(r, S - 10 * MS);
		feed(r, FRAME, RX, 1, S);
		feed(r, EVENT, RX, 2, S + 10);
		r->evidence.ring_lost += mask & 1;
		r->evidence.capture_dropped[RX] += mask >> 1;
		r->evidence.capture_dropped[TX] += 5;
		run_evidence(r, S + 10 * MS);
		run_advance(r, S + 10 * MS);
		run_finish(r, INT64_MAX);
		if (mask == 3) {
			expect(r, FRAME, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
			expect(r, EVENT, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
		} else {
			expect_matched(r, 1, 2);
		}
		run_close(r);
	}
}

static void loss_counts_within_the_window_only(void **state)
{
	(void)state;
	static const struct {
		int64_t at;
		int doubt;
	} c[] = {{-101 * MS, 0}, {-99 * MS, 1}, {99 * MS, 1}, {105 * MS, 0}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct run *r = fresh();
		int64_t start = S + c[i].at - MS, end = S + c[i].at;
		if (c[i].at > 0) {
			feed(r, FRAME, RX, 1, S);
			feed(r, EVENT, RX, 2, S + 10);
		}
		run_evidence(r, start);
		run_advance(r, start);
		r->evidence.ring_lost++;
		r->evidence.capture_dropped[RX]++;
		run_evidence(r, end);
		run_advance(r, end);
		if (c[i].at < 0) {
			feed(r, FRAME, RX, 1, S);
			feed(r, EVENT, RX, 2, S + 10);
		}
		run_finish(r, INT64_MAX);
		if (c[i].doubt)
			expect(r, FRAME, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
		else
			expect_matched(r, 1, 2);
		run_close(r);
	}
}

/* A lost position is seen as lost only after 100 ms; the watermark stands still until then. */
static void loss_reaches_back_to_the_watermark(void **state)
{
	(void)state;
	struct run *r = fresh();

	run_evidence(r, S);
	run_advance(r, S);
	for (int64_t t = S + 20 * MS; t <= S + 400 * MS; t += 20 * MS)
		run_evidence(r, t);
	feed(r, FRAME, TX, 1, S + 5 * MS);
	feed(r, EVENT, TX, 2, S + 4 * MS);
	r->evidence.ring_lost++;
	run_evidence(r, S + 420 * MS);
	run_advance(r, S + 420 * MS);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
	expect(r, EVENT, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
	run_close(r);
}

static void a_ring_gap_suffices_when_sent_and_doubt_stays(void **state)
{
	(void)state;
	struct run *r = fresh();

	run_evidence(r, S);
	run_advance(r, S);
	r->evidence.ring_lost++;
	run_evidence(r, S + 10 * MS);
	run_advance(r, S + 10 * MS);
	/* the key is never quiet for 2 s: three pairs within and then beyond 2 s of the gap */
	for (uint32_t i = 0; i < 3; i++) {
		feed(r, EVENT, TX, 1 + i, S + 1500 * MS * (i + 1));
		feed(r, FRAME, TX, 1 + i, S + 1500 * MS * (i + 1) + 1);
	}
	feed(r, EVENT, TX, 9, S + 4500 * MS + 2001 * MS);
	feed(r, FRAME, TX, 9, S + 4500 * MS + 2001 * MS);
	run_finish(r, INT64_MAX);
	for (uint32_t i = 0; i < 3; i++) {
		expect(r, FRAME, 1 + i, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
		expect(r, EVENT, 1 + i, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
	}
	expect_matched(r, 9, 9);
	run_close(r);
}

static void loss_does_not_touch_exact_pairs(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_frame(r, 1, S, WALL, 0);
	feed_exact(r, 2, S + 10, (uint32_t)WALL);
	r->evidence.ring_lost++;
	r->evidence.capture_dropped[RX]++;
	run_evidence(r, S + 10 * MS);
	run_finish(r, INT64_MAX);
	expect_matched(r, 1, 2);
	expect_verdict(r, PTPLENS_EXPLAINED); /* lost positions are no complete certificate */
	run_close(r);
}

/* --- clock steps --- */

static void doubtful_frames_need_an_exact_stamp(void **state)
{
	(void)state;
	struct run *r = fresh();
	struct item sent = item(FRAME, TX, 8, 0);

	run_advance(r, S);
	feed_frame(r, 1, -500 * S, WALL + 1, 1); /* the mapped time is nonsense */
	feed_exact(r, 2, S + 10, (uint32_t)(WALL + 1));
	feed_frame(r, 3, 900 * S, WALL + 2, 1);
	feed(r, EVENT, RX, 4, S + 20); /* no stamp */
	sent.key = 2;
	sent.doubtful = 1;
	sent.time = 77 * S;
	run_feed(r, &sent);
	struct item e = item(EVENT, TX, 9, S + 30);
	e.key = 2;
	run_feed(r, &e);
	run_advance(r, S + 20 * MS);
	run_advance(r, 4 * S);
	expect_matched(r, 1, 2);
	expect(r, FRAME, 3, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CLOCK_STEP);
	expect(r, EVENT, 4, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CLOCK_STEP);
	expect(r, FRAME, 8, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CLOCK_STEP);
	expect(r, EVENT, 9, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CLOCK_STEP);
	run_finish(r, INT64_MAX);
	run_close(r);
}

/* --- output --- */

static void frames_leave_in_capture_order(void **state)
{
	(void)state;
	struct run *r = fresh();
	struct item f = item(FRAME, RX, 1, S), g = item(FRAME, RX, 2, S + 1), e = item(EVENT, RX, 2, S + 10);

	f.key = 5;
	run_feed(r, &f);
	run_feed(r, &g);
	e.exact = (uint32_t)g.host;
	run_feed(r, &e);
	run_advance(r, S + 50 * MS);
	assert_false(r->out[FRAME][2].seen); /* settled, but behind frame 1 */
	run_advance(r, S + 100 * MS);
	expect_matched(r, 2, 2);
	assert_int_equal(r->frame_left[1], S + 100 * MS);
	run_close(r);
}

static void event_without_frame_leaves_when_its_window_ends(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, EVENT, TX, 1, S);
	run_advance(r, 3 * S - 1);
	assert_false(r->out[EVENT][1].seen);
	run_advance(r, 3 * S);
	expect(r, EVENT, 1, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	run_close(r);
}

static void loopback_events_are_skipped(void **state)
{
	(void)state;
	struct run *r = fresh();
	struct item e = item(EVENT, RX, 1, S);

	e.flags = PTPLENS_FLAG_LOOPBACK;
	run_feed(r, &e);
	run_finish(r, INT64_MAX);
	assert_false(r->out[EVENT][1].seen);
	expect_verdict(r, PTPLENS_COMPLETE);
	run_close(r);
}

/* --- transmit stamps --- */

static void expect_stamped(const struct run *r, uint64_t frame, uint64_t stamp, int state)
{
	assert_true(r->out[FRAME][frame].seen);
	assert_int_equal(r->out[FRAME][frame].verdict, PTPLENS_MATCHED);
	assert_int_equal(r->out[FRAME][frame].stamp, stamp);
	assert_int_equal(r->out[FRAME][frame].stamp_state, state);
}

static void stamp_that_names_its_event_is_exact(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_asked(r, 1, S);
	feed_asked(r, 2, S + 1);
	feed(r, FRAME, TX, 1, S + 2);
	feed(r, FRAME, TX, 2, S + 3);
	feed_stamp(r, 12, S + 4, 2);
	feed_stamp(r, 11, S + 5, 1);
	run_finish(r, INT64_MAX);
	expect_stamped(r, 1, 11, PTPLENS_STAMP_STATE_HARDWARE);
	expect_stamped(r, 2, 12, PTPLENS_STAMP_STATE_HARDWARE);
	expect_verdict(r, PTPLENS_COMPLETE);
	run_close(r);
}

static void stamp_without_a_name_goes_by_the_rule(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed(r, EVENT, TX, 1, S); /* did not ask */
	feed_asked(r, 2, S + 1);
	feed(r, FRAME, TX, 1, S + 2);
	feed(r, FRAME, TX, 2, S + 3);
	feed_stamp(r, 12, S + 4, 0);
	/* two asked, one stamp */
	feed_asked(r, 3, 10 * S);
	feed_asked(r, 4, 10 * S + 1);
	feed(r, FRAME, TX, 3, 10 * S + 2);
	feed(r, FRAME, TX, 4, 10 * S + 3);
	feed_stamp(r, 13, 10 * S + 4, 0);
	run_finish(r, INT64_MAX);
	expect_stamped(r, 1, PL_JOIN_NONE, PTPLENS_STAMP_STATE_NOT_REQUESTED);
	expect_stamped(r, 2, 12, PTPLENS_STAMP_STATE_HARDWARE);
	expect_stamped(r, 3, PL_JOIN_NONE, PTPLENS_STAMP_STATE_UNDELIVERED);
	expect_stamped(r, 4, PL_JOIN_NONE, PTPLENS_STAMP_STATE_UNDELIVERED);
	expect(r, STAMP, 13, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_REPEATED_KEY);
	struct ptplens_certificate c = run_certificate(r);
	assert_int_equal(c.ambiguous_stamps, 1);
	assert_int_equal(c.attached, 1);
	run_close(r);
}

static void stamp_window_is_100_ms(void **state)
{
	(void)state;

	for (int named = 0; named < 2; named++) {
		static const struct {
			int64_t delay;
			int kind; /* 0 attached, 1 late, 2 orphan */
		} c[] = {{100 * MS, 0}, {100 * MS + 1, 1}, {2 * S, 1}, {2 * S + 1, 2}};
		for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
			struct run *r = fresh();
			feed_asked(r, 1, S);
			feed(r, FRAME, TX, 1, S);
			feed_stamp(r, 2, S + c[i].delay, named ? 1 : 0);
			run_finish(r, INT64_MAX);
			struct ptplens_certificate n = run_certificate(r);
			assert_int_equal(n.attached, c[i].kind == 0);
			assert_int_equal(n.late, c[i].kind == 1);
			assert_int_equal(n.orphan_stamps, c[i].kind == 2);
			expect_stamped(r, 1, c[i].kind ? PL_JOIN_NONE : 2,
			               c[i].kind ? PTPLENS_STAMP_STATE_UNDELIVERED : PTPLENS_STAMP_STATE_HARDWARE);
			if (c[i].kind)
				expect(r, STAMP, 2, PTPLENS_EVENT_ONLY,
				       c[i].kind == 1 ? PTPLENS_CAUSE_LATE_STAMP : PTPLENS_CAUSE_UNEXPLAINED);
			assert_int_equal(n.event_only, 0);
			expect_verdict(r, c[i].kind == 0 ? PTPLENS_COMPLETE : c[i].kind == 1 ? PTPLENS_EXPLAINED : PTPLENS_UNEXPLAINED);
			run_close(r);
		}
	}
}

/* A queue holds the frame for 136 ms; its stamp follows the frame. */
static void named_stamp_counts_from_the_frame(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_asked(r, 1, S);
	feed(r, FRAME, TX, 1, S + 136 * MS);
	feed_stamp(r, 2, S + 137 * MS, 1);
	run_finish(r, INT64_MAX);
	expect_stamped(r, 1, 2, PTPLENS_STAMP_STATE_HARDWARE);
	run_close(r);
}

/* The event was still here, in a cluster that others of its key kept open. */
static void stamp_is_late_even_if_its_event_is_still_here(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_asked(r, 1, S);
	feed(r, FRAME, TX, 1, S + 1);
	feed_asked(r, 3, S + 80 * MS);
	feed(r, FRAME, TX, 3, S + 80 * MS + 1);
	feed_stamp(r, 2, S + 120 * MS, 1);
	run_finish(r, INT64_MAX);
	expect_stamped(r, 1, PL_JOIN_NONE, PTPLENS_STAMP_STATE_UNDELIVERED);
	expect(r, STAMP, 2, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_LATE_STAMP);
	assert_int_equal(r->out[STAMP][2].stamp_state, PTPLENS_STAMP_STATE_LATE);
	run_close(r);
}

static void each_event_takes_one_stamp(void **state)
{
	(void)state;

	for (int late = 0; late < 2; late++) {
		for (int named = 0; named < 2; named++) {
			struct run *r = fresh();
			feed_asked(r, 1, S);
			feed(r, FRAME, TX, 1, S + 1);
			feed_stamp(r, 2, S + (late ? 300 * MS : 10), named);
			feed_stamp(r, 3, S + (late ? 600 * MS : 250 * MS), named);
			run_finish(r, INT64_MAX);
			struct ptplens_certificate c = run_certificate(r);
			assert_int_equal(c.attached, !late);
			assert_int_equal(c.late, late);
			assert_int_equal(c.orphan_stamps, 1);
			expect(r, STAMP, 3, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
			run_close(r);
		}
	}
}

static void event_without_frame_keeps_its_stamp(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_asked(r, 1, S);
	feed_stamp(r, 2, S + 10, 1);
	run_finish(r, INT64_MAX);
	expect(r, EVENT, 1, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	assert_int_equal(r->out[EVENT][1].stamp, 2);
	assert_int_equal(r->out[EVENT][1].stamp_state, PTPLENS_STAMP_STATE_HARDWARE);
	run_close(r);
}

static void orphan_stamp_is_explained_by_ring_loss(void **state)
{
	(void)state;
	struct run *r = fresh();

	feed_stamp(r, 1, S, 77);
	feed_stamp(r, 2, S + 1, 0);
	r->evidence.ring_lost = 1;
	run_evidence(r, S + 20 * MS);
	run_finish(r, INT64_MAX);
	expect(r, STAMP, 1, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_RING_LOSS);
	expect(r, STAMP, 2, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	struct ptplens_certificate c = run_certificate(r);
	assert_int_equal(c.orphan_by[PTPLENS_CAUSE_RING_LOSS], 1);
	assert_int_equal(c.orphan_by[PTPLENS_CAUSE_UNEXPLAINED], 1);
	run_close(r);
}

/* A stamp reported without its frame was delivered to somebody: one such report excuses one message, and only when it was due. */
static void a_report_without_its_frame_is_no_missing_stamp(void **state)
{
	(void)state;
	struct run *r = fresh();

	run_evidence(r, S - 10 * MS);
	for (uint32_t id = 1; id <= 3; id++) {
		int64_t at = S + (id == 3 ? 500 * MS : id * MS);
		struct item e = item(EVENT, TX, id, at), f = item(FRAME, TX, id, at + 10);
		e.key = f.key = id;
		e.flags = ASKED;
		run_feed(r, &e);
		run_feed(r, &f);
		if (id == 2) {
			r->evidence.stamps_unseen = 1;
			run_evidence(r, S + 20 * MS);
			run_advance(r, S + 20 * MS);
		}
	}
	run_evidence(r, 3 * S);
	run_finish(r, INT64_MAX);
	expect_stamped(r, 1, PL_JOIN_NONE, PTPLENS_STAMP_STATE_NONE);
	expect_stamped(r, 2, PL_JOIN_NONE, PTPLENS_STAMP_STATE_UNDELIVERED);
	expect_stamped(r, 3, PL_JOIN_NONE, PTPLENS_STAMP_STATE_UNDELIVERED);
	run_close(r);
}

static void ring_gap_makes_unnamed_stamps_ambiguous(void **state)
{
	(void)state;
	struct run *r = fresh();

	run_evidence(r, S - 10 * MS);
	run_advance(r, S - 10 * MS);
	feed_asked(r, 1, S);
	feed(r, FRAME, TX, 1, S + 1);
	feed_stamp(r, 2, S + 2, 0);
	r->evidence.ring_lost = 1;
	run_evidence(r, S + 20 * MS);
	run_finish(r, INT64_MAX);
	expect(r, STAMP, 2, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_LOSS);
	run_close(r);
}

static void stamp_states(void **state)
{
	(void)state;
	static const struct {
		int direction;
		uint16_t flags;
		int event_stamp, stamp; /* stamp -1: no record */
		int state;
	} c[] = {
	    {RX, 0, PTPLENS_STAMP_NIC, -1, PTPLENS_STAMP_STATE_HARDWARE},
	    {RX, ASKED, PTPLENS_STAMP_PHY, -1, PTPLENS_STAMP_STATE_PHY},
	    {RX, ASKED, PTPLENS_STAMP_LATCH, -1, PTPLENS_STAMP_STATE_LATCH},
	    {RX, ASKED, PTPLENS_STAMP_SOFTWARE, -1, PTPLENS_STAMP_STATE_SOFTWARE},
	    {RX, ASKED, PTPLENS_STAMP_REFUSED_FORM, -1, PTPLENS_STAMP_STATE_REFUSED},
	    {RX, ASKED, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE, -1, PTPLENS_STAMP_STATE_REFUSED},
	    {RX, ASKED, PTPLENS_STAMP_NONE, -1, PTPLENS_STAMP_STATE_NONE},
	    {RX, PTPLENS_FLAG_REQUEST_UNKNOWN, PTPLENS_STAMP_NONE, -1, PTPLENS_STAMP_STATE_NONE},
	    {RX, 0, PTPLENS_STAMP_NONE, -1, PTPLENS_STAMP_STATE_NOT_REQUESTED},
	    {TX, 0, 0, -1, PTPLENS_STAMP_STATE_NOT_REQUESTED},
	    {TX, ASKED, 0, -1, PTPLENS_STAMP_STATE_UNDELIVERED},
	    {TX, PTPLENS_FLAG_SOFTWARE_REQUESTED, 0, -1, PTPLENS_STAMP_STATE_UNDELIVERED},
	    {TX, PTPLENS_FLAG_REQUEST_UNKNOWN, 0, -1, PTPLENS_STAMP_STATE_NONE},
	    {TX, PTPLENS_FLAG_REQUEST_UNKNOWN, 0, PTPLENS_STAMP_NIC, PTPLENS_STAMP_STATE_HARDWARE},
	    {TX, ASKED, 0, PTPLENS_STAMP_PHY, PTPLENS_STAMP_STATE_PHY},
	    {TX, ASKED, 0, PTPLENS_STAMP_SOFTWARE, PTPLENS_STAMP_STATE_SOFTWARE},
	    {TX, ASKED, 0, PTPLENS_STAMP_REFUSED_IMPLAUSIBLE, PTPLENS_STAMP_STATE_REFUSED},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct run *r = fresh();
		struct item f = item(FRAME, c[i].direction, 1, S), e = item(EVENT, c[i].direction, 2, S), s = item(STAMP, TX, 3, S + 5);
		e.flags = c[i].flags;
		e.stamp = (uint8_t)c[i].event_stamp;
		s.stamp = (uint8_t)c[i].stamp;
		run_feed(r, &f);
		run_feed(r, &e);
		if (c[i].stamp >= 0)
			run_feed(r, &s);
		run_finish(r, INT64_MAX);
		expect_matched(r, 1, 2);
		assert_int_equal(r->out[FRAME][1].stamp_state, c[i].state);
		struct ptplens_certificate n = run_certificate(r);
		assert_int_equal(n.stamps[c[i].state], 1);
		run_close(r);
	}
}

/* --- edges --- */

static void edges_are_outside(void **state)
{
	(void)state;
	struct run *r = run_open(1, BASE + S, 0);

	struct item early = item(FRAME, RX, 1, S - 1); /* before the tap was there */
	early.key = 2;
	run_feed(r, &early);
	feed(r, FRAME, RX, 2, S);
	feed(r, EVENT, RX, 2, S + 10);
	/* captured before, seen by the tap after: a pair, and outside */
	struct item f = item(FRAME, RX, 3, S - 1), e = item(EVENT, RX, 3, S + 1);
	f.key = e.key = 3;
	run_feed(r, &f);
	run_feed(r, &e);
	run_advance(r, 2 * S);
	assert_int_equal(r->out[FRAME][1].verdict, 0);
	expect_matched(r, 2, 2);
	assert_int_equal(r->out[EVENT][3].verdict, 0);
	assert_int_equal(r->out[EVENT][3].frame, 3);

	/* sent before the end, captured after it */
	feed_asked(r, 5, 5 * S);
	feed(r, FRAME, TX, 5, 5 * S + 2);
	feed_stamp(r, 5, 5 * S + 3, 5);
	feed(r, FRAME, RX, 6, 5 * S + 2);
	run_finish(r, 5 * S + 1);
	assert_int_equal(r->out[FRAME][5].verdict, 0);
	assert_int_equal(r->out[FRAME][6].verdict, 0);
	struct ptplens_certificate c = run_certificate(r);
	assert_int_equal(c.outside_frames, 4);
	assert_int_equal(c.outside_events, 2);
	assert_int_equal(c.outside_stamps, 1);
	expect_verdict(r, PTPLENS_COMPLETE);
	run_close(r);
}

/* The end is announced; what belongs to items before it still comes, what is later is outside at once. */
static void an_announced_end_is_an_edge(void **state)
{
	(void)state;
	struct run *r = fresh();
	struct item f = item(FRAME, RX, 3, S + 2 * MS), e = item(EVENT, RX, 3, S + 2 * MS + 1);

	feed(r, FRAME, RX, 1, S);
	feed(r, EVENT, RX, 1, S + 10);
	pl_join_detach(r->join, BASE + S + MS);
	f.key = e.key = 5;
	run_feed(r, &f);
	run_feed(r, &e);
	run_advance(r, 2 * S);
	expect_matched(r, 1, 1);
	assert_int_equal(r->out[FRAME][3].verdict, 0);
	assert_int_equal(r->out[EVENT][3].frame, 3);
	run_finish(r, S + MS);
	expect_verdict(r, PTPLENS_COMPLETE);
	run_close(r);
}

/* --- causes --- */

static void cause_case(enum kind kind, int direction, int with, int expected, void (*set)(struct pl_join_evidence *))
{
	struct run *r = fresh();
	int only = kind == FRAME ? PTPLENS_FRAME_ONLY : PTPLENS_EVENT_ONLY;

	run_evidence(r, S - 20 * MS);
	run_advance(r, S - 20 * MS);
	feed(r, kind, direction, 1, S - 10 * MS);
	struct item second = item(kind, direction, 2, S - 9 * MS);
	second.key = 2;
	run_feed(r, &second);
	if (with)
		set(&r->evidence);
	run_evidence(r, S);
	run_advance(r, S);
	r->evidence.link_events += 0;
	r->evidence.program_ahead = 0;
	r->evidence.detached = 0;
	if (with && r->evidence.backlog) {
		/* a state at the time when the window ends */
		r->evidence.backlog = 0;
		run_evidence(r, 2900 * MS);
		run_advance(r, 2900 * MS);
		set(&r->evidence);
		run_evidence(r, 3100 * MS);
		run_advance(r, 3100 * MS);
		r->evidence.backlog = 0;
	}
	run_evidence(r, 4 * S);
	run_finish(r, INT64_MAX);
	expect(r, kind, 1, only, with ? expected : PTPLENS_CAUSE_UNEXPLAINED);
	/* a count of one explains one item, a state explains all */
	int state = expected == PTPLENS_CAUSE_PROGRAM_AHEAD || expected == PTPLENS_CAUSE_LINK_DOWN || expected == PTPLENS_CAUSE_DETACHED;
	expect(r, kind, 2, only, with && state ? expected : PTPLENS_CAUSE_UNEXPLAINED);
	struct ptplens_certificate c = run_certificate(r);
	assert_int_equal((kind == FRAME ? c.frame_only_by : c.event_only_by)[expected], !with ? 0 : state ? 2 : 1);
	expect_verdict(r, with && state ? PTPLENS_EXPLAINED : PTPLENS_UNEXPLAINED);
	run_close(r);
}

static void one_ring_lost(struct pl_join_evidence *e)
{
	e->ring_lost++;
}
static void one_drop_received(struct pl_join_evidence *e)
{
	e->capture_dropped[RX]++;
}
static void one_drop_sent(struct pl_join_evidence *e)
{
	e->capture_dropped[TX]++;
}
static void one_below(struct pl_join_evidence *e)
{
	e->below_stack_dropped++;
}
static void one_queued(struct pl_join_evidence *e)
{
	e->backlog = 1;
}
static void link_lost(struct pl_join_evidence *e)
{
	e->link_events++;
}
static void ahead(struct pl_join_evidence *e)
{
	e->program_ahead = 1;
}
static void gone(struct pl_join_evidence *e)
{
	e->detached = 1;
}

static void causes_need_their_evidence(void **state)
{
	(void)state;

	for (int with = 0; with < 2; with++) {
		cause_case(EVENT, RX, with, PTPLENS_CAUSE_CAPTURE_DROP, one_drop_received);
		cause_case(EVENT, TX, with, PTPLENS_CAUSE_CAPTURE_DROP, one_drop_sent);
		cause_case(EVENT, TX, with, PTPLENS_CAUSE_BELOW_STACK, one_below);
		cause_case(EVENT, TX, with, PTPLENS_CAUSE_BELOW_STACK, one_queued);
		cause_case(FRAME, RX, with, PTPLENS_CAUSE_RING_LOSS, one_ring_lost);
		cause_case(FRAME, TX, with, PTPLENS_CAUSE_RING_LOSS, one_ring_lost);
		cause_case(FRAME, RX, with, PTPLENS_CAUSE_PROGRAM_AHEAD, ahead);
		cause_case(FRAME, TX, with, PTPLENS_CAUSE_PROGRAM_AHEAD, ahead);
		for (int direction = 0; direction < 2; direction++) {
			cause_case(FRAME, direction, with, PTPLENS_CAUSE_LINK_DOWN, link_lost);
			cause_case(EVENT, direction, with, PTPLENS_CAUSE_LINK_DOWN, link_lost);
			cause_case(FRAME, direction, with, PTPLENS_CAUSE_DETACHED, gone);
			cause_case(EVENT, direction, with, PTPLENS_CAUSE_DETACHED, gone);
		}
	}
}

/* A program that goes between two readings did its work in front of the second one. */
static void a_state_holds_between_the_readings_around_it(void **state)
{
	(void)state;
	struct run *r = fresh();

	r->evidence.program_ahead = 1;
	run_evidence(r, S - 20 * MS);
	run_advance(r, S - 20 * MS);
	feed(r, FRAME, RX, 1, S - 10 * MS);
	r->evidence.program_ahead = 0;
	run_evidence(r, S);
	run_advance(r, S);
	struct item later = item(FRAME, RX, 2, S + 200 * MS);
	later.key = 2;
	run_feed(r, &later);
	run_evidence(r, S + 400 * MS);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_PROGRAM_AHEAD);
	expect(r, FRAME, 2, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	run_close(r);
}

static void evidence_of_another_tick_or_side_explains_nothing(void **state)
{
	(void)state;
	struct run *r = fresh();

	r->evidence.ring_lost = r->evidence.capture_dropped[TX] = 100;
	r->evidence.below_stack_dropped = 100;
	run_evidence(r, S - 200 * MS);
	run_advance(r, S - 200 * MS);
	run_evidence(r, S + 200 * MS);
	feed(r, EVENT, RX, 1, S);
	struct item f = item(FRAME, RX, 2, S);
	f.key = 2;
	run_feed(r, &f);
	run_advance(r, S + 200 * MS);
	r->evidence.ring_lost += 100;
	r->evidence.capture_dropped[RX] += 100;
	run_evidence(r, S + 220 * MS);
	run_finish(r, INT64_MAX);
	expect(r, EVENT, 1, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	expect(r, FRAME, 2, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_UNEXPLAINED);
	run_close(r);
}

static void first_evidence_is_the_baseline(void **state)
{
	(void)state;
	struct pl_join *j = pl_join_open(&(struct pl_join_options){0});
	struct ptplens_event e = {.system_timestamp = (uint64_t)BASE};
	struct pl_join_result x;

	pl_join_evidence(j, &(struct pl_join_evidence){.time_ns = BASE + 1, .capture_dropped = {9, 9}});
	pl_join_event(j, 1, &e);
	pl_join_finish(j, INT64_MAX);
	assert_int_equal(pl_join_next(j, &x), 1);
	assert_int_equal(x.cause, PTPLENS_CAUSE_UNEXPLAINED);
	pl_join_close(j);
}

/* A log that is full widens its newest tick instead of forgetting. */
static void evidence_log_is_never_forgetful(void **state)
{
	(void)state;
	struct run *r = fresh();

	run_evidence(r, S);
	run_advance(r, S);
	feed(r, FRAME, TX, 1, S + 500 * US);
	r->evidence.ring_lost++;
	for (int i = 1; i <= 3000; i++) {
		run_evidence(r, S + i * MS);
		run_advance(r, S + i * MS);
		r->evidence.backlog = 1 + (uint64_t)i % 2;
		r->evidence.below_stack_dropped++;
	}
	feed(r, FRAME, TX, 2, S + 3000 * MS + 1);
	feed(r, EVENT, TX, 2, S + 3000 * MS);
	run_finish(r, INT64_MAX);
	expect(r, FRAME, 1, PTPLENS_FRAME_ONLY, PTPLENS_CAUSE_RING_LOSS);
	expect_matched(r, 2, 2);
	run_close(r);
}

/* --- the certificate's verdict --- */

static void certificate_verdicts(void **state)
{
	(void)state;
	struct ptplens_certificate good = {.final = 1,
	                                   .positions = 3,
	                                   .received = 3,
	                                   .frame_events = 2,
	                                   .stamp_events = 1,
	                                   .matched = 2,
	                                   .captured = 2,
	                                   .frames = 2,
	                                   .attached = 1},
				   c;

	assert_int_equal(pl_certificate_verdict(&good), PTPLENS_COMPLETE);
	c = good;
	c.ring_lost = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_UNEXPLAINED); /* positions do not add up */
	c.positions++;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_EXPLAINED);
	c = good;
	c.capture_dropped = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_EXPLAINED);
	c = good;
	c.matched = 1;
	c.event_only = c.frame_only = 1;
	c.event_only_by[PTPLENS_CAUSE_CAPTURE_DROP] = c.frame_only_by[PTPLENS_CAUSE_RING_LOSS] = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_EXPLAINED);
	c.frame_only_by[PTPLENS_CAUSE_RING_LOSS] = 0;
	c.frame_only_by[PTPLENS_CAUSE_UNEXPLAINED] = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_UNEXPLAINED);
	c = good;
	c.attached = 0;
	c.late = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_EXPLAINED);
	c.late = 0;
	c.orphan_stamps = c.orphan_by[PTPLENS_CAUSE_UNEXPLAINED] = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_UNEXPLAINED);
	c = good;
	c.matched = 1;
	c.open_events = c.open_frames = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_UNEXPLAINED); /* final with something open */
	c.final = 0;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_COMPLETE);
	c = good;
	c.crowded = 1;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_EXPLAINED);
}

/* Times from a file may be anything. */
static void absurd_times_do_no_harm(void **state)
{
	(void)state;
	static const int64_t t[] = {INT64_MIN, INT64_MIN + 1, -1, 0, INT64_MAX - 1, INT64_MAX};
	struct pl_join *j = pl_join_open(&(struct pl_join_options){.resolution_ns = 1000, .attach_ns = INT64_MIN});
	struct pl_join_result x;
	int n = 0;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		for (uint8_t direction = 0; direction < 2; direction++) {
			struct ptplens_event e = {.direction = direction, .system_timestamp = (uint64_t)t[i]};
			pl_join_frame(j, 1, &e, t[i], t[i], 0);
			pl_join_event(j, 1, &e);
		}
		pl_join_evidence(j, &(struct pl_join_evidence){.time_ns = BASE});
		pl_join_advance(j, t[i] == INT64_MAX ? BASE : t[i]);
	}
	pl_join_finish(j, INT64_MAX);
	while (pl_join_next(j, &x))
		n += (x.frame != PL_JOIN_NONE) + (x.event != PL_JOIN_NONE);
	assert_int_equal(n, 24);
	pl_join_close(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(received_pairs_within_100_ms),
	    cmocka_unit_test(sent_pairs_within_2_s),
	    cmocka_unit_test(coarse_capture_widens_the_slack),
	    cmocka_unit_test(keys_do_not_mix),
	    cmocka_unit_test(exact_pairs_at_once_and_crosses),
	    cmocka_unit_test(exact_never_pairs_by_window),
	    cmocka_unit_test(exact_floors_to_the_resolution),
	    cmocka_unit_test(exact_equal_ones_need_equal_counts),
	    cmocka_unit_test(exact_does_not_hold_a_cluster_open),
	    cmocka_unit_test(repeated_key_pairs_in_order_when_counts_agree),
	    cmocka_unit_test(one_event_for_two_frames_is_ambiguous),
	    cmocka_unit_test(greedy_alone_would_be_wrong),
	    cmocka_unit_test(an_event_before_the_frame_is_none_of_its_own),
	    cmocka_unit_test(cluster_settles_when_quiet_for_100_ms),
	    cmocka_unit_test(waiting_sent_event_belongs_to_the_next_cluster),
	    cmocka_unit_test(doubtful_event_is_never_matched_later),
	    cmocka_unit_test(old_cluster_is_crowded),
	    cmocka_unit_test(an_event_behind_its_crowd_is_crowded),
	    cmocka_unit_test(big_cluster_is_crowded),
	    cmocka_unit_test(full_table_evicts_and_nothing_vanishes),
	    cmocka_unit_test(a_caller_that_never_reads_is_counted),
	    cmocka_unit_test(loss_needs_both_sides_when_received),
	    cmocka_unit_test(loss_counts_within_the_window_only),
	    cmocka_unit_test(loss_reaches_back_to_the_watermark),
	    cmocka_unit_test(a_ring_gap_suffices_when_sent_and_doubt_stays),
	    cmocka_unit_test(loss_does_not_touch_exact_pairs),
	    cmocka_unit_test(doubtful_frames_need_an_exact_stamp),
	    cmocka_unit_test(frames_leave_in_capture_order),
	    cmocka_unit_test(event_without_frame_leaves_when_its_window_ends),
	    cmocka_unit_test(loopback_events_are_skipped),
	    cmocka_unit_test(stamp_that_names_its_event_is_exact),
	    cmocka_unit_test(stamp_without_a_name_goes_by_the_rule),
	    cmocka_unit_test(stamp_window_is_100_ms),
	    cmocka_unit_test(named_stamp_counts_from_the_frame),
	    cmocka_unit_test(stamp_is_late_even_if_its_event_is_still_here),
	    cmocka_unit_test(each_event_takes_one_stamp),
	    cmocka_unit_test(event_without_frame_keeps_its_stamp),
	    cmocka_unit_test(orphan_stamp_is_explained_by_ring_loss),
	    cmocka_unit_test(a_report_without_its_frame_is_no_missing_stamp),
	    cmocka_unit_test(ring_gap_makes_unnamed_stamps_ambiguous),
	    cmocka_unit_test(stamp_states),
	    cmocka_unit_test(edges_are_outside),
	    cmocka_unit_test(an_announced_end_is_an_edge),
	    cmocka_unit_test(causes_need_their_evidence),
	    cmocka_unit_test(a_state_holds_between_the_readings_around_it),
	    cmocka_unit_test(evidence_of_another_tick_or_side_explains_nothing),
	    cmocka_unit_test(first_evidence_is_the_baseline),
	    cmocka_unit_test(evidence_log_is_never_forgetful),
	    cmocka_unit_test(certificate_verdicts),
	    cmocka_unit_test(absurd_times_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
