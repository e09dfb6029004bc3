/* SPDX-License-Identifier: BSD-3-Clause */
/* The hold against a plain model, with random sizes and orders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hold.h"

#define FRAMES 16
#define ARENA 1000
#define EVENTS 8

static uint32_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static uint8_t byte_of(uint64_t token, uint32_t at)
{
	return (uint8_t)(token * 31 + at * 7);
}

static void check_frame(const struct pl_hold *h, uint64_t token, uint32_t length)
{
	const struct pl_held_frame *f = pl_hold_get_frame(h, token);

	assert_int_equal(f->captured_length, length);
	assert_int_equal(f->host_ns, token + 1);
	for (uint32_t i = 0; i < length; i++)
		assert_int_equal(f->bytes[i], byte_of(token, i));
}

static void frames_keep_their_bytes(void **state)
{
	struct pl_hold *h = pl_hold_open(FRAMES, ARENA, EVENTS);
	uint32_t lengths[20000];
	uint64_t first = 0, next = 0, refused = 0;
	uint8_t bytes[ARENA];

	(void)state;
	assert_non_null(h);
	while (next < 20000) {
		uint32_t length = random_below(4) ? random_below(90) : random_below(ARENA - 1);
		if (pl_hold_has_room(h, length)) {
			for (uint32_t i = 0; i < length; i++)
				bytes[i] = byte_of(next, i);
			struct pl_held_frame f = {.bytes = bytes, .captured_length = length, .host_ns = (int64_t)next + 1};
			assert_int_equal(pl_hold_frame(h, &f), next);
			lengths[next++] = length;
		} else {
			/* refused only when it could not fit, and never when nothing is held */
			assert_true(next > first);
			refused++;
		}
		assert_true(next - first <= FRAMES);
		for (uint64_t t = first; t < next; t++)
			check_frame(h, t, lengths[t]);
		if (next > first && random_below(3) == 0) {
			uint64_t upto = first + random_below((uint32_t)(next - first));
			pl_hold_free_frames(h, upto);
			first = upto + 1;
		}
	}
	assert_true(refused > 100);
	pl_hold_close(h);
}

static void events_keep_their_slots(void **state)
{
	struct pl_hold *h = pl_hold_open(FRAMES, ARENA, EVENTS);
	uint64_t token[EVENTS];
	uint64_t value[EVENTS];
	size_t held = 0;

	(void)state;
	assert_non_null(h);
	for (uint64_t n = 0; n < 10000; n++) {
		assert_int_equal(pl_hold_event_room(h), EVENTS - held);
		if (held < EVENTS && random_below(2)) {
			struct ptplens_event e = {.sequence = n};
			value[held] = n;
			token[held++] = pl_hold_event(h, &e);
		} else if (held) {
			size_t k = random_below((uint32_t)held);
			pl_hold_free_event(h, token[k]);
			token[k] = token[--held];
			value[k] = value[held];
		}
		for (size_t k = 0; k < held; k++)
			assert_int_equal(pl_hold_get_event(h, token[k])->sequence, value[k]);
	}
	pl_hold_close(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_keep_their_bytes),
	    cmocka_unit_test(events_keep_their_slots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
