/* SPDX-License-Identifier: BSD-3-Clause */
#include "stamps_state.h"

#include <string.h>

#include <ptplens/ptplens.h>

#define NS_PER_MS 1000000ll
#define LATE_NS (2000 * NS_PER_MS)
#define ENOUGH 4u /* frames that a finding about all or none of them needs */
#define HELD_ENOUGH 3u

/* What of the lost has no cause yet, in one direction. */
struct lost {
	uint64_t all, hardware;
};

const char *ptplens_stamps_cause_word(int cause)
{
	static const char *const words[PTPLENS_STAMPS_CAUSES] = {
	    [PTPLENS_STAMPS_RING_LOSS] = "ring-loss",
	    [PTPLENS_STAMPS_UNREADABLE] = "unreadable",
	    [PTPLENS_STAMPS_MINOR_VERSION] = "minor-version",
	    [PTPLENS_STAMPS_SLOT_BUSY] = "slot-busy",
	    [PTPLENS_STAMPS_CARD_TIMEOUT] = "card-timeout",
	    [PTPLENS_STAMPS_RX_CLEARED] = "rx-cleared",
	    [PTPLENS_STAMPS_NEVER_DELIVERED] = "never-delivered",
	    [PTPLENS_STAMPS_UNEXPLAINED] = "unexplained",
	    [PTPLENS_STAMPS_NOT_VISIBLE] = "not-visible",
	    [PTPLENS_STAMPS_SOFTWARE_ONLY] = "software-only",
	    [PTPLENS_STAMPS_QUEUE_HOLD] = "queue-hold",
	};

	return cause > 0 && cause < PTPLENS_STAMPS_CAUSES ? words[cause] : "?";
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A Linux tap says how it sees transmit stamps; a driver and the simulator bring them with the frames. */
static int stamps_visible(const struct ptplens_interface *i)
{
	const uint8_t hooks = PTPLENS_HOOK_FENTRY | PTPLENS_HOOK_KPROBE | PTPLENS_HOOK_ERROR_QUEUE;

	return !i || i->header.system != PTPLENS_SYSTEM_LINUX || (i->header.hooks & hooks);
}

static uint64_t rise_of(const struct ptplens_stamps_evidence *e, const char *name)
{
	for (size_t k = 0; k < e->rises; k++)
		if (!strcmp(e->rise[k].name, name))
			return e->rise[k].value;
	return 0;
}

static void fill_row(const struct pl_stamps_row *r, int visible, struct ptplens_stamps_row *out)
{
	uint64_t nothing;

	out->frames = r->frames;
	out->not_asked = r->not_asked;
	out->unknown = r->unknown;
	out->asked = r->frames - r->not_asked - r->unknown;
	out->delivered = r->delivered;
	out->hardware = r->hardware;
	out->refused = r->refused;
	out->unreadable = r->unreadable;
	out->late = least(r->late_stamps, r->undelivered);
	out->ambiguous = least(r->ambiguous_stamps, r->undelivered - out->late);
	out->orphan = r->orphan_stamps + r->late_stamps - out->late + r->ambiguous_stamps - out->ambiguous;
	nothing = r->undelivered - out->late - out->ambiguous;
	*(visible || out->direction == PTPLENS_RECEIVE ? &out->lost : &out->not_visible) = nothing;
	out->lost_hardware = least(out->lost, r->undelivered_hardware);
	out->asked_hardware = r->asked_hardware;
	out->asked_software_only = r->asked_software_only;
	out->no_event = r->no_event;
	out->delay_p50_ns = out->delay_p99_ns = out->delay_max_ns = PTPLENS_NO_TIME;
	if (!r->delays)
		return;
	out->delays = r->delays->count;
	out->delay_p50_ns = (int64_t)pl_quantile_get(r->delays, 500);
	out->delay_p99_ns = (int64_t)pl_quantile_get(r->delays, 990);
	out->delay_max_ns = (int64_t)r->delays->max;
}

static void fill_rows(const struct pl_stamps_interface *i, int visible, struct ptplens_stamps_report *out)
{
	for (int direction = PTPLENS_TRANSMIT; direction >= PTPLENS_RECEIVE; direction--) {
		for (int type = 0; type < 16; type++) {
			for (int version = 0; version < PL_STAMPS_VERSIONS; version++) {
				const struct pl_stamps_row *r = &i->row[direction][type][version];
				if (!(r->frames + r->late_stamps + r->ambiguous_stamps + r->orphan_stamps + r->no_event))
					continue;
				struct ptplens_stamps_row *row = &out->row[out->rows++];
				*row = (struct ptplens_stamps_row){
				    .direction = (uint8_t)direction, .message_type = (uint8_t)type, .minor_version = (uint8_t)version};
				fill_row(r, visible, row);
			}
		}
	}
}

static void fill_timeout(const struct pl_stamps_interface *i, struct ptplens_stamps_report *out)
{
	for (size_t k = 0; k < out->rows; k++) {
		const struct ptplens_stamps_row *r = &out->row[k];
		out->delays += r->delays;
		if (r->delay_max_ns > out->delay_max_ns)
			out->delay_max_ns = r->delay_max_ns;
	}
	out->late_without_delay = i->late_without_delay;
	if (out->delays < PTPLENS_STAMPS_DELAYS_MIN)
		return;
	int64_t longest = out->late_without_delay && out->delay_max_ns < LATE_NS ? LATE_NS : out->delay_max_ns;
	int64_t margin = longest / 2 > NS_PER_MS ? longest / 2 : NS_PER_MS;
	int64_t ms = longest / NS_PER_MS + margin / NS_PER_MS + (longest % NS_PER_MS + margin % NS_PER_MS + NS_PER_MS - 1) / NS_PER_MS;
	out->timeout_ms = ms > INT32_MAX ? INT32_MAX : (uint32_t)ms;
}

static void find(struct ptplens_stamps_report *out, int cause, int direction, uint64_t frames, uint64_t evidence)
{
	if (frames && out->findings < PTPLENS_STAMPS_FINDINGS)
		out->finding[out->findings++] = (struct ptplens_stamps_finding){.cause = (uint8_t)cause,
		                                                                .direction = (uint8_t)direction,
		                                                                .frames = frames,
		                                                                .evidence = evidence,
		                                                                .longest_ns = PTPLENS_NO_TIME};
}

/* A counter explains at most as many as it rose by. */
static void explain(struct ptplens_stamps_report *out, struct lost *lost, int cause, int direction, uint64_t most, uint64_t evidence)
{
	uint64_t frames = least(most, lost->all);

	find(out, cause, direction, frames, evidence);
	lost->all -= frames;
	lost->hardware -= least(frames, lost->hardware);
}

/* A PHY that knows versionPTP 2.0 alone stamps no message of 2.1: of one type, none has a stamp while those of 2.0 do. */
static void explain_versions(struct ptplens_stamps_report *out, struct lost *lost, int direction)
{
	uint64_t unstamped = 0, stamped = 0;

	for (size_t k = 0; k < out->rows; k++) {
		const struct ptplens_stamps_row *old = &out->row[k];
		if (old->direction != direction || old->minor_version || old->asked_hardware < ENOUGH || old->hardware < ENOUGH ||
		    old->hardware < old->asked_hardware / 2)
			continue;
		for (size_t n = k + 1; n < out->rows && out->row[n].direction == direction && out->row[n].message_type == old->message_type;
		     n++) {
			const struct ptplens_stamps_row *new = &out->row[n];
			if (new->asked_hardware < ENOUGH || new->hardware || new->late || new->ambiguous || new->refused || new->unreadable)
				continue;
			unstamped += new->lost_hardware;
			stamped += old->hardware;
		}
	}
	explain(out, lost, PTPLENS_STAMPS_MINOR_VERSION, direction, least(unstamped, lost->hardware), stamped);
}

static void explain_direction(struct ptplens_stamps_report *out, const struct ptplens_stamps_evidence *e, int direction)
{
	struct lost lost = {0};
	uint64_t asked_hardware = 0, came = 0, slot_busy = rise_of(e, "tx_hwtstamp_skipped"), timeouts = rise_of(e, "tx_hwtstamp_timeouts");
	uint64_t cleared = rise_of(e, "rx_hwtstamp_cleared");
	const int transmit = direction == PTPLENS_TRANSMIT;

	for (size_t k = 0; k < out->rows; k++) {
		const struct ptplens_stamps_row *r = &out->row[k];
		if (r->direction != direction)
			continue;
		lost.all += r->lost;
		lost.hardware += r->lost_hardware;
		asked_hardware += r->asked_hardware;
		came += r->hardware + r->late + r->ambiguous + r->refused + r->unreadable;
	}
	if (transmit) {
		uint64_t ring_lost = e->certificate ? e->certificate->ring_lost : 0;
		explain(out, &lost, PTPLENS_STAMPS_RING_LOSS, direction, ring_lost, ring_lost);
	}
	explain_versions(out, &lost, direction);
	if (transmit) {
		explain(out, &lost, PTPLENS_STAMPS_SLOT_BUSY, direction, least(slot_busy, lost.hardware), slot_busy);
		explain(out, &lost, PTPLENS_STAMPS_CARD_TIMEOUT, direction, least(timeouts, lost.hardware), timeouts);
	} else {
		explain(out, &lost, PTPLENS_STAMPS_RX_CLEARED, direction, cleared, cleared);
	}
	if (asked_hardware >= ENOUGH && !came)
		explain(out, &lost, PTPLENS_STAMPS_NEVER_DELIVERED, direction, lost.hardware, asked_hardware);
	explain(out, &lost, PTPLENS_STAMPS_UNEXPLAINED, direction, lost.all, 0);
}

static void find_others(struct ptplens_stamps_report *out, const struct pl_stamps_holds *holds, const struct ptplens_stamps_evidence *e)
{
	uint64_t unreadable = 0, not_visible = 0, hardware = 0, software_only = 0;

	for (size_t k = 0; k < out->rows; k++) {
		const struct ptplens_stamps_row *r = &out->row[k];
		if (r->direction != PTPLENS_TRANSMIT)
			continue;
		unreadable += r->unreadable;
		not_visible += r->not_visible;
		hardware += r->asked_hardware;
		software_only += r->asked_software_only;
	}
	find(out, PTPLENS_STAMPS_UNREADABLE, PTPLENS_TRANSMIT, unreadable, e->certificate ? e->certificate->stamps_unseen : 0);
	find(out, PTPLENS_STAMPS_NOT_VISIBLE, PTPLENS_TRANSMIT, not_visible, not_visible);
	if (!hardware)
		find(out, PTPLENS_STAMPS_SOFTWARE_ONLY, PTPLENS_TRANSMIT, software_only, software_only);
	if (holds->held >= HELD_ENOUGH) {
		find(out, PTPLENS_STAMPS_QUEUE_HOLD, PTPLENS_TRANSMIT, holds->held, holds->measured);
		out->finding[out->findings - 1].longest_ns = holds->longest_ns;
	}
}

void ptplens_stamps_summary(const struct ptplens_stamps *s, size_t interface_index, const struct ptplens_stamps_evidence *evidence,
                            struct ptplens_stamps_report *out)
{
	static const struct ptplens_stamps_evidence none;
	const struct ptplens_stamps_evidence *e = evidence ? evidence : &none;

	memset(out, 0, sizeof *out);
	out->delay_max_ns = PTPLENS_NO_TIME;
	if (interface_index >= PTPLENS_STAMPS_INTERFACES || !s->interface[interface_index])
		return;
	const struct pl_stamps_interface *i = s->interface[interface_index];
	fill_rows(i, stamps_visible(e->source), out);
	fill_timeout(i, out);
	explain_direction(out, e, PTPLENS_TRANSMIT);
	explain_direction(out, e, PTPLENS_RECEIVE);
	find_others(out, &i->holds, e);
}
