/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"

#include <string.h>

#include "frame.h"
#include "message.h"

#define MAGIC "PTPL"
#define TIMES_BYTES 32
#define RECORDING_BYTES 40
#define INTERFACE_BYTES 88

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "events are copied as they lie in memory, which has to be little endian as the file is"
#endif

_Static_assert(sizeof(struct ptplens_certificate) % 8 == 0, "u64 only");
_Static_assert(sizeof(struct pl_tally) % 8 == 0, "u64 only");

static void put_record(struct pl_pcapng_writer *w, const struct pl_record *r)
{
	uint8_t b[PL_RECORD_HEAD + sizeof(struct ptplens_certificate)]; /* the largest body */

	memset(b, 0, PL_RECORD_HEAD);
	pl_put_u32(b, PL_RECORD_PEN);
	memcpy(b + 4, MAGIC, 4);
	b[8] = PL_RECORD_VERSION;
	b[9] = r->kind;
	b[10] = r->verdict;
	b[11] = r->cause;
	b[12] = r->stamp_state;
	b[13] = r->flags;
	if (r->body_length)
		memcpy(b + PL_RECORD_HEAD, r->body, r->body_length);
	pl_pcapng_option(w, PL_OPTION_CUSTOM, b, PL_RECORD_HEAD + r->body_length);
}

static int64_t stamp_value(const struct ptplens_event *e)
{
	int visible = e->stamp >= PTPLENS_STAMP_SOFTWARE && e->stamp <= PTPLENS_STAMP_LATCH && e->hw_timestamp_ns;
	return visible ? (int64_t)e->hw_timestamp_ns : PTPLENS_NO_TIME;
}

static void times_from_events(struct ptplens_message *m)
{
	m->tap_ns = m->hw_ns = m->stamp_delay_ns = PTPLENS_NO_TIME;
	if (m->has_event) {
		m->tap_ns = (int64_t)m->event.system_timestamp;
		m->hw_ns = stamp_value(&m->event);
	}
	if (m->has_stamp) {
		m->hw_ns = stamp_value(&m->stamp);
		if (m->has_event)
			m->stamp_delay_ns = (int64_t)(m->stamp.system_timestamp - m->event.system_timestamp);
		else
			m->tap_ns = (int64_t)m->stamp.system_timestamp;
	}
}

/* The times of a message that a reader would not get from its frame and its events. */
static int has_other_times(const struct ptplens_message *m)
{
	struct ptplens_message told = *m;

	times_from_events(&told);
	return told.tap_ns != m->tap_ns || told.hw_ns != m->hw_ns || told.stamp_delay_ns != m->stamp_delay_ns ||
	       (m->frame ? m->host_ns < 0 : m->host_ns != PTPLENS_NO_TIME);
}

static void put_event(struct pl_pcapng_writer *w, struct pl_record *r, const struct ptplens_event *e)
{
	r->body = (const uint8_t *)e;
	r->body_length = sizeof *e;
	put_record(w, r);
	if (r->kind == PL_RECORD_ALONE)
		r->flags |= PL_RECORD_CONTINUES;
}

void pl_record_message(struct pl_pcapng_writer *w, const struct ptplens_message *m, unsigned after)
{
	struct pl_record r = {.kind = m->frame ? PL_RECORD_EVENT : PL_RECORD_ALONE,
	                      .verdict = m->verdict,
	                      .cause = m->cause,
	                      .stamp_state = m->stamp_state,
	                      .flags = (uint8_t)after};
	uint8_t times[TIMES_BYTES];

	if (m->has_event)
		put_event(w, &r, &m->event);
	if (m->has_stamp)
		put_event(w, &r, &m->stamp);
	if (!m->has_event && !m->has_stamp) {
		r.kind = PL_RECORD_FRAME;
		put_record(w, &r);
	}
	if (!has_other_times(m))
		return;
	pl_put_u64(times, (uint64_t)m->host_ns);
	pl_put_u64(times + 8, (uint64_t)m->tap_ns);
	pl_put_u64(times + 16, (uint64_t)m->hw_ns);
	pl_put_u64(times + 24, (uint64_t)m->stamp_delay_ns);
	r.kind = PL_RECORD_TIMES;
	r.body = times;
	r.body_length = sizeof times;
	put_record(w, &r);
}

