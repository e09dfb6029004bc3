/* SPDX-License-Identifier: BSD-3-Clause */
/* Random messages as a session gives them out: every verdict, cause and stamp state, frames of several transports, times that are missing
 * or that no event tells. The same seed gives the same messages. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <ptplens/ptplens.h>

struct traffic {
	uint64_t state;
	uint32_t interfaces;
	uint32_t alone_percent; /* messages without a frame */
	int plain;              /* no odd times, no frames that are not PTP */
	int64_t now_ns;         /* CLOCK_REALTIME of the next message */
	uint64_t packets[8];
	uint8_t frame[2048]; /* of the last message */
};

void traffic_start(struct traffic *, uint64_t seed, uint32_t interfaces, uint32_t alone_percent);
uint32_t traffic_random(struct traffic *, uint32_t below);

/* The frame is borrowed until the next call. */
void traffic_next(struct traffic *, struct ptplens_message *out);

#endif
