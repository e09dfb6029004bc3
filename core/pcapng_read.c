/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "pcapng.h"
#include <ptplens/message.h>

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define NS_PER_S 1000000000ll
#define TSRESOL_DEFAULT 6
#define TSRESOL_BINARY 0x80u

static uint32_t swap32(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static uint32_t u32_of(const uint8_t *b, int big_endian)
{
	uint32_t v = pl_get_u32(b);
	return big_endian ? swap32(v) : v;
}

static uint16_t u16_of(const uint8_t *b, int big_endian)
{
	return (uint16_t)(big_endian ? b[0] << 8 | b[1] : b[0] | b[1] << 8);
}

static uint64_t u64_of(const uint8_t *b, int big_endian)
{
	uint64_t first = u32_of(b, big_endian), second = u32_of(b + 4, big_endian);
	return big_endian ? first << 32 | second : second << 32 | first;
}

static int __attribute__((format(printf, 4, 5)))
fail_block(const struct pl_pcapng_reader *r, struct pl_error *e, int code, const char *format, ...)
{
	char what[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	return pl_fail(e, code, "block %" PRIu64 " at offset %" PRIu64 ": %s", r->blocks + 1, r->offset, what);
}

/* Rounds down to ns; exact below the 64 bits of a time field. */
static int64_t time_of(uint64_t v, const struct pl_pcapng_resolution *r)
{
	unsigned n = r->tsresol & 0x7fu;
	unsigned __int128 ns = v;

	if (r->tsresol & TSRESOL_BINARY) {
		ns = ns * NS_PER_S >> n;
	} else {
		for (; n < 9; n++)
			ns *= 10;
		for (; n > 9; n--)
			ns /= 10;
	}
	if (ns > INT64_MAX || r->offset_s > INT64_MAX / NS_PER_S || r->offset_s < -(INT64_MAX / NS_PER_S))
		return PTPLENS_NO_TIME;
	int64_t offset_ns = r->offset_s * NS_PER_S, t = (int64_t)ns;
	if (offset_ns > 0 && t > INT64_MAX - offset_ns)
		return PTPLENS_NO_TIME;
	return t + offset_ns;
}

static int take_section(struct pl_pcapng_reader *r, const uint8_t *b, struct pl_pcapng_block *out, struct pl_error *e)
{
	if (out->length < 28)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a section header of %u bytes, at least 28 are needed", out->length);
	unsigned major = u16_of(b + 12, r->big_endian), minor = u16_of(b + 14, r->big_endian);
	/* 1.2 was written by some and equals 1.0 */
	if (major != 1 || (minor != 0 && minor != 2))
		return fail_block(r, e, PTPLENS_E_UNSUPPORTED, "pcapng version %u is not supported", major);
	r->in_section = 1;
	r->first += r->interfaces;
	r->interfaces = 0;
	out->options = b + 24;
	out->options_length = out->length - 28;
	return 1;
}

static int take_interface(struct pl_pcapng_reader *r, const uint8_t *b, struct pl_pcapng_block *out, struct pl_error *e)
{
	struct pl_pcapng_resolution resolution = {.tsresol = TSRESOL_DEFAULT};
	struct pl_pcapng_option o;

	if (out->length < 20)
		return fail_block(r, e, PTPLENS_E_FORMAT, "an interface block of %u bytes, at least 20 are needed", out->length);
	if (u16_of(b + 8, r->big_endian) != PL_PCAPNG_LINK_ETHERNET)
		return fail_block(r, e, PTPLENS_E_FORMAT, "link type %u is not supported, only Ethernet is", u16_of(b + 8, r->big_endian));
	if (r->first + r->interfaces >= PL_PCAPNG_INTERFACES)
		return fail_block(r, e, PTPLENS_E_FORMAT, "more than %d interfaces", PL_PCAPNG_INTERFACES);
	out->options = b + 16;
	out->options_length = out->length - 20;
	for (size_t cursor = 0; pl_pcapng_next_option(out, &cursor, &o) > 0;) {
		if (o.code == PL_INTERFACE_RESOLUTION && o.length == 1)
			resolution.tsresol = o.value[0];
		else if (o.code == PL_INTERFACE_OFFSET && o.length == 8)
			resolution.offset_s = (int64_t)u64_of(o.value, r->big_endian);
	}
	unsigned power = resolution.tsresol & 0x7fu;
	if (power > (resolution.tsresol & TSRESOL_BINARY ? 63 : 19))
		return fail_block(r, e, PTPLENS_E_FORMAT, "time resolution %u cannot be used", resolution.tsresol);
	out->interface = r->first + r->interfaces++;
	r->interface[out->interface] = resolution;
	return 1;
}

static int take_packet(struct pl_pcapng_reader *r, const uint8_t *b, struct pl_pcapng_block *out, struct pl_error *e)
{
	if (out->length < 32)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a packet block of %u bytes, at least 32 are needed", out->length);
	uint32_t interface = u32_of(b + 8, r->big_endian);
	if (interface >= r->interfaces)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a packet of interface %u, which the section does not have", interface);
	out->captured = u32_of(b + 20, r->big_endian);
	out->wire = u32_of(b + 24, r->big_endian);
	if (out->captured > out->length - 32)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a captured length of %u, more than the block holds", out->captured);
	out->interface = r->first + interface;
	out->time_ns =
	    time_of((uint64_t)u32_of(b + 12, r->big_endian) << 32 | u32_of(b + 16, r->big_endian), &r->interface[out->interface]);
	out->data = b + 28;
	size_t padded = ((size_t)out->captured + 3) & ~(size_t)3;
	out->options = b + 28 + padded;
	out->options_length = out->length - 32 - padded;
	return 1;
}

static int take_statistics(struct pl_pcapng_reader *r, const uint8_t *b, struct pl_pcapng_block *out, struct pl_error *e)
{
	if (out->length < 24)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a statistics block of %u bytes, at least 24 are needed", out->length);
	uint32_t interface = u32_of(b + 8, r->big_endian);
	if (interface < r->interfaces) {
		out->interface = r->first + interface;
		out->time_ns =
		    time_of((uint64_t)u32_of(b + 12, r->big_endian) << 32 | u32_of(b + 16, r->big_endian), &r->interface[out->interface]);
	}
	out->options = b + 20;
	out->options_length = out->length - 24;
	return 1;
}

static int take_block(struct pl_pcapng_reader *r, const uint8_t *b, struct pl_pcapng_block *out, struct pl_error *e)
{
	switch (out->type) {
	case PL_PCAPNG_SECTION:
		return take_section(r, b, out, e);
	case PL_PCAPNG_INTERFACE:
		return take_interface(r, b, out, e);
	case PL_PCAPNG_PACKET:
		return take_packet(r, b, out, e);
	case PL_PCAPNG_STATISTICS:
		return take_statistics(r, b, out, e);
	case PL_PCAPNG_PACKET_SIMPLE:
	case PL_PCAPNG_PACKET_OBSOLETE:
		return fail_block(r, e, PTPLENS_E_FORMAT, "packet blocks of type %u are not supported", out->type);
	default:
		r->skipped++;
		return 1;
	}
}

/* The 12 bytes at the start of a section header: type, length, byte order. */
static int take_byte_order(struct pl_pcapng_reader *r, const uint8_t *b, struct pl_error *e)
{
	uint32_t magic = pl_get_u32(b + 8);

	if (magic != BYTE_ORDER_MAGIC && magic != swap32(BYTE_ORDER_MAGIC))
		return fail_block(r, e, PTPLENS_E_FORMAT, "byte-order magic %08" PRIx32 " is not that of pcapng", magic);
	r->big_endian = magic != BYTE_ORDER_MAGIC;
	return 0;
}

int pl_pcapng_next(struct pl_pcapng_reader *r, const uint8_t *b, size_t n, struct pl_pcapng_block *out, size_t *need, struct pl_error *e)
{
	int failed;

	*need = 12;
	if (n < 12)
		return 0;
	int section = pl_get_u32(b) == PL_PCAPNG_SECTION; /* the same in both byte orders */
	if (!section && !r->in_section)
		return fail_block(r, e, PTPLENS_E_FORMAT, "type %08" PRIx32 ", not the section header of a pcapng file", pl_get_u32(b));
	if (section && (failed = take_byte_order(r, b, e)))
		return failed;
	uint32_t length = u32_of(b + 4, r->big_endian);
	if (length < 12 || length % 4)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a block length of %u", length);
	if (length > PL_PCAPNG_BLOCK_MAX)
		return fail_block(r, e, PTPLENS_E_FORMAT, "a block length of %u, more than 16 MiB", length);
	*need = length;
	if (n < length)
		return 0;
	uint32_t trailing = u32_of(b + length - 4, r->big_endian);
	if (trailing != length)
		return fail_block(r, e, PTPLENS_E_FORMAT, "the length at its end, %u, is not that at its start", trailing);
	*out = (struct pl_pcapng_block){
	    .type = u32_of(b, r->big_endian),
	    .length = length,
	    .number = r->blocks + 1,
	    .offset = r->offset,
	    .interface = UINT32_MAX,
	    .time_ns = PTPLENS_NO_TIME,
	    .options = b + 8, /* none, unless the type says more */
	    .big_endian = r->big_endian,
	};
	failed = take_block(r, b, out, e);
	if (failed < 0)
		return failed;
	r->blocks++;
	r->offset += length;
	return 1;
}

int pl_pcapng_next_option(const struct pl_pcapng_block *block, size_t *cursor, struct pl_pcapng_option *out)
{
	const uint8_t *b = block->options + *cursor;
	size_t left = block->options_length - *cursor;

	if (left < 4 || u16_of(b, block->big_endian) == PL_OPTION_END)
		return 0;
	uint16_t length = u16_of(b + 2, block->big_endian);
	size_t padded = ((size_t)length + 3) & ~(size_t)3;
	if (padded > left - 4)
		return PTPLENS_E_FORMAT;
	*out = (struct pl_pcapng_option){.code = u16_of(b, block->big_endian), .length = length, .value = b + 4};
	*cursor += 4 + padded;
	return 1;
}

static int find(const struct pl_pcapng_block *block, unsigned code, struct pl_pcapng_option *out)
{
	for (size_t cursor = 0; pl_pcapng_next_option(block, &cursor, out) > 0;)
		if (out->code == code)
			return 1;
	return 0;
}

int pl_pcapng_find_u32(const struct pl_pcapng_block *block, unsigned code, uint32_t *out)
{
	struct pl_pcapng_option o;

	if (!find(block, code, &o) || o.length != 4)
		return 0;
	*out = u32_of(o.value, block->big_endian);
	return 1;
}

int pl_pcapng_find_u64(const struct pl_pcapng_block *block, unsigned code, uint64_t *out)
{
	struct pl_pcapng_option o;

	if (!find(block, code, &o) || o.length != 8)
		return 0;
	*out = u64_of(o.value, block->big_endian);
	return 1;
}

int pl_pcapng_find_text(const struct pl_pcapng_block *block, unsigned code, char *out, size_t size)
{
	struct pl_pcapng_option o;
	size_t n = 0;

	if (!find(block, code, &o))
		return 0;
	for (; n < o.length && n < size - 1 && o.value[n]; n++)
		out[n] = (char)(o.value[n] >= 0x20 && o.value[n] < 0x7f ? o.value[n] : '?');
	out[n] = 0;
	return 1;
}
