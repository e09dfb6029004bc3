/* SPDX-License-Identifier: BSD-3-Clause */
/* Small random traffic of few keys with known truth: what belongs together has the same id (a frame shown twice: id + TWICE). */
#ifndef JOIN_SCENARIO_H
#define JOIN_SCENARIO_H

#include "harness.h"

#define TWICE 500
#define SCENARIO_ITEMS 128
#define TICK (20 * MS)

enum naming { UNNAMED, NAMED, SOME };

struct recipe {
	const char *name;
	int direction;
	int keys;
	int lose_events, lose_frames, show_twice, lose_stamps; /* how many */
	int silent;                                            /* losses leave no evidence */
	enum naming exact;                                     /* receive: frame_stamp is there; transmit: stamps name their event */
	int asked;                                             /* transmit: percent that ask for a stamp */
	int late;                                              /* percent of stamps that come late */
	int step;                                              /* the clock steps in one tick */
	int dense;                                             /* more messages, closer together */
	int64_t resolution;
};

struct scenario {
	struct item items[SCENARIO_ITEMS];
	int n;
	struct announce lost[16];
	int losts;
};

uint32_t scenario_random(uint64_t *seed);
void scenario_make(struct scenario *, const struct recipe *, uint64_t *seed);

#endif
