/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* The ring in a BPF program that stalls at random before its shared accesses, long enough for another CPU to lap a small ring. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static inline __attribute__((always_inline)) void step(void);
#define PL_RING_STEP() step()
#ifndef RING_HEADER
#define RING_HEADER "ring.h"
#endif
#include RING_HEADER
#include "redundant.h"
#include "duet.h"

#define STALL_ONE_IN 256 /* a power of two */
#define STALL_MAX 8192

char LICENSE[] SEC("license") = "Dual BSD/GPL";

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
	__uint(max_entries, DUET_SLOTS);
	__type(key, uint32_t);
	__type(value, struct pl_ring_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct duet_books);
} books SEC(".maps");

/* a function of its own, so that the verifier walks the loop once */
__attribute__((noinline)) int stall(uint32_t n)
{
	volatile uint32_t x = 0;

	for (uint32_t i = 0; i < STALL_MAX && i < n; i++)
		x += i;
	return (int)x;
}

static void step(void)
{
	uint32_t r = bpf_get_prandom_u32();

	if (r % STALL_ONE_IN == 0)
		stall(r >> 19);
}

SEC("tc")
int publish(struct __sk_buff *skb)
{
	uint32_t zero = 0, cpu = bpf_get_smp_processor_id() & 255;
	uint64_t words[PL_RING_WORDS];
	struct pl_ring_control *c = bpf_map_lookup_elem(&control, &zero);
	struct duet_books *b = bpf_map_lookup_elem(&books, &zero);

	(void)skb;
	if (!c || !b)
		return -1;
	uint64_t count = pl_atomic_add(&b->events[cpu], 1) + 1, position = pl_ring_take(c);
	uint32_t index = position & (DUET_SLOTS - 1);
	struct pl_ring_slot *s = bpf_map_lookup_elem(&slots, &index);
	if (!s)
		return -1;
	redundant_fill(words, (uint64_t)cpu << 56 | count, position);
	if (pl_ring_put(c, s, position, DUET_SLOTS - 1, words))
		pl_atomic_count(&b->committed);
	return -1;
}
