/* SPDX-License-Identifier: BSD-3-Clause */
/* The ring, one case at a time. Every call of the reader goes through look() or expire(), which assert conservation. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "ring.h"

#define SLOTS 8
#define MASK (SLOTS - 1)

_Static_assert(sizeof(struct pl_ring_slot) == PTPLENS_EVENT_BYTES, "a slot is an event");
_Static_assert(offsetof(struct pl_ring_slot, seq) == offsetof(struct ptplens_event, sequence), "the commit word is the sequence");
_Static_assert(offsetof(struct pl_ring_control, head) == 64, "head has its own cache line");
_Static_assert(offsetof(struct pl_ring_control, drop_busy) == 128, "so have the drop counters");

static struct pl_ring_control control;
static struct pl_ring_slot slots[SLOTS];

static int setup(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	control = (struct pl_ring_control){
	    .magic = PL_RING_MAGIC, .abi_version = PTPLENS_ABI_VERSION, .slot_count = SLOTS, .slot_bytes = sizeof(struct pl_ring_slot)};
	return 0;
}

static struct pl_ring_slot *slot_of(uint64_t position)
{
	return &slots[position & MASK];
}

static uint64_t word_of(uint64_t position, int i)
{
	return (position + 1) * 1000 + (uint64_t)i;
}

static int put(uint64_t position)
{
	uint64_t words[PL_RING_WORDS];

	for (int i = 0; i < PL_RING_WORDS; i++)
		words[i] = word_of(position, i);
	return pl_ring_put(&control, slot_of(position), position, MASK, words);
}

static void publish(int n)
{
	while (n-- > 0)
		assert_int_equal(put(pl_ring_take(&control)), 1);
}

static void assert_conserved(const struct pl_ring_reader *r)
{
	assert_int_equal(r->received + r->lost_lapped + r->lost_stuck + (control.head - r->position), control.head - r->start);
	assert_true(r->position <= control.head);
}

static enum pl_ring_look look(struct pl_ring_reader *r)
{
	struct pl_ring_slot event;
	enum pl_ring_look result = pl_ring_next(r, &event);

	assert_conserved(r);
	if (result == PL_RING_EVENT) {
		assert_int_equal(event.seq, r->position);
		for (int i = 0; i < PL_RING_WORDS; i++)
			assert_int_equal(event.word[i], word_of(event.seq - 1, i));
	}
	return result;
}

static uint64_t expire(struct pl_ring_reader *r, uint64_t now)
{
	uint64_t wait = pl_ring_hole(r, now, PL_RING_HOLE_NS);

	assert_conserved(r);
	return wait;
}

static void receive(struct pl_ring_reader *r, int n)
{
	while (n-- > 0)
		assert_int_equal(look(r), PL_RING_EVENT);
}

static void assert_counts(const struct pl_ring_reader *r, uint64_t received, uint64_t lapped, uint64_t stuck)
{
	assert_int_equal(r->received, received);
	assert_int_equal(r->lost_lapped, lapped);
	assert_int_equal(r->lost_stuck, stuck);
}

static void one_producer(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	assert_int_equal(look(&r), PL_RING_EMPTY);
	for (int lap = 0; lap < 5; lap++) {
		publish(5);
		receive(&r, 5);
		assert_int_equal(look(&r), PL_RING_EMPTY);
	}
	assert_counts(&r, 25, 0, 0);
	assert_int_equal(control.drop_busy + control.drop_late, 0);
}

/* Positions are handed out first and committed in another order: the reader waits for the oldest and gets all in order. */
static void producers_commit_out_of_order(void **state)
{
	struct pl_ring_reader r;
	uint64_t p[3];

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	for (int i = 0; i < 3; i++)
		p[i] = pl_ring_take(&control);
	assert_int_equal(put(p[2]), 1);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(put(p[0]), 1);
	receive(&r, 1);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(put(p[1]), 1);
	receive(&r, 2);
	assert_int_equal(look(&r), PL_RING_EMPTY);
	assert_counts(&r, 3, 0, 0);
}

