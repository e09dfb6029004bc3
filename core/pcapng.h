/* SPDX-License-Identifier: BSD-3-Clause */
/* pcapng blocks as bytes, written into the caller's buffer and read from it. Knows nothing of what stands in custom options (record.h).
 *
 * Written files are little endian, one section, Ethernet, times in ns. Files read may be of either byte order, have several sections and
 * any resolution; what is not taken yet is refused with the block and its offset. Every length is checked before it is used, and no
 * length makes anybody allocate. */
#ifndef PL_PCAPNG_H
#define PL_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define PL_PCAPNG_LINK_ETHERNET 1
#define PL_PCAPNG_SNAP_LENGTH 262144u
#define PL_PCAPNG_BLOCK_MAX (16u << 20) /* libpcap's limit */
#define PL_PCAPNG_INTERFACES 256

enum pl_pcapng_type {
	PL_PCAPNG_INTERFACE = 1,
	PL_PCAPNG_PACKET_OBSOLETE = 2,
	PL_PCAPNG_PACKET_SIMPLE = 3,
	PL_PCAPNG_STATISTICS = 5,
	PL_PCAPNG_PACKET = 6,
	PL_PCAPNG_SECTION = 0x0a0d0d0a,
};

enum pl_pcapng_option_code {
	PL_OPTION_END = 0,
	PL_OPTION_COMMENT = 1,
	PL_OPTION_CUSTOM = 2989, /* binary, copied by those who rewrite the file */
	PL_SECTION_APPLICATION = 4,
	PL_INTERFACE_NAME = 2,
	PL_INTERFACE_DESCRIPTION = 3,
	PL_INTERFACE_MAC = 6,
	PL_INTERFACE_RESOLUTION = 9,
	PL_INTERFACE_OFFSET = 14,
	PL_PACKET_FLAGS = 2,
	PL_PACKET_ID = 5,
	PL_PACKET_QUEUE = 6,
	PL_STATISTICS_RECEIVED = 4,
	PL_STATISTICS_DROPPED = 5,
	PL_STATISTICS_DELIVERED = 8,
};

#define PL_PACKET_INBOUND 1u /* of the flags, their low two bits */
#define PL_PACKET_OUTBOUND 2u

/* --- writing --- */

struct pl_pcapng_writer {
	uint8_t *bytes;
	size_t capacity;
	size_t length; /* whole blocks, then the open one */
	size_t block;  /* where the open block starts */
	int full;      /* something of the open block did not fit */
};

/* Each opens a block; options follow, then pl_pcapng_end. */
void pl_pcapng_section(struct pl_pcapng_writer *);
void pl_pcapng_interface(struct pl_pcapng_writer *);
void pl_pcapng_packet(struct pl_pcapng_writer *, uint32_t interface, int64_t time_ns, const uint8_t *frame, uint32_t captured,
                      uint32_t wire);
void pl_pcapng_statistics(struct pl_pcapng_writer *, uint32_t interface, int64_t time_ns);

void pl_pcapng_option(struct pl_pcapng_writer *, unsigned code, const void *value, size_t length);
void pl_pcapng_option_u32(struct pl_pcapng_writer *, unsigned code, uint32_t value);
void pl_pcapng_option_u64(struct pl_pcapng_writer *, unsigned code, uint64_t value);
void pl_pcapng_option_text(struct pl_pcapng_writer *, unsigned code, const char *text);

/* Closes the block. PTPLENS_E_NO_SPACE: it did not fit and is not there. */
int pl_pcapng_end(struct pl_pcapng_writer *);

/* Little-endian integers, for the bodies of options. */
void pl_put_u32(uint8_t *, uint32_t);
void pl_put_u64(uint8_t *, uint64_t);
uint32_t pl_get_u32(const uint8_t *);
uint64_t pl_get_u64(const uint8_t *);

/* --- reading --- */

struct pl_pcapng_resolution {
	uint8_t tsresol;
	int64_t offset_s;
};

struct pl_pcapng_reader { /* all zero before the first block */
	uint64_t offset;  /* of the block that comes next */
	uint64_t blocks;  /* read so far */
	uint64_t skipped; /* of them, blocks of a type that says nothing of packets */
	uint32_t first;   /* interface 0 of the section, as a number in the file */
	uint32_t interfaces;
	uint8_t big_endian;
	uint8_t in_section;
	struct pl_pcapng_resolution interface[PL_PCAPNG_INTERFACES];
};

struct pl_pcapng_block { /* points into the bytes given */
	uint32_t type;   /* enum pl_pcapng_type; any other one is to be skipped */
	uint32_t length;
	uint64_t number; /* from 1 */
	uint64_t offset;
	uint32_t interface;  /* number in the file, from 0; UINT32_MAX: statistics of an interface that is not there */
	int64_t time_ns;     /* PTPLENS_NO_TIME: out of range */
	const uint8_t *data; /* packet */
	uint32_t captured;
	uint32_t wire;
	const uint8_t *options;
	size_t options_length;
	uint8_t big_endian;
};

struct pl_pcapng_option {
	uint16_t code;
	uint16_t length;
	const uint8_t *value;
};

/* Takes the block at the start of the n bytes, which lie at reader->offset of the file. 1: *out is it, and it is out->length long;
 * 0: the block is not whole yet, *need is how many bytes it takes; negative: no block can be read from here on. */
int pl_pcapng_next(struct pl_pcapng_reader *, const uint8_t *bytes, size_t n, struct pl_pcapng_block *out, size_t *need, struct pl_error *);

/* 1: the option at *cursor (0 at first), which then stands behind it; 0: none is left; negative: it reaches past its block. */
int pl_pcapng_next_option(const struct pl_pcapng_block *, size_t *cursor, struct pl_pcapng_option *out);

/* In the block's byte order. 0: no such option, or not of this size. */
int pl_pcapng_find_u32(const struct pl_pcapng_block *, unsigned code, uint32_t *out);
int pl_pcapng_find_u64(const struct pl_pcapng_block *, unsigned code, uint64_t *out);
/* Copies at most size - 1 bytes and ends them with NUL; octets that are not printable ASCII become '?'. */
int pl_pcapng_find_text(const struct pl_pcapng_block *, unsigned code, char *out, size_t size);

#endif
