/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "message.h"
#include "record.h"

#define NS_PER_S 1000000000ll

struct line {
	char *text;
	int length;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *l, const char *format, ...)
{
	va_list arguments;
	int room = PL_COMMENT_BYTES - l->length;

	va_start(arguments, format);
	int n = vsnprintf(l->text + l->length, (size_t)room, format, arguments);
	va_end(arguments);
	if (n > 0)
		l->length += n < room ? n : room - 1;
}

static void add_time(struct line *l, const char *key, int64_t ns)
{
	int64_t s = ns / NS_PER_S, rest = ns % NS_PER_S;

	if (rest < 0) {
		s--;
		rest += NS_PER_S;
	}
	add(l, " %s=%" PRId64 ".%09" PRId64, key, s, rest);
}

static const char *clock_word(const struct ptplens_message *m, int clock_scale)
{
	const struct ptplens_event *e = m->has_stamp ? &m->stamp : &m->event;

	if (e->stamp == PTPLENS_STAMP_SOFTWARE)
		return "utc";
	switch (clock_scale) {
	case PTPLENS_SCALE_ARBITRARY:
		return "arb";
	case PTPLENS_SCALE_TAI:
		return "tai";
	case PTPLENS_SCALE_UTC:
		return "utc";
	default:
		return NULL;
	}
}

void pl_comment_message(char out[PL_COMMENT_BYTES], const struct ptplens_message *m, int clock_scale)
{
	struct line l = {.text = out};

	add(&l, m->frame ? "ptplens:" : "ptplens event:");
	add(&l, " verdict=%s stamp=%s", ptplens_verdict_word(m->verdict), ptplens_stamp_word(m->stamp_state));
	if (m->hw_ns == PTPLENS_NO_TIME) {
		add(&l, " hw=none");
	} else {
		const char *clock = clock_word(m, clock_scale);
		add_time(&l, "hw", m->hw_ns);
		if (clock)
			add(&l, " clock=%s", clock);
	}
	if (m->cause != PTPLENS_CAUSE_NONE)
		add(&l, " cause=%s", ptplens_cause_word(m->cause));
	if (m->frame)
		return;
	add(&l, " direction=%s type=%s sequence_id=%u domain=%u", m->direction == PTPLENS_TRANSMIT ? "transmit" : "receive",
	    ptplens_message_type_name(m->header.message_type), m->header.sequence_id, m->header.domain_number);
	if (m->tap_ns != PTPLENS_NO_TIME)
		add_time(&l, "tap", m->tap_ns);
}

void pl_comment_sample(char out[PL_COMMENT_BYTES], const struct ptplens_clock_sample *s)
{
	struct line l = {.text = out};

	add(&l, "ptplens clock:");
	if (s->nic_ns)
		add_time(&l, "nic", (int64_t)s->nic_ns);
	else
		add(&l, " nic=none");
	add_time(&l, "realtime", s->realtime_ns);
	add_time(&l, "monotonic", (int64_t)s->monotonic_ns);
	add(&l, " half_width_ns=%" PRIu32, s->half_width_ns);
	if (s->tai_utc_s)
		add(&l, " tai_utc=%" PRId32, s->tai_utc_s);
	if (s->flags & PTPLENS_CLOCK_STEPPED)
		add(&l, " stepped=yes");
	if (s->flags & PTPLENS_CLOCK_NIC_JUMPED)
		add(&l, " nic_jumped=yes");
}

void pl_comment_certificate(char out[PL_COMMENT_BYTES], const struct ptplens_certificate *c, int certificate_verdict)
{
	struct line l = {.text = out};

	add(&l, "ptplens cert: final=%s verdict=%s positions=%" PRIu64 " ring_lost=%" PRIu64 " frames=%" PRIu64, c->final ? "yes" : "no",
	    ptplens_certificate_word(certificate_verdict), c->positions, c->ring_lost, c->frames);
	add(&l, " matched=%" PRIu64 " ambiguous=%" PRIu64 " event_only=%" PRIu64 " frame_only=%" PRIu64, c->matched,
	    c->ambiguous_events + c->ambiguous_frames + c->ambiguous_stamps, c->event_only, c->frame_only);
}
