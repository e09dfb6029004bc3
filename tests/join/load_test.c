/* SPDX-License-Identifier: BSD-3-Clause */
/* A million messages over 10,000 keys: all joined, and not a byte allocated on the way. */
#include "join.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <malloc.h>
#include <string.h>

#define MESSAGES 1000000
#define KEYS 10000

static struct ptplens_event message(uint32_t i)
{
	struct ptplens_event e = {.sequence_id = (uint16_t)(i % KEYS), .direction = i & 1};

	e.flags = e.direction ? PTPLENS_FLAG_HARDWARE_REQUESTED : 0;
	e.sequence = 2 * (uint64_t)i + 1;
	return e;
}

static void feed(struct pl_join *j, uint32_t i)
{
	int64_t t = 1000000000ll + i * 20000ll;
	struct ptplens_event e = message(i);
	int64_t frame = t + (e.direction ? 3000 : 0);

	pl_join_frame(j, i, &e, frame, frame, 0);
	e.system_timestamp = (uint64_t)t + (e.direction ? 0 : 3000);
	e.frame_stamp = !e.direction && i % 3 ? (uint32_t)frame : 0;
	pl_join_event(j, i, &e);
	if (!e.direction)
		return;
	e.kind = PTPLENS_KIND_STAMP;
	e.stamp = PTPLENS_STAMP_NIC;
	e.frame_sequence = i % 3 ? (uint32_t)e.sequence : 0;
	e.system_timestamp += 60000;
	pl_join_event(j, i, &e);
}

static uint32_t read_all(struct pl_join *j)
{
	struct pl_join_result x;
	uint32_t right = 0;

	while (pl_join_next(j, &x)) {
		assert_int_equal(x.verdict, PTPLENS_MATCHED);
		assert_int_equal(x.frame, x.event);
		assert_int_equal(x.stamp, x.frame & 1 ? x.frame : PL_JOIN_NONE);
		right++;
	}
	return right;
}

static void a_million_messages(void **state)
{
	struct pl_join *j = pl_join_open(&(struct pl_join_options){0});
	uint32_t right = 0;

	(void)state;
	assert_non_null(j);
	struct mallinfo2 before = mallinfo2();
	for (uint32_t i = 0; i < MESSAGES; i++) {
		feed(j, i);
		if (i % 1000 == 999) {
			pl_join_advance(j, 1000000000ll + i * 20000ll - 100000);
			right += read_all(j);
		}
	}
	pl_join_finish(j, INT64_MAX);
	right += read_all(j);
	struct mallinfo2 after = mallinfo2();
	assert_int_equal(right, MESSAGES);
	assert_int_equal(after.uordblks, before.uordblks);
	assert_int_equal(after.hblkhd, before.hblkhd);
	struct ptplens_certificate c;
	memset(&c, 0, sizeof c);
	pl_join_certificate(j, &c);
	c.final = 1;
	c.positions = c.received;
	c.captured = c.frames;
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_COMPLETE);
	pl_join_close(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_messages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
