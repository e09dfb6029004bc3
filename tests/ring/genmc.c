/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring under weak memory models, for GenMC (genmc.py): PRODUCERS threads with an event each and a reader with LOOKS looks, on two
 * slots. EARLIER events are there before, so that the producers lap them. With FINAL there is no reader, and the slots are looked at
 * when all is over. */
#include <assert.h>
#include <pthread.h>

#define PL_RING_WORDS 2
#include "ring.h"

#ifndef PRODUCERS
#define PRODUCERS 3
#endif
#ifndef EARLIER
#define EARLIER 1
#endif
#ifndef LOOKS
#define LOOKS 2
#endif
#define SLOTS 2
#define MASK (SLOTS - 1)

static struct pl_ring_control control = {.slot_count = SLOTS};
static struct pl_ring_slot slots[SLOTS];
static int committed[PRODUCERS + EARLIER];

static void *produce(void *unused)
{
	uint64_t position = pl_ring_take(&control), words[PL_RING_WORDS];

	for (int i = 0; i < PL_RING_WORDS; i++)
		words[i] = position + 100;
	committed[position] = pl_ring_put(&control, &slots[position & MASK], position, MASK, words);
	return unused;
}

static void *consume(void *unused)
{
	struct pl_ring_reader r;
	struct pl_ring_slot event;

	pl_ring_open(&r, &control, slots, 1);
	for (int i = 0; i < LOOKS; i++) {
		enum pl_ring_look look = pl_ring_next(&r, &event);
		if (look == PL_RING_EVENT) {
			assert(event.seq == r.position);
			for (int j = 0; j < PL_RING_WORDS; j++)
				assert(event.word[j] == event.seq - 1 + 100);
		} else if (look == PL_RING_PENDING) {
			pl_ring_hole(&r, 0, 0);
		}
		assert(r.received + r.lost_lapped + r.lost_stuck == r.position - r.start);
	}
	return unused;
}

int main(void)
{
	pthread_t producers[PRODUCERS], reader;

	for (int i = 0; i < EARLIER; i++)
		produce(0);
	for (int i = 0; i < PRODUCERS; i++)
		pthread_create(&producers[i], 0, produce, 0);
#ifdef FINAL
	(void)reader;
	(void)consume;
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], 0);
	for (int slot = 0; slot < SLOTS; slot++) {
		uint64_t newest = 0;
		for (int i = slot; i < PRODUCERS + EARLIER; i += SLOTS)
			newest = committed[i] ? (uint64_t)i + 1 : newest;
		assert(pl_atomic_load(&slots[slot].seq) == newest);
	}
#else
	pthread_create(&reader, 0, consume, 0);
#endif
	return 0;
}
