/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of drivers beyond what they tell themselves. */
#ifndef PL_DRIVERS_H
#define PL_DRIVERS_H

#include <stddef.h>

struct pl_driver {
	const char *name;   /* as ethtool -i tells it */
	const char *known;  /* a sentence */
	const char *source; /* where that can be looked up, or how it was measured */
};

extern const struct pl_driver pl_drivers[];
extern const size_t pl_drivers_count;

/* NULL: nothing is known. */
const struct pl_driver *pl_driver_find(const char *name);

#endif