void pl_record_sample(struct pl_pcapng_writer *w, const struct ptplens_clock_sample *s)
{
	put_record(w, &(struct pl_record){.kind = PL_RECORD_CLOCK, .body = (const uint8_t *)s, .body_length = sizeof *s});
}

void pl_record_certificate(struct pl_pcapng_writer *w, const struct ptplens_certificate *c, int certificate_verdict)
{
	put_record(w, &(struct pl_record){.kind = PL_RECORD_CERTIFICATE,
	                                  .verdict = (uint8_t)certificate_verdict,
	                                  .body = (const uint8_t *)c,
	                                  .body_length = sizeof *c});
}

void pl_record_tally(struct pl_pcapng_writer *w, const struct pl_tally *t)
{
	put_record(w, &(struct pl_record){.kind = PL_RECORD_TALLY, .body = (const uint8_t *)t, .body_length = sizeof *t});
}

void pl_record_recording(struct pl_pcapng_writer *w, const struct pl_recording_start *s)
{
	uint8_t b[RECORDING_BYTES] = {0};

	memcpy(b, s->id, sizeof s->id);
	pl_put_u64(b + 16, (uint64_t)s->realtime_ns);
	pl_put_u64(b + 24, (uint64_t)s->monotonic_ns);
	pl_put_u32(b + 32, s->mode);
	put_record(w, &(struct pl_record){.kind = PL_RECORD_RECORDING, .body = b, .body_length = sizeof b});
}

void pl_record_interface(struct pl_pcapng_writer *w, const struct pl_recorded_interface *i)
{
	uint8_t b[INTERFACE_BYTES] = {0};

	memcpy(b, &i->header, sizeof i->header);
	memcpy(b + 64, i->id, sizeof i->id);
	pl_put_u32(b + 80, i->mode);
	put_record(w, &(struct pl_record){.kind = PL_RECORD_INTERFACE, .body = b, .body_length = sizeof b});
}

/* Numbers that index tables elsewhere must be in range. */
static int is_event(const struct pl_record *r)
{
	const uint8_t *e = r->body;
	return r->body_length == sizeof(struct ptplens_event) && e[16] <= PTPLENS_TRANSMIT && e[17] <= 15 && e[27] <= PTPLENS_KIND_STAMP;
}

static int is_understood(const struct pl_record *r)
{
	int is_message = r->verdict >= PTPLENS_MATCHED && r->verdict <= PTPLENS_TRUNCATED && r->cause < PTPLENS_CAUSES &&
	                 r->stamp_state < PTPLENS_STAMP_STATES;

	switch (r->kind) {
	case PL_RECORD_FRAME:
		return is_message;
	case PL_RECORD_EVENT:
	case PL_RECORD_ALONE:
		return is_message && is_event(r);
	case PL_RECORD_TIMES:
		return is_message && r->body_length == TIMES_BYTES;
	case PL_RECORD_CLOCK:
		return r->body_length == sizeof(struct ptplens_clock_sample) && r->body[27] == PTPLENS_KIND_CLOCK;
	case PL_RECORD_CERTIFICATE:
		return r->verdict >= PTPLENS_COMPLETE && r->verdict <= PTPLENS_NO_VERDICT && r->body_length % 8 == 0;
	case PL_RECORD_TALLY:
		return r->body_length % 8 == 0;
	case PL_RECORD_RECORDING:
		return r->body_length >= RECORDING_BYTES;
	case PL_RECORD_INTERFACE:
		return r->body_length >= INTERFACE_BYTES;
	default:
		return 0;
	}
}

int pl_record_read(const struct pl_pcapng_block *block, const struct pl_pcapng_option *o, struct pl_record *out)
{
	static const uint8_t pen[2][4] = {{PL_RECORD_PEN & 0xff, PL_RECORD_PEN >> 8, 0, 0},
	                                  {0, 0, PL_RECORD_PEN >> 8, PL_RECORD_PEN & 0xff}};
	const uint8_t *b = o->value;

	if (o->code != PL_OPTION_CUSTOM || o->length < 8 || memcmp(b, pen[block->big_endian], 4) != 0 || memcmp(b + 4, MAGIC, 4) != 0)
		return 0;
	if (o->length < PL_RECORD_HEAD || b[8] != PL_RECORD_VERSION)
		return PTPLENS_E_FORMAT;
	struct pl_record r = {.kind = b[9],
	                      .verdict = b[10],
	                      .cause = b[11],
	                      .stamp_state = b[12],
	                      .flags = b[13],
	                      .body = b + PL_RECORD_HEAD,
	                      .body_length = o->length - (size_t)PL_RECORD_HEAD};
	if (!is_understood(&r))
		return PTPLENS_E_FORMAT;
	*out = r;
	return 1;
}

