/* SPDX-License-Identifier: BSD-3-Clause */
#include "interface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "hold.h"
#include "join.h"
#include "message.h"
#include "samples.h"
#include "timebase.h"

#define ITEMS 65536u /* of the join; the hold stops reading before it would have to evict */
#define FRAME_BYTES (16u << 20)
#define FRAME_BYTES_MAX 65536u
#define EVENTS_A_READ 256
#define NS_PER_MS 1000000ll

/* A frame or an event with an earlier time can still turn up for this long after both were found empty. */
#define SETTLE_NS (5 * NS_PER_MS)
/* A received frame comes at most this long before its event: what was captured earlier than that before attach has no bearing. */
#define LEAD_NS (100 * NS_PER_MS)

/* A session ends at one instant for both sides. Hooks and capture go on for this long after it, so that the frames, events and transmit
 * stamps of what came before it are not missed: a stamp counts as undelivered after 100 ms. */
#define LINGER_NS (150 * NS_PER_MS)

enum phase { RUNNING, ENDING, DETACHED, ENDED };

struct pl_interface {
	struct pl_tap *tap;
	struct pl_capture *capture;
	struct pl_join *join;
	struct pl_hold *hold;
	struct pl_timebase timebase;
	struct pl_samples samples;
	struct pl_tap_stats tap_stats;
	struct pl_capture_stats capture_stats;
	uint64_t captured, not_ptp, rejected_by[PTPLENS_REJECTS], packets;
	uint64_t last_given; /* token of the newest frame given out, to be released */
	int has_given;
	int64_t frames_to, events_to; /* CLOCK_MONOTONIC of the last ones read: how far a full hold lets us see */
	enum phase phase;
	int64_t detach_ns;
	uint32_t index;
	struct pl_error failure; /* why it ended by itself */
};

static void give_evidence(struct pl_interface *i, int64_t time_ns)
{
	i->tap->ops->stats(i->tap, &i->tap_stats);
	i->capture->ops->stats(i->capture, &i->capture_stats);
	const struct pl_tap_stats *t = &i->tap_stats;
	struct pl_join_evidence e = {
	    .time_ns = time_ns,
	    .ring_lost = t->ring_lost,
	    .capture_dropped = {i->capture_stats.dropped[0], i->capture_stats.dropped[1]},
	    .below_stack_dropped = t->below_stack_dropped,
	    .stamps_unseen = t->stamps_unseen,
	    .backlog = t->backlog,
	    .link_events = t->link_events,
	    .program_ahead = t->program_ahead,
	    .detached = t->detached,
	};
	pl_join_evidence(i->join, &e);
}

struct pl_interface *pl_interface_open(struct pl_tap *tap, struct pl_capture *capture, uint32_t index)
{
	struct pl_interface *i = calloc(1, sizeof *i);
	if (!i) {
		tap->ops->close(tap);
		capture->ops->close(capture);
		return NULL;
	}
	i->tap = tap;
	i->capture = capture;
	i->index = index;
	i->join = pl_join_open(&(struct pl_join_options){.items = ITEMS, .attach_ns = tap->attach_ns});
	i->hold = pl_hold_open(ITEMS / 2, FRAME_BYTES, ITEMS / 2);
	if (!i->join || !i->hold || pl_samples_open(&i->samples)) {
		pl_interface_close(i);
		return NULL;
	}
	/* what is lost before the first drain is a rise from here */
	give_evidence(i, tap->attach_ns);
	return i;
}

void pl_interface_close(struct pl_interface *i)
{
	if (!i)
		return;
	i->tap->ops->close(i->tap);
	i->capture->ops->close(i->capture);
	pl_join_close(i->join);
	pl_hold_close(i->hold);
	pl_samples_close(&i->samples);
	free(i);
}

static void take_frame(struct pl_interface *i, const struct pl_captured *c)
{
	int doubtful = 0;
	int64_t time_ns = pl_timebase_map(&i->timebase, c->host_ns, &doubtful);
	struct pl_held_frame frame = {
	    .bytes = c->frame,
	    .captured_length = c->captured_length,
	    .wire_length = c->wire_length,
	    .host_ns = c->host_ns,
	};
	uint32_t have = c->captured_length < PL_FRAME_MAX ? c->captured_length : PL_FRAME_MAX;

	if (!doubtful && time_ns < i->tap->attach_ns - LEAD_NS)
		return;
	i->captured++;
	enum pl_frame_result result = pl_frame_parse(c->frame, have, c->wire_length, -1, &frame.parsed, &frame.ptp_offset);
	if (result == PL_FRAME_NOT_PTP) {
		i->not_ptp++;
		return;
	}
	if (result != PL_FRAME_PTP) {
		i->rejected_by[result - PL_FRAME_REJECT]++;
		return;
	}
	frame.parsed.direction = c->direction;
	i->frames_to = time_ns;
	uint64_t token = pl_hold_frame(i->hold, &frame);
	pl_join_frame(i->join, token, &frame.parsed, time_ns, c->host_ns, doubtful);
}

