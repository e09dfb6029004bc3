/* SPDX-License-Identifier: (BSD-3-Clause OR GPL-2.0-only) */
/* What all programs of a tap share: its constants, its counters, an event under way, and what a stamp may be. */
#ifndef PL_TAP_STATE_BPF_H
#define PL_TAP_STATE_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "atomic.h"
#include "frame.h"
#include "layout.h"

#define DAY_NS 86400000000000ll

const volatile struct pl_tap_config config;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct pl_tap_counters);
} pl_counters SEC(".maps");

union record {
	struct ptplens_event event;
	uint64_t words[PTPLENS_EVENT_BYTES / 8];
};

struct sent { /* a frame under way, and what is remembered of it until its stamp comes */
	union record record;
	uint64_t sequence;
	uint32_t wire;
	uint32_t at; /* of the PTP message, from the start of the buffer's memory; 0: not in the linear part */
};

static __always_inline struct pl_tap_counters *counters(void)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(&pl_counters, &zero);
}

static __always_inline int within_a_day(int64_t difference)
{
	return difference < DAY_NS && difference > -DAY_NS;
}

/* A NIC keeps TAI or UTC, or else its own time, which runs on from where it stood at open. */
static __always_inline int plausible(uint64_t stamp, uint64_t monotonic)
{
	if (within_a_day((int64_t)(stamp - bpf_ktime_get_tai_ns())))
		return 1;
	return config.has_nic_clock && within_a_day((int64_t)(stamp - (monotonic + (uint64_t)config.nic_offset_ns)));
}

#endif
