/* SPDX-License-Identifier: BSD-3-Clause */
/* One interface under observation, with a tap and a capture whose clocks and queues the test holds in its hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "interface.h"

#define MS 1000000ll
#define S (1000 * MS)
#define START (100 * S)
#define REALTIME (1700000000 * S)
#define QUEUE 300000

struct world {
	struct pl_tap tap;
	struct pl_capture capture;
	int64_t now, offset; /* CLOCK_MONOTONIC; CLOCK_REALTIME - CLOCK_MONOTONIC */
	struct pl_captured *frames;
	uint8_t (*bytes)[58];
	size_t frames_read, frames_sent;
	struct ptplens_event *events;
	size_t events_read, events_sent;
	int detached, capture_fails, tap_gone;
	uint64_t matched, messages;
};

static struct world *of_tap(struct pl_tap *t)
{
	return (struct world *)((char *)t - offsetof(struct world, tap));
}

static struct world *of_capture(struct pl_capture *c)
{
	return (struct world *)((char *)c - offsetof(struct world, capture));
}

static size_t tap_read(struct pl_tap *t, struct ptplens_event *out, size_t n)
{
	struct world *w = of_tap(t);
	size_t k = 0;

	while (k < n && w->events_read < w->events_sent)
		out[k++] = w->events[w->events_read++];
	return k;
}

static void tap_clocks(struct pl_tap *t, struct pl_tap_clocks *out)
{
	struct world *w = of_tap(t);
	*out = (struct pl_tap_clocks){w->now, w->now + w->offset};
}

static void tap_stats(struct pl_tap *t, struct pl_tap_stats *out)
{
	struct world *w = of_tap(t);
	*out = (struct pl_tap_stats){
	    .ring_received = w->events_read,
	    .ring_pending = w->events_sent - w->events_read,
	    .positions = w->events_sent,
	    .detached = (uint32_t)w->tap_gone,
	};
}

static void tap_detach(struct pl_tap *t)
{
	of_tap(t)->detached = 1;
}

static void tap_close(struct pl_tap *t)
{
	(void)t;
}

static int capture_read(struct pl_capture *c, int64_t until_ns, struct pl_captured *out, struct pl_error *error)
{
	struct world *w = of_capture(c);

	if (w->capture_fails)
		return pl_fail(error, PTPLENS_E_SYSTEM, "the capture failed: on purpose");
	if (w->frames_read == w->frames_sent || w->frames[w->frames_read].host_ns > until_ns)
		return 0;
	*out = w->frames[w->frames_read++];
	return 1;
}

static void capture_stats(struct pl_capture *c, struct pl_capture_stats *out)
{
	(void)c;
	*out = (struct pl_capture_stats){{0}};
}

static void capture_close(struct pl_capture *c)
{
	(void)c;
}

static const struct pl_tap_ops tap_ops = {
    .read = tap_read, .clocks = tap_clocks, .stats = tap_stats, .detach = tap_detach, .close = tap_close};
static const struct pl_capture_ops capture_ops = {capture_read, capture_stats, capture_close};

static struct world *world(void)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	w->tap = (struct pl_tap){.ops = &tap_ops, .attach_ns = START, .interface = "made0"};
	w->capture.ops = &capture_ops;
	w->now = START;
	w->offset = REALTIME - START;
	w->frames = calloc(QUEUE, sizeof *w->frames);
	w->bytes = calloc(QUEUE, sizeof *w->bytes);
	w->events = calloc(QUEUE, sizeof *w->events);
	assert_true(w->frames && w->bytes && w->events);
	return w;
}

static void free_world(struct world *w)
{
	free(w->frames);
	free(w->bytes);
	free(w->events);
	free(w);
}

/* A Sync passes at w->now: received, or sent by us. */
static void pass(struct world *w, int direction)
{
	static const uint8_t head[] = {0x01, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0, 2, 0, 44};
	size_t n = w->frames_sent++;
	uint8_t *b = w->bytes[n];
	uint32_t offset;

	memcpy(b, head, sizeof head);
	b[14 + 29] = (uint8_t)(n >> 16); /* a port for every 65536 sequenceIds, so that no key repeats */
	b[14 + 30] = (uint8_t)(n >> 8);
	b[14 + 31] = (uint8_t)n;
	w->frames[n] = (struct pl_captured){b, 58, 58, w->now + w->offset, (uint8_t)direction};
	struct ptplens_event *e = &w->events[w->events_sent++];
	assert_int_equal(pl_frame_parse(b, 58, 58, -1, e, &offset), PL_FRAME_PTP);
	e->direction = (uint8_t)direction;
	e->queue_id = PTPLENS_QUEUE_UNKNOWN;
	e->system_timestamp = (uint64_t)(w->now + (direction == PTPLENS_RECEIVE ? 300 : -300));
	e->frame_stamp = direction == PTPLENS_RECEIVE ? (uint32_t)(w->now + w->offset) : 0;
	e->sequence = w->events_sent;
}

