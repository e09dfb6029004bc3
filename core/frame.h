/* SPDX-License-Identifier: BSD-3-Clause */
/* The one frame parser: a flat buffer from the MAC header on, at most PL_FRAME_MAX bytes, into an event's parsed fields.
 *
 * Compiled into the BPF program, the Windows driver and user space, so that all of them see the same message in the same bytes. Every
 * access is bounded twice: against the constant size of the buffer (`too deep`; this is also what the BPF verifier follows) and against
 * the bytes that are there (`truncated`). */
#ifndef PL_FRAME_H
#define PL_FRAME_H

#include <ptplens/event.h>

#define PL_FRAME_MAX 192u
#define PL_PTP_HEADER 34u
#define PL_PTP_HASHED 54u /* message bytes that a hash may cover */

enum pl_frame_result {
	PL_FRAME_PTP = 0,
	PL_FRAME_NOT_PTP = 1,
	/* 2 + enum ptplens_reject */
	PL_FRAME_TOO_DEEP,
	PL_FRAME_TRUNCATED,
	PL_FRAME_FRAGMENT,
	PL_FRAME_HEADER,
	PL_FRAME_PTPV1,
	PL_FRAME_VERSION,
	PL_FRAME_LENGTH,
	PL_FRAME_RESULTS,
};
#define PL_FRAME_REJECT 2 /* result - PL_FRAME_REJECT is an enum ptplens_reject */

#define PL_ETHERTYPE_PTP 0x88f7
#define PL_ETHERTYPE_IPV4 0x0800
#define PL_ETHERTYPE_IPV6 0x86dd
#define PL_ETHERTYPE_VLAN 0x8100
#define PL_ETHERTYPE_QINQ 0x88a8
#define PL_ETHERTYPE_QINQ_OLD 0x9100
#define PL_ETHERTYPE_HSR 0x892f
#define PL_ETHERTYPE_RTAG 0xf1c1
#define PL_PORT_EVENT 319
#define PL_PORT_GENERAL 320

#define PL_FRAME_TAGS 4       /* tags of any kind, an out-of-band one included */
#define PL_FRAME_EXTENSIONS 6 /* IPv6 extension headers */

#define PL_FNV_BASIS 2166136261u
#define PL_FNV_PRIME 16777619u

#define PL_FRAME_INLINE static inline __attribute__((always_inline))

/* A shift there and back by an amount that the BPF verifier does not know changes no offset, and makes the verifier forget what it knew of
 * it: otherwise it walks each stack of headers apart, for minutes. It also keeps the compiler from moving the bound that follows to a
 * copy that the verifier does not see. */
#if defined(__bpf__)
#define PL_FRAME_BOUND(o) \
	do { \
		uint64_t forgotten = (o), unknown = b[0] & 7; \
		__asm__ volatile("%0 <<= %1\n%0 >>= %1" : "+r"(forgotten) : "r"(unknown)); \
		(o) = (uint32_t)forgotten; \
	} while (0)
/* The compiler may save an offset before it compares it, and the verifier of Linux 6.1 does not carry the bound over to what was saved. So
 * what was compared becomes a new value, and where a bound has to last, a pointer, which keeps it. */
#define PL_FRAME_BOUNDED(o) __asm__ volatile("%0 = %0" : "+w"(o))
#define PL_FRAME_POINT(p) __asm__ volatile("" : "+r"(p))
#define PL_FRAME_UNROLL _Pragma("unroll")
#else
#define PL_FRAME_BOUND(o) ((void)0)
#define PL_FRAME_BOUNDED(o) ((void)0)
#define PL_FRAME_POINT(p) ((void)0)
#define PL_FRAME_UNROLL
#endif

#define PL_FRAME_LIMIT(o, most) \
	do { \
		PL_FRAME_BOUND(o); \
		if ((o) > (most)) \
			return PL_FRAME_TOO_DEEP; \
		PL_FRAME_BOUNDED(o); \
	} while (0)

#define PL_FRAME_NEED(o, n) \
	do { \
		PL_FRAME_LIMIT(o, PL_FRAME_MAX - (n)); \
		if ((o) + (n) > have) \
			return PL_FRAME_TRUNCATED; \
	} while (0)

PL_FRAME_INLINE uint32_t pl_be16(const uint8_t *b)
{
	return (uint32_t)b[0] << 8 | b[1];
}

PL_FRAME_INLINE uint32_t pl_fnv1a(uint32_t hash, uint8_t octet)
{
	return (hash ^ octet) * PL_FNV_PRIME;
}

PL_FRAME_INLINE int pl_is_vlan(uint32_t ethertype)
{
	return ethertype == PL_ETHERTYPE_VLAN || ethertype == PL_ETHERTYPE_QINQ || ethertype == PL_ETHERTYPE_QINQ_OLD;
}

