/* SPDX-License-Identifier: BSD-3-Clause */
/* A network card that this machine does not have, behind ioctl, open and clock_gettime (linked with --wrap): its clock /dev/ptp7 and its
 * stamp settings. It stands in for the driver alone; what is tested talks to it as to the kernel. */
#ifndef PL_TEST_CARD_H
#define PL_TEST_CARD_H

#include <linux/net_tstamp.h>
#include <stdint.h>

enum { CARD_PRECISE = 1, CARD_EXTENDED = 2, CARD_BASIC = 4 };

struct card {
	/* its clock */
	int methods;          /* CARD_*; 0: no clock */
	int64_t ahead_ns;     /* of CLOCK_MONOTONIC */
	int clock_error;      /* what readings fail with */
	unsigned reads;       /* readings tried */
	int64_t step_ns;      /* added to CLOCK_REALTIME */
	int64_t step_on_read; /* the next reading makes realtime step by this */
	/* its stamp settings */
	struct hwtstamp_config config;
	uint32_t filters;  /* bit n: filter n is granted */
	uint32_t tx_types; /* bit n: tx_type n is granted */
	int upgrade;       /* HWTSTAMP_FILTER_ALL is given for every granted filter */
	int narrow;        /* this filter is given for every granted filter but that of keeps, 0: no */
	struct hwtstamp_config keeps;
	int mute;      /* transmit stamps are off for every granted setting but keeps */
	uint32_t were; /* bit n: filter n was set at some time */
	int get_error, set_error;
	unsigned sets; /* settings tried */
};

extern struct card card;

#endif
