/* SPDX-License-Identifier: BSD-3-Clause */
/* stress FAULT SECONDS: four producers and three readers on four slots, all yielding at random before every shared access.
 * Without the yields and with many slots even a ring without a claim passes: see doc/ring.md. FAULT is none, or what a mutation of the
 * ring must show within SECONDS. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Thread_local uint32_t random_state;

static void step(void)
{
	random_state = random_state * 1664525 + 1013904223;
	if (!(random_state >> 28))
		sched_yield();
}

#define PL_RING_STEP() step()
#ifndef RING_HEADER
#define RING_HEADER "ring.h"
#endif
#include RING_HEADER
#include "redundant.h"

#define SLOTS 4
#define MASK (SLOTS - 1)
#define PRODUCERS 4
#define READERS 3
#define AGE_NS 200000

static struct pl_ring_control control = {.slot_count = SLOTS};
static struct pl_ring_slot slots[SLOTS];
static atomic_int stop_producers, stop_readers;
static atomic_ullong committed, seen_corrupt;

struct producer {
	pthread_t thread;
	uint64_t number; /* from 1 */
};

struct reader {
	pthread_t thread;
	uint32_t seed;
	uint64_t margin;
	struct pl_ring_reader ring;
	struct redundant_tally tally;
	uint64_t unbalanced; /* calls after which the books did not close */
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void *produce(void *argument)
{
	const struct producer *p = argument;
	uint64_t won = 0;

	random_state = (uint32_t)p->number * 77777;
	for (uint64_t n = 1; !stop_producers; n++) {
		uint64_t words[PL_RING_WORDS], position = pl_ring_take(&control);
		redundant_fill(words, p->number << 56 | n, position);
		won += (uint64_t)pl_ring_put(&control, &slots[position & MASK], position, MASK, words);
	}
	committed += won;
	return NULL;
}

static void *consume(void *argument)
{
	struct reader *me = argument;
	struct pl_ring_reader *r = &me->ring;

	random_state = me->seed;
	pl_ring_open(r, &control, slots, 1);
	r->margin = me->margin;
	for (;;) {
		int last = stop_readers;
		struct pl_ring_slot event;
		enum pl_ring_look look = pl_ring_next(r, &event);
		if (look == PL_RING_EVENT) {
			redundant_count(&me->tally, &event);
			if (me->tally.corrupt)
				seen_corrupt = 1;
		} else if (look == PL_RING_PENDING) {
			pl_ring_hole(r, now_ns(), AGE_NS);
			sched_yield();
		} else if (last) {
			return NULL;
		}
		me->unbalanced += r->received + r->lost_lapped + r->lost_stuck != r->position - r->start;
	}
}

static int failed(int wrong, const char *what, uint64_t a, uint64_t b)
{
	if (wrong)
		printf("  WRONG: %s: %llu, %llu\n", what, (unsigned long long)a, (unsigned long long)b);
	return wrong;
}

static int check(const struct reader *readers)
{
	uint64_t dropped = control.drop_busy + control.drop_late;
	int wrong = failed(control.head != committed + dropped, "head is not committed + busy + late", control.head, committed + dropped);

	printf("%llu positions: %llu committed, %llu busy, %llu late\n", (unsigned long long)control.head, (unsigned long long)committed,
	       (unsigned long long)control.drop_busy, (unsigned long long)control.drop_late);
	wrong |= failed(!committed || !control.drop_busy || !control.drop_late, "the stress reached neither laps nor stalls", committed,
	                dropped);
	for (const struct reader *r = readers; r < readers + READERS; r++) {
		const struct pl_ring_reader *ring = &r->ring;
		printf("reader: %llu received, %llu lapped, %llu stuck of %llu; %llu corrupt, %llu out of order\n",
		       (unsigned long long)ring->received, (unsigned long long)ring->lost_lapped, (unsigned long long)ring->lost_stuck,
		       (unsigned long long)(ring->position - ring->start), (unsigned long long)r->tally.corrupt,
		       (unsigned long long)r->tally.disorder);
		wrong |= failed(ring->position != control.head, "the reader did not reach head", ring->position, control.head);
		wrong |= failed(r->unbalanced, "the books did not close", r->unbalanced, 0);
		wrong |= failed(r->tally.disorder, "out of order", r->tally.disorder, 0);
		wrong |= failed(!ring->received || ring->received > committed, "received", ring->received, committed);
	}
	return wrong;
}

int main(int argc, char **argv)
{
	static struct reader readers[READERS] = {{.seed = 5}, {.seed = 999}, {.seed = 1998, .margin = 1}};
	static struct producer producers[PRODUCERS];

	if (argc != 3)
		return 2;
	int fault_expected = strcmp(argv[1], "none") != 0;
	uint64_t end = now_ns() + (uint64_t)atoi(argv[2]) * 1000000000;
	for (int i = 0; i < READERS; i++)
		pthread_create(&readers[i].thread, NULL, consume, &readers[i]);
	for (int i = 0; i < PRODUCERS; i++) {
		producers[i].number = (uint64_t)i + 1;
		pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
	}
	while (now_ns() < end && !seen_corrupt)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	stop_producers = 1;
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i].thread, NULL);
	stop_readers = 1;
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i].thread, NULL);
	int wrong = check(readers);
	if (fault_expected)
		return !seen_corrupt;
	return wrong || seen_corrupt;
}