static void overflow_loss_is_exact(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	for (int extra = 0; extra <= 3 * SLOTS; extra++) {
		setup(NULL);
		pl_ring_open(&r, &control, slots, 0);
		publish(SLOTS + extra);
		int received = 0;
		while (look(&r) == PL_RING_EVENT)
			received++;
		/* lapped by at least one event, the reader leaves an eighth of the ring as room */
		int kept = extra ? SLOTS - SLOTS / 8 : SLOTS;
		assert_int_equal(received, kept);
		assert_counts(&r, (uint64_t)kept, (uint64_t)(SLOTS + extra - kept), 0);
	}
}

static void lapped_while_reading(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	publish(4);
	receive(&r, 2);
	publish(SLOTS); /* head 12, oldest 4 */
	receive(&r, 1);
	assert_int_equal(r.position, 6); /* 2 to 4 lost: oldest + an eighth */
	receive(&r, 6);
	assert_int_equal(look(&r), PL_RING_EMPTY);
	assert_counts(&r, 9, 3, 0);
}

/* A producer stalls for several laps after its claim: each lap's event of that slot is lost, its neighbours are not. */
static void stalled_owner_costs_its_slot(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	uint64_t stalled = pl_ring_take(&control);
	assert_int_equal(pl_ring_claim(&control, slot_of(stalled), stalled, MASK), 1);
	publish(SLOTS - 1);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(put(pl_ring_take(&control)), 0);
	assert_int_equal(control.drop_busy, 1);
	assert_int_equal(control.drop_late, 0);
	publish(SLOTS - 1);
	assert_int_equal(put(pl_ring_take(&control)), 0);
	assert_int_equal(control.drop_busy, 2);

	/* it wakes up: its commit is still whole, and the next lap claims through the second cas */
	for (int i = 0; i < PL_RING_WORDS; i++)
		pl_atomic_put(&slot_of(stalled)->word[i], word_of(stalled, i));
	pl_atomic_commit(&slot_of(stalled)->seq, stalled + 1);
	publish(SLOTS - 1);
	assert_int_equal(put(pl_ring_take(&control)), 1);
	assert_int_equal(control.drop_busy, 2);
	assert_int_equal(control.drop_late, 0);
}

/* Stalled between taking the position and claiming the slot, and lapped: the newer event stays. */
static void late_producer_drops(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	uint64_t late = pl_ring_take(&control);
	publish(SLOTS);
	assert_int_equal(slot_of(late)->seq, late + SLOTS + 1);
	assert_int_equal(put(late), 0);
	assert_int_equal(control.drop_late, 1);
	assert_int_equal(control.drop_busy, 0);
	pl_ring_open(&r, &control, slots, 1);
	receive(&r, SLOTS);
	assert_counts(&r, SLOTS, 0, 0);
}

/* The previous lap dropped its event, so the slot holds an older one: claimed all the same. */
static void slot_left_two_laps_behind(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	publish(SLOTS);
	pl_ring_open(&r, &control, slots, 0);
	for (int i = 0; i < SLOTS; i++)
		pl_ring_take(&control); /* a whole lap that never comes */
	publish(SLOTS);
	receive(&r, SLOTS - SLOTS / 8);
	assert_counts(&r, SLOTS - SLOTS / 8, SLOTS + SLOTS / 8, 0);
}

static void stuck_hole_expires(void **state)
{
	struct pl_ring_reader r;
	uint64_t now = 5000;

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	pl_ring_take(&control); /* dead */
	publish(1);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(expire(&r, now), PL_RING_HOLE_NS);
	assert_int_equal(expire(&r, now + PL_RING_HOLE_NS - 1), 1);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(expire(&r, now + PL_RING_HOLE_NS), 0);
	receive(&r, 1);
	assert_int_equal(look(&r), PL_RING_EMPTY);
	assert_counts(&r, 1, 0, 1);
}

/* Holes seen at the same time cost one age together; a later one has an age of its own. */
static void holes_expire_together(void **state)
{
	struct pl_ring_reader r;
	uint64_t now = 1;

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	for (int i = 0; i < 3; i++)
		pl_ring_take(&control);
	publish(1);
	pl_ring_take(&control);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(expire(&r, now), PL_RING_HOLE_NS);
	pl_ring_take(&control); /* handed out after the snapshot */
	now += PL_RING_HOLE_NS;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(look(&r), PL_RING_PENDING);
		assert_int_equal(expire(&r, now), 0);
	}
	receive(&r, 1);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(expire(&r, now), 0);
	assert_int_equal(look(&r), PL_RING_PENDING);
	assert_int_equal(expire(&r, now), PL_RING_HOLE_NS);
	assert_int_equal(expire(&r, now + PL_RING_HOLE_NS), 0);
	assert_int_equal(look(&r), PL_RING_EMPTY);
	assert_counts(&r, 1, 0, 5);
}