static void take(struct world *w, struct pl_interface *i)
{
	struct ptplens_message m;

	pl_interface_release(i);
	while (pl_interface_next(i, &m)) {
		w->messages++;
		w->matched += m.verdict == PTPLENS_MATCHED;
		if (m.verdict == PTPLENS_MATCHED)
			assert_int_equal(m.header.sequence_id, m.event.sequence_id);
	}
}

static struct ptplens_certificate run_to_the_end(struct world *w, struct pl_interface *i)
{
	struct ptplens_certificate c;

	for (int n = 0; n < 200 && !pl_interface_ended(i); n++) {
		w->now += 20 * MS;
		pl_interface_drain(i);
		take(w, i);
	}
	assert_true(pl_interface_ended(i));
	assert_true(w->detached);
	take(w, i);
	pl_interface_certificate(i, &c);
	assert_int_equal(c.final, 1);
	assert_int_equal(c.positions, c.received + c.ring_lost + c.ring_pending);
	assert_int_equal(c.received, c.frame_events + c.stamp_events + c.skipped_events);
	assert_int_equal(c.frame_events, c.matched + c.ambiguous_events + c.event_only + c.outside_events);
	assert_int_equal(c.frames, c.matched + c.ambiguous_frames + c.frame_only + c.outside_frames);
	assert_int_equal(c.matched, w->matched);
	return c;
}

/* A frame each 5 ms for 10 s; the clock is set after 4 s and set back after 8 s. */
static void clock_steps(int direction, int64_t step)
{
	struct world *w = world();
	struct pl_interface *i = pl_interface_open(&w->tap, &w->capture, 0);

	assert_non_null(i);
	for (int n = 1; n <= 2000; n++) {
		w->now += 5 * MS;
		if (n == 801 || n == 1601)
			w->offset += n == 801 ? step : -step;
		pass(w, direction);
		if (n % 4 == 0) {
			pl_interface_drain(i);
			take(w, i);
		}
	}
	w->now += 200 * MS;
	pl_interface_stop(i);
	struct ptplens_certificate c = run_to_the_end(w, i);
	assert_int_equal(c.captured, 2000);
	assert_int_equal(c.frame_events, 2000);
	assert_int_equal(c.event_only + c.frame_only + c.outside_frames + c.outside_events, 0);
	if (direction == PTPLENS_RECEIVE) {
		assert_int_equal(c.matched, 2000);
	} else {
		/* a sent frame has no exact stamp: around a step it is in doubt, and named so */
		assert_true(c.matched >= 1950);
		assert_int_equal(c.ambiguous_by[PTPLENS_CAUSE_CLOCK_STEP], c.ambiguous_events + c.ambiguous_frames);
	}
	pl_interface_close(i);
	free_world(w);
}

static void a_clock_step_loses_nothing(void **state)
{
	static const int64_t steps[] = {13 * S, -13 * S, 4 * S, -4 * S, 200 * MS, -200 * MS, 2 * MS, -2 * MS};

	(void)state;
	for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
		clock_steps(PTPLENS_RECEIVE, steps[k]);
		clock_steps(PTPLENS_TRANSMIT, steps[k]);
	}
}

/* More than is held at once waits on both sides. */
static void a_full_hold_is_no_loss(void **state)
{
	struct world *w = world();
	struct pl_interface *i = pl_interface_open(&w->tap, &w->capture, 0);

	(void)state;
	assert_non_null(i);
	for (int n = 0; n < 200000; n++) {
		w->now += 500;
		pass(w, PTPLENS_RECEIVE);
	}
	w->now += 20 * MS;
	pl_interface_stop(i);
	struct ptplens_certificate c = run_to_the_end(w, i);
	assert_int_equal(c.captured, 200000);
	assert_int_equal(c.matched, 200000);
	assert_int_equal(c.crowded, 0);
	pl_interface_close(i);
	free_world(w);
}

static void what_ends_by_itself_says_why(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct world *w = world();
		struct pl_interface *i = pl_interface_open(&w->tap, &w->capture, 0);

		assert_non_null(i);
		for (int n = 0; n < 100; n++) {
			w->now += 5 * MS;
			pass(w, PTPLENS_RECEIVE);
			pl_interface_drain(i);
			take(w, i);
		}
		assert_int_equal(pl_interface_failure(i)->code, 0);
		w->now += 10 * MS; /* the last ones are read before it fails */
		pl_interface_drain(i);
		*(how ? &w->tap_gone : &w->capture_fails) = 1;
		struct ptplens_certificate c = run_to_the_end(w, i);
		assert_int_equal(c.matched, 100);
		assert_int_equal(pl_interface_failure(i)->code, PTPLENS_E_GONE);
		assert_non_null(strstr(pl_interface_failure(i)->text, how ? "made0" : "on purpose"));
		pl_interface_close(i);
		free_world(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_clock_step_loses_nothing),
	    cmocka_unit_test(a_full_hold_is_no_loss),
	    cmocka_unit_test(what_ends_by_itself_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
