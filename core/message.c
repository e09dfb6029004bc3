/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"

#include <stddef.h>
#include <string.h>

#include "frame.h"

#define FLAG_FIELD_TWO_STEP 0x0200u

static uint32_t be32(const uint8_t *b)
{
	return pl_be16(b) << 16 | pl_be16(b + 2);
}

void pl_header_decode(const uint8_t *ptp, struct ptplens_header *h)
{
	*h = (struct ptplens_header){
	    .message_type = ptp[0] & 15,
	    .version = ptp[1],
	    .message_length = (uint16_t)pl_be16(ptp + 2),
	    .domain_number = ptp[4],
	    .sdo_id = (uint16_t)((ptp[0] >> 4) << 8 | ptp[5]),
	    .flag_field = (uint16_t)pl_be16(ptp + 6),
	    .correction_field = (int64_t)((uint64_t)be32(ptp + 8) << 32 | be32(ptp + 12)),
	    .message_type_specific = be32(ptp + 16),
	    .port_number = (uint16_t)pl_be16(ptp + 28),
	    .sequence_id = (uint16_t)pl_be16(ptp + 30),
	    .control_field = ptp[32],
	    .log_message_interval = (int8_t)ptp[33],
	};
	memcpy(h->clock_identity, ptp + 20, sizeof h->clock_identity);
}

void pl_header_from_event(const struct ptplens_event *e, struct ptplens_header *h)
{
	*h = (struct ptplens_header){
	    .message_type = e->message_type,
	    .version = e->version,
	    .domain_number = e->domain_number,
	    .sdo_id = e->sdo_id,
	    .flag_field = e->flags & PTPLENS_FLAG_TWO_STEP ? FLAG_FIELD_TWO_STEP : 0,
	    .port_number = e->port_number,
	    .sequence_id = e->sequence_id,
	};
	memcpy(h->clock_identity, e->clock_identity, sizeof h->clock_identity);
}

static const char *const verdicts[] = {
    [PTPLENS_MATCHED] = "matched",       [PTPLENS_AMBIGUOUS] = "ambiguous", [PTPLENS_EVENT_ONLY] = "event-only",
    [PTPLENS_FRAME_ONLY] = "frame-only", [PTPLENS_NOT_PTP] = "not-ptp",     [PTPLENS_TRUNCATED] = "truncated",
};

static const char *const causes[] = {
    [PTPLENS_CAUSE_NONE] = "none",           [PTPLENS_CAUSE_CAPTURE_DROP] = "capture-drop",   [PTPLENS_CAUSE_BELOW_STACK] = "below-stack",
    [PTPLENS_CAUSE_RING_LOSS] = "ring-loss", [PTPLENS_CAUSE_PROGRAM_AHEAD] = "program-ahead", [PTPLENS_CAUSE_LINK_DOWN] = "link-down",
    [PTPLENS_CAUSE_DETACHED] = "detached",   [PTPLENS_CAUSE_LATE_STAMP] = "late-stamp",       [PTPLENS_CAUSE_REPEATED_KEY] = "repeated-key",
    [PTPLENS_CAUSE_LOSS] = "loss",           [PTPLENS_CAUSE_CLOCK_STEP] = "clock-step",       [PTPLENS_CAUSE_CROWDED] = "crowded",
    [PTPLENS_CAUSE_NO_EVENTS] = "no-events", [PTPLENS_CAUSE_NO_FRAMES] = "no-frames",         [PTPLENS_CAUSE_UNEXPLAINED] = "unexplained",
};

static const char *const stamp_states[] = {
    [PTPLENS_STAMP_STATE_NONE] = "none",
    [PTPLENS_STAMP_STATE_HARDWARE] = "hardware",
    [PTPLENS_STAMP_STATE_PHY] = "phy",
    [PTPLENS_STAMP_STATE_LATCH] = "latch",
    [PTPLENS_STAMP_STATE_SOFTWARE] = "software",
    [PTPLENS_STAMP_STATE_NOT_REQUESTED] = "not-requested",
    [PTPLENS_STAMP_STATE_UNDELIVERED] = "undelivered",
    [PTPLENS_STAMP_STATE_LATE] = "late",
    [PTPLENS_STAMP_STATE_REFUSED] = "refused",
};

static const char *const rejects[] = {
    [PTPLENS_REJECT_TOO_DEEP] = "too-deep", [PTPLENS_REJECT_TRUNCATED] = "truncated", [PTPLENS_REJECT_FRAGMENT] = "fragment",
    [PTPLENS_REJECT_HEADER] = "header",     [PTPLENS_REJECT_PTPV1] = "ptpv1",         [PTPLENS_REJECT_VERSION] = "version",
    [PTPLENS_REJECT_LENGTH] = "length",
};

static const char *const scales[] = {"unknown", "arbitrary", "tai", "utc"};
static const char *const certificate_verdicts[] = {
    [PTPLENS_COMPLETE] = "COMPLETE",
    [PTPLENS_EXPLAINED] = "EXPLAINED",
    [PTPLENS_UNEXPLAINED] = "UNEXPLAINED",
    [PTPLENS_NO_VERDICT] = "none",
};

static const char *const message_types[] = {
    [0] = "Sync",
    [1] = "Delay_Req",
    [2] = "Pdelay_Req",
    [3] = "Pdelay_Resp",
    [8] = "Follow_Up",
    [9] = "Delay_Resp",
    [10] = "Pdelay_Resp_Follow_Up",
    [11] = "Announce",
    [12] = "Signaling",
    [13] = "Management",
};

static const char *word(const char *const *words, size_t n, int value, const char *otherwise)
{
	return value >= 0 && (size_t)value < n && words[value] ? words[value] : otherwise;
}

#define WORD(words, value, otherwise) word(words, sizeof(words) / sizeof *(words), value, otherwise)

const char *ptplens_verdict_word(int verdict)
{
	return WORD(verdicts, verdict, "?");
}

const char *ptplens_cause_word(int cause)
{
	return WORD(causes, cause, "?");
}

const char *ptplens_stamp_word(int stamp_state)
{
	return WORD(stamp_states, stamp_state, "?");
}

const char *ptplens_reject_word(int reject)
{
	return WORD(rejects, reject, "?");
}

const char *ptplens_certificate_word(int certificate_verdict)
{
	return WORD(certificate_verdicts, certificate_verdict, "?");
}

const char *ptplens_scale_word(int clock_scale)
{
	return WORD(scales, clock_scale, "?");
}

const char *ptplens_message_type_name(int message_type)
{
	return WORD(message_types, message_type, "Reserved");
}