PL_FRAME_INLINE int pl_is_redundancy(uint32_t ethertype)
{
	return ethertype == PL_ETHERTYPE_HSR || ethertype == PL_ETHERTYPE_RTAG;
}

/* IPv6: hop-by-hop, routing, destination options, fragment, authentication */
PL_FRAME_INLINE int pl_is_extension(uint32_t next)
{
	return next == 0 || next == 43 || next == 60 || next == 44 || next == 51;
}

PL_FRAME_INLINE void pl_frame_tag(struct ptplens_event *e, uint32_t tci)
{
	if (e->flags & PTPLENS_FLAG_VLAN) {
		e->flags |= PTPLENS_FLAG_SECOND_TAG;
		return;
	}
	e->flags |= PTPLENS_FLAG_VLAN | (tci & 0x1000 ? PTPLENS_FLAG_DEI : 0);
	e->vlan_id = tci & 0xfff;
	e->pcp = tci >> 13;
}

/* The PTP message at offset o, where all that a hash may cover fits into the buffer. destination: what the hash begins with. */
PL_FRAME_INLINE enum pl_frame_result pl_frame_message(const uint8_t *b, uint32_t o, uint32_t have, uint32_t wire,
                                                      const uint8_t *destination, uint32_t destination_bytes, uint32_t transport,
                                                      struct ptplens_event *e)
{
	if (o + 2 > have)
		return PL_FRAME_TRUNCATED;
	const uint8_t *p = b + o;
	if ((p[1] & 15) == 1)
		return PL_FRAME_PTPV1;
	if (o + PL_PTP_HEADER > have)
		return PL_FRAME_TRUNCATED;
	if ((p[1] & 15) != 2)
		return PL_FRAME_VERSION;
	uint32_t length = pl_be16(p + 2);
	if (length < PL_PTP_HEADER)
		return PL_FRAME_LENGTH;

	uint32_t message_type = p[0] & 15, hash = PL_FNV_BASIS;
	for (uint32_t i = 0; i < 4; i++)
		hash = pl_fnv1a(hash, destination[i]);
	if (destination_bytes > 4)
		for (uint32_t i = 4; i < 6; i++)
			hash = pl_fnv1a(hash, destination[i]);
	if (destination_bytes > 6)
		for (uint32_t i = 6; i < 16; i++)
			hash = pl_fnv1a(hash, destination[i]);

	uint32_t hashed = PL_PTP_HASHED; /* first hashed byte of the message */
	if (message_type == 3 || message_type == 9 || message_type == 10)
		hashed = 44;
	else if (message_type == 12 || message_type == 13)
		hashed = PL_PTP_HEADER;
	uint32_t cut = o + length > wire, end = length < PL_PTP_HASHED ? length : PL_PTP_HASHED;
	if (hashed < end) {
		if (o + end > have) {
			cut = 1;
			end = have - o;
		}
		PL_FRAME_UNROLL
		for (uint32_t i = PL_PTP_HEADER; i < PL_PTP_HASHED; i++) {
			if (i >= hashed && i < end)
				hash = pl_fnv1a(hash, p[i]);
		}
	}
	if (hashed == PL_PTP_HEADER) {
		hash = pl_fnv1a(hash, p[2]);
		hash = pl_fnv1a(hash, p[3]);
	}

	e->message_type = message_type;
	e->sequence_id = pl_be16(p + 30);
	e->domain_number = p[4];
	for (int i = 0; i < 6; i++)
		e->source_mac[i] = b[6 + i];
	for (int i = 0; i < 8; i++)
		e->clock_identity[i] = p[20 + i];
	e->port_number = pl_be16(p + 28);
	e->sdo_id = (uint32_t)(p[0] >> 4) << 8 | p[5];
	e->flags |= transport << PTPLENS_FLAG_TRANSPORT_SHIFT | (p[6] & 2 ? PTPLENS_FLAG_TWO_STEP : 0) | (cut ? PTPLENS_FLAG_SHORT : 0);
	e->version = p[1];
	e->message_hash = hash;
	return PL_FRAME_PTP;
}

/* What pl_frame_parse does with a frame whose EtherType is PTP: all offsets are constants, and 14 + PL_PTP_HASHED bytes are enough. */
PL_FRAME_INLINE enum pl_frame_result pl_frame_parse_ethernet(const uint8_t *b, uint32_t have, uint32_t wire, int32_t outer_tag,
                                                             struct ptplens_event *e, uint32_t *ptp_offset)
{
	if (outer_tag >= 0)
		pl_frame_tag(e, (uint32_t)outer_tag);
	*ptp_offset = 14;
	return pl_frame_message(b, 14, have, wire, b, 6, PTPLENS_TRANSPORT_ETHERNET, e);
}

