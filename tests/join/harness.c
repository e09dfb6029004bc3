/* SPDX-License-Identifier: BSD-3-Clause */
#include "harness.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct run *r)
{
	struct ptplens_certificate c, e = r->expected;
	uint64_t ambiguous = 0, frame_only = 0, event_only = 0, orphan = 0;

	memset(&c, 0, sizeof c);
	pl_join_certificate(r->join, &c);
	assert_int_equal(c.received, c.frame_events + c.stamp_events + c.skipped_events);
	assert_int_equal(c.frame_events, c.matched + c.ambiguous_events + c.event_only + c.outside_events + c.open_events);
	assert_int_equal(c.frames, c.matched + c.ambiguous_frames + c.frame_only + c.outside_frames + c.open_frames);
	assert_int_equal(c.stamp_events, c.attached + c.late + c.ambiguous_stamps + c.orphan_stamps + c.outside_stamps + c.open_stamps);
	for (int i = 0; i < 16; i++) {
		ambiguous += c.ambiguous_by[i];
		frame_only += c.frame_only_by[i];
		event_only += c.event_only_by[i];
		orphan += c.orphan_by[i];
		assert_int_equal(c.stamps[i], e.stamps[i]);
	}
	assert_int_equal(ambiguous, c.ambiguous_events + c.ambiguous_frames + c.ambiguous_stamps);
	assert_int_equal(frame_only, c.frame_only);
	assert_int_equal(event_only, c.event_only);
	assert_int_equal(orphan, c.orphan_stamps);
	assert_int_equal(c.frame_events, e.frame_events);
	assert_int_equal(c.stamp_events, e.stamp_events);
	assert_int_equal(c.skipped_events, e.skipped_events);
	assert_int_equal(c.frames, e.frames);
	assert_int_equal(c.matched, e.matched);
	assert_int_equal(c.ambiguous_events, e.ambiguous_events);
	assert_int_equal(c.ambiguous_frames, e.ambiguous_frames);
	assert_int_equal(c.event_only, e.event_only);
	assert_int_equal(c.frame_only, e.frame_only);
	assert_int_equal(c.outside_events, e.outside_events);
	assert_int_equal(c.outside_frames, e.outside_frames);
	assert_int_equal(c.outside_stamps, e.outside_stamps);
	assert_int_equal(c.attached, e.attached);
	assert_int_equal(c.late + c.ambiguous_stamps + c.orphan_stamps, e.late + e.ambiguous_stamps + e.orphan_stamps);
}

struct run *run_open(int64_t resolution, int64_t attach, size_t items)
{
	struct pl_join_options options = {.items = items, .resolution_ns = resolution, .attach_ns = attach};
	struct run *r = calloc(1, sizeof *r);

	assert_non_null(r);
	r->join = pl_join_open(&options);
	assert_non_null(r->join);
	check(r);
	run_evidence(r, 0);
	return r;
}

void run_close(struct run *r)
{
	pl_join_close(r->join);
	free(r);
}

static struct ptplens_event record(const struct item *x)
{
	struct ptplens_event e = {
	    .direction = (uint8_t)x->direction,
	    .kind = x->kind == STAMP ? PTPLENS_KIND_STAMP : PTPLENS_KIND_FRAME,
	    .sequence_id = (uint16_t)x->key,
	    .port_number = 1,
	    .clock_identity = {0, 0x80, 0xe1, 0xff, 0xfe, 0, 0, 1},
	    .flags = x->flags,
	    .stamp = x->stamp,
	    .sequence = x->sequence,
	};

	e.system_timestamp = (uint64_t)(BASE + x->time);
	e.frame_stamp = x->exact;
	return e;
}

void run_feed(struct run *r, const struct item *x)
{
	struct ptplens_event e = record(x);

	assert_in_range(x->id, 0, MAX_IDS - 1);
	if (x->kind == FRAME) {
		r->expected.frames++;
		r->frame_number[x->id] = ++r->frames_fed;
		pl_join_frame(r->join, x->id, &e, BASE + x->time + (x->doubtful ? 3000 * S : 0), x->host, x->doubtful);
	} else {
		if (x->flags & PTPLENS_FLAG_LOOPBACK)
			r->expected.skipped_events++;
		else
			++*(x->kind == STAMP ? &r->expected.stamp_events : &r->expected.frame_events);
		pl_join_event(r->join, x->id, &e);
	}
	check(r);
}

