/* SPDX-License-Identifier: BSD-3-Clause */
/* Items, keys, lists and hash chains of the join: all memory comes from pl_join_open. */
#include "join_state.h"

#include <string.h>

#define NIL PL_JOIN_NIL

uint32_t pl_join_item_new(struct pl_join *j)
{
	uint32_t i = j->item_free;

	if (i != NIL)
		j->item_free = j->items[i].next;
	else if (j->item_fresh < j->item_capacity)
		i = j->item_fresh++;
	else
		return NIL;
	struct pl_join_item *x = &j->items[i];
	memset(x, 0, sizeof *x);
	x->prev = x->next = x->out_next = x->hash_next = x->key = NIL;
	x->leader = x->group_next = x->group_tail = x->pair = x->left = x->event = x->stamp = NIL;
	j->used++;
	return i;
}

void pl_join_item_free(struct pl_join *j, uint32_t i)
{
	j->items[i].next = j->item_free;
	j->item_free = i;
	j->used--;
}

static uint32_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdull;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ull;
	h ^= h >> 33;
	return (uint32_t)h;
}

static uint32_t *key_chain(struct pl_join *j, const struct pl_join_key_id *id)
{
	uint64_t word[3], h = j->hash_seed;

	_Static_assert(sizeof word == sizeof *id, "the key has padding");
	memcpy(word, id, sizeof word);
	for (int i = 0; i < 3; i++)
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15ull + mix(h);
	return &j->key_hash[mix(h) & j->hash_mask];
}

static struct pl_join_key_id key_id(const struct ptplens_event *e)
{
	struct pl_join_key_id id = {
	    .message_hash = e->message_hash,
	    .port_number = e->port_number,
	    .sequence_id = e->sequence_id,
	    .sdo_id = e->sdo_id,
	    .direction = e->direction,
	    .transport = (e->flags & PTPLENS_FLAG_TRANSPORT_MASK) >> PTPLENS_FLAG_TRANSPORT_SHIFT,
	    .domain_number = e->domain_number,
	    .message_type = e->message_type,
	};

	memcpy(&id.clock_identity, e->clock_identity, sizeof id.clock_identity);
	return id;
}

uint32_t pl_join_key_get(struct pl_join *j, const struct ptplens_event *parsed)
{
	struct pl_join_key_id id = key_id(parsed);
	uint32_t *chain = key_chain(j, &id), k;

	for (k = *chain; k != NIL; k = j->keys[k].hash_next) {
		if (!memcmp(&j->keys[k].id, &id, sizeof id))
			return k;
	}
	k = j->key_free;
	if (k != NIL)
		j->key_free = j->keys[k].hash_next;
	else if (j->key_fresh < j->key_capacity)
		k = j->key_fresh++;
	else
		return NIL;
	struct pl_join_list none = {NIL, NIL};
	j->keys[k] = (struct pl_join_key){.id = id,
	                                  .active_ns = -PL_JOIN_TIME_MAX,
	                                  .doubtful_ns = -PL_JOIN_TIME_MAX,
	                                  .frames = none,
	                                  .events = none,
	                                  .stamps = none,
	                                  .kept = none,
	                                  .hash_next = *chain,
	                                  .wheel_prev = NIL,
	                                  .wheel_next = NIL,
	                                  .slot = NIL};
	*chain = k;
	return k;
}

void pl_join_key_release(struct pl_join *j, uint32_t k)
{
	uint32_t *link = key_chain(j, &j->keys[k].id);

	while (*link != k)
		link = &j->keys[*link].hash_next;
	*link = j->keys[k].hash_next;
	j->keys[k].hash_next = j->key_free;
	j->key_free = k;
}

void pl_join_list_insert(struct pl_join *j, struct pl_join_list *l, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];
	uint32_t after = l->tail;

	while (after != NIL && j->items[after].time_ns > x->time_ns)
		after = j->items[after].prev;
	x->prev = after;
	x->next = after == NIL ? l->head : j->items[after].next;
	*(x->next == NIL ? &l->tail : &j->items[x->next].prev) = i;
	*(after == NIL ? &l->head : &j->items[after].next) = i;
}

