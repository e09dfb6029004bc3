/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic.h"

#include <string.h>

#include "frame.h"
#include "message.h"

uint32_t traffic_random(struct traffic *t, uint32_t below)
{
	/* xorshift64* */
	t->state ^= t->state >> 12;
	t->state ^= t->state << 25;
	t->state ^= t->state >> 27;
	return (uint32_t)((t->state * 2685821657736338717ull) >> 32) % below;
}

void traffic_start(struct traffic *t, uint64_t seed, uint32_t interfaces, uint32_t alone_percent)
{
	memset(t, 0, sizeof *t);
	t->state = seed * 0x9e3779b97f4a7c15ull + 1;
	t->interfaces = interfaces;
	t->alone_percent = alone_percent;
	t->now_ns = 1700000000123456789;
}

static void random_bytes(struct traffic *t, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)traffic_random(t, 256);
}

static uint32_t put_ptp(struct traffic *t, uint8_t *p)
{
	static const uint8_t lengths[16] = {44, 44, 54, 54, 0, 0, 0, 0, 44, 54, 54, 64, 48, 48, 0, 0};
	uint8_t type = (uint8_t)traffic_random(t, 14);
	uint32_t length = lengths[type] ? lengths[type] : 34 + traffic_random(t, 64);

	random_bytes(t, p, length);
	p[0] = (uint8_t)(traffic_random(t, 16) << 4 | type);
	p[1] = (uint8_t)(traffic_random(t, 2) << 4 | 2);
	p[2] = 0;
	p[3] = (uint8_t)length;
	return length;
}

/* An Ethernet or UDPv4 frame; returns its length and where its PTP header is. */
static uint32_t make_frame(struct traffic *t, uint32_t *ptp_offset)
{
	uint8_t *b = t->frame;
	uint32_t o = 14;

	random_bytes(t, b, 60);
	if (traffic_random(t, 2)) {
		b[12] = 0x88;
		b[13] = 0xf7;
	} else {
		static const uint8_t ipv4[] = {0x45, 0, 0, 72, 0, 0, 0, 0, 1, 17};
		b[12] = 8;
		b[13] = 0;
		memcpy(b + o, ipv4, sizeof ipv4);
		o += 20;
		b[o + 2] = 1;
		b[o + 3] = (uint8_t)(0x3f + traffic_random(t, 2));
		o += 8;
	}
	*ptp_offset = o;
	o += put_ptp(t, b + o);
	while (o < 60 && traffic_random(t, 2))
		b[o++] = 0;
	return o;
}

static void make_event(struct traffic *t, const struct ptplens_message *m, struct ptplens_event *e, int kind)
{
	static const uint8_t stamps[] = {PTPLENS_STAMP_NONE, PTPLENS_STAMP_SOFTWARE,     PTPLENS_STAMP_NIC,
	                                 PTPLENS_STAMP_PHY,  PTPLENS_STAMP_REFUSED_FORM, PTPLENS_STAMP_LATCH};

	random_bytes(t, (uint8_t *)e, sizeof *e);
	e->kind = (uint8_t)kind;
	e->direction = m->direction;
	e->message_type &= 15;
	e->stamp = stamps[traffic_random(t, sizeof stamps)];
	e->hw_timestamp_ns = traffic_random(t, 4) ? (uint64_t)m->host_ns + 37000000000u + traffic_random(t, 1000) : 0;
	e->system_timestamp = (uint64_t)m->host_ns - 1699990000000000000u + traffic_random(t, 100000);
	e->queue_id = traffic_random(t, 2) ? PTPLENS_QUEUE_UNKNOWN : (uint8_t)traffic_random(t, 16);
}

static int64_t visible_stamp(const struct ptplens_event *e)
{
	switch (e->stamp) {
	case PTPLENS_STAMP_SOFTWARE:
	case PTPLENS_STAMP_NIC:
	case PTPLENS_STAMP_PHY:
	case PTPLENS_STAMP_LATCH:
		return e->hw_timestamp_ns ? (int64_t)e->hw_timestamp_ns : PTPLENS_NO_TIME;
	default:
		return PTPLENS_NO_TIME;
	}
}

