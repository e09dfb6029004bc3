/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* The programs of a tap: tc ingress and egress see the frames, one of three kinds of hooks sees transmit stamps.
 *
 * Compiled twice. PL_TAP_PLAIN leaves out all that reads kernel memory, for kernels that have no BTF or are locked down: no transmit
 * stamps then, and nobody knows which frames asked for one. */
#include "publish.bpf.h"

#include <linux/if_packet.h>

#if !defined(PL_TAP_PLAIN)
#include "stamp.bpf.h"
#endif

#define NEXT -1 /* TCX_NEXT, and TC_ACT_UNSPEC under clsact: go on as if we were not here */

enum { LINEAR_ETHERNET = 14, LINEAR_IPV4 = 14 + 20 + 8, LINEAR_IPV6 = 14 + 40 + 8 };

enum layout {
	OTHER,    /* certainly no PTP message, and no stack of headers that pl_frame_parse would enter */
	ETHERNET, /* PTP directly over Ethernet */
	ANY,      /* anything that needs a closer look */
};

/* Looks at linear bytes only: what is not there may be PTP. */
static __always_inline enum layout first_look(const struct __sk_buff *skb)
{
	const uint8_t *b = (const uint8_t *)(long)skb->data, *end = (const uint8_t *)(long)skb->data_end;

	if (b + LINEAR_ETHERNET > end)
		return ANY;
	uint32_t type = pl_be16(b + 12);
	if (type == PL_ETHERTYPE_IPV4) {
		if (b + LINEAR_IPV4 > end)
			return ANY;
		if (b[23] != 17)
			return OTHER;
		if (b[14] != 0x45)
			return ANY;
		uint32_t port = pl_be16(b + 36);
		return port == PL_PORT_EVENT || port == PL_PORT_GENERAL ? ANY : OTHER;
	}
	if (type == PL_ETHERTYPE_IPV6) {
		if (b + LINEAR_IPV6 > end)
			return ANY;
		uint32_t next = b[20];
		if (next != 17)
			return next != 0 && next != 43 && next != 44 && next != 51 && next != 60 ? OTHER : ANY;
		uint32_t port = pl_be16(b + 56);
		return port == PL_PORT_EVENT || port == PL_PORT_GENERAL ? ANY : OTHER;
	}
	if (type == PL_ETHERTYPE_PTP)
		return ETHERNET;
	return pl_is_vlan(type) || pl_is_redundancy(type) ? ANY : OTHER;
}

static __always_inline void receive_fields(struct __sk_buff *skb, struct ptplens_event *e)
{
	uint32_t queue = skb->queue_mapping, transport = e->flags >> PTPLENS_FLAG_TRANSPORT_SHIFT & 3;
	uint64_t stamp = skb->hwtstamp;

	if (queue && queue <= PTPLENS_QUEUE_UNKNOWN)
		e->queue_id = queue - 1;
	e->frame_stamp = skb->tstamp;
	if (transport < 3 && config.receive_covered[transport] >> (e->message_type & 15) & 1)
		e->flags |= PTPLENS_FLAG_HARDWARE_REQUESTED;
	if (!stamp)
		return;
	if (stamp >> 63) {
		e->stamp = PTPLENS_STAMP_REFUSED_FORM;
		return;
	}
#if !defined(PL_TAP_PLAIN)
	if (tx_flags((const struct sk_buff *)skb) & config.pointer_flag) {
		e->stamp = PTPLENS_STAMP_REFUSED_FORM;
		return;
	}
#endif
	if (!plausible(stamp, e->system_timestamp)) {
		e->stamp = PTPLENS_STAMP_REFUSED_IMPLAUSIBLE;
		return;
	}
	e->stamp = PTPLENS_STAMP_NIC;
	e->hw_timestamp_ns = stamp;
}

