/* SPDX-License-Identifier: BSD-3-Clause */
/* What the BPF programs and their loader agree on. Names of maps and programs are found by the loader as they stand in tap.bpf.c. */
#ifndef PL_TAP_LAYOUT_H
#define PL_TAP_LAYOUT_H

#include "frame.h"

struct pl_tap_config {         /* constants of one tap, set before its programs are loaded */
	uint64_t mask;         /* of the ring's slots */
	uint64_t network;      /* cookie of the interface's network namespace */
	int64_t nic_offset_ns; /* NIC clock - CLOCK_MONOTONIC at open */
	uint32_t ifindex;
	uint32_t has_nic_clock;
	uint32_t pointer_flag;       /* SKBTX_HW_TSTAMP_NETDEV of this kernel; 0: it has none */
	uint16_t receive_covered[3]; /* by enum ptplens_transport: bit n, messageType n gets a stamp on reception */
};

struct pl_tap_counters {
	uint64_t rejected_by[PL_FRAME_RESULTS - PL_FRAME_REJECT]; /* enum ptplens_reject */
	uint64_t loopback_copies;
	uint64_t stamps_unseen;
};

#endif
