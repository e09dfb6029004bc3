/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps the frames and events of one interface while the join decides about them, bounded, without an allocation after open.
 *
 * Frames leave in the order they came, so their bytes live in a circular arena; events leave in any order, so they live in slots.
 * Tokens are what the join carries. */
#ifndef PL_HOLD_H
#define PL_HOLD_H

#include <stddef.h>

#include <ptplens/event.h>

struct pl_held_frame {
	struct ptplens_event parsed;
	int64_t host_ns;
	const uint8_t *bytes;
	uint32_t captured_length;
	uint32_t wire_length;
	uint32_t ptp_offset;
};

struct pl_hold;

/* NULL: no memory. */
struct pl_hold *pl_hold_open(size_t frames, size_t frame_bytes, size_t events);
void pl_hold_close(struct pl_hold *);

/* 1: a frame of `bytes` bytes still fits. */
int pl_hold_has_room(const struct pl_hold *, size_t bytes);
/* How many events still fit. */
size_t pl_hold_event_room(const struct pl_hold *);

/* Copies the bytes; there must be room. Returns the token. */
uint64_t pl_hold_frame(struct pl_hold *, const struct pl_held_frame *frame);
uint64_t pl_hold_event(struct pl_hold *, const struct ptplens_event *event);

const struct pl_held_frame *pl_hold_get_frame(const struct pl_hold *, uint64_t token);
const struct ptplens_event *pl_hold_get_event(const struct pl_hold *, uint64_t token);

/* Frees all frames up to and including this one. */
void pl_hold_free_frames(struct pl_hold *, uint64_t token);
void pl_hold_free_event(struct pl_hold *, uint64_t token);

#endif
