/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading events out of a ring in batches, for a reader that comes back every tick. */
#ifndef PL_RING_READ_H
#define PL_RING_READ_H

#include <stddef.h>
#include <string.h>

#include "ring.h"

#define PL_RING_LOOKS 200 /* a producer between two instructions is met often, a stalled one rarely: look again before giving up */

/* Copies up to n events; returns how many. Fewer than n: empty, or waiting for a producer that took its position and has not committed.
 * now: CLOCK_MONOTONIC ns, by which such a position is given up after PL_RING_HOLE_NS. */
static inline size_t pl_ring_read(struct pl_ring_reader *r, struct ptplens_event *out, size_t n, uint64_t now)
{
	struct pl_ring_slot slot;
	size_t got = 0;
	int looks = 0;

	_Static_assert(sizeof slot == sizeof *out, "a slot is an event");
	while (got < n) {
		enum pl_ring_look look = pl_ring_next(r, &slot);
		if (look == PL_RING_EMPTY)
			break;
		if (look == PL_RING_EVENT) {
			memcpy(&out[got++], &slot, sizeof slot);
			looks = 0;
		} else if (++looks > PL_RING_LOOKS && pl_ring_hole(r, now, PL_RING_HOLE_NS) > 0) {
			break;
		}
	}
	return got;
}

/* positions = received + lost + pending, at any time. */
static inline void pl_ring_account(const struct pl_ring_reader *r, uint64_t *positions, uint64_t *received, uint64_t *lost,
                                   uint64_t *pending)
{
	uint64_t head = pl_atomic_load(&r->control->head);

	*positions = head - r->start;
	*received = r->received;
	*lost = r->lost_lapped + r->lost_stuck;
	*pending = head - r->position;
}

#endif
