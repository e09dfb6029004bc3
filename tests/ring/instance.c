/* SPDX-License-Identifier: BSD-3-Clause */
/* Every function of the ring, out of line: what each compiler has to accept. */
#include "ring.h"

int pl_ring_instance_publish(struct pl_ring_control *c, struct pl_ring_slot *slots, const uint64_t *words);
enum pl_ring_look pl_ring_instance_read(struct pl_ring_reader *r, struct pl_ring_slot *out, uint64_t now);
void pl_ring_instance_open(struct pl_ring_reader *r, const struct pl_ring_control *c, const struct pl_ring_slot *slots);

int pl_ring_instance_publish(struct pl_ring_control *c, struct pl_ring_slot *slots, const uint64_t *words)
{
	uint64_t position = pl_ring_take(c), mask = c->slot_count - 1;

	return pl_ring_put(c, &slots[position & mask], position, mask, words);
}

enum pl_ring_look pl_ring_instance_read(struct pl_ring_reader *r, struct pl_ring_slot *out, uint64_t now)
{
	enum pl_ring_look look = pl_ring_next(r, out);

	if (look == PL_RING_PENDING)
		pl_ring_hole(r, now, PL_RING_HOLE_NS);
	return look;
}

void pl_ring_instance_open(struct pl_ring_reader *r, const struct pl_ring_control *c, const struct pl_ring_slot *slots)
{
	pl_ring_open(r, c, slots, 1);
}
