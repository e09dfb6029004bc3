/* SPDX-License-Identifier: BSD-3-Clause */
#include "stamps_state.h"

#include <stdlib.h>
#include <string.h>

#include <ptplens/error.h>

#define LATE_NS 2000000000ll /* a stamp is late, and not an orphan, up to here */
#define HELD_NS 1000000ll    /* a frame that waits this long was held by a queue; passing from tap to card takes microseconds */

struct ptplens_stamps *ptplens_stamps_new(void)
{
	return calloc(1, sizeof(struct ptplens_stamps));
}

void ptplens_stamps_close(struct ptplens_stamps *s)
{
	if (!s)
		return;
	for (size_t k = 0; k < PTPLENS_STAMPS_INTERFACES; k++) {
		struct pl_stamps_interface *i = s->interface[k];
		for (int direction = 0; i && direction < 2; direction++)
			for (int type = 0; type < 16; type++)
				for (int version = 0; version < PL_STAMPS_VERSIONS; version++)
					free(i->row[direction][type][version].delays);
		free(i);
	}
	free(s);
}

static int is_hardware(uint8_t stamp_state)
{
	return stamp_state == PTPLENS_STAMP_STATE_HARDWARE || stamp_state == PTPLENS_STAMP_STATE_PHY ||
	       stamp_state == PTPLENS_STAMP_STATE_LATCH;
}

static int add_delay(struct pl_stamps_row *r, int64_t delay_ns)
{
	if (delay_ns < 0) /* PTPLENS_NO_TIME too */
		return 0;
	if (!r->delays)
		r->delays = calloc(1, sizeof *r->delays);
	if (!r->delays)
		return PTPLENS_E_MEMORY;
	pl_quantile_add(r->delays, (uint64_t)delay_ns);
	return 0;
}

/* --- late stamps and their frames -------------------------------------------------------------------------------------------------- */

static int fit(const struct pl_stamps_open *frame, const struct pl_stamps_open *stamp)
{
	const struct ptplens_header *f = &frame->frame.header, *s = &stamp->frame.header;

	if (frame->frame.interface_index != stamp->frame.interface_index || frame->frame.direction != stamp->frame.direction ||
	    frame->frame.stamp_state != PTPLENS_STAMP_STATE_UNDELIVERED || f->message_type != s->message_type ||
	    f->sequence_id != s->sequence_id || f->domain_number != s->domain_number || f->sdo_id != s->sdo_id ||
	    f->port_number != s->port_number || memcmp(f->clock_identity, s->clock_identity, sizeof f->clock_identity) != 0 ||
	    stamp->time_ns < frame->time_ns || stamp->time_ns - frame->time_ns > LATE_NS)
		return 0;
	return stamp->position ? stamp->position == frame->position : stamp->message_hash == frame->message_hash;
}

/* The one entry that `one` fits; NULL: none, or several and nothing tells which. */
static struct pl_stamps_open *counterpart(struct ptplens_stamps *s, const struct pl_stamps_open *one)
{
	uint64_t kept = s->unstamped < PTPLENS_STAMPS_UNSTAMPED ? s->unstamped : PTPLENS_STAMPS_UNSTAMPED;
	struct pl_stamps_open *found = NULL;

	for (uint64_t k = 0; k < kept; k++) {
		struct pl_stamps_open *o = &s->open[k];
		if (o->stamp_only == one->stamp_only || !(one->stamp_only ? fit(o, one) : fit(one, o)))
			continue;
		if (found)
			return NULL;
		found = o;
	}
	return found;
}

static void put(struct ptplens_stamps *s, const struct pl_stamps_open *o)
{
	struct pl_stamps_open *place = &s->open[s->unstamped % PTPLENS_STAMPS_UNSTAMPED];

	if (s->unstamped >= PTPLENS_STAMPS_UNSTAMPED)
		s->stamps_alone -= (uint64_t)place->stamp_only;
	*place = *o;
	s->unstamped++;
	s->stamps_alone += (uint64_t)o->stamp_only;
	s->listed += (uint64_t)!o->stamp_only;
}

