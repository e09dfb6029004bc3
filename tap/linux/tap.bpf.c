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

enum { LINEAR_ETHERNET = 14, LINEAR_IPV4 = 14 + 20 + 4, LINEAR_IPV6 = 14 + 40 + 4 };

/* Whether the frame is certainly no PTP message and no fragment or tunnel of headers that pl_frame_parse would enter. Looks at linear
 * bytes only: what is not there may be PTP. */
static __always_inline int certainly_other(const struct __sk_buff *skb)
{
	const uint8_t *b = (const uint8_t *)(long)skb->data, *end = (const uint8_t *)(long)skb->data_end;

	if (b + LINEAR_ETHERNET > end)
		return 0;
	uint32_t type = pl_be16(b + 12);
	if (type == PL_ETHERTYPE_IPV4) {
		if (b + LINEAR_IPV4 > end)
			return 0;
		if (b[23] != 17)
			return 1;
		uint32_t port = pl_be16(b + 36);
		return b[14] == 0x45 && port != PL_PORT_EVENT && port != PL_PORT_GENERAL;
	}
	if (type == PL_ETHERTYPE_IPV6) {
		if (b + LINEAR_IPV6 > end)
			return 0;
		uint32_t next = b[20];
		if (next != 17)
			return next != 0 && next != 43 && next != 44 && next != 51 && next != 60;
		uint32_t port = pl_be16(b + 56);
		return port != PL_PORT_EVENT && port != PL_PORT_GENERAL;
	}
	return type != PL_ETHERTYPE_PTP && !pl_is_vlan(type) && !pl_is_redundancy(type);
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

static __always_inline void publish_frame(struct __sk_buff *skb, union record *r, uint32_t wire, uint32_t ptp_offset)
{
	uint64_t sequence;

	if (r->event.direction == PTPLENS_RECEIVE) {
		receive_fields(skb, &r->event);
		sequence = take();
	} else {
#if defined(PL_TAP_PLAIN)
		(void)wire;
		(void)ptp_offset;
		r->event.flags |= PTPLENS_FLAG_REQUEST_UNKNOWN;
		sequence = take();
#else
		uint32_t flags = tx_flags((const struct sk_buff *)skb);

		r->event.flags |= (flags & PL_SKBTX_HARDWARE ? PTPLENS_FLAG_HARDWARE_REQUESTED : 0) |
		                  (flags & PL_SKBTX_SOFTWARE ? PTPLENS_FLAG_SOFTWARE_REQUESTED : 0);
		sequence = take();
		if (flags & (PL_SKBTX_HARDWARE | PL_SKBTX_SOFTWARE))
			remember((const struct sk_buff *)skb, r, sequence, wire, ptp_offset);
#endif
	}
	if (sequence)
		put(sequence, r);
}

/* Not inlined: its stack and its registers cost frames of other protocols nothing. */
static __attribute__((noinline)) int look(struct __sk_buff *skb, uint32_t direction)
{
	uint8_t b[PL_FRAME_MAX] = {0};
	union record r = {0};
	uint32_t wire = skb->len, have = wire, ptp_offset = 0;

	if (have > PL_FRAME_MAX)
		have = PL_FRAME_MAX;
	PL_FRAME_BOUND(have);
	if (have < 1 || have > PL_FRAME_MAX || bpf_skb_load_bytes(skb, 0, b, have))
		return 0;
	enum pl_frame_result result = pl_frame_parse(b, have, wire, skb->vlan_present ? (int32_t)skb->vlan_tci : -1, &r.event, &ptp_offset);
	if (result == PL_FRAME_NOT_PTP)
		return 0;
	if (result != PL_FRAME_PTP) {
		struct pl_tap_counters *c = counters();
		if (c && result < PL_FRAME_RESULTS)
			pl_atomic_count(&c->rejected_by[result - PL_FRAME_REJECT]);
		return 0;
	}
	if ((uint32_t)(skb->data_end - skb->data) < have)
		r.event.flags |= PTPLENS_FLAG_FRAGMENTED_BUFFER;
	r.event.system_timestamp = bpf_ktime_get_ns();
	r.event.direction = direction;
	r.event.queue_id = PTPLENS_QUEUE_UNKNOWN;
	publish_frame(skb, &r, wire, ptp_offset);
	return 0;
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
	if (!certainly_other(skb))
		look(skb, PTPLENS_RECEIVE);
	return NEXT;
}

SEC("tc")
int pl_tap_egress(struct __sk_buff *skb)
{
	if (!certainly_other(skb))
		look(skb, PTPLENS_TRANSMIT);
	return NEXT;
}

char pl_tap_license[] SEC("license") = "Dual BSD/GPL";
