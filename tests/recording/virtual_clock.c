/* SPDX-License-Identifier: BSD-3-Clause */
#include "virtual_clock.h"

#include <time.h>

#define NS_PER_S 1000000000ll

int64_t virtual_clock_ns = 1000 * NS_PER_S;

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
	int64_t now = virtual_clock_ns + (clock == CLOCK_REALTIME ? 1699999000 * NS_PER_S : 0);
	t->tv_sec = now / NS_PER_S;
	t->tv_nsec = now % NS_PER_S;
	return 0;
}