static struct pl_stamps_open entry(const struct ptplens_message *m, const struct ptplens_event *e)
{
	struct pl_stamps_open o = {
	    .frame = {.interface_index = m->interface_index,
	              .direction = m->direction,
	              .stamp_state = m->stamp_state,
	              .hardware = (e->flags & PTPLENS_FLAG_HARDWARE_REQUESTED) != 0,
	              .host_ns = m->host_ns,
	              .tap_ns = m->tap_ns,
	              .stamp_delay_ns = PTPLENS_NO_TIME,
	              .header = m->header},
	    .message_hash = e->message_hash,
	    .time_ns = (int64_t)(e->system_timestamp & INT64_MAX),
	    .stamp_only = e == &m->stamp,
	};
	o.position = o.stamp_only ? e->frame_sequence : (uint32_t)e->sequence;
	return o;
}

/* A frame that has no stamp, and perhaps its late stamp went before it. */
static int take_unstamped(struct ptplens_stamps *s, struct pl_stamps_row *r, const struct ptplens_message *m)
{
	struct pl_stamps_open frame = entry(m, &m->event);
	struct pl_stamps_open *stamp = s->stamps_alone && m->direction == PTPLENS_TRANSMIT ? counterpart(s, &frame) : NULL;

	if (!stamp) {
		put(s, &frame);
		return 0;
	}
	frame.frame.stamp_state = PTPLENS_STAMP_STATE_LATE;
	frame.frame.stamp_delay_ns = stamp->time_ns - frame.time_ns;
	*stamp = frame;
	s->stamps_alone--;
	s->listed++;
	s->interface[m->interface_index]->late_without_delay--;
	return add_delay(r, frame.frame.stamp_delay_ns);
}

static int take_late(struct ptplens_stamps *s, struct pl_stamps_row *r, const struct ptplens_message *m)
{
	struct pl_stamps_open stamp = entry(m, &m->stamp);
	struct pl_stamps_open *frame = counterpart(s, &stamp);

	r->late_stamps++;
	if (!frame) {
		s->interface[m->interface_index]->late_without_delay++;
		put(s, &stamp);
		return 0;
	}
	frame->frame.stamp_state = PTPLENS_STAMP_STATE_LATE;
	frame->frame.stamp_delay_ns = stamp.time_ns - frame->time_ns;
	return add_delay(r, frame->frame.stamp_delay_ns);
}

/* --- waits between tap and card ---------------------------------------------------------------------------------------------------- */

static void settle_holds(struct pl_stamps_holds *h, int64_t distance)
{
	int64_t base = h->has_distance && h->distance > distance ? h->distance : distance, wait;

	for (size_t k = 0; k < h->waiting; k++) {
		h->measured++;
		if (__builtin_sub_overflow(h->sent[k], base, &wait) || wait < HELD_NS)
			continue;
		h->held++;
		if (wait > h->longest_ns)
			h->longest_ns = wait;
	}
	h->waiting = 0;
	h->has_distance = 1;
	h->distance = distance;
}

static void look_at_hold(struct pl_stamps_holds *h, const struct ptplens_message *m)
{
	int64_t distance;

	if (m->verdict != PTPLENS_MATCHED || m->host_ns == PTPLENS_NO_TIME || m->tap_ns == PTPLENS_NO_TIME ||
	    __builtin_sub_overflow(m->host_ns, m->tap_ns, &distance))
		return;
	if (m->direction == PTPLENS_RECEIVE)
		settle_holds(h, distance);
	else if (h->waiting < PL_STAMPS_HOLDS)
		h->sent[h->waiting++] = distance;
}

/* --- counting ---------------------------------------------------------------------------------------------------------------------- */

static int take_stamp_alone(struct ptplens_stamps *s, struct pl_stamps_row *r, const struct ptplens_message *m)
{
	if (m->direction == PTPLENS_TRANSMIT && m->stamp_state == PTPLENS_STAMP_STATE_LATE)
		return take_late(s, r, m);
	++*(m->direction == PTPLENS_TRANSMIT && m->verdict == PTPLENS_AMBIGUOUS ? &r->ambiguous_stamps : &r->orphan_stamps);
	return 0;
}

static int take_delivered(struct pl_stamps_row *r, const struct ptplens_message *m)
{
	r->delivered++;
	r->hardware += (uint64_t)is_hardware(m->stamp_state);
	return m->direction == PTPLENS_TRANSMIT ? add_delay(r, m->stamp_delay_ns) : 0;
}