void pl_join_list_remove(struct pl_join *j, struct pl_join_list *l, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];

	*(x->prev == NIL ? &l->head : &j->items[x->prev].next) = x->next;
	*(x->next == NIL ? &l->tail : &j->items[x->next].prev) = x->prev;
	x->prev = x->next = NIL;
}

void pl_join_queue_push(struct pl_join *j, struct pl_join_list *l, uint32_t i)
{
	j->items[i].out_next = NIL;
	*(l->tail == NIL ? &l->head : &j->items[l->tail].out_next) = i;
	l->tail = i;
}

uint32_t pl_join_queue_pop(struct pl_join *j, struct pl_join_list *l)
{
	uint32_t i = l->head;

	l->head = j->items[i].out_next;
	if (l->head == NIL)
		l->tail = NIL;
	return i;
}

static uint32_t *sent_chain(const struct pl_join *j, uint32_t sequence)
{
	return &j->exact_hash[mix(j->hash_seed ^ sequence) & j->hash_mask];
}

static uint32_t *frame_chain(const struct pl_join *j, uint32_t key, uint32_t low)
{
	return &j->exact_hash[mix(j->hash_seed ^ ((uint64_t)(key + 1) << 32 | low >> j->resolution_shift)) & j->hash_mask];
}

static uint32_t *exact_chain(const struct pl_join *j, const struct pl_join_item *x)
{
	return x->kind == PL_JOIN_FRAME ? frame_chain(j, x->key, (uint32_t)x->host_ns) : sent_chain(j, x->exact);
}

void pl_join_exact_add(struct pl_join *j, uint32_t i)
{
	uint32_t *chain = exact_chain(j, &j->items[i]);

	j->items[i].hash_next = *chain;
	j->items[i].hashed = 1;
	*chain = i;
}

void pl_join_exact_remove(struct pl_join *j, uint32_t i)
{
	if (!j->items[i].hashed)
		return;
	uint32_t *link = exact_chain(j, &j->items[i]);
	while (*link != i)
		link = &j->items[*link].hash_next;
	*link = j->items[i].hash_next;
	j->items[i].hashed = 0;
}

uint32_t pl_join_exact_sent(const struct pl_join *j, uint32_t sequence)
{
	uint32_t i = *sent_chain(j, sequence);

	while (i != NIL && !(j->items[i].kind == PL_JOIN_EVENT && j->items[i].exact == sequence))
		i = j->items[i].hash_next;
	return i;
}

uint32_t pl_join_exact_frame(const struct pl_join *j, uint32_t key, int64_t host_ns)
{
	uint32_t i = *frame_chain(j, key, (uint32_t)host_ns);

	while (i != NIL && !(j->items[i].kind == PL_JOIN_FRAME && j->items[i].key == key && j->items[i].host_ns == host_ns))
		i = j->items[i].hash_next;
	return i;
}

static uint32_t received_in(const struct pl_join *j, uint32_t i, uint32_t key, uint32_t frame_stamp)
{
	for (; i != NIL; i = j->items[i].hash_next) {
		const struct pl_join_item *x = &j->items[i];
		if (x->kind == PL_JOIN_FRAME && x->key == key && (uint32_t)(frame_stamp - (uint32_t)x->host_ns) < j->resolution_ns)
			return i;
	}
	return NIL;
}

uint32_t pl_join_exact_received(const struct pl_join *j, uint32_t key, uint32_t frame_stamp)
{
	/* the frame's floored time lies at most resolution - 1 below the stamp: at most one chain further down */
	uint32_t lowest = frame_stamp - (uint32_t)(j->resolution_ns - 1), i;

	i = received_in(j, *frame_chain(j, key, frame_stamp), key, frame_stamp);
	if (i == NIL && lowest >> j->resolution_shift != frame_stamp >> j->resolution_shift)
		i = received_in(j, *frame_chain(j, key, lowest), key, frame_stamp);
	return i;
}