/* b: the frame from its MAC header on; `have` of its bytes (at most PL_FRAME_MAX) may be read. wire: the frame's whole length, which
 * decides PTPLENS_FLAG_SHORT. outer_tag: TCI of an out-of-band 802.1Q tag, or -1; it counts as if it were in band, so that the tap and a
 * capture that puts it back agree.
 * PL_FRAME_PTP: the parsed fields of *e are set (message_type, sequence_id, domain_number, source_mac, vlan_id, pcp, clock_identity,
 * port_number, sdo_id, flags 0-6 and 11, version, message_hash) and *ptp_offset is where the PTP header starts. The other fields are
 * the caller's and must be 0 before the call. Otherwise *e holds nothing of use. */
PL_FRAME_INLINE enum pl_frame_result pl_frame_parse(const uint8_t *b, uint32_t have, uint32_t wire, int32_t outer_tag,
                                                    struct ptplens_event *e, uint32_t *ptp_offset)
{
	uint32_t o = 14, destination = 0, destination_bytes = 6, transport = PTPLENS_TRANSPORT_ETHERNET;

	if (have < 14)
		return PL_FRAME_TRUNCATED;
	if (outer_tag >= 0)
		pl_frame_tag(e, (uint32_t)outer_tag);

	uint32_t type = pl_be16(b + 12);
	for (int i = 0; i < PL_FRAME_TAGS; i++) {
		if (i == PL_FRAME_TAGS - 1 && outer_tag >= 0)
			break;
		if (pl_is_vlan(type)) {
			PL_FRAME_NEED(o, 4);
			pl_frame_tag(e, pl_be16(b + o));
			type = pl_be16(b + o + 2);
			o += 4;
		} else if (pl_is_redundancy(type)) {
			PL_FRAME_NEED(o, 6);
			e->flags |= PTPLENS_FLAG_REDUNDANCY_TAG;
			type = pl_be16(b + o + 4);
			o += 6;
		} else {
			break;
		}
	}
	if (pl_is_vlan(type) || pl_is_redundancy(type))
		return PL_FRAME_TOO_DEEP;

	if (type != PL_ETHERTYPE_PTP) {
		uint32_t fragment = 0, malformed = 0;

		if (type == PL_ETHERTYPE_IPV4) {
			PL_FRAME_NEED(o, 20);
			if (b[o + 9] != 17 || (pl_be16(b + o + 6) & 0x1fff))
				return PL_FRAME_NOT_PTP; /* only the first fragment tells its ports */
			malformed = b[o] < 0x45 || b[o] > 0x4f;
			fragment = b[o + 6] & 0x20;
			destination = o + 16;
			destination_bytes = 4;
			transport = PTPLENS_TRANSPORT_UDP_IPV4;
			uint32_t header = (b[o] & 15u) * 4;
			o += header < 20 ? 20 : header;
		} else if (type == PL_ETHERTYPE_IPV6) {
			PL_FRAME_NEED(o, 40);
			uint32_t next = b[o + 6];
			malformed = b[o] >> 4 != 6;
			destination = o + 24;
			destination_bytes = 16;
			transport = PTPLENS_TRANSPORT_UDP_IPV6;
			o += 40;
			for (int i = 0; i < PL_FRAME_EXTENSIONS && next != 17; i++) {
				if (!pl_is_extension(next))
					return PL_FRAME_NOT_PTP;
				PL_FRAME_NEED(o, 8);
				uint32_t bytes = ((uint32_t)b[o + 1] + 1) * 8;
				if (next == 44) {
					if (pl_be16(b + o + 2) & 0xfff8)
						return PL_FRAME_NOT_PTP;
					fragment |= b[o + 3] & 1u;
					bytes = 8;
				} else if (next == 51) {
					bytes = ((uint32_t)b[o + 1] + 2) * 4;
				}
				next = b[o];
				o += bytes;
			}
			if (next != 17)
				return pl_is_extension(next) ? PL_FRAME_TOO_DEEP : PL_FRAME_NOT_PTP;
		} else {
			return PL_FRAME_NOT_PTP;
		}
		PL_FRAME_NEED(o, 8);
		uint32_t port = pl_be16(b + o + 2);
		if (port != PL_PORT_EVENT && port != PL_PORT_GENERAL)
			return PL_FRAME_NOT_PTP;
		if (malformed)
			return PL_FRAME_HEADER;
		if (fragment)
			return PL_FRAME_FRAGMENT;
		o += 8;
	}

	/* all that a hash may cover has to fit, so that no side ever hashes less than another */
	PL_FRAME_LIMIT(o, PL_FRAME_MAX - PL_PTP_HASHED);
	if (outer_tag >= 0 && o > PL_FRAME_MAX - PL_PTP_HASHED - 4)
		return PL_FRAME_TOO_DEEP;
	PL_FRAME_LIMIT(destination, PL_FRAME_MAX - 16); /* never too deep: it lies in front of o */
	const uint8_t *address = b + destination;
	PL_FRAME_POINT(address);
	*ptp_offset = o;
	return pl_frame_message(b, o, have, wire, address, destination_bytes, transport, e);
}

#endif
