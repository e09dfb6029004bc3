/* SPDX-License-Identifier: BSD-3-Clause */
/* CLOCK_REALTIME to CLOCK_MONOTONIC, from readings of both taken together, noticing steps. Pure: the caller reads the clocks. */
#ifndef PL_TIMEBASE_H
#define PL_TIMEBASE_H

#include <stdint.h>

#define PL_TIMEBASE_STEP_NS 1000 /* two readings that differ by more had a step between them */

struct pl_timebase {
	int64_t offset_ns;   /* realtime - monotonic at the last reading */
	int64_t read_ns;     /* monotonic time of the last reading */
	int64_t previous_ns; /* and of the one before */
	uint64_t steps;
	int has_reading;
	int stepped;        /* between the last two readings */
	int stepped_before; /* between the two before them */
	int64_t step_ns;    /* monotonic time of the reading that showed the last step */
};

/* One reading of both clocks. Returns 1 if there was a step since the one before. */
int pl_timebase_read(struct pl_timebase *, int64_t monotonic_ns, int64_t realtime_ns);

/* Maps a realtime stamp taken between the last two readings. *doubtful is 1 when there was a step between them, else 0. A stamp that
 * was read late is doubtful too: when the interval before had a step, or when its time comes out before the last step. */
int64_t pl_timebase_map(const struct pl_timebase *, int64_t realtime_ns, int *doubtful);

#endif
