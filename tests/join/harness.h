/* SPDX-License-Identifier: BSD-3-Clause */
/* Feeds a join and checks its certificate after every call, against counts taken from what went in and what came out. */
#ifndef JOIN_HARNESS_H
#define JOIN_HARNESS_H

#include "join.h"

#define MS 1000000ll
#define US 1000ll
#define S 1000000000ll
#define BASE (1000 * S)              /* the tests' monotonic zero */
#define WALL (1790000000ll * S + 17) /* realtime - monotonic */

enum kind { FRAME, EVENT, STAMP, KINDS };

struct item {
	enum kind kind;
	int direction;
	uint32_t id;    /* the token; the truth for simulations: equal ids of different kinds belong together */
	uint32_t key;   /* becomes sequenceId */
	int64_t time;   /* ns after BASE */
	int64_t host;   /* frame: realtime ns */
	uint32_t exact; /* frame_stamp, or frame_sequence */
	uint16_t flags; /* PTPLENS_FLAG_* */
	uint8_t stamp;  /* enum ptplens_stamp */
	int doubtful;   /* frame: its mapped time is nonsense; the join takes it for `effective`..`until` */
	int64_t effective, until;
	uint64_t sequence; /* event, stamp: position + 1 */
};

struct outcome { /* of one item */
	int seen;
	uint8_t verdict, cause, stamp_state;
	uint64_t frame, event, stamp; /* tokens it came out with */
};

#define MAX_IDS 2200

struct run {
	struct pl_join *join;
	struct pl_join_evidence evidence;
	struct outcome out[KINDS][MAX_IDS];
	struct ptplens_certificate expected; /* fed and given out, as counted here */
	uint64_t last_frame;                 /* number of the last frame given out, in feeding order */
	uint64_t frame_number[MAX_IDS];
	uint64_t frames_fed;
	int64_t watermark;
	int64_t frame_left[MAX_IDS]; /* watermark at which a frame was given out */
};

struct run *run_open(int64_t resolution, int64_t attach, size_t items);
void run_close(struct run *);
void run_feed(struct run *, const struct item *);
void run_evidence(struct run *, int64_t time); /* run->evidence, as of time */
void run_advance(struct run *, int64_t watermark);
void run_finish(struct run *, int64_t detach);
/* The certificate with the members that a session adds. */
struct ptplens_certificate run_certificate(const struct run *);

/* Feeds items (sorted by time) in ticks of `tick` ns up to the end and finishes. lost: items not to feed but to announce in the evidence of
 * their tick, `weight` of them each. */
struct announce {
	int64_t time;
	enum kind kind; /* FRAME: capture drop; EVENT: ring loss */
	int direction;
};
void run_all(struct run *, const struct item *, int n, const struct announce *, int announces, int64_t tick, uint64_t weight);

#endif
