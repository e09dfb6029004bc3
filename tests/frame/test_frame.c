/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "frame.h"

#define DESTINATION "011b19000000"
#define MACS DESTINATION "0080e1000001"
#define UDP "013f013f00340000"
#define UDP_GENERAL "c0000140003400ff"
#define IPV4 \
	"0800" \
	"4500004800000000011100000a000001e0000181"
#define IPV6(next) \
	"86dd" \
	"600000000034" next "01" \
	"fe80000000000000000000fffe000001" \
	"ff0e0000000000000000000000000181"

/* Sync with 44 bytes, domain 5, sdoId 0, twoStep, sequenceId 7 */
static const char sync_message[] = "0002002c05000200"
				   "0000000000000000"
				   "00000000"
				   "0080e1fffe0000010001"
				   "000700fd"
				   "00000000000000000000";

static uint8_t *guard; /* the first byte that cannot be read */

struct frame {
	uint8_t b[512];
	uint32_t n;
};

struct parsed {
	enum pl_frame_result result;
	uint32_t ptp_offset;
	struct ptplens_event event;
};

static void append(struct frame *f, const char *hex)
{
	for (; *hex; hex += 2) {
		unsigned value;
		assert_true(f->n < sizeof f->b);
		assert_int_equal(sscanf(hex, "%2x", &value), 1);
		f->b[f->n++] = (uint8_t)value;
	}
}

static struct frame frame_of(const char *headers, const char *message)
{
	struct frame f = {.n = 0};
	append(&f, headers);
	append(&f, message);
	return f;
}

/* Of the frame's first `have` bytes, which end where reading ends. */
static struct parsed parse(const struct frame *f, uint32_t have, int32_t outer_tag)
{
	struct parsed p = {.ptp_offset = UINT32_MAX};
	memcpy(guard - have, f->b, have);
	p.result = pl_frame_parse(guard - have, have, f->n, outer_tag, &p.event, &p.ptp_offset);
	return p;
}

static int make_guard(void **state)
{
	(void)state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE) != 0)
		return -1;
	guard = pages + page;
	return 0;
}

struct encapsulation {
	const char *headers;
	int32_t outer_tag;
	uint16_t flags, vlan_id;
	uint8_t pcp;
};

#define NO_TAG (-1)
#define VLAN PTPLENS_FLAG_VLAN
#define TWO_TAGS (PTPLENS_FLAG_VLAN | PTPLENS_FLAG_SECOND_TAG)
#define REDUNDANT PTPLENS_FLAG_REDUNDANCY_TAG
#define V4 0x10
#define V6 0x20

static const struct encapsulation encapsulations[] = {
    {MACS "88f7", NO_TAG, 0, 0, 0},
    {MACS "8100c02a88f7", NO_TAG, VLAN, 42, 6},
    {MACS "8100000088f7", NO_TAG, VLAN, 0, 0},
    {MACS "8100ffff88f7", NO_TAG, VLAN | PTPLENS_FLAG_DEI, 4095, 7},
    {MACS "88f7", 0xc02a, VLAN, 42, 6},
    {MACS "88f7", 0, VLAN, 0, 0},
    {MACS "88f7", 0x3001, VLAN | PTPLENS_FLAG_DEI, 1, 1},
    {MACS "8100e00788f7", 0x602a, TWO_TAGS, 42, 3},
    {MACS "88a8602a8100e00788f7", NO_TAG, TWO_TAGS, 42, 3},
    {MACS "9100602a8100f00788f7", NO_TAG, TWO_TAGS, 42, 3},
    {MACS "88a8000181000002810000038100000488f7", NO_TAG, TWO_TAGS, 1, 0},
    {MACS "8100000281000003810000"
          "0488f7",
     1, TWO_TAGS, 1, 0},
    {MACS "892f003a000188f7", NO_TAG, REDUNDANT, 0, 0},
    {MACS "f1c10000000188f7", NO_TAG, REDUNDANT, 0, 0},
    {MACS "8100c02a892f003a000188f7", NO_TAG, VLAN | REDUNDANT, 42, 6},
    {MACS "892f003a00018100c02a88f7", NO_TAG, VLAN | REDUNDANT, 42, 6},
    {MACS "8100c02af1c10000000188f7", NO_TAG, VLAN | REDUNDANT, 42, 6},
    {MACS IPV4 UDP, NO_TAG, V4, 0, 0},
    {MACS IPV4 UDP_GENERAL, NO_TAG, V4, 0, 0},
    {MACS IPV4 UDP, 0xc02a, V4 | VLAN, 42, 6},
    {MACS "8100c02a" IPV4 UDP, NO_TAG, V4 | VLAN, 42, 6},
    {MACS "0800"
          "4600004c00004000011100000a000001e0000181"
          "94040000" UDP,
     NO_TAG, V4, 0, 0},
    {MACS "0800"
          "4f00007000000000011100000a000001e0000181"
          "0101010101010101010101010101010101010101"
          "0101010101010101010101010101010101010100" UDP,
     NO_TAG, V4, 0, 0},
    {MACS IPV6("11") UDP, NO_TAG, V6, 0, 0},
    {MACS IPV6("11") UDP_GENERAL, 0xc02a, V6 | VLAN, 42, 6},
    {MACS IPV6("00") "1100050200000000" UDP, NO_TAG, V6, 0, 0},
    {MACS IPV6("2b") "1100000000000000" UDP, NO_TAG, V6, 0, 0},
    {MACS IPV6("3c") "11010104000000000000000000000000" UDP, NO_TAG, V6, 0, 0},
    {MACS IPV6("2c") "1100000012345678" UDP, NO_TAG, V6, 0, 0},
    {MACS IPV6("33") "110400000000000100000002aaaaaaaaaaaaaaaaaaaaaaaa" UDP, NO_TAG, V6, 0, 0},
    {MACS IPV6("00") "3c00050200000000"
                     "2b00010400000000"
                     "2c00000000000000"
                     "3300000012345678"
                     "3c0200000000000100000001aaaaaaaa"
                     "1100010400000000" UDP,
     NO_TAG, V6, 0, 0},
};