static void add_events(struct traffic *t, struct ptplens_message *m)
{
	uint32_t which = traffic_random(t, m->frame ? 4 : 3);

	m->tap_ns = m->hw_ns = m->stamp_delay_ns = PTPLENS_NO_TIME;
	m->has_event = which != 3 && (m->frame || which != 2);
	m->has_stamp = m->frame ? which == 1 || (which == 2 && traffic_random(t, 8) == 0) : which != 0;
	if (m->has_event) {
		make_event(t, m, &m->event, PTPLENS_KIND_FRAME);
		m->tap_ns = (int64_t)m->event.system_timestamp;
		m->hw_ns = visible_stamp(&m->event);
	}
	if (m->has_stamp) {
		make_event(t, m, &m->stamp, PTPLENS_KIND_STAMP);
		if (m->has_event)
			m->stamp_delay_ns = (int64_t)(m->stamp.system_timestamp - m->event.system_timestamp);
		else
			m->tap_ns = (int64_t)m->stamp.system_timestamp;
		m->hw_ns = visible_stamp(&m->stamp);
	}
}

static void add_frame(struct traffic *t, struct ptplens_message *m)
{
	m->frame = t->frame;
	m->packet_id = ++t->packets[m->interface];
	m->captured_length = make_frame(t, &m->ptp_offset);
	m->wire_length = m->captured_length + (traffic_random(t, 8) ? 0 : traffic_random(t, 1000));
	pl_header_decode(m->frame + m->ptp_offset, &m->header);
	if (!t->plain && traffic_random(t, 16) == 0) { /* not PTP, and of any length */
		m->captured_length = 1 + traffic_random(t, 1500);
		m->wire_length = m->captured_length;
		random_bytes(t, t->frame, m->captured_length);
		t->frame[12] = 0;
		m->ptp_offset = 0;
		m->header = (struct ptplens_header){0};
		m->verdict = PTPLENS_NOT_PTP;
	}
}

void traffic_next(struct traffic *t, struct ptplens_message *m)
{
	static const uint8_t alone[] = {PTPLENS_EVENT_ONLY, PTPLENS_AMBIGUOUS};
	static const uint8_t framed[] = {PTPLENS_MATCHED, PTPLENS_AMBIGUOUS, PTPLENS_FRAME_ONLY, PTPLENS_TRUNCATED};
	int is_alone = traffic_random(t, 100) < t->alone_percent;

	memset(m, 0, sizeof *m);
	t->now_ns += traffic_random(t, 20000000);
	m->interface = traffic_random(t, t->interfaces);
	m->direction = (uint8_t)traffic_random(t, 2);
	m->verdict = is_alone ? alone[traffic_random(t, 2)] : framed[traffic_random(t, 4)];
	m->cause = (uint8_t)traffic_random(t, PTPLENS_CAUSES);
	m->stamp_state = (uint8_t)traffic_random(t, PTPLENS_STAMP_STATES);
	m->host_ns = t->now_ns;
	if (!is_alone)
		add_frame(t, m);
	add_events(t, m);
	if (is_alone) {
		m->host_ns = PTPLENS_NO_TIME;
		pl_header_from_event(m->has_event ? &m->event : &m->stamp, &m->header);
	}
	if (t->plain)
		return;
	if (traffic_random(t, 32) == 0) /* times that a session knows and no event tells */
		m->host_ns = traffic_random(t, 2) ? PTPLENS_NO_TIME : -5;
	if (traffic_random(t, 32) == 0)
		m->hw_ns = traffic_random(t, 2) ? PTPLENS_NO_TIME : 77;
	if (traffic_random(t, 32) == 0)
		m->stamp_delay_ns = 1234567;
}
