/* SPDX-License-Identifier: BSD-3-Clause */
/* The counters of a driver (`ethtool -S`) that tell of timestamps: those with "hwtstamp" in their name, and those that begin with "ptp_".
 */
#ifndef PL_TAP_COUNTERS_H
#define PL_TAP_COUNTERS_H

#include <stddef.h>

#include <ptplens/stamps.h>

/* At most n, read now; returns how many. 0 also when the driver has no counters or does not tell. */
size_t pl_driver_counters(const char *interface, struct ptplens_counter *out, size_t n);

#endif
