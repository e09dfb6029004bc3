/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the join share: one pool of items on intrusive lists, keys, a timer wheel of keys, the evidence log.
 *
 * An item is staged (fed, beyond the watermark), then in its key undecided, then decided and on its way out. Frames sit in the frame
 * queue from the start, because they leave in capture order; events and stamps enter the queue of the lone when they leave alone.
 * Indices instead of pointers: 32 bits, and PL_JOIN_NIL for none. */
#ifndef PL_JOIN_STATE_H
#define PL_JOIN_STATE_H

#include "join.h"

#define PL_JOIN_NIL UINT32_MAX

#define PL_JOIN_QUIET_NS 100000000ll /* receive window, stamp window, and the silence that ends a cluster */
#define PL_JOIN_SENT_NS 2000000000ll /* transmit window, and how late a stamp is still recognised */
#define PL_JOIN_AGE_NS 1000000000ll  /* a cluster that would live longer is crowded */
#define PL_JOIN_SLACK_NS 1000        /* of the mapping between the two clocks */
#define PL_JOIN_CLUSTER 4096         /* items; more are crowded */
#define PL_JOIN_TIME_MAX (INT64_MAX / 2)

#define PL_JOIN_SLOT_BITS 22 /* a wheel slot is 2^22 ns, 4.2 ms */
#define PL_JOIN_SLOTS 512    /* 2.1 s: beyond the longest window */
#define PL_JOIN_TICKS 1024

enum pl_join_kind { PL_JOIN_FRAME, PL_JOIN_EVENT, PL_JOIN_STAMP, PL_JOIN_KINDS };

enum pl_join_fate { /* of a stamp that leaves alone */
	            PL_JOIN_FATE_NONE,
	            PL_JOIN_FATE_LATE,
	            PL_JOIN_FATE_AMBIGUOUS,
	            PL_JOIN_FATE_ORPHAN,
	            PL_JOIN_FATE_OUTSIDE,
};

struct pl_join_list {
	uint32_t head, tail;
};

struct pl_join_item {
	uint64_t token;
	int64_t time_ns; /* CLOCK_MONOTONIC */
	int64_t host_ns; /* frame: floored to the capture's resolution */
	uint32_t exact;  /* received event: frame_stamp; sent event: low 32 bits of sequence; stamp: frame_sequence */
	uint32_t key;
	uint32_t prev, next; /* staged list or a list of the key */
	uint32_t out_next;   /* frame queue or queue of the lone */
	uint32_t hash_next;
	uint32_t leader;                     /* first frame with this host_ns: of a frame or an event with frame_stamp */
	uint32_t group_next, group_tail;     /* frames with equal host_ns, in order; tail in the leader */
	uint32_t group_frames, group_events; /* in the leader */
	uint32_t left, pair;                 /* partner in the leftmost matching; partner in every maximum matching */
	uint32_t event;                      /* frame: its event */
	uint32_t stamp;                      /* event: its transmit stamp */
	uint16_t flags;                      /* event: PTPLENS_FLAG_* */
	uint8_t kind;                        /* enum pl_join_kind */
	uint8_t direction;
	uint8_t stamp_kind; /* enum ptplens_stamp */
	uint8_t verdict;    /* enum ptplens_verdict; 0 outside */
	uint8_t cause;
	uint8_t doubt; /* cause that forbids a match */
	uint8_t fate;
	uint8_t placed : 1; /* no longer staged */
	uint8_t decided : 1;
	uint8_t candidate : 1;
	uint8_t doubtful : 1;  /* frame: no usable time */
	uint8_t waiting : 1;   /* sent event whose cluster was settled without a frame for it */
	uint8_t stampable : 1; /* sent event that asked, or may have asked, and has no stamp yet */
	uint8_t hashed : 1;
	uint8_t kept : 1;  /* on the key's kept list */
	uint8_t given : 1; /* its message left */
};

struct pl_join_key_id { /* no padding: compared and hashed as bytes */
	uint64_t clock_identity;
	uint32_t message_hash;
	uint16_t port_number;
	uint16_t sequence_id;
	uint16_t sdo_id;
	uint8_t direction;
	uint8_t transport;
	uint8_t domain_number;
	uint8_t message_type;
	uint16_t zero;
};

struct pl_join_key {
	struct pl_join_key_id id;
	int64_t first_ns, last_ns; /* of the open cluster, waiting events left out */
	int64_t active_ns;         /* the latest item */
	int64_t doubtful_ns;       /* the latest time that a frame without a usable one can have: holds the cluster open */
	int64_t scheduled_ns;
	struct pl_join_list frames, events, stamps; /* undecided, by time */
	struct pl_join_list kept;                   /* decided sent events whose stamp may still come late, by time */
	uint32_t hash_next;
	uint32_t wheel_prev, wheel_next;
	uint32_t slot;    /* PL_JOIN_NIL: not scheduled */
	uint32_t members; /* items on the lists above and staged */
	uint32_t listed;  /* items on frames, events and stamps */
	uint32_t open;    /* of those, how many the open cluster added; 0: no open cluster */
	uint8_t doubt;    /* stays until the key was quiet for its window */
};

