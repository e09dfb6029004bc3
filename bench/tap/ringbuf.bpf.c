/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* The tap's own programs with one thing changed: events go into the kernel's ring buffer. */
#define PL_TAP_PUBLISH_BPF_H
#include "../../tap/linux/state.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} buffer SEC(".maps");

static __always_inline uint64_t take(void)
{
	return 1;
}

static __always_inline void put(uint64_t sequence, const union record *r)
{
	union record *d = bpf_ringbuf_reserve(&buffer, sizeof *d, 0);

	if (!d)
		return;
	*d = *r;
	d->event.sequence = sequence;
	bpf_ringbuf_submit(d, BPF_RB_NO_WAKEUP);
}

#include "../../tap/linux/tap.bpf.c"