static void check_encapsulation(const struct encapsulation *c)
{
	struct frame f = frame_of(c->headers, sync_message);
	uint32_t ptp_offset = (uint32_t)strlen(c->headers) / 2;
	struct parsed p = parse(&f, f.n, c->outer_tag);
	static const uint8_t clock_identity[8] = {0x00, 0x80, 0xe1, 0xff, 0xfe, 0x00, 0x00, 0x01};
	static const uint8_t source_mac[6] = {0x00, 0x80, 0xe1, 0x00, 0x00, 0x01};

	assert_int_equal(p.result, PL_FRAME_PTP);
	assert_int_equal(p.ptp_offset, ptp_offset);
	assert_int_equal(p.event.flags, c->flags | PTPLENS_FLAG_TWO_STEP);
	assert_int_equal(p.event.vlan_id, c->vlan_id);
	assert_int_equal(p.event.pcp, c->pcp);
	assert_int_equal(p.event.message_type, 0);
	assert_int_equal(p.event.sequence_id, 7);
	assert_int_equal(p.event.domain_number, 5);
	assert_int_equal(p.event.port_number, 1);
	assert_int_equal(p.event.version, 2);
	assert_memory_equal(p.event.clock_identity, clock_identity, sizeof clock_identity);
	assert_memory_equal(p.event.source_mac, source_mac, sizeof source_mac);
	if ((c->flags & PTPLENS_FLAG_TRANSPORT_MASK) == 0)
		assert_int_equal(p.event.message_hash, 0xbac36d6c);
	else if ((c->flags & PTPLENS_FLAG_TRANSPORT_MASK) == V4)
		assert_int_equal(p.event.message_hash, 0x8aecdb1f);

	for (uint32_t have = 0; have < f.n; have++) {
		struct parsed q = parse(&f, have, c->outer_tag);
		if (have < ptp_offset + PL_PTP_HEADER) {
			assert_int_equal(q.result, PL_FRAME_TRUNCATED);
		} else {
			assert_int_equal(q.result, PL_FRAME_PTP);
			assert_memory_equal(&q.event, &p.event, sizeof p.event);
		}
	}
}

static void encapsulation(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof encapsulations / sizeof *encapsulations; i++) {
		print_message("%s\n", encapsulations[i].headers);
		check_encapsulation(&encapsulations[i]);
	}
}

/* A tag beside the frame and the same tag in band are one frame, at every depth. */
static void tag_in_or_out_of_band(void **state)
{
	(void)state;
	for (uint32_t words = 0; words < 40; words++) {
		for (uint32_t tags = 0; tags < 5; tags++) {
			struct frame out = {.n = 0}, in = {.n = 0};
			append(&out, MACS);
			append(&in, MACS "8100c02a");
			for (struct frame *f = &out; f; f = f == &out ? &in : NULL) {
				for (uint32_t i = 0; i < tags; i++)
					append(f, "81000007");
				append(f, IPV6("3c"));
				f->b[f->n] = 17;
				f->b[f->n + 1] = (uint8_t)words;
				memset(f->b + f->n + 2, 0, 6 + 8 * words);
				f->n += 8 + 8 * words;
				append(f, UDP);
				append(f, sync_message);
			}
			struct parsed a = parse(&out, out.n < PL_FRAME_MAX ? out.n : PL_FRAME_MAX, 0xc02a);
			struct parsed b = parse(&in, in.n < PL_FRAME_MAX ? in.n : PL_FRAME_MAX, NO_TAG);
			assert_int_equal(a.result, b.result);
			assert_int_equal(b.result,
			                 tags < 4 && 18 + 4 * tags + 40 + 8 + 8 * words + 8 <= 138 ? PL_FRAME_PTP : PL_FRAME_TOO_DEEP);
			if (a.result == PL_FRAME_PTP) {
				assert_memory_equal(&a.event, &b.event, sizeof a.event);
				assert_int_equal(a.ptp_offset + 4, b.ptp_offset);
			}
		}
	}
}