/* What the join says a frame asked for: the word for a stamp, or for why there is none, implies it. */
static int asked_for(const struct ptplens_message *m)
{
	if (m->stamp_state == PTPLENS_STAMP_STATE_NOT_REQUESTED)
		return 0;
	if (m->stamp_state != PTPLENS_STAMP_STATE_NONE)
		return 1;
	if (m->event.flags & PTPLENS_FLAG_REQUEST_UNKNOWN)
		return 0;
	return (m->event.flags & PTPLENS_FLAG_HARDWARE_REQUESTED) ||
	       (m->direction == PTPLENS_TRANSMIT && (m->event.flags & PTPLENS_FLAG_SOFTWARE_REQUESTED));
}

static int take_frame(struct ptplens_stamps *s, struct pl_stamps_row *r, const struct ptplens_message *m)
{
	int hardware = is_hardware(m->stamp_state) || (m->event.flags & PTPLENS_FLAG_HARDWARE_REQUESTED);

	r->frames++;
	if (!asked_for(m)) {
		++*(m->stamp_state == PTPLENS_STAMP_STATE_NOT_REQUESTED ? &r->not_asked : &r->unknown);
		return 0;
	}
	r->asked_hardware += (uint64_t)hardware;
	r->asked_software_only += !hardware && (m->event.flags & PTPLENS_FLAG_SOFTWARE_REQUESTED);
	if (is_hardware(m->stamp_state) || m->stamp_state == PTPLENS_STAMP_STATE_SOFTWARE)
		return take_delivered(r, m);
	if (m->stamp_state == PTPLENS_STAMP_STATE_REFUSED) {
		r->refused++;
	} else if (m->stamp_state == PTPLENS_STAMP_STATE_NONE && m->direction == PTPLENS_TRANSMIT) {
		r->unreadable++;
	} else {
		r->undelivered++;
		r->undelivered_hardware += (uint64_t)hardware;
	}
	return take_unstamped(s, r, m);
}

static int take(struct ptplens_stamps *s, const struct ptplens_message *m)
{
	if (m->verdict == PTPLENS_NOT_PTP || m->verdict == PTPLENS_TRUNCATED)
		return 0;
	if (m->interface_index >= PTPLENS_STAMPS_INTERFACES || m->direction > PTPLENS_TRANSMIT || m->header.message_type > 15)
		return PTPLENS_E_ARGUMENT;
	struct pl_stamps_interface **i = &s->interface[m->interface_index];
	if (!*i)
		*i = calloc(1, sizeof **i);
	if (!*i)
		return PTPLENS_E_MEMORY;
	int minor_version = m->header.version >> 4;
	int version = minor_version < PL_STAMPS_VERSIONS ? minor_version : PL_STAMPS_VERSIONS - 1;
	struct pl_stamps_row *r = &(*i)->row[m->direction][m->header.message_type][version];
	look_at_hold(&(*i)->holds, m);
	if (m->has_event)
		return take_frame(s, r, m);
	if (m->has_stamp)
		return take_stamp_alone(s, r, m);
	r->no_event++;
	return 0;
}

int ptplens_stamps_push(struct ptplens_stamps *s, const struct ptplens_message *messages, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		int failed = take(s, &messages[k]);
		if (failed)
			return failed;
	}
	return 0;
}

size_t ptplens_stamps_unstamped(const struct ptplens_stamps *s, struct ptplens_unstamped *out, size_t n, uint64_t *older)
{
	uint64_t kept = s->unstamped < PTPLENS_STAMPS_UNSTAMPED ? s->unstamped : PTPLENS_STAMPS_UNSTAMPED;
	uint64_t skip = kept - s->stamps_alone > n ? kept - s->stamps_alone - n : 0;
	size_t given = 0;

	for (uint64_t k = s->unstamped - kept; k < s->unstamped; k++) {
		const struct pl_stamps_open *o = &s->open[k % PTPLENS_STAMPS_UNSTAMPED];
		if (o->stamp_only)
			continue;
		if (skip)
			skip--;
		else
			out[given++] = o->frame;
	}
	*older = s->listed - given;
	return given;
}