static void note(struct run *r, enum kind kind, uint64_t id, const struct pl_join_result *x)
{
	if (id == PL_JOIN_NONE)
		return;
	struct outcome *o = &r->out[kind][id];
	assert_false(o->seen); /* a token comes out once */
	*o = (struct outcome){1, x->verdict, x->cause, x->stamp_state, x->frame, x->event, x->stamp};
}

static void count(struct run *r, const struct pl_join_result *x)
{
	struct ptplens_certificate *e = &r->expected;
	int frame = x->frame != PL_JOIN_NONE, event = x->event != PL_JOIN_NONE, stamp = x->stamp != PL_JOIN_NONE;

	if (!x->verdict) {
		e->outside_frames += frame;
		e->outside_events += event;
		e->outside_stamps += stamp;
		return;
	}
	e->stamps[x->stamp_state]++;
	if (stamp && event) {
		e->attached++;
	} else if (stamp) {
		assert_false(frame);
		e->orphan_stamps++; /* late and ambiguous ones too: only their sum is compared */
		return;
	}
	if (x->verdict == PTPLENS_MATCHED) {
		assert_true(frame && event);
		e->matched++;
	} else if (x->verdict == PTPLENS_AMBIGUOUS) {
		assert_true(frame != event);
		e->ambiguous_frames += frame;
		e->ambiguous_events += event;
	} else if (x->verdict == PTPLENS_EVENT_ONLY) {
		assert_true(!frame && event);
		e->event_only++;
	} else {
		assert_int_equal(x->verdict, PTPLENS_FRAME_ONLY);
		assert_true(frame && !event);
		e->frame_only++;
	}
}

static void drain(struct run *r)
{
	struct pl_join_result x;

	while (pl_join_next(r->join, &x)) {
		note(r, FRAME, x.frame, &x);
		note(r, EVENT, x.event, &x);
		note(r, STAMP, x.stamp, &x);
		if (x.frame != PL_JOIN_NONE) { /* frames leave in capture order */
			assert_true(r->frame_number[x.frame] > r->last_frame);
			r->last_frame = r->frame_number[x.frame];
			r->frame_left[x.frame] = r->watermark;
		}
		count(r, &x);
		check(r);
	}
}

void run_evidence(struct run *r, int64_t time)
{
	r->evidence.time_ns = BASE + time;
	pl_join_evidence(r->join, &r->evidence);
	check(r);
}

void run_advance(struct run *r, int64_t watermark)
{
	r->watermark = watermark;
	pl_join_advance(r->join, BASE + watermark);
	check(r);
	drain(r);
}

void run_finish(struct run *r, int64_t detach)
{
	struct ptplens_certificate c;

	pl_join_finish(r->join, detach == INT64_MAX ? detach : BASE + detach);
	check(r);
	drain(r);
	c = run_certificate(r);
	assert_int_equal(c.open_events, 0);
	assert_int_equal(c.open_frames, 0);
	assert_int_equal(c.open_stamps, 0);
	assert_int_equal(r->last_frame, r->frames_fed);
}

struct ptplens_certificate run_certificate(const struct run *r)
{
	struct ptplens_certificate c;

	memset(&c, 0, sizeof c);
	pl_join_certificate(r->join, &c);
	c.ring_lost = r->evidence.ring_lost;
	c.positions = c.received + c.ring_lost;
	c.captured = c.frames;
	c.capture_dropped = r->evidence.capture_dropped[0] + r->evidence.capture_dropped[1];
	c.final = !c.open_events && !c.open_frames && !c.open_stamps;
	return c;
}

void run_all(struct run *r, const struct item *x, int n, const struct announce *a, int announces, int64_t tick, uint64_t weight)
{
	int64_t end = n ? x[n - 1].time : 0, t = 0;

	for (int i = 0; i < announces; i++)
		end = a[i].time > end ? a[i].time : end;
	for (int i = 0; t < end + tick;) {
		int64_t before = t;
		t += tick;
		for (; i < n && x[i].time <= t; i++)
			run_feed(r, &x[i]);
		for (int k = 0; k < announces; k++) {
			if (a[k].time <= before || a[k].time > t)
				continue;
			if (a[k].kind == FRAME)
				r->evidence.capture_dropped[a[k].direction] += weight;
			else
				r->evidence.ring_lost += weight;
		}
		run_evidence(r, t);
		run_advance(r, t);
	}
	run_finish(r, INT64_MAX);
}
