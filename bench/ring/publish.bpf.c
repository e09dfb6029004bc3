/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* The way of a Sync through a tap, up to four ends: no work at all, parsed, parsed and published by the kernel's ring buffer, parsed
 * and published by ours. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "publish.h"
#include "ring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct publish_constants constants = {PATH_EMPTY, PL_RING_SLOTS - 1};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct pl_ring_control);
} control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PL_RING_SLOTS);
	__type(key, uint32_t);
	__type(value, struct pl_ring_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BUFFER_BYTES);
} buffer SEC(".maps");

uint64_t refused;

union record {
	struct ptplens_event event;
	uint64_t words[8];
};

static inline __attribute__((always_inline)) void publish_ring(const union record *r)
{
	uint32_t zero = 0;
	struct pl_ring_control *c = bpf_map_lookup_elem(&control, &zero);

	if (!c)
		return;
	uint64_t position = pl_ring_take(c);
	uint32_t index = position & constants.mask;
	struct pl_ring_slot *s = bpf_map_lookup_elem(&slots, &index);
	if (s)
		pl_ring_put(c, s, position, constants.mask, r->words);
}

static inline __attribute__((always_inline)) void publish_buffer(const union record *r)
{
	uint64_t *d = bpf_ringbuf_reserve(&buffer, PTPLENS_EVENT_BYTES, 0);

	if (!d) {
		pl_atomic_count(&refused);
		return;
	}
#pragma unroll
	for (int i = 0; i < PL_RING_WORDS; i++)
		d[i] = r->words[i];
	d[7] = 0;
	bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
}

static inline __attribute__((always_inline)) void end_of_path(const union record *r)
{
	if (constants.path == PATH_BUFFER) {
		publish_buffer(r);
	} else if (constants.path == PATH_RING) {
		publish_ring(r);
	} else {
#pragma unroll
		for (int i = 0; i < PL_RING_WORDS; i++)
			__asm__ volatile("" : : "r"(r->words[i])); /* or the compiler leaves the parsing out */
	}
}

struct header { /* of a PTP message */
	uint8_t type, version;
	uint16_t length;
	uint8_t domain, minor_sdo;
	uint16_t flags;
	uint64_t correction;
	uint32_t reserved;
	uint8_t clock_identity[8];
	uint16_t port, sequence_id;
} __attribute__((packed));

/* Parses no more than a Sync over Ethernet needs: the cheaper the parsing, the more of the path is publishing. */
SEC("tc")
int tap(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *ethernet = data;
	struct header *h = (void *)(ethernet + 1);
	union record r = {};

	if (constants.path == PATH_EMPTY)
		return -1;
	if ((void *)(h + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_1588) || (h->type & 15))
		return -1;
	r.event.system_timestamp = bpf_ktime_get_ns();
	r.event.hw_timestamp_ns = skb->hwtstamp;
	r.event.message_type = h->type & 15;
	r.event.sequence_id = bpf_ntohs(h->sequence_id);
	r.event.domain_number = h->domain;
	__builtin_memcpy(r.event.source_mac, ethernet->h_source, 6);
	__builtin_memcpy(r.event.clock_identity, h->clock_identity, 8);
	r.event.port_number = bpf_ntohs(h->port);
	r.event.sdo_id = (h->type >> 4) << 8 | h->minor_sdo;
	r.event.version = h->version;
	r.event.queue_id = skb->queue_mapping;
	end_of_path(&r);
	return -1;
}
