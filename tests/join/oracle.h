/* SPDX-License-Identifier: BSD-3-Clause */
/* The rule of doc/join.md spelled out sentence by sentence over a whole list of items, with exhaustive search for the matchings. Slow, and
 * nothing in it is shared with the join. */
#ifndef JOIN_ORACLE_H
#define JOIN_ORACLE_H

#include "harness.h"

struct oracle_result {
	uint8_t verdict, cause; /* cause of AMBIGUOUS and of late stamps only */
	uint64_t frame, event, stamp;
};

/* items sorted by time; lost announced in ticks of `tick`. */
void oracle_run(const struct item *items, int n, const struct announce *lost, int losts, int64_t tick, int64_t resolution,
                struct oracle_result out[KINDS][MAX_IDS]);

#endif
