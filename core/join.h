/* SPDX-License-Identifier: BSD-3-Clause */
/* The join of one interface: which event belongs to which frame, by the rule of doc/join.md.
 *
 * Knows tokens, times and keys, never bytes. Feed it, in any interleaving but each in its own order, the events of the ring, the frames
 * of the capture and the evidence counters; then say how far both sides are drained (pl_join_advance) and take the results. All times
 * are int64 ns of CLOCK_MONOTONIC unless said. Memory is allocated at open and bounded; what is evicted is counted (crowded). */
#ifndef PL_JOIN_H
#define PL_JOIN_H

#include <stddef.h>

#include <ptplens/message.h>

#define PL_JOIN_NONE UINT64_MAX /* no token */

struct pl_join;

struct pl_join_options {
	size_t items;          /* undecided items held at once, 0: 65536; twice as many with those decided and not yet read */
	int64_t resolution_ns; /* of the capture's times, 0: 1 */
	int64_t attach_ns;     /* frames and events before it are outside */
};

/* Cumulative counters and states that explain loss, as read at time_ns. */
struct pl_join_evidence {
	int64_t time_ns;
	uint64_t ring_lost;           /* ring positions lost to this reader */
	uint64_t capture_dropped[2];  /* by enum ptplens_direction */
	uint64_t below_stack_dropped; /* qdisc and device drop counters */
	uint64_t stamps_unseen;       /* transmit stamps reported without their frame */
	uint64_t backlog;             /* frames waiting in the qdisc now */
	uint64_t link_events;         /* carrier lost, interface down */
	uint32_t program_ahead;       /* a program stands before ours in the tc chain */
	uint32_t detached;            /* the tap is gone */
};

struct pl_join_result {
	uint64_t frame; /* tokens as given in; PL_JOIN_NONE */
	uint64_t event;
	uint64_t stamp;
	uint8_t verdict;     /* enum ptplens_verdict; 0: outside the session: let go of the tokens, there is no message */
	uint8_t cause;       /* enum ptplens_cause */
	uint8_t stamp_state; /* enum ptplens_stamp_state */
};

/* NULL: no memory. */
struct pl_join *pl_join_open(const struct pl_join_options *options);
void pl_join_close(struct pl_join *);

/* An event of the ring, in ring order, kind 0 or 1. Nothing fails: a full table evicts what is due next, counted. One with
 * PTPLENS_FLAG_LOOPBACK is counted as skipped and its token never comes back. */
void pl_join_event(struct pl_join *, uint64_t token, const struct ptplens_event *event);

/* A captured frame that pl_frame_parse took, in capture order. time_ns: its capture time mapped to CLOCK_MONOTONIC; host_ns: as captured,
 * CLOCK_REALTIME. doubtful: a clock step makes time_ns unusable: only an exact stamp settles it, else cause clock-step. */
void pl_join_frame(struct pl_join *, uint64_t token, const struct ptplens_event *parsed, int64_t time_ns, int64_t host_ns, int doubtful);

/* Before the pl_join_advance of the same drain. The first call sets the baseline, so make it when the tap is attached. */
void pl_join_evidence(struct pl_join *, const struct pl_join_evidence *);

/* Both sides are drained up to watermark_ns, and `evidence` given before it covers that time. */
void pl_join_advance(struct pl_join *, int64_t watermark_ns);

/* The session ends at detach_ns: what lies after it is outside. Said before any such item is given in; hooks and capture go on for a while
 * after it, so that what belongs to items before it still comes. */
void pl_join_detach(struct pl_join *, int64_t detach_ns);

/* Everything is drained: what lies after detach_ns is outside, all else is settled now. */
void pl_join_finish(struct pl_join *, int64_t detach_ns);

/* 1: *out is the next message to give out, 0: none is due. Every token given in comes out once. Read until 0 after each advance: a caller
 * that feeds twice `items` without reading gets no token back for what no longer fits (counted as ambiguous and crowded). */
int pl_join_next(struct pl_join *, struct pl_join_result *out);

/* Fills the members of the certificate that the join knows: from frame_events on, but for captured, not_ptp, rejected, rejected_by,
 * capture_dropped and tap_rejected. `received` is the join's own count of records given in. */
void pl_join_certificate(const struct pl_join *, struct ptplens_certificate *);

/* The verdict over a certificate. simulated or one-sided sources get PTPLENS_NO_VERDICT by their caller. */
enum ptplens_certificate_verdict pl_certificate_verdict(const struct ptplens_certificate *);

#endif
