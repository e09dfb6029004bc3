/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* Transmit stamps: what asks for one at tc egress is remembered by the address of its data, which the buffer of the stamp's report
 * shares. Reports come by one of three kinds of hooks; the loader takes the first kind that the kernel grants. */
#ifndef PL_TAP_STAMP_BPF_H
#define PL_TAP_STAMP_BPF_H

#include <bpf/bpf_core_read.h>

#include "kernel_types.h"
#include "publish.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, uint64_t);
	__type(value, struct sent);
} pl_sent SEC(".maps");

/* `head` and, in front of it, `end`: by one read where they lie together, since each costs about 20 ns. */
static __always_inline unsigned char *head_and_end(const struct sk_buff *skb, uint32_t *end)
{
	struct {
		uint32_t other, end;
		unsigned char *head;
	} pair;
	uint32_t at = __builtin_preserve_field_info(((struct sk_buff *)0)->head, BPF_FIELD_BYTE_OFFSET);

	if (at - __builtin_preserve_field_info(((struct sk_buff *)0)->end, BPF_FIELD_BYTE_OFFSET) == 4) {
		if (bpf_probe_read_kernel(&pair, sizeof pair, (const char *)skb + at - 8))
			return 0;
		*end = pair.end;
		return pair.head;
	}
	*end = BPF_CORE_READ(skb, end);
	return BPF_CORE_READ(skb, head);
}

static __always_inline uint32_t tx_flags(const struct sk_buff *skb)
{
	uint32_t end = 0;
	unsigned char *head = head_and_end(skb, &end);
	struct skb_shared_info *shared = (void *)(head + end);

	return BPF_CORE_READ(shared, tx_flags);
}

/* Not inlined: the caller has a frame on its stack. */
static __attribute__((noinline)) int remember(const struct sk_buff *skb, struct sent *s, uint32_t ptp_offset)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	uint64_t key = (uint64_t)head;

	if (!(s->record.event.flags & PTPLENS_FLAG_FRAGMENTED_BUFFER))
		s->at = (uint32_t)(BPF_CORE_READ(skb, data) - head) + ptp_offset;
	return bpf_map_update_elem(&pl_sent, &key, s, BPF_ANY);
}

/* Memory is used again: the address alone does not tell that it is the frame that was remembered. */
static __always_inline int is_frame(const struct sk_buff *skb, const struct sent *s, const unsigned char *head)
{
	uint8_t message_type, sequence_id[2];

	if (!s->at)
		return BPF_CORE_READ(skb, len) == s->wire;
	if (bpf_probe_read_kernel(&message_type, 1, head + s->at) || bpf_probe_read_kernel(sequence_id, 2, head + s->at + 30))
		return 0;
	return (message_type & 15) == s->record.event.message_type && pl_be16(sequence_id) == s->record.event.sequence_id;
}

static __always_inline int parse_report(const struct sk_buff *skb, const unsigned char *head, struct ptplens_event *e)
{
	uint8_t b[PL_FRAME_MAX] = {0};
	const unsigned char *data = BPF_CORE_READ(skb, data);
	uint32_t mac_header = BPF_CORE_READ(skb, mac_header), ptp_offset = 0;
	const unsigned char *start = mac_header == PL_NO_MAC_HEADER ? data : head + mac_header;
	uint32_t before = (uint32_t)(data - start), wire = BPF_CORE_READ(skb, len) + before;
	uint32_t have = wire - BPF_CORE_READ(skb, data_len);

	if (have > PL_FRAME_MAX)
		have = PL_FRAME_MAX;
	PL_FRAME_BOUND(have);
	if (have < 1 || have > PL_FRAME_MAX || bpf_probe_read_kernel(b, have, start))
		return PL_FRAME_TRUNCATED;
	return pl_frame_parse(b, have, wire, -1, e, &ptp_offset);
}

static __always_inline void count_unseen(void)
{
	struct pl_tap_counters *c = counters();

	if (c)
		pl_atomic_count(&c->stamps_unseen);
}

uint64_t pl_last_stamp; /* of the card, whatever became of it */

/* Two frames do not leave a port at one time: a card that gives the same time again has not stamped this frame, but left the last one's
 * value in its register. */
static __always_inline int repeats_the_last(uint64_t value)
{
	return value && __sync_lock_test_and_set(&pl_last_stamp, value) == value;
}

/* One report of our interface, `value` 0: a stamp whose value the hook cannot see. */
static __attribute__((noinline)) int report(const struct sk_buff *skb, uint64_t value, uint32_t stamp)
{
	union record r = {0};
	unsigned char *head = BPF_CORE_READ(skb, head);
	uint64_t key = (uint64_t)head;
	struct sent *s = bpf_map_lookup_elem(&pl_sent, &key);

	if (s && is_frame(skb, s, head)) {
		r = s->record;
		r.event.frame_sequence = (uint32_t)s->sequence;
		bpf_map_delete_elem(&pl_sent, &key);
	} else {
		int result = parse_report(skb, head, &r.event);
		if (result == PL_FRAME_TRUNCATED)
			count_unseen();
		if (result != PL_FRAME_PTP)
			return 0;
		r.event.direction = PTPLENS_TRANSMIT;
		r.event.queue_id = PTPLENS_QUEUE_UNKNOWN;
		r.event.frame_sequence = 0;
	}
	r.event.kind = PTPLENS_KIND_STAMP;
	r.event.system_timestamp = bpf_ktime_get_ns();
	if (stamp != PTPLENS_STAMP_SOFTWARE && (repeats_the_last(value) || value >> 63 || !plausible(value, r.event.system_timestamp))) {
		value = 0;
		stamp = PTPLENS_STAMP_REFUSED_IMPLAUSIBLE;
	}
	r.event.hw_timestamp_ns = value;
	r.event.stamp = stamp;
	uint64_t sequence = take();
	if (sequence)
		put(sequence, &r);
	return 0;
}