static __always_inline void publish_frame(struct __sk_buff *skb, struct sent *s, uint32_t ptp_offset)
{
	struct ptplens_event *e = &s->record.event;

	if (e->direction == PTPLENS_RECEIVE) {
		receive_fields(skb, e);
		s->sequence = take();
	} else {
#if defined(PL_TAP_PLAIN)
		(void)ptp_offset;
		e->flags |= PTPLENS_FLAG_REQUEST_UNKNOWN;
		s->sequence = take();
#else
		uint32_t flags = tx_flags((const struct sk_buff *)skb);

		e->flags |= (flags & PL_SKBTX_HARDWARE ? PTPLENS_FLAG_HARDWARE_REQUESTED : 0) |
		            (flags & PL_SKBTX_SOFTWARE ? PTPLENS_FLAG_SOFTWARE_REQUESTED : 0);
		s->sequence = take();
		if (flags & (PL_SKBTX_HARDWARE | PL_SKBTX_SOFTWARE))
			remember((const struct sk_buff *)skb, s, ptp_offset);
#endif
	}
	if (s->sequence)
		put(s->sequence, &s->record);
}

static __always_inline int look(struct __sk_buff *skb, uint32_t direction, enum layout layout, uint8_t *b, uint32_t size)
{
	struct sent s = {.wire = skb->len};
	struct ptplens_event *e = &s.record.event;
	uint32_t wire = s.wire, have = wire, ptp_offset = 0;

	if (have > size)
		have = size;
	/* the verifier of Linux 6.1 learns from an upper bound only, so the length is made from one: the last byte's offset */
	uint32_t last = have - 1;
	PL_FRAME_BOUND(last);
	if (last >= size)
		return 0;
	have = last + 1;
	if (bpf_skb_load_bytes(skb, 0, b, have))
		return 0;
	int32_t tag = skb->vlan_present ? (int32_t)skb->vlan_tci : -1;
	enum pl_frame_result result = layout == ETHERNET ? pl_frame_parse_ethernet(b, have, wire, tag, e, &ptp_offset)
	                                                 : pl_frame_parse(b, have, wire, tag, e, &ptp_offset);
	if (result == PL_FRAME_NOT_PTP)
		return 0;
	if (result != PL_FRAME_PTP) {
		struct pl_tap_counters *c = counters();
		if (c && result < PL_FRAME_RESULTS)
			pl_atomic_count(&c->rejected_by[result - PL_FRAME_REJECT]);
		return 0;
	}
	if ((uint32_t)(skb->data_end - skb->data) < have)
		e->flags |= PTPLENS_FLAG_FRAGMENTED_BUFFER;
	e->system_timestamp = bpf_ktime_get_ns();
	e->direction = direction;
	e->queue_id = PTPLENS_QUEUE_UNKNOWN;
	publish_frame(skb, &s, ptp_offset);
	return 0;
}

/* Not inlined: their stacks and registers cost frames of other protocols nothing. Each has the bytes that its layout can need. */
static __attribute__((noinline)) int look_at_ethernet(struct __sk_buff *skb, uint32_t direction)
{
	uint8_t b[14 + PL_PTP_HASHED] = {0};

	return look(skb, direction, ETHERNET, b, sizeof b);
}

static __attribute__((noinline)) int look_at_any(struct __sk_buff *skb, uint32_t direction)
{
	uint8_t b[PL_FRAME_MAX] = {0};

	return look(skb, direction, ANY, b, sizeof b);
}

static __always_inline int see(struct __sk_buff *skb, uint32_t direction)
{
	switch (first_look(skb)) {
	case OTHER:
		break;
	case ETHERNET:
		look_at_ethernet(skb, direction);
		break;
	case ANY:
		look_at_any(skb, direction);
		break;
	}
	return NEXT;
}

SEC("tc")
int pl_tap_ingress(struct __sk_buff *skb)
{
	if (skb->pkt_type == PACKET_LOOPBACK) {
		/* our own multicast, looped back by the stack: never received, and without a MAC header */
		struct pl_tap_counters *c = counters();
		if (c)
			pl_atomic_count(&c->loopback_copies);
		return NEXT;
	}
	return see(skb, PTPLENS_RECEIVE);
}

SEC("tc")
int pl_tap_egress(struct __sk_buff *skb)
{
	return see(skb, PTPLENS_TRANSMIT);
}

char pl_tap_license[] SEC("license") = "Dual BSD/GPL";
