/* SPDX-License-Identifier: BSD-3-Clause */
/* What a capture is: the frames of one interface in time order, with host stamps. capture/pcap.c and sim implement it. */
#ifndef PL_CAPTURE_H
#define PL_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct pl_captured {
	const uint8_t *frame; /* from the MAC header, 802.1Q tags in band; borrowed until the next call */
	uint32_t captured_length;
	uint32_t wire_length;
	int64_t host_ns;   /* CLOCK_REALTIME */
	uint8_t direction; /* enum ptplens_direction */
};

struct pl_capture_options {
	uint32_t buffer_bytes; /* kernel buffer of each direction; 0: 4 MiB */
	int promiscuous;
};

struct pl_capture_stats {
	uint64_t dropped[2]; /* by enum ptplens_direction, for want of buffer */
};

struct pl_capture;

struct pl_capture_ops {
	/* 1: *out is the next frame with host_ns <= until_ns; 0: none now; negative: the capture failed (*error). Never blocks. */
	int (*read)(struct pl_capture *, int64_t until_ns, struct pl_captured *out, struct pl_error *);
	void (*stats)(struct pl_capture *, struct pl_capture_stats *out);
	void (*close)(struct pl_capture *);
};

struct pl_capture {
	const struct pl_capture_ops *ops;
};

/* libpcap and Npcap. *out is set only on success. */
int pl_capture_pcap_open(struct pl_capture **out, const char *interface, const struct pl_capture_options *, struct pl_error *);

#endif