static __always_inline int is_ours(const struct sk_buff *skb)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);

	return dev && (uint32_t)BPF_CORE_READ(dev, ifindex) == config.ifindex &&
	       BPF_CORE_READ(dev, nd_net.net, net_cookie) == config.network;
}

/* The kernel drops a software stamp of a frame whose driver has promised a hardware stamp, but only after our hook. */
static __always_inline int will_be_dropped(const struct sk_buff *skb, int is_hardware)
{
	return !is_hardware && tx_flags(skb) & PL_SKBTX_IN_PROGRESS;
}

static __always_inline int tstamp_tx(const struct sk_buff *skb, const struct skb_shared_hwtstamps *stamps, int type)
{
	if (type != PL_SCM_TSTAMP_SND || !is_ours(skb) || will_be_dropped(skb, stamps != 0))
		return 0;
	return report(skb, stamps ? (uint64_t)BPF_CORE_READ(stamps, hwtstamp) : 0, stamps ? PTPLENS_STAMP_NIC : PTPLENS_STAMP_SOFTWARE);
}

/* PHY and switch drivers deliver by this one. */
static __always_inline int complete_tx(const struct sk_buff *skb, const struct skb_shared_hwtstamps *stamps)
{
	if (!stamps || !is_ours(skb))
		return 0;
	return report(skb, (uint64_t)BPF_CORE_READ(stamps, hwtstamp), PTPLENS_STAMP_PHY);
}

SEC("fentry/__skb_tstamp_tx")
int pl_fentry_tstamp(uint64_t *arguments)
{
	return tstamp_tx((const void *)arguments[0], (const void *)arguments[2], (int)arguments[4]);
}

SEC("fentry/skb_complete_tx_timestamp")
int pl_fentry_complete(uint64_t *arguments)
{
	return complete_tx((const void *)arguments[0], (const void *)arguments[1]);
}

#if defined(PL_ARGUMENT_1)
SEC("kprobe/__skb_tstamp_tx")
int pl_kprobe_tstamp(struct pt_regs *regs)
{
	return tstamp_tx((const void *)PL_ARGUMENT_1(regs), (const void *)PL_ARGUMENT_3(regs), (int)PL_ARGUMENT_5(regs));
}

SEC("kprobe/skb_complete_tx_timestamp")
int pl_kprobe_complete(struct pt_regs *regs)
{
	return complete_tx((const void *)PL_ARGUMENT_1(regs), (const void *)PL_ARGUMENT_2(regs));
}
#endif

/* A report on its way to the sender's error queue. An application that wants stamps without frames gets an empty buffer of no device:
 * it can be any interface's of this namespace. */
static __always_inline int queued_report(const struct sk_buff *skb, const struct sock *sk)
{
	const struct sock_exterr_skb *error = (const void *)skb->cb;

	if (BPF_CORE_READ(error, ee.ee_origin) != PL_SO_EE_ORIGIN_TIMESTAMPING || BPF_CORE_READ(error, ee.ee_errno) != PL_ENOMSG ||
	    BPF_CORE_READ(error, ee.ee_info) != PL_SCM_TSTAMP_SND)
		return 0;
	if (!BPF_CORE_READ(skb, len)) {
		if (BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie) == config.network)
			count_unseen();
		return 0;
	}
	if (!is_ours(skb))
		return 0;
	struct skb_shared_info *shared = (void *)(BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end));
	uint64_t hardware = (uint64_t)BPF_CORE_READ(shared, hwtstamps.hwtstamp);
	if (will_be_dropped(skb, hardware != 0))
		return 0;
	return report(skb, hardware ? hardware : (uint64_t)BPF_CORE_READ(skb, tstamp),
	              hardware ? PTPLENS_STAMP_NIC : PTPLENS_STAMP_SOFTWARE);
}

SEC("tp_btf/kfree_skb")
int pl_queue_packet(uint64_t *arguments)
{
	const struct sk_buff *skb = (const void *)arguments[0];
	struct sock *sk = BPF_CORE_READ(skb, sk);

	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) != PL_AF_PACKET)
		return 0;
	return queued_report(skb, sk);
}

SEC("tp_btf/inet_sk_error_report")
int pl_queue_inet(uint64_t *arguments)
{
	const struct sock *sk = (const void *)arguments[0];
	const struct sk_buff *skb = BPF_CORE_READ(sk, sk_error_queue.prev);
	uint32_t family = BPF_CORE_READ(sk, __sk_common.skc_family);

	/* an empty queue points to itself */
	if ((family != PL_AF_INET && family != PL_AF_INET6) || skb == (const void *)&sk->sk_error_queue)
		return 0;
	return queued_report(skb, sk);
}

#endif