static void get_counts(const struct pl_record *r, void *out, size_t size)
{
	memset(out, 0, size);
	memcpy(out, r->body, r->body_length < size ? r->body_length : size);
}

void pl_record_get_certificate(const struct pl_record *r, struct ptplens_certificate *out)
{
	get_counts(r, out, sizeof *out);
}

void pl_record_get_sample(const struct pl_record *r, struct ptplens_clock_sample *out)
{
	memcpy(out, r->body, sizeof *out);
}

void pl_record_get_tally(const struct pl_record *r, struct pl_tally *out)
{
	get_counts(r, out, sizeof *out);
}

void pl_record_get_interface(const struct pl_record *r, struct pl_recorded_interface *out)
{
	memcpy(&out->header, r->body, sizeof out->header);
	memcpy(out->id, r->body + 64, sizeof out->id);
	out->mode = pl_get_u32(r->body + 80);
}

void pl_message_begin(struct ptplens_message *m)
{
	*m = (struct ptplens_message){
	    .host_ns = PTPLENS_NO_TIME, .tap_ns = PTPLENS_NO_TIME, .hw_ns = PTPLENS_NO_TIME, .stamp_delay_ns = PTPLENS_NO_TIME};
}

static int add_event(struct ptplens_message *m, const uint8_t *body)
{
	struct ptplens_event e;

	memcpy(&e, body, sizeof e);
	int is_stamp = e.kind == PTPLENS_KIND_STAMP;
	if (is_stamp ? m->has_stamp : m->has_event)
		return PTPLENS_E_FORMAT;
	*(is_stamp ? &m->stamp : &m->event) = e;
	*(is_stamp ? &m->has_stamp : &m->has_event) = 1;
	times_from_events(m);
	return 0;
}

int pl_message_add(struct ptplens_message *m, const struct pl_record *r)
{
	if ((r->kind == PL_RECORD_EVENT || r->kind == PL_RECORD_ALONE) && add_event(m, r->body))
		return PTPLENS_E_FORMAT;
	if (r->kind == PL_RECORD_TIMES) {
		m->host_ns = (int64_t)pl_get_u64(r->body);
		m->tap_ns = (int64_t)pl_get_u64(r->body + 8);
		m->hw_ns = (int64_t)pl_get_u64(r->body + 16);
		m->stamp_delay_ns = (int64_t)pl_get_u64(r->body + 24);
	}
	if (!m->verdict) {
		m->verdict = r->verdict;
		m->cause = r->cause;
		m->stamp_state = r->stamp_state;
	}
	return 0;
}

void pl_message_complete(struct ptplens_message *m)
{
	struct ptplens_event parsed = {0};

	if (!m->frame) {
		const struct ptplens_event *e = m->has_event ? &m->event : &m->stamp;
		m->direction = e->direction;
		pl_header_from_event(e, &m->header);
		return;
	}
	uint32_t have = m->captured_length < PL_FRAME_MAX ? m->captured_length : PL_FRAME_MAX;
	enum pl_frame_result result = pl_frame_parse(m->frame, have, m->wire_length, -1, &parsed, &m->ptp_offset);
	if (result == PL_FRAME_PTP)
		pl_header_decode(m->frame + m->ptp_offset, &m->header);
	else
		m->ptp_offset = 0;
	if (m->verdict)
		return;
	m->verdict = PTPLENS_FRAME_ONLY;
	m->cause = PTPLENS_CAUSE_NO_EVENTS;
	if (result != PL_FRAME_PTP) {
		m->verdict = result == PL_FRAME_TRUNCATED ? PTPLENS_TRUNCATED : PTPLENS_NOT_PTP;
		m->cause = PTPLENS_CAUSE_NONE;
	}
}
