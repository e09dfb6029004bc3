/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples of the NIC's clock, the monotonic clock and CLOCK_REALTIME. All of them are read, none is set. */
#ifndef PL_TAP_CLOCK_H
#define PL_TAP_CLOCK_H

#include <linux/ptp_clock.h>

#include "relation.h"
#include "tap.h"

/* Reading a PHC costs bus time and, on some PHYs, time stamps of external events: never more often than this. */
#define PL_CLOCK_PERIOD_NS 1000000000ll

enum pl_clock_method {
	PL_CLOCK_HOST,     /* no NIC clock */
	PL_CLOCK_PRECISE,  /* PTP_SYS_OFFSET_PRECISE: by hardware at once */
	PL_CLOCK_EXTENDED, /* PTP_SYS_OFFSET_EXTENDED: the driver reads the host's clock close around its own */
	PL_CLOCK_BASIC,    /* PTP_SYS_OFFSET: the kernel reads them in turn */
};

struct pl_clock {
	int fd; /* of the NIC's clock; -1: none */
	enum pl_clock_method method;
	int64_t next_ns;
	struct ptplens_clock_sample last;
	int has_last;
	struct pl_relation relation; /* tells jumps of the NIC's clock */
};

/* A NIC reading against CLOCK_REALTIME: the truth is within half_width_ns. */
struct pl_clock_reading {
	int64_t nic_ns;
	int64_t realtime_ns;
	int64_t half_width_ns;
};

/* Without a NIC clock, or without the right to open it, samples are of the host's clocks alone. */
void pl_clock_open(struct pl_clock *, const char *interface);
void pl_clock_close(struct pl_clock *);

/* Reads now. */
void pl_clock_read(struct pl_clock *, struct ptplens_clock_sample *out);
/* 1: a sample was due and is in *out; 0: not yet. */
int pl_clock_sample(struct pl_clock *, struct ptplens_clock_sample *out);

/* The monotonic clock and CLOCK_REALTIME; returns half the time that reading both took: the two belong together that closely. */
int64_t pl_clock_host(struct pl_tap_clocks *out);

/* Of several readings of one call the one with the smallest window; the first ones of a call are wide. 0, or -1: none is usable. */
int pl_clock_narrowest(const struct ptp_sys_offset_extended *, struct pl_clock_reading *out);
int pl_clock_narrowest_basic(const struct ptp_sys_offset *, struct pl_clock_reading *out);

#endif
