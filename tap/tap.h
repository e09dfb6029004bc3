/* SPDX-License-Identifier: BSD-3-Clause */
/* What a tap is: events of one interface in a ring, and the facts that explain what is missing. tap/linux, tap/windows and sim
 * implement it; lib uses nothing else of them. All calls are for one thread at a time. */
#ifndef PL_TAP_H
#define PL_TAP_H

#include <stddef.h>

#include "error.h"
#include "ring.h"
#include <ptplens/message.h>
#include <ptplens/stamps.h>

enum pl_tap_attach { PL_TAP_ATTACH_BEST, PL_TAP_ATTACH_TCX, PL_TAP_ATTACH_CLSACT };

struct pl_tap_options {
	uint32_t ring_slots; /* a power of two; 0: PL_RING_SLOTS */
	enum pl_tap_attach attach;
	int enable_hw; /* switch the card's stamps on while the tap is attached */
};

struct pl_tap_clocks { /* read together, the two within 1 us of each other in age */
	int64_t monotonic_ns;
	int64_t realtime_ns;
};

struct pl_tap_stats {
	uint64_t ring_received;
	uint64_t ring_lost;    /* lapped, stuck and given up */
	uint64_t ring_pending; /* head - position */
	uint64_t positions;    /* head - start */
	uint64_t rejected_by[PTPLENS_REJECTS];
	uint64_t loopback_copies;     /* skipped at the hook */
	uint64_t stamps_unseen;       /* stamp reports that carry neither frame nor position */
	uint64_t below_stack_dropped; /* qdisc and device drop counters, since attach */
	uint64_t backlog;             /* frames waiting in the qdisc now */
	uint64_t link_events;         /* carrier lost, interface down, since attach */
	uint32_t program_ahead;
	uint32_t detached;
};

struct pl_tap;

struct pl_tap_ops {
	/* Up to n validated copies; returns how many, 0: none now. */
	size_t (*read)(struct pl_tap *, struct ptplens_event *out, size_t n);
	void (*clocks)(struct pl_tap *, struct pl_tap_clocks *out);
	/* Reads counters and states afresh. */
	void (*stats)(struct pl_tap *, struct pl_tap_stats *out);
	/* Takes the hooks off; the ring stays readable, and no event is published after the return. */
	void (*detach)(struct pl_tap *);
	void (*close)(struct pl_tap *);
	/* 1: *out is a sample of the clocks, which comes once a second; 0: none is due. NULL: the tap has no samples. */
	int (*sample)(struct pl_tap *, struct ptplens_clock_sample *out);
	/* The counters that tell of timestamps, read now: at most n; returns how many. NULL: the tap has none. */
	size_t (*counters)(struct pl_tap *, struct ptplens_counter *out, size_t n);
};

struct pl_tap {
	const struct pl_tap_ops *ops;
	struct ptplens_stream_header header; /* who and where; hooks says how */
	char interface[32];
	int64_t attach_ns; /* CLOCK_MONOTONIC, all hooks were on */
	int simulated;
	char notes[1024]; /* sentences, one a line: what was done to the card's stamp settings */
};

/* Linux: attaches at once. *out is set only on success. */
int pl_tap_linux_open(struct pl_tap **out, const char *interface, const struct pl_tap_options *, struct pl_error *);

#endif
