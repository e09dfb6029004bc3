/* SPDX-License-Identifier: BSD-3-Clause */
/* The join's calls: feeding, the merge up to the watermark, timers, and what comes out. */
#include "join_state.h"

#include <stdlib.h>

#define NIL PL_JOIN_NIL

static uint32_t power_of_two(size_t n)
{
	uint32_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

static uint32_t *chains(uint32_t n)
{
	uint32_t *c = malloc(n * sizeof *c);

	for (uint32_t i = 0; c && i < n; i++)
		c[i] = NIL;
	return c;
}

struct pl_join *pl_join_open(const struct pl_join_options *options)
{
	const struct pl_join_list none = {NIL, NIL};
	size_t items = options->items ? options->items : 65536;
	struct pl_join *j = items > UINT32_MAX / 16 ? NULL : calloc(1, sizeof *j);

	if (!j)
		return NULL;
	j->item_limit = (uint32_t)items;
	j->item_capacity = j->item_limit * 2;
	j->key_capacity = j->item_limit;
	j->item_free = j->key_free = NIL;
	j->hash_mask = power_of_two(items) - 1;
	j->items = malloc(j->item_capacity * sizeof *j->items);
	j->keys = malloc(j->key_capacity * sizeof *j->keys);
	j->key_hash = chains(j->hash_mask + 1);
	j->exact_hash = chains(j->hash_mask + 1);
	if (!j->items || !j->keys || !j->key_hash || !j->exact_hash) {
		pl_join_close(j);
		return NULL;
	}
	j->resolution_ns = options->resolution_ns > 0 ? options->resolution_ns : 1;
	while ((1ll << j->resolution_shift) < j->resolution_ns && j->resolution_shift < 31)
		j->resolution_shift++;
	/* a sent frame's floored time may lie that much before its event, a received frame's longer before it */
	j->slack_ns = PL_JOIN_SLACK_NS + j->resolution_ns - 1;
	j->quiet_ns = PL_JOIN_QUIET_NS + j->resolution_ns - 1;
	j->attach_ns = options->attach_ns;
	j->detach_ns = INT64_MAX;
	j->now_ns = -PL_JOIN_TIME_MAX;
	j->hash_seed = (uint64_t)options->attach_ns;
	j->staged_frames = j->staged_events = j->frame_queue = j->lone_queue = none;
	for (int i = 0; i < PL_JOIN_SLOTS; i++)
		j->wheel[i] = none;
	return j;
}

void pl_join_close(struct pl_join *j)
{
	if (!j)
		return;
	free(j->items);
	free(j->keys);
	free(j->key_hash);
	free(j->exact_hash);
	free(j);
}

/* --- timers: each key is in the wheel at or before the time when it has something due ------------------------------------------------ */

static uint32_t slot_of(int64_t ns)
{
	return (uint32_t)((uint64_t)ns >> PL_JOIN_SLOT_BITS) % PL_JOIN_SLOTS;
}

static void unschedule(struct pl_join *j, uint32_t key)
{
	struct pl_join_key *k = &j->keys[key];

	if (k->slot == NIL)
		return;
	*(k->wheel_prev == NIL ? &j->wheel[k->slot].head : &j->keys[k->wheel_prev].wheel_next) = k->wheel_next;
	*(k->wheel_next == NIL ? &j->wheel[k->slot].tail : &j->keys[k->wheel_next].wheel_prev) = k->wheel_prev;
	k->slot = NIL;
	j->scheduled--;
}

static void schedule(struct pl_join *j, uint32_t key, int64_t due)
{
	const int64_t horizon = j->now_ns + ((int64_t)(PL_JOIN_SLOTS - 1) << PL_JOIN_SLOT_BITS);
	struct pl_join_key *k = &j->keys[key];

	due = due < j->now_ns ? j->now_ns : due > horizon ? horizon : due;
	if (k->slot != NIL && k->scheduled_ns <= due)
		return;
	unschedule(j, key);
	k->scheduled_ns = due;
	k->slot = slot_of(due);
	k->wheel_prev = j->wheel[k->slot].tail;
	k->wheel_next = NIL;
	*(k->wheel_prev == NIL ? &j->wheel[k->slot].head : &j->keys[k->wheel_prev].wheel_next) = key;
	j->wheel[k->slot].tail = key;
	j->scheduled++;
}

/* After any change to a key: let go of it when nothing is left. */
static void touch(struct pl_join *j, uint32_t key)
{
	int64_t due = pl_join_due(j, key);

	if (due != INT64_MAX) {
		schedule(j, key, due);
	} else if (!j->keys[key].members) {
		unschedule(j, key);
		pl_join_key_release(j, key);
	}
}

/* All keys due up to now_ns; they are in its slot. */
static void fire(struct pl_join *j)
{
	for (uint32_t k = j->wheel[slot_of(j->now_ns)].head, next; k != NIL; k = next) {
		next = j->keys[k].wheel_next;
		if (j->keys[k].scheduled_ns > j->now_ns)
			continue;
		unschedule(j, k);
		pl_join_run(j, k, j->now_ns);
		touch(j, k);
	}
}

/* --- making room ------------------------------------------------------------------------------------------------------------------- */

static uint32_t next_staged(const struct pl_join *j)
{
	uint32_t f = j->staged_frames.head, e = j->staged_events.head;

	if (f == NIL || e == NIL)
		return f == NIL ? e : f;
	return j->items[f].time_ns <= j->items[e].time_ns ? f : e;
}

static void place(struct pl_join *j, uint32_t i)
{
	uint32_t key = j->items[i].key;

	j->items[i].placed = 1;
	pl_join_list_remove(j, j->items[i].kind == PL_JOIN_FRAME ? &j->staged_frames : &j->staged_events, i);
	pl_join_place(j, i);
	touch(j, key);
}

static void evict_key(struct pl_join *j, uint32_t key)
{
	struct pl_join_key *k = &j->keys[key];

	unschedule(j, key);
	if (k->listed)
		j->counts.crowded += pl_join_crowd(j, key);
	else
		k->doubt = PTPLENS_CAUSE_NONE;
	while (k->kept.head != NIL) {
		j->counts.crowded++;
		pl_join_forget(j, k->kept.head);
	}
	if (!k->members) {
		pl_join_key_release(j, key);
		return;
	}
	touch(j, key);
}

static void evict_item(struct pl_join *j, uint32_t i)
{
	uint32_t key = j->items[i].key;

	if (!j->items[i].placed)
		place(j, i);
	if (!j->items[i].decided)
		evict_key(j, key);
}

/* What is due next makes room: the key at the front of the wheel, else the first staged item. */
static int evict(struct pl_join *j)
{
	uint32_t slot = slot_of(j->now_ns);

	for (int n = 0; j->scheduled && n < PL_JOIN_SLOTS; n++, slot = (slot + 1) % PL_JOIN_SLOTS) {
		if (j->wheel[slot].head != NIL) {
			evict_key(j, j->wheel[slot].head);
			return 1;
		}
	}
	uint32_t i = next_staged(j);
	if (i == NIL)
		return 0;
	evict_item(j, i);
	return 1;
}

/* --- feeding ----------------------------------------------------------------------------------------------------------------------- */

static int64_t clamp(int64_t ns)
{
	return ns < -PL_JOIN_TIME_MAX ? -PL_JOIN_TIME_MAX : ns > PL_JOIN_TIME_MAX ? PL_JOIN_TIME_MAX : ns;
}

/* An item of `kind` with its key, not yet staged; NIL: the caller never reads, so it can only be counted. */
static uint32_t take(struct pl_join *j, enum pl_join_kind kind, uint64_t token, const struct ptplens_event *e)
{
	while (j->live >= j->item_limit && evict(j))
		;
	uint32_t first = j->frame_queue.head;
	if (j->used >= j->item_capacity - j->item_limit / 2 && first != NIL && !j->items[first].decided)
		evict_item(j, first); /* so that the frames behind it can leave */
	uint32_t i = pl_join_item_new(j);
	if (i == NIL)
		return NIL;
	uint32_t key;
	while ((key = pl_join_key_get(j, e)) == NIL)
		evict(j);
	struct pl_join_item *x = &j->items[i];
	x->token = token;
	x->key = key;
	x->kind = kind;
	x->direction = e->direction;
	x->flags = e->flags;
	j->keys[key].members++;
	j->live++;
	j->open[kind]++;
	return i;
}

static void count_crowded(struct pl_join *j, uint64_t *ambiguous)
{
	++*ambiguous;
	j->counts.ambiguous_by[PTPLENS_CAUSE_CROWDED]++;
	j->counts.crowded++;
}

void pl_join_event(struct pl_join *j, uint64_t token, const struct ptplens_event *e)
{
	const uint16_t asked = PTPLENS_FLAG_HARDWARE_REQUESTED | PTPLENS_FLAG_SOFTWARE_REQUESTED | PTPLENS_FLAG_REQUEST_UNKNOWN;
	int stamp = e->kind == PTPLENS_KIND_STAMP;

	j->counts.received++;
	if (e->flags & PTPLENS_FLAG_LOOPBACK) {
		j->counts.skipped_events++;
		return;
	}
	++*(stamp ? &j->counts.stamp_events : &j->counts.frame_events);
	uint32_t i = take(j, stamp ? PL_JOIN_STAMP : PL_JOIN_EVENT, token, e);
	if (i == NIL) {
		count_crowded(j, stamp ? &j->counts.ambiguous_stamps : &j->counts.ambiguous_events);
		return;
	}
	struct pl_join_item *x = &j->items[i];
	x->time_ns = e->system_timestamp > (uint64_t)PL_JOIN_TIME_MAX ? PL_JOIN_TIME_MAX : (int64_t)e->system_timestamp;
	x->stamp_kind = e->stamp;
	x->stampable = !stamp && e->direction == PTPLENS_TRANSMIT && (e->flags & asked);
	x->exact = stamp ? e->frame_sequence : e->direction == PTPLENS_TRANSMIT ? (uint32_t)e->sequence : e->frame_stamp;
	pl_join_list_insert(j, &j->staged_events, i);
}

void pl_join_frame(struct pl_join *j, uint64_t token, const struct ptplens_event *parsed, int64_t time_ns, int64_t host_ns, int doubtful)
{
	j->counts.frames++;
	uint32_t i = take(j, PL_JOIN_FRAME, token, parsed);
	if (i == NIL) {
		count_crowded(j, &j->counts.ambiguous_frames);
		return;
	}
	struct pl_join_item *x = &j->items[i];
	int64_t below = clamp(host_ns) % j->resolution_ns;
	x->host_ns = clamp(host_ns) - (below < 0 ? below + j->resolution_ns : below);
	x->doubtful = doubtful != 0;
	x->time_ns = doubtful ? j->now_ns + 1 : clamp(time_ns); /* captured since the last drain */
	pl_join_list_insert(j, &j->staged_frames, i);
	pl_join_queue_push(j, &j->frame_queue, i);
}

/* --- the watermark ----------------------------------------------------------------------------------------------------------------- */

/* Slot by slot, so that what happens does not depend on how far a call advances. */
static void advance(struct pl_join *j, int64_t watermark)
{
	const int64_t slot_mask = (1ll << PL_JOIN_SLOT_BITS) - 1;
	uint32_t i = next_staged(j);

	for (;;) {
		int64_t to = j->now_ns + 1;
		if (!j->scheduled && i == NIL)
			to = watermark;
		else if (!j->scheduled && j->items[i].time_ns > to)
			to = j->items[i].time_ns;
		to |= slot_mask;
		if (to > watermark)
			to = watermark;
		if (to > j->now_ns)
			j->now_ns = to;
		for (; i != NIL && j->items[i].time_ns <= j->now_ns; i = next_staged(j))
			place(j, i);
		fire(j);
		if (j->now_ns >= watermark)
			return;
	}
}

void pl_join_advance(struct pl_join *j, int64_t watermark_ns)
{
	j->watermark_ns = clamp(watermark_ns);
	advance(j, j->watermark_ns);
}

void pl_join_detach(struct pl_join *j, int64_t detach_ns)
{
	j->detach_ns = detach_ns;
}

void pl_join_finish(struct pl_join *j, int64_t detach_ns)
{
	uint32_t last = j->staged_events.tail;

	j->detach_ns = detach_ns;
	j->watermark_ns = last == NIL ? j->now_ns : j->items[last].time_ns;
	advance(j, PL_JOIN_TIME_MAX + 2 * PL_JOIN_SENT_NS);
}

/* --- giving out -------------------------------------------------------------------------------------------------------------------- */

static uint8_t state_of(uint8_t stamp_kind)
{
	switch (stamp_kind) {
	case PTPLENS_STAMP_NIC:
		return PTPLENS_STAMP_STATE_HARDWARE;
	case PTPLENS_STAMP_PHY:
		return PTPLENS_STAMP_STATE_PHY;
	case PTPLENS_STAMP_LATCH:
		return PTPLENS_STAMP_STATE_LATCH;
	case PTPLENS_STAMP_SOFTWARE:
		return PTPLENS_STAMP_STATE_SOFTWARE;
	case PTPLENS_STAMP_REFUSED_FORM:
	case PTPLENS_STAMP_REFUSED_IMPLAUSIBLE:
		return PTPLENS_STAMP_STATE_REFUSED;
	default:
		return PTPLENS_STAMP_STATE_NONE;
	}
}

static uint8_t event_state(struct pl_join *j, const struct pl_join_item *e)
{
	if (e->stamp != NIL)
		return state_of(j->items[e->stamp].stamp_kind);
	if (e->direction == PTPLENS_TRANSMIT && (e->flags & (PTPLENS_FLAG_HARDWARE_REQUESTED | PTPLENS_FLAG_SOFTWARE_REQUESTED)))
		return pl_join_stamp_unseen(j, e) ? PTPLENS_STAMP_STATE_NONE : PTPLENS_STAMP_STATE_UNDELIVERED;
	if (e->direction == PTPLENS_RECEIVE && state_of(e->stamp_kind) != PTPLENS_STAMP_STATE_NONE)
		return state_of(e->stamp_kind);
	if (e->flags & (PTPLENS_FLAG_HARDWARE_REQUESTED | PTPLENS_FLAG_REQUEST_UNKNOWN))
		return PTPLENS_STAMP_STATE_NONE;
	return PTPLENS_STAMP_STATE_NOT_REQUESTED;
}

static void give_event(struct pl_join *j, uint32_t i, struct pl_join_result *out)
{
	struct pl_join_item *e = &j->items[i];

	out->event = e->token;
	out->stamp_state = event_state(j, e);
	j->open[PL_JOIN_EVENT]--;
	if (e->stamp != NIL) {
		out->stamp = j->items[e->stamp].token;
		j->open[PL_JOIN_STAMP]--;
		++*(out->verdict ? &j->counts.attached : &j->counts.outside_stamps);
		pl_join_item_free(j, e->stamp);
	}
	e->given = 1;
	if (!e->kept)
		pl_join_item_free(j, i);
}

static void give_stamp(struct pl_join *j, uint32_t i, struct pl_join_result *out)
{
	const struct pl_join_item *s = &j->items[i];

	out->stamp = s->token;
	out->stamp_state = s->fate == PL_JOIN_FATE_LATE ? PTPLENS_STAMP_STATE_LATE : state_of(s->stamp_kind);
	j->open[PL_JOIN_STAMP]--;
	switch (s->fate) {
	case PL_JOIN_FATE_LATE:
		j->counts.late++;
		break;
	case PL_JOIN_FATE_AMBIGUOUS:
		j->counts.ambiguous_stamps++;
		j->counts.ambiguous_by[s->cause]++;
		break;
	case PL_JOIN_FATE_ORPHAN:
		j->counts.orphan_stamps++;
		j->counts.orphan_by[s->cause]++;
		break;
	default:
		j->counts.outside_stamps++;
	}
	pl_join_item_free(j, i);
}

static void count_event(struct pl_join *j, const struct pl_join_result *r)
{
	if (r->verdict == PTPLENS_AMBIGUOUS) {
		j->counts.ambiguous_events++;
		j->counts.ambiguous_by[r->cause]++;
	} else if (r->verdict == PTPLENS_EVENT_ONLY) {
		j->counts.event_only++;
		j->counts.event_only_by[r->cause]++;
	} else {
		j->counts.outside_events++;
	}
}

static void count_frame(struct pl_join *j, const struct pl_join_result *r)
{
	if (r->verdict == PTPLENS_MATCHED) {
		j->counts.matched++;
	} else if (r->verdict == PTPLENS_AMBIGUOUS) {
		j->counts.ambiguous_frames++;
		j->counts.ambiguous_by[r->cause]++;
	} else if (r->verdict == PTPLENS_FRAME_ONLY) {
		j->counts.frame_only++;
		j->counts.frame_only_by[r->cause]++;
	} else {
		j->counts.outside_frames++;
		j->counts.outside_events += r->event != PL_JOIN_NONE;
	}
}

int pl_join_next(struct pl_join *j, struct pl_join_result *out)
{
	uint32_t i;

	if (j->lone_queue.head != NIL)
		i = pl_join_queue_pop(j, &j->lone_queue);
	else if (j->frame_queue.head != NIL && j->items[j->frame_queue.head].decided)
		i = pl_join_queue_pop(j, &j->frame_queue);
	else
		return 0;
	struct pl_join_item *x = &j->items[i];
	*out = (struct pl_join_result){
	    .frame = PL_JOIN_NONE, .event = PL_JOIN_NONE, .stamp = PL_JOIN_NONE, .verdict = x->verdict, .cause = x->cause};
	if (x->kind == PL_JOIN_STAMP) {
		give_stamp(j, i, out);
	} else if (x->kind == PL_JOIN_EVENT) {
		give_event(j, i, out);
		count_event(j, out);
	} else {
		out->frame = x->token;
		j->open[PL_JOIN_FRAME]--;
		if (x->event != NIL)
			give_event(j, x->event, out);
		count_frame(j, out);
		pl_join_item_free(j, i);
	}
	if (out->verdict)
		j->counts.stamps[out->stamp_state]++;
	return 1;
}
