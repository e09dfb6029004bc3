/* SPDX-License-Identifier: BSD-3-Clause */
/* An event whose words all follow from its first one and its position: a word of any other event, or of the same producer's event of
 * another lap, does not fit. For BPF and user space; the includer has included the ring. */
#ifndef REDUNDANT_H
#define REDUNDANT_H

#define REDUNDANT_PRODUCER(x) ((x) >> 56)

/* x: the producer's number (8 bits) and its count of events. */
PL_RING_INLINE void redundant_fill(uint64_t *words, uint64_t x, uint64_t position)
{
	words[0] = x;
	words[1] = x * 0x9e3779b97f4a7c15ull;
	words[2] = position;
	words[3] = position ^ x;
	words[4] = ~x;
	words[5] = x + position;
	words[6] = x * 0xc2b2ae3d27d4eb4full + position;
}

#if !defined(__bpf__)
PL_RING_INLINE int redundant_intact(const struct pl_ring_slot *event)
{
	uint64_t words[PL_RING_WORDS];

	redundant_fill(words, event->word[0], event->seq - 1);
	for (int i = 0; i < PL_RING_WORDS; i++) {
		if (words[i] != event->word[i])
			return 0;
	}
	return 1;
}

/* What one reader saw. */
struct redundant_tally {
	uint64_t corrupt;
	uint64_t disorder;
	uint64_t last[256];
};

static inline void redundant_count(struct redundant_tally *t, const struct pl_ring_slot *event)
{
	uint64_t x = event->word[0];

	if (!redundant_intact(event)) {
		t->corrupt++;
		return;
	}
	t->disorder += x <= t->last[REDUNDANT_PRODUCER(x)];
	t->last[REDUNDANT_PRODUCER(x)] = x;
}
#endif

#endif