/* Frames up to until_ns. Returns 0 if the hold is full before. */
static int drain_capture(struct pl_interface *i, int64_t until_ns)
{
	struct pl_captured c;
	struct pl_error error;

	while (!i->failure.code) {
		if (!pl_hold_has_room(i->hold, FRAME_BYTES_MAX))
			return 0;
		int got = i->capture->ops->read(i->capture, until_ns, &c, &error);
		if (got < 0)
			pl_fail(&i->failure, PTPLENS_E_GONE, "%s: %s", i->tap->interface, error.text);
		if (got <= 0)
			break;
		take_frame(i, &c);
	}
	return 1;
}

/* Returns 0 if the hold is full. */
static int drain_ring(struct pl_interface *i)
{
	struct ptplens_event events[EVENTS_A_READ];
	size_t n;

	do {
		size_t room = pl_hold_event_room(i->hold);
		if (!room)
			return 0;
		n = i->tap->ops->read(i->tap, events, room < EVENTS_A_READ ? room : EVENTS_A_READ);
		for (size_t k = 0; k < n; k++) {
			/* the join gives nothing out for a loopback copy, so it is not held */
			int skipped = events[k].flags & PTPLENS_FLAG_LOOPBACK;
			i->events_to = (int64_t)events[k].system_timestamp;
			pl_join_event(i->join, skipped ? PL_JOIN_NONE : pl_hold_event(i->hold, &events[k]), &events[k]);
		}
	} while (n > 0);
	return 1;
}

static void end_at(struct pl_interface *i, int64_t time_ns)
{
	i->detach_ns = time_ns;
	pl_join_detach(i->join, time_ns);
	i->phase = ENDING;
}

static void take_sample(struct pl_interface *i)
{
	struct ptplens_clock_sample s;

	if (i->tap->ops->sample && i->tap->ops->sample(i->tap, &s))
		pl_samples_add(&i->samples, &s);
}

void pl_interface_drain(struct pl_interface *i)
{
	struct pl_tap_clocks now;

	if (i->phase == ENDED)
		return;
	take_sample(i);
	i->tap->ops->clocks(i->tap, &now);
	/* after a step, a frame in the future is one from before it */
	int stepped = pl_timebase_read(&i->timebase, now.monotonic_ns, now.realtime_ns);
	int64_t drained_to = now.monotonic_ns - SETTLE_NS;
	int whole = drain_capture(i, stepped ? INT64_MAX : now.realtime_ns - SETTLE_NS);
	if (!whole && i->frames_to < drained_to)
		drained_to = i->frames_to;
	if (!drain_ring(i)) {
		whole = 0;
		if (i->events_to < drained_to)
			drained_to = i->events_to;
	}
	give_evidence(i, now.monotonic_ns);
	pl_join_advance(i->join, drained_to);

	if (i->phase == RUNNING && i->tap_stats.detached && !i->failure.code)
		pl_fail(&i->failure, PTPLENS_E_GONE, "%s: the interface, or the tap's hook on it, is gone", i->tap->interface);
	if (i->phase == RUNNING && i->failure.code) {
		end_at(i, now.monotonic_ns);
	} else if (i->phase == ENDING && now.monotonic_ns - i->detach_ns >= LINGER_NS + SETTLE_NS) {
		i->tap->ops->detach(i->tap);
		i->phase = DETACHED;
	} else if (i->phase == DETACHED && whole && i->tap_stats.ring_pending == 0) {
		pl_join_finish(i->join, i->detach_ns);
		i->phase = ENDED;
	}
}

void pl_interface_stop(struct pl_interface *i)
{
	struct pl_tap_clocks now;

	if (i->phase != RUNNING)
		return;
	i->tap->ops->clocks(i->tap, &now);
	end_at(i, now.monotonic_ns);
}

static int64_t stamp_value(const struct ptplens_event *e)
{
	return e->stamp >= PTPLENS_STAMP_SOFTWARE && e->stamp <= PTPLENS_STAMP_LATCH && e->hw_timestamp_ns ? (int64_t)e->hw_timestamp_ns
	                                                                                                   : PTPLENS_NO_TIME;
}

static void fill_frame(struct pl_interface *i, uint64_t token, struct ptplens_message *m)
{
	const struct pl_held_frame *f = pl_hold_get_frame(i->hold, token);

	m->direction = f->parsed.direction;
	m->host_ns = f->host_ns;
	m->frame = f->bytes;
	m->captured_length = f->captured_length;
	m->wire_length = f->wire_length;
	m->ptp_offset = f->ptp_offset;
	m->packet_id = ++i->packets;
	pl_header_decode(f->bytes + f->ptp_offset, &m->header);
}