struct rejection {
	enum pl_frame_result result;
	const char *headers;
	const char *message;
};

static const struct rejection rejections[] = {
    {PL_FRAME_NOT_PTP, MACS "0806", sync_message},
    {PL_FRAME_NOT_PTP, MACS "002e", sync_message},
    {PL_FRAME_NOT_PTP, MACS "8100c02a0806", sync_message},
    {PL_FRAME_NOT_PTP,
     MACS "0800"
          "4500004800000000010600000a000001e0000181" UDP,
     sync_message}, /* TCP */
    {PL_FRAME_NOT_PTP,
     MACS "0800"
          "4500004800000001011100000a000001e0000181" UDP,
     sync_message}, /* a later fragment */
    {PL_FRAME_NOT_PTP,
     MACS "0800"
          "4500004800001000011100000a000001e0000181" UDP,
     sync_message},                                                 /* far behind */
    {PL_FRAME_NOT_PTP, MACS IPV4 "013f014100340000", sync_message}, /* port 321 */
    {PL_FRAME_NOT_PTP, MACS IPV4 "013f013e00340000", sync_message},
    {PL_FRAME_NOT_PTP, MACS IPV6("06") UDP, sync_message},
    {PL_FRAME_NOT_PTP, MACS IPV6("32") UDP, sync_message}, /* ESP */
    {PL_FRAME_NOT_PTP, MACS IPV6("2c") "1100000812345678" UDP, sync_message},
    {PL_FRAME_NOT_PTP,
     MACS IPV6("00") "3c00050200000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "0600010400000000" UDP,
     sync_message}, /* TCP behind six extension headers */
    {PL_FRAME_TOO_DEEP,
     MACS IPV6("00") "3c00050200000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "3c00010400000000"
                     "1100010400000000" UDP,
     sync_message},
    {PL_FRAME_TOO_DEEP, MACS "88a80001810000028100000381000004892f003a000188f7", sync_message},
    {PL_FRAME_TOO_DEEP, MACS IPV6("00") "11ff050200000000" UDP, sync_message},
    {PL_FRAME_TOO_DEEP, MACS IPV6("33") "11ff050200000000" UDP, sync_message},
    {PL_FRAME_FRAGMENT,
     MACS "0800"
          "4500004800002000011100000a000001e0000181" UDP,
     sync_message},
    {PL_FRAME_FRAGMENT, MACS IPV6("2c") "1100000112345678" UDP, sync_message},
    {PL_FRAME_HEADER,
     MACS "0800"
          "4400004800000000011100000a000001e0000181" UDP,
     sync_message},
    {PL_FRAME_HEADER,
     MACS "0800"
          "5500004800000000011100000a000001e0000181" UDP,
     sync_message},
    {PL_FRAME_HEADER,
     MACS "0800"
          "4400004800002000011100000a000001e0000181" UDP,
     sync_message},
    {PL_FRAME_HEADER,
     MACS "86dd"
          "400000000034"
          "1101"
          "fe80000000000000000000fffe000001"
          "ff0e0000000000000000000000000181" UDP,
     sync_message},
    {PL_FRAME_PTPV1, MACS IPV4 UDP, "0001000100000000000000000000000000000000000000000000000000000000000000000000"},
    {PL_FRAME_VERSION, MACS "88f7",
     "0003002c05000200000000000000000000000000"
     "0080e1fffe0000010001"
     "000700fd0000"},
    {PL_FRAME_VERSION, MACS "88f7",
     "0000002c05000200000000000000000000000000"
     "0080e1fffe0000010001"
     "000700fd0000"},
    {PL_FRAME_LENGTH, MACS "88f7",
     "0002002105000200000000000000000000000000"
     "0080e1fffe0000010001"
     "000700fd0000"},
    {PL_FRAME_LENGTH, MACS "88f7",
     "0002000005000200000000000000000000000000"
     "0080e1fffe0000010001"
     "000700fd0000"},
};

