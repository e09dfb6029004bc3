/* SPDX-License-Identifier: BSD-3-Clause */
/* The certificate: what the join counted, and what may be said of the counts. */
#include "join_state.h"

#include <string.h>

void pl_join_certificate(const struct pl_join *j, struct ptplens_certificate *c)
{
	const struct ptplens_certificate *n = &j->counts;

	c->received = n->received;
	c->frame_events = n->frame_events;
	c->stamp_events = n->stamp_events;
	c->skipped_events = n->skipped_events;
	c->matched = n->matched;
	c->ambiguous_events = n->ambiguous_events;
	c->event_only = n->event_only;
	c->outside_events = n->outside_events;
	c->open_events = j->open[PL_JOIN_EVENT];
	c->frames = n->frames;
	c->ambiguous_frames = n->ambiguous_frames;
	c->frame_only = n->frame_only;
	c->outside_frames = n->outside_frames;
	c->open_frames = j->open[PL_JOIN_FRAME];
	c->attached = n->attached;
	c->late = n->late;
	c->ambiguous_stamps = n->ambiguous_stamps;
	c->orphan_stamps = n->orphan_stamps;
	c->outside_stamps = n->outside_stamps;
	c->open_stamps = j->open[PL_JOIN_STAMP];
	c->crowded = n->crowded;
	memcpy(c->event_only_by, n->event_only_by, sizeof c->event_only_by);
	memcpy(c->frame_only_by, n->frame_only_by, sizeof c->frame_only_by);
	memcpy(c->ambiguous_by, n->ambiguous_by, sizeof c->ambiguous_by);
	memcpy(c->orphan_by, n->orphan_by, sizeof c->orphan_by);
	memcpy(c->stamps, n->stamps, sizeof c->stamps);
}

static uint64_t sum(const uint64_t *by, int n)
{
	uint64_t total = 0;

	for (int i = 0; i < n; i++)
		total += by[i];
	return total;
}

static int equations_hold(const struct ptplens_certificate *c)
{
	return c->positions == c->received + c->ring_lost + c->ring_pending &&
	       c->received == c->frame_events + c->stamp_events + c->skipped_events &&
	       c->frame_events == c->matched + c->ambiguous_events + c->event_only + c->outside_events + c->open_events &&
	       c->captured == c->frames + c->not_ptp + c->rejected &&
	       c->frames == c->matched + c->ambiguous_frames + c->frame_only + c->outside_frames + c->open_frames &&
	       c->stamp_events == c->attached + c->late + c->ambiguous_stamps + c->orphan_stamps + c->outside_stamps + c->open_stamps &&
	       sum(c->rejected_by, 8) == c->rejected && sum(c->event_only_by, 16) == c->event_only &&
	       sum(c->frame_only_by, 16) == c->frame_only && sum(c->orphan_by, 16) == c->orphan_stamps &&
	       sum(c->ambiguous_by, 16) == c->ambiguous_events + c->ambiguous_frames + c->ambiguous_stamps;
}

/* Every cause is named but these two. */
static int unnamed(const uint64_t *by)
{
	return by[PTPLENS_CAUSE_NONE] || by[PTPLENS_CAUSE_UNEXPLAINED];
}

enum ptplens_certificate_verdict pl_certificate_verdict(const struct ptplens_certificate *c)
{
	if (!equations_hold(c))
		return PTPLENS_UNEXPLAINED;
	if (c->final && (c->open_events || c->open_frames || c->open_stamps || c->ring_pending))
		return PTPLENS_UNEXPLAINED;
	if (unnamed(c->event_only_by) || unnamed(c->frame_only_by) || unnamed(c->ambiguous_by) || unnamed(c->orphan_by))
		return PTPLENS_UNEXPLAINED;
	if (c->ring_lost || c->capture_dropped || c->ambiguous_events || c->ambiguous_frames || c->ambiguous_stamps || c->event_only ||
	    c->frame_only || c->late || c->orphan_stamps || c->crowded || c->stamps_unseen)
		return PTPLENS_EXPLAINED;
	return PTPLENS_COMPLETE;
}
