/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "pcapng.h"

#define BYTE_ORDER_MAGIC 0x1a2b3c4du

void pl_put_u32(uint8_t *b, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		b[i] = (uint8_t)(v >> 8 * i);
}

void pl_put_u64(uint8_t *b, uint64_t v)
{
	pl_put_u32(b, (uint32_t)v);
	pl_put_u32(b + 4, (uint32_t)(v >> 32));
}

uint32_t pl_get_u32(const uint8_t *b)
{
	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

uint64_t pl_get_u64(const uint8_t *b)
{
	return pl_get_u32(b) | (uint64_t)pl_get_u32(b + 4) << 32;
}

/* Room for n bytes, and for the 8 that end a block; NULL if there is none. */
static uint8_t *take(struct pl_pcapng_writer *w, size_t n)
{
	if (w->full || n > w->capacity - w->length || w->capacity - w->length - n < 8) {
		w->full = 1;
		return NULL;
	}
	uint8_t *at = w->bytes + w->length;
	w->length += n;
	return at;
}

static void add_u32(struct pl_pcapng_writer *w, uint32_t v)
{
	uint8_t *at = take(w, 4);
	if (at)
		pl_put_u32(at, v);
}

static void add_time(struct pl_pcapng_writer *w, int64_t time_ns)
{
	add_u32(w, (uint32_t)((uint64_t)time_ns >> 32));
	add_u32(w, (uint32_t)time_ns);
}

static void add_padded(struct pl_pcapng_writer *w, const void *value, size_t n)
{
	size_t padded = (n + 3) & ~(size_t)3;
	uint8_t *at = take(w, padded);
	if (!at)
		return;
	if (n)
		memcpy(at, value, n);
	memset(at + n, 0, padded - n);
}

static void begin(struct pl_pcapng_writer *w, uint32_t type)
{
	w->block = w->length;
	w->full = 0;
	add_u32(w, type);
	add_u32(w, 0);
}

void pl_pcapng_section(struct pl_pcapng_writer *w)
{
	begin(w, PL_PCAPNG_SECTION);
	add_u32(w, BYTE_ORDER_MAGIC);
	add_u32(w, 1); /* version 1.0 */
	add_u32(w, UINT32_MAX);
	add_u32(w, UINT32_MAX); /* the section's length is not known */
}

void pl_pcapng_interface(struct pl_pcapng_writer *w)
{
	begin(w, PL_PCAPNG_INTERFACE);
	add_u32(w, PL_PCAPNG_LINK_ETHERNET);
	add_u32(w, PL_PCAPNG_SNAP_LENGTH);
}

void pl_pcapng_packet(struct pl_pcapng_writer *w, uint32_t interface, int64_t time_ns, const uint8_t *frame, uint32_t captured,
                      uint32_t wire)
{
	begin(w, PL_PCAPNG_PACKET);
	add_u32(w, interface);
	add_time(w, time_ns);
	add_u32(w, captured);
	add_u32(w, wire);
	add_padded(w, frame, captured);
}

void pl_pcapng_statistics(struct pl_pcapng_writer *w, uint32_t interface, int64_t time_ns)
{
	begin(w, PL_PCAPNG_STATISTICS);
	add_u32(w, interface);
	add_time(w, time_ns);
}

void pl_pcapng_option(struct pl_pcapng_writer *w, unsigned code, const void *value, size_t length)
{
	if (length > UINT16_MAX) {
		w->full = 1;
		return;
	}
	add_u32(w, code | (uint32_t)length << 16);
	add_padded(w, value, length);
}

void pl_pcapng_option_u32(struct pl_pcapng_writer *w, unsigned code, uint32_t value)
{
	uint8_t b[4];
	pl_put_u32(b, value);
	pl_pcapng_option(w, code, b, sizeof b);
}

void pl_pcapng_option_u64(struct pl_pcapng_writer *w, unsigned code, uint64_t value)
{
	uint8_t b[8];
	pl_put_u64(b, value);
	pl_pcapng_option(w, code, b, sizeof b);
}

void pl_pcapng_option_text(struct pl_pcapng_writer *w, unsigned code, const char *text)
{
	pl_pcapng_option(w, code, text, strlen(text));
}

int pl_pcapng_end(struct pl_pcapng_writer *w)
{
	if (w->full) {
		w->length = w->block;
		w->full = 0;
		return PTPLENS_E_NO_SPACE;
	}
	/* take keeps these 8 bytes free */
	uint32_t length = (uint32_t)(w->length - w->block) + 8;
	pl_put_u32(w->bytes + w->length, PL_OPTION_END);
	pl_put_u32(w->bytes + w->length + 4, length);
	pl_put_u32(w->bytes + w->block + 4, length);
	w->length += 8;
	return 0;
}
