/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks against bytes written down by hand from the specification of pcapng, and at every size of buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pcapng.h"

/* clang-format off */
static const uint8_t section[] = {
    0x0a, 0x0d, 0x0d, 0x0a, 40, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255,
    4, 0, 3, 0, 'a', 'b', 'c', 0, 0, 0, 0, 0, 40, 0, 0, 0};
static const uint8_t interface[] = {
    1, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0};
static const uint8_t packet[] = {
    6, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 0x00, 0x9a, 0x97, 0x17, 0x15, 0xcd, 0x5b, 0x07, 5, 0, 0, 0, 60, 0, 0, 0,
    1, 2, 3, 4, 5, 0, 0, 0, 2, 0, 4, 0, 2, 0, 0, 0, 5, 0, 8, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 64, 0, 0, 0};
static const uint8_t statistics[] = {
    5, 0, 0, 0, 28, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0};
/* clang-format on */

#define PACKET_NS (0x17979a00ll << 32 | 0x075bcd15)

static int put_section(struct pl_pcapng_writer *w)
{
	pl_pcapng_section(w);
	pl_pcapng_option_text(w, PL_SECTION_APPLICATION, "abc");
	return pl_pcapng_end(w);
}

static int put_interface(struct pl_pcapng_writer *w)
{
	pl_pcapng_interface(w);
	pl_pcapng_option(w, PL_INTERFACE_RESOLUTION, "\x09", 1);
	return pl_pcapng_end(w);
}

static int put_packet(struct pl_pcapng_writer *w)
{
	pl_pcapng_packet(w, 2, PACKET_NS, (const uint8_t[]){1, 2, 3, 4, 5}, 5, 60);
	pl_pcapng_option_u32(w, PL_PACKET_FLAGS, PL_PACKET_OUTBOUND);
	pl_pcapng_option_u64(w, PL_PACKET_ID, 0x0102030405060708);
	return pl_pcapng_end(w);
}

static int put_statistics(struct pl_pcapng_writer *w)
{
	pl_pcapng_statistics(w, 1, 1ll << 32 | 2);
	return pl_pcapng_end(w);
}

static const struct {
	int (*put)(struct pl_pcapng_writer *);
	const uint8_t *bytes;
	size_t n;
} blocks[] = {
    {put_section, section, sizeof section},
    {put_interface, interface, sizeof interface},
    {put_packet, packet, sizeof packet},
    {put_statistics, statistics, sizeof statistics},
};

static void bytes_by_hand(void **state)
{
	uint8_t buffer[256];
	struct pl_pcapng_writer w = {.bytes = buffer, .capacity = sizeof buffer};
	size_t at = 0;

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		assert_int_equal(blocks[k].put(&w), 0);
		assert_int_equal(w.length, at + blocks[k].n);
		assert_memory_equal(buffer + at, blocks[k].bytes, blocks[k].n);
		at = w.length;
	}
}

static void any_capacity(void **state)
{
	uint8_t buffer[128], untouched[128];

	(void)state;
	memset(untouched, 0xee, sizeof untouched);
	for (size_t k = 0; k < 4; k++)
		for (size_t capacity = 0; capacity < sizeof buffer; capacity++) {
			struct pl_pcapng_writer w = {.bytes = buffer, .capacity = capacity};
			memset(buffer, 0xee, sizeof buffer);
			int fits = capacity >= blocks[k].n;
			assert_int_equal(blocks[k].put(&w), fits ? 0 : PTPLENS_E_NO_SPACE);
			assert_int_equal(w.length, fits ? blocks[k].n : 0);
			assert_memory_equal(buffer + capacity, untouched, sizeof buffer - capacity);
			if (fits)
				assert_memory_equal(buffer, blocks[k].bytes, blocks[k].n);
		}
}

static void read_again(void **state)
{
	struct pl_pcapng_reader r = {0};
	struct pl_pcapng_block b;
	struct pl_error e;
	size_t need;
	uint32_t flags;
	uint64_t id;

	(void)state;
	assert_int_equal(pl_pcapng_next(&r, section, sizeof section, &b, &need, &e), 1);
	for (int k = 0; k < 3; k++) {
		assert_int_equal(pl_pcapng_next(&r, interface, sizeof interface, &b, &need, &e), 1);
		assert_int_equal(b.interface, k);
	}
	for (size_t n = 0; n < sizeof packet; n++) {
		assert_int_equal(pl_pcapng_next(&r, packet, n, &b, &need, &e), 0);
		assert_int_equal(need, n < 12 ? 12 : sizeof packet);
	}
	assert_int_equal(pl_pcapng_next(&r, packet, sizeof packet, &b, &need, &e), 1);
	assert_int_equal(b.number, 5);
	assert_int_equal(b.offset, sizeof section + 3 * sizeof interface);
	assert_int_equal(b.interface, 2);
	assert_true(b.time_ns == PACKET_NS);
	assert_int_equal(b.captured, 5);
	assert_int_equal(b.wire, 60);
	assert_true(b.data == packet + 28);
	assert_int_equal(pl_pcapng_find_u32(&b, PL_PACKET_FLAGS, &flags), 1);
	assert_int_equal(flags, PL_PACKET_OUTBOUND);
	assert_int_equal(pl_pcapng_find_u64(&b, PL_PACKET_ID, &id), 1);
	assert_true(id == 0x0102030405060708);
	assert_int_equal(pl_pcapng_find_u32(&b, PL_PACKET_QUEUE, &flags), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_by_hand),
	    cmocka_unit_test(any_capacity),
	    cmocka_unit_test(read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
