/* SPDX-License-Identifier: BSD-3-Clause */
/* An input is 4 bytes of control (bit 0 of the first: a tag is beside the frame; its TCI; how much longer the wire length is), then the
 * frame. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONTROL 4
#define PARSED_FLAGS 0x087f
#define MUST(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

struct parsed {
	enum pl_frame_result result;
	uint32_t ptp_offset;
	struct ptplens_event event;
};

/* From a copy of its very size, so that a sanitizer sees a byte too far. */
static struct parsed parse(const uint8_t *frame, uint32_t have, uint32_t wire, int32_t outer_tag)
{
	struct parsed p = {.ptp_offset = 0};
	uint8_t *copy = malloc(have ? have : 1);
	MUST(copy);
	if (have)
		memcpy(copy, frame, have);
	p.result = pl_frame_parse(copy, have, wire, outer_tag, &p.event, &p.ptp_offset);
	free(copy);
	return p;
}

static int same(const struct parsed *a, const struct parsed *b)
{
	if (a->result != b->result)
		return 0;
	return a->result != PL_FRAME_PTP || (a->ptp_offset == b->ptp_offset && memcmp(&a->event, &b->event, sizeof a->event) == 0);
}

static void check_fields(const struct parsed *p, const uint8_t *frame, uint32_t have)
{
	const struct ptplens_event *e = &p->event;

	MUST(p->ptp_offset >= 14 && p->ptp_offset <= PL_FRAME_MAX - PL_PTP_HASHED);
	MUST(p->ptp_offset + PL_PTP_HEADER <= have);
	MUST(e->message_type < 16 && e->vlan_id < 4096 && e->pcp < 8 && e->sdo_id < 4096);
	MUST(!(e->flags & ~PARSED_FLAGS) && (e->flags & PTPLENS_FLAG_TRANSPORT_MASK) != PTPLENS_FLAG_TRANSPORT_MASK);
	MUST(e->flags & PTPLENS_FLAG_VLAN || (!e->vlan_id && !e->pcp && !(e->flags & (PTPLENS_FLAG_DEI | PTPLENS_FLAG_SECOND_TAG))));
	MUST(e->version == frame[p->ptp_offset + 1] && (e->version & 15) == 2);
	MUST(!e->hw_timestamp_ns && !e->system_timestamp && !e->direction && !e->kind && !e->queue_id && !e->stamp && !e->frame_stamp &&
	     !e->sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < CONTROL)
		return 0;
	const uint8_t *frame = data + CONTROL;
	uint32_t whole = (uint32_t)(size - CONTROL), wire = whole + data[3];
	uint32_t have = whole < PL_FRAME_MAX ? whole : PL_FRAME_MAX;
	int32_t outer_tag = data[0] & 1 ? (int32_t)pl_be16(data + 1) : -1;

	struct parsed p = parse(frame, have, wire, outer_tag), again = parse(frame, have, wire, outer_tag);
	struct parsed all = parse(frame, whole, wire, outer_tag);
	MUST(p.result < PL_FRAME_RESULTS && same(&p, &again) && same(&p, &all));
	if (p.result == PL_FRAME_PTP)
		check_fields(&p, frame, have);

	/* more bytes settle what was truncated and nothing else */
	for (uint32_t n = 0; n < have; n++) {
		struct parsed q = parse(frame, n, wire, outer_tag);
		MUST(q.result == PL_FRAME_TRUNCATED || q.result == p.result);
		if (q.result == PL_FRAME_PTP)
			MUST(q.ptp_offset == p.ptp_offset && q.ptp_offset + PL_PTP_HEADER <= n);
	}

	/* the same tag in band and beside the frame: only how a frame that is not taken is counted may differ */
	if (outer_tag < 0 && have >= 18 && pl_is_vlan(pl_be16(frame + 12))) {
		uint8_t stripped[PL_FRAME_MAX];
		memcpy(stripped, frame, 12);
		memcpy(stripped + 12, frame + 16, have - 16);
		struct parsed beside = parse(stripped, have - 4, wire - 4, (int32_t)pl_be16(frame + 14));
		beside.ptp_offset += 4;
		MUST((p.result != PL_FRAME_PTP && beside.result != PL_FRAME_PTP) || same(&p, &beside));
	}
	return 0;
}
