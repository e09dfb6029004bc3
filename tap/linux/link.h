/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface as the kernel keeps it: its drop counters, its queue, and what happens to it. */
#ifndef PL_TAP_LINK_H
#define PL_TAP_LINK_H

#include <stdint.h>

#include "error.h"

struct pl_link {
	int ask;
	int listen;
	uint32_t ifindex;
	int up;          /* administratively up and with carrier, as last seen */
	uint64_t events; /* carrier lost, interface down */
	int gone;
	uint64_t dropped_before; /* at open */
	uint64_t dropped;        /* since open */
	uint64_t backlog;
};

int pl_link_open(struct pl_link *, uint32_t ifindex, const char *interface, struct pl_error *);
void pl_link_read(struct pl_link *);
void pl_link_close(struct pl_link *);

#endif
