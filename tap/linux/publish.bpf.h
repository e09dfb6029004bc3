/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* The ring of one tap and the way of an event into it. */
#ifndef PL_TAP_PUBLISH_BPF_H
#define PL_TAP_PUBLISH_BPF_H

#include "ring.h"
#include "state.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct pl_ring_control);
} pl_control SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PL_RING_SLOTS);
	__type(key, uint32_t);
	__type(value, struct pl_ring_slot);
} pl_slots SEC(".maps");

/* The sequence (position + 1) of the next event; 0: there is no ring. */
static __always_inline uint64_t take(void)
{
	uint32_t zero = 0;
	struct pl_ring_control *control = bpf_map_lookup_elem(&pl_control, &zero);

	return control ? pl_ring_take(control) + 1 : 0;
}

static __always_inline void put(uint64_t sequence, const union record *r)
{
	uint32_t zero = 0, index = (sequence - 1) & config.mask;
	struct pl_ring_control *control = bpf_map_lookup_elem(&pl_control, &zero);
	struct pl_ring_slot *slot = bpf_map_lookup_elem(&pl_slots, &index);

	if (control && slot)
		pl_ring_put(control, slot, sequence - 1, config.mask, r->words);
}

#endif
