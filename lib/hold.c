/* SPDX-License-Identifier: BSD-3-Clause */
#include "hold.h"

#include <stdlib.h>
#include <string.h>

struct pl_hold {
	struct pl_held_frame *frames; /* token % frame_slots */
	size_t frame_slots;
	uint64_t first_frame, next_frame; /* tokens of the oldest held and of the next */
	uint8_t *arena;
	size_t arena_bytes, arena_head, arena_tail; /* written next, oldest; equal: empty */
	struct ptplens_event *events;
	uint32_t *free_events;
	size_t free_count, event_slots;
};

struct pl_hold *pl_hold_open(size_t frames, size_t frame_bytes, size_t events)
{
	struct pl_hold *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->frame_slots = frames;
	h->arena_bytes = frame_bytes;
	h->event_slots = h->free_count = events;
	h->frames = calloc(frames, sizeof *h->frames);
	h->arena = malloc(frame_bytes);
	h->events = calloc(events, sizeof *h->events);
	h->free_events = calloc(events, sizeof *h->free_events);
	if (!h->frames || !h->arena || !h->events || !h->free_events) {
		pl_hold_close(h);
		return NULL;
	}
	for (size_t i = 0; i < events; i++)
		h->free_events[i] = (uint32_t)(events - 1 - i);
	return h;
}

void pl_hold_close(struct pl_hold *h)
{
	if (!h)
		return;
	free(h->frames);
	free(h->arena);
	free(h->events);
	free(h->free_events);
	free(h);
}

/* Where `bytes` bytes can go in one piece, or arena_bytes. One byte always stays free, so that head == tail means empty. */
static size_t place(const struct pl_hold *h, size_t bytes)
{
	if (h->arena_head >= h->arena_tail) {
		if (h->arena_head + bytes < h->arena_bytes)
			return h->arena_head;
		return bytes < h->arena_tail ? 0 : h->arena_bytes;
	}
	return h->arena_head + bytes < h->arena_tail ? h->arena_head : h->arena_bytes;
}

int pl_hold_has_room(const struct pl_hold *h, size_t bytes)
{
	return h->next_frame - h->first_frame < h->frame_slots && place(h, bytes) < h->arena_bytes;
}

size_t pl_hold_event_room(const struct pl_hold *h)
{
	return h->free_count;
}

uint64_t pl_hold_frame(struct pl_hold *h, const struct pl_held_frame *frame)
{
	size_t at = place(h, frame->captured_length);
	struct pl_held_frame *kept = &h->frames[h->next_frame % h->frame_slots];

	*kept = *frame;
	memcpy(h->arena + at, frame->bytes, frame->captured_length);
	kept->bytes = h->arena + at;
	h->arena_head = at + frame->captured_length;
	return h->next_frame++;
}

uint64_t pl_hold_event(struct pl_hold *h, const struct ptplens_event *event)
{
	uint32_t slot = h->free_events[--h->free_count];
	h->events[slot] = *event;
	return slot;
}

const struct pl_held_frame *pl_hold_get_frame(const struct pl_hold *h, uint64_t token)
{
	return &h->frames[token % h->frame_slots];
}

const struct ptplens_event *pl_hold_get_event(const struct pl_hold *h, uint64_t token)
{
	return &h->events[token];
}

void pl_hold_free_frames(struct pl_hold *h, uint64_t token)
{
	h->first_frame = token + 1;
	if (h->first_frame == h->next_frame)
		h->arena_head = h->arena_tail = 0;
	else
		h->arena_tail = (size_t)(h->frames[h->first_frame % h->frame_slots].bytes - h->arena);
}

void pl_hold_free_event(struct pl_hold *h, uint64_t token)
{
	h->free_events[h->free_count++] = (uint32_t)token;
}
