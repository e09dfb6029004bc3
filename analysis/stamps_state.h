/* SPDX-License-Identifier: BSD-3-Clause */
/* What the counting of stamps keeps between pushes. */
#ifndef PL_STAMPS_STATE_H
#define PL_STAMPS_STATE_H

#include "quantile.h"
#include <ptplens/stamps.h>

#define PL_STAMPS_VERSIONS 3
#define PL_STAMPS_HOLDS 256

/* Counts of one type, version and direction, as they come. */
struct pl_stamps_row {
	uint64_t frames, not_asked, unknown, delivered, hardware, refused, unreadable, undelivered, undelivered_hardware;
	uint64_t asked_hardware, asked_software_only;
	uint64_t late_stamps, ambiguous_stamps, orphan_stamps; /* that came alone */
	uint64_t no_event;
	struct pl_quantile *delays; /* NULL: none yet */
};

/* How long sent frames waited between tap and card. The two have different clocks, whose distance (host - tap) received frames tell: they
 * pass both at once. A sent frame is measured against the larger distance of the received frames before and behind it, so that a step of
 * the clock between them does not look like a wait. */
struct pl_stamps_holds {
	int has_distance;
	int64_t distance;
	size_t waiting; /* sent frames since the last received one; those that find no room are not measured */
	int64_t sent[PL_STAMPS_HOLDS];
	uint64_t measured, held;
	int64_t longest_ns;
};

struct pl_stamps_interface {
	struct pl_stamps_row row[2][16][PL_STAMPS_VERSIONS];
	struct pl_stamps_holds holds;
	uint64_t late_without_delay;
};

/* A frame without its stamp, or a late stamp that was given out before its frame. */
struct pl_stamps_open {
	struct ptplens_unstamped frame;
	uint32_t position; /* the event's, or the one that the stamp names; 0: not known */
	uint32_t message_hash;
	int64_t time_ns; /* of the event or the stamp */
	int stamp_only;
};

struct ptplens_stamps {
	struct pl_stamps_interface *interface[PTPLENS_STAMPS_INTERFACES];
	uint64_t unstamped;    /* entries ever made */
	uint64_t stamps_alone; /* of the entries: late stamps without their frame, still waiting */
	uint64_t listed;       /* entries ever made that stand for a frame */
	struct pl_stamps_open open[PTPLENS_STAMPS_UNSTAMPED];
};

#endif
