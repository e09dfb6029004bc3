/* SPDX-License-Identifier: BSD-3-Clause */
#include "out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "cmd.h"

#define NS_PER_S 1000000000ll

static const char *const mode_words[] = {"?", "live", "file", "simulated"};
static const char *const directions[] = {"receive", "transmit"};
static const char *const transports[] = {"ethernet", "udp-ipv4", "udp-ipv6", "?"};

void out_error(const char *format, ...)
{
	va_list arguments;

	fputs("ptplens: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void out_notes(const char *notes)
{
	while (*notes) {
		size_t n = strcspn(notes, "\n");
		out_error("%.*s", (int)n, notes);
		notes += n + (notes[n] != 0);
	}
}

static const char *hook_word(unsigned hooks)
{
	return hooks & PTPLENS_HOOK_TCX ? "tcx" : hooks & PTPLENS_HOOK_CLSACT ? "clsact" : hooks & PTPLENS_HOOK_NDIS ? "ndis" : "none";
}

static const char *stamp_hook_word(unsigned hooks)
{
	return hooks & PTPLENS_HOOK_FENTRY        ? "fentry"
	       : hooks & PTPLENS_HOOK_KPROBE      ? "kprobe"
	       : hooks & PTPLENS_HOOK_ERROR_QUEUE ? "error-queue"
	                                          : "none";
}

/* A recording keeps the hooks it was made with; only the simulator has none. */
void out_mode(FILE *f, const struct ptplens_interface *i, int json)
{
	const char *mode = mode_words[i->mode <= PTPLENS_MODE_SIMULATED ? i->mode : 0];
	const char *hooks = hook_word(i->header.hooks), *stamps = stamp_hook_word(i->header.hooks);

	if (i->header.system == PTPLENS_SYSTEM_SIMULATOR)
		hooks = stamps = "simulated";
	if (json)
		fprintf(f, "{\"kind\":\"mode\",\"mode\":\"%s\",\"hooks\":\"%s\",\"stamps\":\"%s\",\"interface\":\"%s\"}\n", mode, hooks,
		        stamps, i->name);
	else
		fprintf(f, "mode=%s hooks=%s stamps=%s interface=%s\n", mode, hooks, stamps, i->name);
}

static void number_or_null(FILE *f, const char *key, int64_t v)
{
	if (v == PTPLENS_NO_TIME)
		fprintf(f, ",\"%s\":null", key);
	else
		fprintf(f, ",\"%s\":%" PRId64, key, v);
}

/* On receive: what the receive filter covers. */
static const char *asked_word(unsigned flags)
{
	static const char *const words[] = {"none", "hardware", "software", "both"};

	if (flags & PTPLENS_FLAG_REQUEST_UNKNOWN)
		return "unknown";
	return words[(flags & PTPLENS_FLAG_HARDWARE_REQUESTED ? 1 : 0) + (flags & PTPLENS_FLAG_SOFTWARE_REQUESTED ? 2 : 0)];
}

static void message_json(FILE *f, const char *interface, const struct ptplens_message *m)
{
	const struct ptplens_header *h = &m->header;
	const struct ptplens_event *e = m->has_event ? &m->event : m->has_stamp ? &m->stamp : NULL;

	fprintf(f, "{\"kind\":\"message\",\"interface\":\"%s\"", interface);
	number_or_null(f, "time_ns", m->host_ns);
	number_or_null(f, "tap_ns", m->tap_ns);
	fprintf(f,
	        ",\"direction\":\"%s\",\"type\":\"%s\",\"message_type\":%u,\"minor_version\":%u,\"sequence_id\":%u,\"domain\":%u,"
	        "\"sdo_id\":%u",
	        directions[m->direction & 1], ptplens_message_type_name(h->message_type), h->message_type, h->version >> 4, h->sequence_id,
	        h->domain_number, h->sdo_id);
	fputs(",\"port\":\"", f);
	for (int i = 0; i < 8; i++)
		fprintf(f, "%02x", h->clock_identity[i]);
	fprintf(f, "-%u\"", h->port_number);
	if (e) {
		fprintf(f, ",\"transport\":\"%s\"", transports[(e->flags & PTPLENS_FLAG_TRANSPORT_MASK) >> PTPLENS_FLAG_TRANSPORT_SHIFT]);
		if (e->flags & PTPLENS_FLAG_VLAN)
			fprintf(f, ",\"vlan_id\":%u,\"pcp\":%u", e->vlan_id, e->pcp);
		if (e->queue_id != PTPLENS_QUEUE_UNKNOWN)
			fprintf(f, ",\"queue\":%u", e->queue_id);
	}
	if (m->has_event)
		fprintf(f, ",\"asked\":\"%s\"", asked_word(m->event.flags));
	fprintf(f, ",\"stamp\":\"%s\"", ptplens_stamp_word(m->stamp_state));
	number_or_null(f, "hw_ns", m->hw_ns);
	number_or_null(f, "stamp_delay_ns", m->stamp_delay_ns);
	fprintf(f, ",\"correction_field\":%" PRId64 ",\"captured_length\":%u,\"wire_length\":%u,\"packet_id\":%" PRIu64,
	        h->correction_field, m->captured_length, m->wire_length, m->packet_id);
	fprintf(f, ",\"verdict\":\"%s\"", ptplens_verdict_word(m->verdict));
	if (m->cause)
		fprintf(f, ",\"cause\":\"%s\"", ptplens_cause_word(m->cause));
	fputs("}\n", f);
}

void out_time(char text[OUT_TIME], int64_t host_ns)
{
	struct tm t;

	if (host_ns == PTPLENS_NO_TIME) {
		snprintf(text, OUT_TIME, "%-18s", "no frame");
		return;
	}
	time_t s = host_ns / NS_PER_S;
	gmtime_r(&s, &t);
	size_t at = strftime(text, OUT_TIME, "%H:%M:%S", &t);
	snprintf(text + at, OUT_TIME - at, ".%09d", (int)(host_ns % NS_PER_S));
}

static void message_text(FILE *f, const char *interface, const struct ptplens_message *m)
{
	const struct ptplens_header *h = &m->header;
	char when[OUT_TIME];

	out_time(when, m->host_ns);
	fprintf(f, "%s %s %s %-21s seq=%-5u domain=%u port=", when, interface, m->direction ? "TX" : "RX",
	        ptplens_message_type_name(h->message_type), h->sequence_id, h->domain_number);
	for (int i = 0; i < 8; i++)
		fprintf(f, "%02x", h->clock_identity[i]);
	fprintf(f, "-%u stamp=%s", h->port_number, ptplens_stamp_word(m->stamp_state));
	if (m->hw_ns != PTPLENS_NO_TIME)
		fprintf(f, " hw=%" PRId64 ".%09d", (int64_t)(m->hw_ns / NS_PER_S), (int)(m->hw_ns % NS_PER_S));
	if (m->stamp_delay_ns != PTPLENS_NO_TIME)
		fprintf(f, " delay=%" PRId64 "ns", m->stamp_delay_ns);
	fprintf(f, " verdict=%s", ptplens_verdict_word(m->verdict));
	if (m->cause)
		fprintf(f, " cause=%s", ptplens_cause_word(m->cause));
	fputc('\n', f);
}

void out_message(FILE *f, const struct ptplens_session *session, const struct ptplens_message *m, int json)
{
	struct ptplens_interface i;

	if (ptplens_session_interface(session, m->interface_index, &i))
		i.name[0] = 0;
	if (json)
		message_json(f, i.name, m);
	else
		message_text(f, i.name, m);
}

static const char *yes_no(int v)
{
	return v ? "true" : "false";
}

void out_sample(FILE *f, const char *interface, const struct ptplens_clock_sample *s)
{
	char reason[256];

	fprintf(f, "{\"kind\":\"clock\",\"interface\":\"%s\"", interface);
	number_or_null(f, "nic_ns", s->nic_ns ? (int64_t)s->nic_ns : PTPLENS_NO_TIME);
	fprintf(f, ",\"realtime_ns\":%" PRId64 ",\"monotonic_ns\":%" PRIu64 ",\"half_width_ns\":%u,\"tai_utc_s\":%" PRId32, s->realtime_ns,
	        s->monotonic_ns, s->half_width_ns, s->tai_utc_s);
	fprintf(f, ",\"cross_timestamp\":%s,\"stepped\":%s,\"nic_jumped\":%s,\"scale\":\"%s\"",
	        yes_no(s->flags & PTPLENS_CLOCK_CROSS_TIMESTAMP), yes_no(s->flags & PTPLENS_CLOCK_STEPPED),
	        yes_no(s->flags & PTPLENS_CLOCK_NIC_JUMPED), ptplens_scale_word(ptplens_sample_scale(s)));
	ptplens_sample_reason(s, reason, sizeof reason);
	fprintf(f, ",\"reason\":\"%s\"}\n", reason);
}

void summary_add(struct summary *t, const struct ptplens_message *m)
{
	int d = m->direction & 1;

	t->messages++;
	t->verdict[m->verdict & 7]++;
	t->type[m->header.message_type & 15][d]++;
	if (m->stamp_state < PTPLENS_STAMP_STATES)
		t->stamp[m->stamp_state][d]++;
}

static void pair(FILE *f, int json, const char *name, const uint64_t by_direction[2])
{
	if (!by_direction[0] && !by_direction[1])
		return;
	if (json)
		fprintf(f, ",\"%s\":{\"receive\":%" PRIu64 ",\"transmit\":%" PRIu64 "}", name, by_direction[0], by_direction[1]);
	else
		fprintf(f, "  %-21s %8" PRIu64 " %8" PRIu64 "\n", name, by_direction[0], by_direction[1]);
}

void out_summary(FILE *f, const struct summary *t, int json)
{
	fprintf(f, json ? "{\"kind\":\"types\",\"messages\":%" PRIu64 : "messages %-14" PRIu64 "  receive transmit\n", t->messages);
	for (int i = 0; i < 16; i++)
		pair(f, json, ptplens_message_type_name(i), t->type[i]);
	fputs(json ? "}\n{\"kind\":\"stamps\"" : "stamps                   receive transmit\n", f);
	for (int i = 0; i < PTPLENS_STAMP_STATES; i++)
		pair(f, json, ptplens_stamp_word(i), t->stamp[i]);
	fputs(json ? "}\n" : "", f);
}

struct term {
	const char *name;
	uint64_t value;
};

static void equation(FILE *f, const char *left, uint64_t value, const struct term *terms)
{
	fprintf(f, "  %-12s %8" PRIu64 " =", left, value);
	for (int i = 0; terms[i].name; i++)
		fprintf(f, "%s %s %" PRIu64, i ? " +" : "", terms[i].name, terms[i].value);
	fputc('\n', f);
}

static void causes_text(FILE *f, const char *what, const uint64_t *by)
{
	for (int i = 0; i < PTPLENS_CAUSES; i++)
		if (by[i])
			fprintf(f, "  %s by %s: %" PRIu64 "\n", what, ptplens_cause_word(i), by[i]);
}

static void certificate_text(FILE *f, const struct ptplens_certificate *c)
{
	equation(f, "positions", c->positions,
	         (const struct term[]){{"received", c->received}, {"ring-lost", c->ring_lost}, {"ring-pending", c->ring_pending}, {0}});
	equation(f, "received", c->received,
	         (const struct term[]){
		     {"frame-events", c->frame_events}, {"stamp-events", c->stamp_events}, {"skipped", c->skipped_events}, {0}});
	equation(f, "frame-events", c->frame_events,
	         (const struct term[]){{"matched", c->matched},
	                               {"ambiguous", c->ambiguous_events},
	                               {"event-only", c->event_only},
	                               {"outside", c->outside_events},
	                               {"open", c->open_events},
	                               {0}});
	equation(f, "captured", c->captured,
	         (const struct term[]){{"frames", c->frames}, {"not-ptp", c->not_ptp}, {"rejected", c->rejected}, {0}});
	equation(f, "frames", c->frames,
	         (const struct term[]){{"matched", c->matched},
	                               {"ambiguous", c->ambiguous_frames},
	                               {"frame-only", c->frame_only},
	                               {"outside", c->outside_frames},
	                               {"open", c->open_frames},
	                               {0}});
	equation(f, "stamp-events", c->stamp_events,
	         (const struct term[]){{"attached", c->attached},
	                               {"late", c->late},
	                               {"ambiguous", c->ambiguous_stamps},
	                               {"orphan", c->orphan_stamps},
	                               {"outside", c->outside_stamps},
	                               {"open", c->open_stamps},
	                               {0}});
	if (c->stamps_unseen)
		fprintf(f, "  transmit stamps reported without their frame: %" PRIu64 "\n", c->stamps_unseen);
	fprintf(f, "  capture-dropped %" PRIu64 ", tap-rejected %" PRIu64 ", crowded %" PRIu64 "\n", c->capture_dropped, c->tap_rejected,
	        c->crowded);
	for (int i = 0; i < PTPLENS_REJECTS; i++)
		if (c->rejected_by[i])
			fprintf(f, "  rejected by %s: %" PRIu64 "\n", ptplens_reject_word(i), c->rejected_by[i]);
	causes_text(f, "event-only", c->event_only_by);
	causes_text(f, "frame-only", c->frame_only_by);
	causes_text(f, "ambiguous", c->ambiguous_by);
	causes_text(f, "orphan stamp", c->orphan_by);
}

static void causes_json(FILE *f, const char *key, const uint64_t *by, int n, const char *(*word)(int))
{
	const char *separator = "";

	fprintf(f, ",\"%s\":{", key);
	for (int i = 0; i < n; i++) {
		if (!by[i])
			continue;
		fprintf(f, "%s\"%s\":%" PRIu64, separator, word(i), by[i]);
		separator = ",";
	}
	fputc('}', f);
}

static void certificate_json(FILE *f, const struct ptplens_certificate *c)
{
	const struct term terms[] = {
	    {"positions", c->positions},
	    {"received", c->received},
	    {"ring_lost", c->ring_lost},
	    {"ring_pending", c->ring_pending},
	    {"frame_events", c->frame_events},
	    {"stamp_events", c->stamp_events},
	    {"skipped_events", c->skipped_events},
	    {"matched", c->matched},
	    {"ambiguous_events", c->ambiguous_events},
	    {"event_only", c->event_only},
	    {"outside_events", c->outside_events},
	    {"open_events", c->open_events},
	    {"captured", c->captured},
	    {"frames", c->frames},
	    {"not_ptp", c->not_ptp},
	    {"rejected", c->rejected},
	    {"ambiguous_frames", c->ambiguous_frames},
	    {"frame_only", c->frame_only},
	    {"outside_frames", c->outside_frames},
	    {"open_frames", c->open_frames},
	    {"attached", c->attached},
	    {"late", c->late},
	    {"ambiguous_stamps", c->ambiguous_stamps},
	    {"orphan_stamps", c->orphan_stamps},
	    {"outside_stamps", c->outside_stamps},
	    {"open_stamps", c->open_stamps},
	    {"crowded", c->crowded},
	    {"capture_dropped", c->capture_dropped},
	    {"tap_rejected", c->tap_rejected},
	    {"stamps_unseen", c->stamps_unseen},
	};

	for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
		fprintf(f, ",\"%s\":%" PRIu64, terms[i].name, terms[i].value);
	causes_json(f, "rejected_by", c->rejected_by, PTPLENS_REJECTS, ptplens_reject_word);
	causes_json(f, "event_only_by", c->event_only_by, PTPLENS_CAUSES, ptplens_cause_word);
	causes_json(f, "frame_only_by", c->frame_only_by, PTPLENS_CAUSES, ptplens_cause_word);
	causes_json(f, "ambiguous_by", c->ambiguous_by, PTPLENS_CAUSES, ptplens_cause_word);
	causes_json(f, "orphan_by", c->orphan_by, PTPLENS_CAUSES, ptplens_cause_word);
}

void out_certificate(FILE *f, const struct ptplens_interface *i, const struct ptplens_certificate *c, int json)
{
	const char *verdict = ptplens_certificate_word((int)i->certificate_verdict);

	if (json) {
		fprintf(f, "{\"kind\":\"certificate\",\"interface\":\"%s\",\"verdict\":\"%s\",\"final\":%s", i->name, verdict,
		        c->final ? "true" : "false");
		certificate_json(f, c);
		fputs("}\n", f);
		return;
	}
	if (i->mode == PTPLENS_MODE_FILE && !c->positions && !c->captured) {
		fprintf(f, "certificate of %s: the file has none\n", i->name);
		return;
	}
	fprintf(f, "certificate of %s, mode=%s%s\n", i->name, mode_words[i->mode <= PTPLENS_MODE_SIMULATED ? i->mode : 0],
	        c->final ? "" : ", so far");
	certificate_text(f, c);
	fprintf(f, "  verdict: %s\n", verdict);
}

void out_modes(FILE *f, const struct ptplens_session *session, int json)
{
	for (size_t k = 0; k < ptplens_session_interfaces(session); k++) {
		struct ptplens_interface interface;
		ptplens_session_interface(session, k, &interface);
		out_mode(f, &interface, json);
	}
}

int out_certificates(FILE *f, const struct ptplens_session *session, int json)
{
	int code = EXIT_OK;

	for (size_t k = 0; k < ptplens_session_interfaces(session); k++) {
		struct ptplens_interface interface;
		struct ptplens_certificate certificate;
		ptplens_session_interface(session, k, &interface);
		ptplens_session_certificate(session, k, &certificate);
		if (f)
			out_certificate(f, &interface, &certificate, json);
		if (interface.certificate_verdict == PTPLENS_UNEXPLAINED)
			code = EXIT_FINDINGS;
	}
	return code;
}

/* Bytes outside of ASCII come out as characters of the same number, so that any name of an interface or program gives valid JSON. */
static void string_json(FILE *f, const char *key, const char *value)
{
	fprintf(f, ",\"%s\":\"", key);
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

void out_finding(FILE *f, const struct ptplens_finding *finding, int json)
{
	const char *severity = ptplens_severity_word((int)finding->severity);

	if (json) {
		fprintf(f, "{\"kind\":\"finding\",\"severity\":\"%s\",\"topic\":\"%s\"", severity, finding->topic);
		string_json(f, "interface", finding->interface_name);
		string_json(f, "what", finding->what);
		string_json(f, "meaning", finding->meaning);
		string_json(f, "todo", finding->todo);
		fputs("}\n", f);
		return;
	}
	fprintf(f, "%-7s  %-14s  %s\n", severity, finding->topic, finding->what);
	if (finding->severity != PTPLENS_SEVERITY_OK)
		fprintf(f, "%25s  %s\n", "", finding->meaning);
	if (*finding->todo)
		fprintf(f, "%25s> %s\n", "", finding->todo);
}

void out_severities(FILE *f, const unsigned *counts, int json)
{
	fputs(json ? "{\"kind\":\"severities\"" : "", f);
	for (int i = 0; i <= PTPLENS_SEVERITY_PROBLEM; i++)
		fprintf(f, json ? ",\"%s\":%u" : "%s %u  ", ptplens_severity_word(i), counts[i]);
	fputs(json ? "}\n" : "\n", f);
}