/* An event that comes after its position was given up is not delivered late: it was counted. */
static void late_commit_is_not_delivered_twice(void **state)
{
	struct pl_ring_reader r;

	(void)state;
	pl_ring_open(&r, &control, slots, 0);
	uint64_t slow = pl_ring_take(&control);
	assert_int_equal(look(&r), PL_RING_PENDING);
	expire(&r, 0);
	assert_int_equal(expire(&r, PL_RING_HOLE_NS), 0);
	assert_int_equal(put(slow), 1);
	assert_int_equal(look(&r), PL_RING_EMPTY);
	publish(1);
	receive(&r, 1);
	assert_counts(&r, 1, 0, 1);
}

static void open_at_head_and_oldest(void **state)
{
	struct pl_ring_reader head, oldest;

	(void)state;
	publish(3);
	pl_ring_open(&oldest, &control, slots, 1);
	pl_ring_open(&head, &control, slots, 0);
	assert_int_equal(oldest.start, 0);
	assert_int_equal(head.start, 3);
	assert_int_equal(look(&head), PL_RING_EMPTY);
	receive(&oldest, 3);

	publish(2 * SLOTS);
	pl_ring_open(&oldest, &control, slots, 1);
	assert_int_equal(oldest.start, 3 + SLOTS);
	receive(&oldest, SLOTS);
	assert_int_equal(look(&oldest), PL_RING_EMPTY);
	assert_counts(&oldest, SLOTS, 0, 0);
}

static void readers_are_independent(void **state)
{
	struct pl_ring_reader fast, slow;

	(void)state;
	pl_ring_open(&fast, &control, slots, 0);
	pl_ring_open(&slow, &control, slots, 0);
	for (int i = 0; i < 4 * SLOTS; i++) {
		publish(1);
		receive(&fast, 1);
	}
	receive(&slow, SLOTS - SLOTS / 8);
	assert_int_equal(look(&slow), PL_RING_EMPTY);
	assert_counts(&fast, 4 * SLOTS, 0, 0);
	assert_counts(&slow, SLOTS - SLOTS / 8, 3 * SLOTS + SLOTS / 8, 0);
}

/* The sum of the readers' and the producers' books, for every mixture of events and holes in two laps. */
static void books_close_for_every_mixture(void **state)
{
	(void)state;
	for (unsigned mixture = 0; mixture < 1u << (SLOTS + 4); mixture++) {
		struct pl_ring_reader r;
		uint64_t committed = 0, now = 0;

		setup(NULL);
		pl_ring_open(&r, &control, slots, 0);
		for (int i = 0; i < SLOTS + 4; i++) {
			uint64_t position = pl_ring_take(&control);
			if (mixture >> i & 1)
				committed += (uint64_t)put(position);
		}
		enum pl_ring_look result;
		while ((result = look(&r)) != PL_RING_EMPTY) {
			if (result == PL_RING_PENDING)
				now += expire(&r, now);
		}
		assert_int_equal(r.position, control.head);
		assert_true(r.received <= committed);
		assert_true(now <= PL_RING_HOLE_NS);
		assert_int_equal(control.drop_busy + control.drop_late, 0);
	}
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(one_producer),
	    CASE(producers_commit_out_of_order),
	    CASE(overflow_loss_is_exact),
	    CASE(lapped_while_reading),
	    CASE(stalled_owner_costs_its_slot),
	    CASE(late_producer_drops),
	    CASE(slot_left_two_laps_behind),
	    CASE(stuck_hole_expires),
	    CASE(holes_expire_together),
	    CASE(late_commit_is_not_delivered_twice),
	    CASE(open_at_head_and_oldest),
	    CASE(readers_are_independent),
	    CASE(books_close_for_every_mixture),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
