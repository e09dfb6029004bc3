/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface's stamp settings, which are one for all programs: switched on when told to, never narrowed, put back if they are still
 * ours. */
#ifndef PL_TAP_HWTSTAMP_H
#define PL_TAP_HWTSTAMP_H

#include <linux/net_tstamp.h>
#include <stddef.h>

struct pl_hwtstamp {
	struct hwtstamp_config before, ours;
	int changed;
};

/* Transmit stamps on, and the receive filter for PTP event messages or the next wider or narrower one that the driver grants. What the
 * driver refuses stays as it is. note: a sentence on what was found and done. */
void pl_hwtstamp_enable(struct pl_hwtstamp *, const char *interface, char *note, size_t size);

/* Puts back what was changed, unless another program has changed it since or, in_use, needs it. note: a sentence if it was not put back,
 * else untouched. */
void pl_hwtstamp_restore(struct pl_hwtstamp *, const char *interface, int in_use, char *note, size_t size);

#endif