static void fill_events(struct pl_interface *i, const struct pl_join_result *r, struct ptplens_message *m)
{
	if (r->event != PL_JOIN_NONE) {
		m->event = *pl_hold_get_event(i->hold, r->event);
		m->has_event = 1;
		m->tap_ns = (int64_t)m->event.system_timestamp;
		m->hw_ns = stamp_value(&m->event);
	}
	if (r->stamp != PL_JOIN_NONE) {
		m->stamp = *pl_hold_get_event(i->hold, r->stamp);
		m->has_stamp = 1;
		m->hw_ns = stamp_value(&m->stamp);
		if (m->has_event)
			m->stamp_delay_ns = (int64_t)(m->stamp.system_timestamp - m->event.system_timestamp);
		else
			m->tap_ns = (int64_t)m->stamp.system_timestamp;
	}
	if (r->frame == PL_JOIN_NONE) {
		const struct ptplens_event *e = m->has_event ? &m->event : &m->stamp;
		m->direction = e->direction;
		pl_header_from_event(e, &m->header);
	}
}

/* The message has copies of the events; the bytes of its frame stay until pl_interface_release. */
static void free_tokens(struct pl_interface *i, const struct pl_join_result *r)
{
	if (r->event != PL_JOIN_NONE)
		pl_hold_free_event(i->hold, r->event);
	if (r->stamp != PL_JOIN_NONE)
		pl_hold_free_event(i->hold, r->stamp);
	if (r->frame != PL_JOIN_NONE) {
		i->last_given = r->frame;
		i->has_given = 1;
	}
}

int pl_interface_next(struct pl_interface *i, struct ptplens_message *out)
{
	struct pl_join_result r;

	while (pl_join_next(i->join, &r)) {
		/* what lies before attach or after detach is counted, and no message */
		if (r.verdict) {
			*out = (struct ptplens_message){
			    .interface_index = i->index,
			    .verdict = r.verdict,
			    .cause = r.cause,
			    .stamp_state = r.stamp_state,
			    .host_ns = PTPLENS_NO_TIME,
			    .tap_ns = PTPLENS_NO_TIME,
			    .hw_ns = PTPLENS_NO_TIME,
			    .stamp_delay_ns = PTPLENS_NO_TIME,
			};
			if (r.frame != PL_JOIN_NONE)
				fill_frame(i, r.frame, out);
			fill_events(i, &r, out);
		}
		free_tokens(i, &r);
		if (r.verdict)
			return 1;
	}
	return 0;
}

void pl_interface_release(struct pl_interface *i)
{
	if (i->has_given)
		pl_hold_free_frames(i->hold, i->last_given);
	i->has_given = 0;
}

int pl_interface_ended(const struct pl_interface *i)
{
	return i->phase == ENDED;
}

void pl_interface_certificate(const struct pl_interface *i, struct ptplens_certificate *c)
{
	const struct pl_tap_stats *t = &i->tap_stats;

	*c = (struct ptplens_certificate){0};
	pl_join_certificate(i->join, c);
	c->final = i->phase == ENDED;
	c->positions = t->positions;
	c->received = t->ring_received;
	c->ring_lost = t->ring_lost;
	c->ring_pending = t->ring_pending;
	c->captured = i->captured;
	c->not_ptp = i->not_ptp;
	c->stamps_unseen = t->stamps_unseen;
	c->capture_dropped = i->capture_stats.dropped[0] + i->capture_stats.dropped[1];
	for (int r = 0; r < PTPLENS_REJECTS; r++) {
		c->rejected_by[r] = i->rejected_by[r];
		c->rejected += i->rejected_by[r];
		c->tap_rejected += t->rejected_by[r];
	}
}

size_t pl_interface_counters(const struct pl_interface *i, struct ptplens_counter *out, size_t n)
{
	return i->tap->ops->counters ? i->tap->ops->counters(i->tap, out, n) : 0;
}

void pl_interface_describe(const struct pl_interface *i, struct ptplens_interface *out)
{
	struct ptplens_certificate c;

	pl_interface_certificate(i, &c);
	*out = (struct ptplens_interface){
	    .mode = i->tap->simulated ? PTPLENS_MODE_SIMULATED : PTPLENS_MODE_LIVE,
	    .certificate_verdict = i->tap->simulated ? PTPLENS_NO_VERDICT : pl_certificate_verdict(&c),
	    .header = i->tap->header,
	};
	snprintf(out->name, sizeof out->name, "%s", i->tap->interface);
}

size_t pl_interface_samples(const struct pl_interface *i, uint64_t *position, struct ptplens_clock_sample *out, size_t n)
{
	return pl_samples_get(&i->samples, position, out, n);
}

void pl_interface_notes(const struct pl_interface *i, char *out, size_t size)
{
	int at = snprintf(out, size, "%s", i->tap->notes);

	if (at < 0 || (size_t)at + 1 >= size)
		return;
	/* a line end between the two, if there are two */
	pl_samples_notes(&i->samples, i->tap->interface, out + at + 1, size - (size_t)at - 1);
	if (at && out[at + 1])
		out[at] = '\n';
	else if (!at)
		memmove(out, out + 1, strlen(out + 1) + 1);
}

const struct pl_error *pl_interface_failure(const struct pl_interface *i)
{
	return &i->failure;
}

uint64_t pl_interface_link_events(const struct pl_interface *i)
{
	return i->tap_stats.link_events;
}