enum pl_join_counter { /* item counters among the evidence: each rise explains as many items */
	               PL_JOIN_RING,
	               PL_JOIN_RING_ORPHAN, /* the same rises: a lost sent event leaves a frame and a stamp behind */
	               PL_JOIN_CAPTURE_RX,
	               PL_JOIN_CAPTURE_TX,
	               PL_JOIN_BELOW,
	               PL_JOIN_BACKLOG,
	               PL_JOIN_UNSEEN, /* stamps reported without their frame */
	               PL_JOIN_COUNTERS,
};

struct pl_join_tick { /* what happened after start_ns and up to end_ns; ticks with nothing are not kept */
	int64_t start_ns, end_ns;
	uint64_t rose[PL_JOIN_COUNTERS];
	uint64_t left[PL_JOIN_COUNTERS]; /* not yet spent */
	uint8_t link_down, program_ahead, detached;
};

struct pl_join {
	int64_t resolution_ns;
	uint32_t resolution_shift; /* 2^shift >= resolution_ns */
	int64_t slack_ns;          /* how much earlier than its first item a second one may seem */
	int64_t quiet_ns;          /* PL_JOIN_QUIET_NS, longer by what the capture's floor hides */
	int64_t attach_ns, detach_ns;
	int64_t watermark_ns; /* what the caller last said */
	int64_t now_ns;       /* all staged items up to here are in their keys, and all that was due is decided */

	struct pl_join_item *items;
	uint32_t item_limit, item_capacity, item_fresh, item_free, used, live;
	struct pl_join_key *keys;
	uint32_t key_capacity, key_fresh, key_free;
	uint32_t *key_hash, *exact_hash; /* heads of chains */
	uint32_t hash_mask;
	uint64_t hash_seed;

	struct pl_join_list staged_frames, staged_events;
	struct pl_join_list frame_queue, lone_queue; /* through out_next */
	struct pl_join_list wheel[PL_JOIN_SLOTS];    /* of keys */
	uint32_t scheduled;                          /* keys in the wheel */

	struct pl_join_tick ticks[PL_JOIN_TICKS];
	uint32_t tick_first, tick_count;
	struct pl_join_evidence evidence; /* the last one */
	int has_evidence;

	uint64_t open[PL_JOIN_KINDS];
	struct ptplens_certificate counts;
	uint32_t openers[PL_JOIN_CLUSTER + 1], closers[PL_JOIN_CLUSTER + 1]; /* of the cluster being settled */
};

/* join_pool.c: items, keys, lists, hash chains */
uint32_t pl_join_item_new(struct pl_join *);
void pl_join_item_free(struct pl_join *, uint32_t item);
/* Finds or makes; PL_JOIN_NIL when all keys are in use. */
uint32_t pl_join_key_get(struct pl_join *, const struct ptplens_event *parsed);
void pl_join_key_release(struct pl_join *, uint32_t key);
/* Behind the last item that is not later. */
void pl_join_list_insert(struct pl_join *, struct pl_join_list *, uint32_t item);
void pl_join_list_remove(struct pl_join *, struct pl_join_list *, uint32_t item);
void pl_join_queue_push(struct pl_join *, struct pl_join_list *, uint32_t item);
uint32_t pl_join_queue_pop(struct pl_join *, struct pl_join_list *);
/* Sent events by sequence, received frames (group leaders) by key and host_ns. */
void pl_join_exact_add(struct pl_join *, uint32_t item);
void pl_join_exact_remove(struct pl_join *, uint32_t item);
uint32_t pl_join_exact_sent(const struct pl_join *, uint32_t sequence);
uint32_t pl_join_exact_frame(const struct pl_join *, uint32_t key, int64_t host_ns);
uint32_t pl_join_exact_received(const struct pl_join *, uint32_t key, uint32_t frame_stamp);

/* join_rule.c: puts items into their cluster, settles clusters */
void pl_join_place(struct pl_join *, uint32_t item);
/* Settles and expires what is due at now_ns in one key. */
void pl_join_run(struct pl_join *, uint32_t key, int64_t now_ns);
/* When pl_join_run has something to do next; INT64_MAX: never. */
int64_t pl_join_due(const struct pl_join *, uint32_t key);
/* Makes all items of the key's cluster AMBIGUOUS (crowded); returns how many. */
uint32_t pl_join_crowd(struct pl_join *, uint32_t key);
/* Drops the oldest event kept for a late stamp. */
void pl_join_forget(struct pl_join *, uint32_t event);

/* join_evidence.c */
/* A counter rose in a tick that overlaps from..to. */
int pl_join_rose(const struct pl_join *, enum pl_join_counter, int64_t from, int64_t to);
/* 1: a stamp was reported without its frame when this event's was due. */
int pl_join_stamp_unseen(struct pl_join *, const struct pl_join_item *event);
enum ptplens_cause pl_join_event_cause(struct pl_join *, const struct pl_join_item *event);
enum ptplens_cause pl_join_frame_cause(struct pl_join *, const struct pl_join_item *frame);
enum ptplens_cause pl_join_orphan_cause(struct pl_join *, const struct pl_join_item *stamp);

#endif
