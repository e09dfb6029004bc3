/* SPDX-License-Identifier: BSD-3-Clause */
/* The event ring: many producers that never wait, readers that write nothing.
 *
 * A position is one event attempted. A producer takes the next position, claims its slot by one compare-and-swap that expects the
 * previous lap, writes seven words and commits by writing position + 1 into `seq`. A producer that stalls costs its own event; nobody
 * waits for it. A reader copies a slot and believes it only if `seq` was position + 1 before and after. Loss is exact, for each reader,
 * at any time: received + lost_lapped + lost_stuck + (head - position) = head - start.
 * doc/ring.md says why each step is there and which test fails without it. */
#ifndef PL_RING_H
#define PL_RING_H

#include "atomic.h"

#define PL_RING_MAGIC 0x31474e49524c5450ull /* "PTLRING1" */
#define PL_RING_SLOTS 4096
#ifndef PL_RING_WORDS /* fewer only where all interleavings are searched */
#define PL_RING_WORDS 7
#endif
#define PL_RING_BUSY (1ull << 63)
#define PL_RING_HOLE_NS 100000000ull /* a position not committed for this long counts as lost */

/* Before each shared access; tests stall or switch threads here. */
#ifndef PL_RING_STEP
#define PL_RING_STEP() ((void)0)
#endif

struct pl_ring_slot {
	uint64_t word[PL_RING_WORDS];
	uint64_t seq; /* 0 never used; BUSY|(p+1) owned by the producer of p; p+1 committed */
};

struct pl_ring_control { /* readers map it read-only */
	uint64_t magic;
	uint32_t abi_version;
	uint32_t slot_count; /* a power of two */
	uint32_t slot_bytes;
	uint32_t reserved0;
	uint64_t reserved1[5];
	uint64_t head; /* next position to hand out */
	uint64_t reserved2[7];
	uint64_t drop_busy; /* events dropped: a stalled producer owned the slot */
	uint64_t drop_late; /* events dropped: this producer was lapped before it claimed */
	uint64_t reserved3[6];
};

#define PL_RING_INLINE static inline __attribute__((always_inline))

PL_RING_INLINE uint64_t pl_ring_take(struct pl_ring_control *c)
{
	PL_RING_STEP();
	return pl_atomic_add(&c->head, 1);
}

/* Makes the slot of `position` ours. 0: the event is lost and counted. */
PL_RING_INLINE int pl_ring_claim(struct pl_ring_control *c, struct pl_ring_slot *s, uint64_t position, uint64_t mask)
{
	uint64_t previous_lap = position - mask; /* (position - slots) + 1 */
	PL_RING_STEP();
	uint64_t old = pl_atomic_cas(&s->seq, previous_lap, PL_RING_BUSY | (position + 1));
	if (old == previous_lap)
		return 1;
	if (old & PL_RING_BUSY) {
		pl_atomic_count(&c->drop_busy);
		return 0;
	}
	if (old > position) {
		pl_atomic_count(&c->drop_late);
		return 0;
	}
	/* first lap, or the previous lap left no event here */
	PL_RING_STEP();
	if (pl_atomic_cas(&s->seq, old, PL_RING_BUSY | (position + 1)) == old)
		return 1;
	pl_atomic_count(&c->drop_busy);
	return 0;
}

/* Publishes one event at a position taken before; `s` is the slot of position & mask. 0: lost and counted. */
PL_RING_INLINE int pl_ring_put(struct pl_ring_control *c, struct pl_ring_slot *s, uint64_t position, uint64_t mask, const uint64_t *words)
{
	if (!pl_ring_claim(c, s, position, mask))
		return 0;
	pl_atomic_claimed();
	for (int i = 0; i < PL_RING_WORDS; i++) {
		PL_RING_STEP();
		pl_atomic_put(&s->word[i], words[i]);
	}
	PL_RING_STEP();
	pl_atomic_commit(&s->seq, position + 1);
	return 1;
}

#if !defined(__bpf__)

enum pl_ring_look {
	PL_RING_EVENT,   /* an event was copied out */
	PL_RING_EMPTY,   /* nothing was handed out beyond our position */
	PL_RING_PENDING, /* handed out and not committed: look again, then pl_ring_hole */
};

struct pl_ring_reader {
	const struct pl_ring_control *control;
	const struct pl_ring_slot *slots;
	uint64_t mask;
	uint64_t start;    /* first position of interest */
	uint64_t position; /* next position to look at */
	uint64_t received;
	uint64_t lost_lapped;
	uint64_t lost_stuck;
	uint64_t hole_head; /* positions below it were handed out at hole_time or before */
	uint64_t hole_time;
	uint64_t margin; /* room left after being lapped, so as not to be lapped again at once */
};

/* From head on, or from the oldest event still there. The control page must have been validated. */
static inline void pl_ring_open(struct pl_ring_reader *r, const struct pl_ring_control *c, const struct pl_ring_slot *slots, int oldest)
{
	PL_RING_STEP();
	uint64_t head = pl_atomic_load(&c->head), n = c->slot_count;

	r->control = c;
	r->slots = slots;
	r->mask = n - 1;
	r->margin = n / 8;
	r->start = r->position = !oldest ? head : head > n ? head - n : 0;
	r->received = r->lost_lapped = r->lost_stuck = 0;
	r->hole_head = r->hole_time = 0;
}

static inline void pl_ring_resync(struct pl_ring_reader *r)
{
	PL_RING_STEP();
	uint64_t head = pl_atomic_load(&r->control->head), n = r->mask + 1, to = r->position + 1;

	if (head > n && head - n + r->margin > to)
		to = head - n + r->margin;
	r->lost_lapped += to - r->position;
	r->position = to;
}

/* out->seq is position + 1 of the event. */
static inline enum pl_ring_look pl_ring_next(struct pl_ring_reader *r, struct pl_ring_slot *out)
{
	for (;;) {
		const struct pl_ring_slot *s = &r->slots[r->position & r->mask];
		PL_RING_STEP();
		uint64_t seq = pl_atomic_load(&s->seq);
		if (seq == r->position + 1) {
			for (int i = 0; i < PL_RING_WORDS; i++) {
				PL_RING_STEP();
				out->word[i] = pl_atomic_peek(&s->word[i]);
			}
			pl_atomic_copied();
			PL_RING_STEP();
			if (pl_atomic_peek(&s->seq) == seq) {
				out->seq = seq;
				r->position++;
				r->received++;
				return PL_RING_EVENT;
			}
			pl_ring_resync(r);
		} else if ((seq & ~PL_RING_BUSY) > r->position + 1) {
			pl_ring_resync(r);
		} else {
			PL_RING_STEP();
			uint64_t head = pl_atomic_load(&r->control->head);
			if (head <= r->position)
				return PL_RING_EMPTY;
			if (head - r->position <= r->mask + 1)
				return PL_RING_PENDING;
			pl_ring_resync(r);
		}
	}
}

/* After PENDING: gives the position up once it was handed out for `age` ns. One look at head serves all positions below it, so any
 * number of holes costs one age. Returns ns to wait; 0: call pl_ring_next again. */
static inline uint64_t pl_ring_hole(struct pl_ring_reader *r, uint64_t now, uint64_t age)
{
	if (r->position >= r->hole_head) {
		PL_RING_STEP();
		r->hole_head = pl_atomic_load(&r->control->head);
		r->hole_time = now;
	}
	if (now - r->hole_time < age)
		return age - (now - r->hole_time);
	r->lost_stuck++;
	r->position++;
	return 0;
}

#endif
#endif