static void rejection(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rejections / sizeof *rejections; i++) {
		const struct rejection *c = &rejections[i];
		struct frame f = frame_of(c->headers, c->message);
		print_message("%s\n", c->headers);
		assert_int_equal(parse(&f, f.n, NO_TAG).result, c->result);
		for (uint32_t have = 0; have < f.n; have++) {
			struct parsed p = parse(&f, have, NO_TAG);
			assert_true(p.result == PL_FRAME_TRUNCATED || p.result == c->result);
		}
		assert_int_equal(parse(&f, 13, NO_TAG).result, PL_FRAME_TRUNCATED);
	}
}

static int hashed(uint32_t type, uint32_t octet)
{
	if (type == 3 || type == 9 || type == 10)
		return octet >= 44 && octet < 54;
	if (type == 12 || type == 13)
		return octet == 2 || octet == 3 || (octet >= 34 && octet < 54);
	return 0;
}

/* The hash changes with the octets it covers and with no other, for all types; and so with all prefixes of the message. */
static void hash_coverage(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 16; type++) {
		struct frame f = frame_of(MACS "88f7", sync_message);
		append(&f, "0102030405060708090a0b0c0d0e0f1011121314");
		f.b[14] = (uint8_t)(0x10 | type);
		f.b[17] = 64;
		struct parsed whole = parse(&f, f.n, NO_TAG);
		assert_int_equal(whole.result, PL_FRAME_PTP);
		assert_int_equal(whole.event.message_type, type);
		assert_int_equal(whole.event.sdo_id, 0x100);
		assert_int_equal(whole.event.flags, PTPLENS_FLAG_TWO_STEP);
		for (uint32_t i = 0; i < f.n; i++) {
			if (i == 12 || i == 13 || i == 14 || i == 15 ||
			    i == 16) /* another protocol, type, version; a length over the frame's */
				continue;
			f.b[i] ^= 0x01;
			struct parsed p = parse(&f, f.n, NO_TAG);
			f.b[i] ^= 0x01;
			assert_int_equal(p.result, PL_FRAME_PTP);
			assert_int_equal(p.event.message_hash != whole.event.message_hash, i < 6 || (i >= 14 && hashed(type, i - 14)));
		}
	}
}

/* messageLength bounds the hash; a frame that ends early is flagged. */
static void short_messages(void **state)
{
	(void)state;
	for (uint32_t length = 34; length <= 64; length++) {
		struct frame f = frame_of(MACS "88f7", sync_message);
		append(&f, "0102030405060708090a0b0c0d0e0f1011121314");
		f.b[14] = 9;
		f.b[17] = (uint8_t)length;
		struct parsed p = parse(&f, f.n, NO_TAG);
		assert_int_equal(p.result, PL_FRAME_PTP);
		f.b[14 + length] ^= 0xff; /* beyond the message */
		assert_int_equal(parse(&f, f.n, NO_TAG).event.message_hash, p.event.message_hash);
		f.b[14 + length] ^= 0xff;
		assert_int_equal(p.event.flags & PTPLENS_FLAG_SHORT, 0);

		f.n = 14 + length; /* the frame ends with the message: same hash, not short */
		assert_int_equal(parse(&f, f.n, NO_TAG).event.message_hash, p.event.message_hash);
		assert_int_equal(parse(&f, f.n, NO_TAG).event.flags & PTPLENS_FLAG_SHORT, 0);
		if (length > 34) {
			f.n--;
			assert_int_equal(parse(&f, f.n, NO_TAG).result, PL_FRAME_PTP);
			assert_int_equal(parse(&f, f.n, NO_TAG).event.flags & PTPLENS_FLAG_SHORT, PTPLENS_FLAG_SHORT);
		}
	}
}

static void hash_vectors(void **state)
{
	(void)state;
	uint32_t hash = PL_FNV_BASIS;
	assert_int_equal(hash, 0x811c9dc5);
	for (const char *c = "foobar"; *c; c++)
		hash = pl_fnv1a(hash, (uint8_t)*c);
	assert_int_equal(hash, 0xbf9cf968);

	struct frame f = frame_of(MACS "88f7", sync_message);
	append(&f, "0080e1fffe0000010001");
	f.b[14] = 9;
	f.b[17] = 54;
	assert_int_equal(parse(&f, f.n, NO_TAG).event.message_hash, 0x64edd38e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hash_vectors), cmocka_unit_test(encapsulation), cmocka_unit_test(tag_in_or_out_of_band),
	    cmocka_unit_test(rejection),    cmocka_unit_test(hash_coverage), cmocka_unit_test(short_messages),
	};
	return cmocka_run_group_tests(tests, make_guard, NULL);
}
