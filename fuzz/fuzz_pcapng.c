/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a pcapng: nothing is read outside them, a block that is not whole is never taken, and what the records of a packet say is
 * the same after it was written and read again. */
#include <stdlib.h>
#include <string.h>

#include "record.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static uint8_t written[1 << 20];
static struct pl_pcapng_reader reader, second;

static void add_records(const struct pl_pcapng_block *block, struct ptplens_message *m)
{
	struct pl_pcapng_option o;
	struct pl_record r;
	struct ptplens_certificate c;
	struct pl_tally t;
	struct pl_recorded_interface i;

	for (size_t cursor = 0; pl_pcapng_next_option(block, &cursor, &o) > 0;) {
		CHECK(o.value + o.length <= block->options + block->options_length);
		if (pl_record_read(block, &o, &r) != 1)
			continue;
		CHECK(r.body + r.body_length == o.value + o.length);
		if (r.kind == PL_RECORD_CERTIFICATE)
			pl_record_get_certificate(&r, &c);
		else if (r.kind == PL_RECORD_TALLY)
			pl_record_get_tally(&r, &t);
		else if (r.kind == PL_RECORD_INTERFACE)
			pl_record_get_interface(&r, &i);
		else if (r.kind <= PL_RECORD_EVENT || r.kind == PL_RECORD_TIMES)
			pl_message_add(m, &r);
	}
}

static void message_of(const struct pl_pcapng_block *block, struct ptplens_message *m)
{
	pl_message_begin(m);
	m->host_ns = block->time_ns;
	m->frame = block->data;
	m->captured_length = block->captured;
	m->wire_length = block->wire;
	add_records(block, m);
	pl_message_complete(m);
	CHECK(m->verdict >= PTPLENS_MATCHED && m->verdict <= PTPLENS_TRUNCATED && m->cause < PTPLENS_CAUSES);
	CHECK(m->stamp_state < PTPLENS_STAMP_STATES && m->ptp_offset <= m->captured_length);
}

static void write_again(const struct ptplens_message *m)
{
	struct pl_pcapng_writer w = {.bytes = written, .capacity = sizeof written};
	struct pl_pcapng_block block;
	struct pl_error e;
	struct ptplens_message again;
	static const uint8_t nanoseconds = 9;
	char comment[PL_COMMENT_BYTES];
	size_t need;

	pl_comment_message(comment, m, m->wire_length % 5);
	CHECK(strlen(comment) < sizeof comment);
	pl_pcapng_section(&w);
	CHECK(pl_pcapng_end(&w) == 0);
	pl_pcapng_interface(&w);
	pl_pcapng_option(&w, PL_INTERFACE_RESOLUTION, &nanoseconds, 1);
	CHECK(pl_pcapng_end(&w) == 0);
	pl_pcapng_packet(&w, 0, m->host_ns < 0 ? 0 : m->host_ns, m->frame, m->captured_length, m->wire_length);
	pl_record_message(&w, m, 0);
	if (pl_pcapng_end(&w))
		return; /* larger than the buffer */
	memset(&second, 0, sizeof second);
	for (size_t at = 0; at < w.length; at += block.length)
		CHECK(pl_pcapng_next(&second, written + at, w.length - at, &block, &need, &e) == 1);
	message_of(&block, &again);
	CHECK(again.captured_length == m->captured_length && memcmp(again.frame, m->frame, m->captured_length) == 0);
	again.frame = m->frame;
	again.direction = m->direction;
	CHECK(memcmp(&again, m, sizeof again) == 0);
}

/* The same block, seen before all of it was there. */
static void look_too_early(const struct pl_pcapng_reader *before, const uint8_t *bytes, uint32_t length)
{
	struct pl_pcapng_block block;
	struct pl_error e;
	size_t need;

	second = *before;
	CHECK(pl_pcapng_next(&second, bytes, length - 1 - length % 11, &block, &need, &e) == 0);
	CHECK(need <= length && need > length - 1 - length % 11);
	CHECK(second.offset == before->offset && second.blocks == before->blocks);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct pl_pcapng_block block;
	struct ptplens_message m;
	struct pl_error e;
	struct pl_pcapng_reader before;
	char text[32];
	size_t at = 0, need;
	int got;

	memset(&reader, 0, sizeof reader);
	while (before = reader, (got = pl_pcapng_next(&reader, bytes + at, n - at, &block, &need, &e)) == 1) {
		CHECK(block.length >= 12 && block.length <= n - at && block.offset == at);
		look_too_early(&before, bytes + at, block.length);
		if (block.type == PL_PCAPNG_PACKET) {
			CHECK(block.interface < reader.first + reader.interfaces);
			message_of(&block, &m);
			write_again(&m);
		} else {
			pl_message_begin(&m);
			add_records(&block, &m);
		}
		pl_pcapng_find_text(&block, PL_INTERFACE_NAME, text, sizeof text);
		at += block.length;
		CHECK(reader.offset == at);
	}
	if (got == 0)
		CHECK(need > n - at && need <= PL_PCAPNG_BLOCK_MAX);
	else
		CHECK(e.code == got && strstr(e.text, "offset"));
	return 0;
}
