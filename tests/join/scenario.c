/* SPDX-License-Identifier: BSD-3-Clause */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

uint32_t scenario_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	uint32_t x = (uint32_t)((*seed >> 18 ^ *seed) >> 27);
	int rot = (int)(*seed >> 59);

	return x >> rot | x << (-rot & 31);
}

static int below(uint64_t *seed, int n)
{
	return n ? (int)(scenario_random(seed) % (uint32_t)n) : 0;
}

static int percent(uint64_t *seed, int p)
{
	return below(seed, 100) < p;
}

#define PICK(seed, list) list[below(seed, (int)(sizeof list / sizeof *list))]

static const int64_t gaps[] = {0,        1,        300,       10 * US,      MS,       5 * MS,
                               20 * MS,  40 * MS,  60 * MS,   100 * MS - 1, 100 * MS, 100 * MS + 1,
                               150 * MS, 400 * MS, 1900 * MS, 2 * S,        2500 * MS};
static const int64_t dense_gaps[] = {0, 1, 300, MS, 5 * MS, 20 * MS, 40 * MS, 60 * MS, 90 * MS, 99 * MS};
static const int64_t rx_delays[] = {0, 0, US, 5 * US, 5 * US, MS, 20 * MS, 40 * MS, 100 * MS};
static const int64_t tx_delays[] = {0, 0, US, 50 * US, MS, 20 * MS, 40 * MS, 150 * MS, 400 * MS, 900 * MS, 1900 * MS};

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : (x->id > y->id) - (x->id < y->id);
}

/* Removes one item of the kind; another program's counters tell of it, unless silent. */
static void lose(struct scenario *s, enum kind kind, int silent, uint64_t *seed)
{
	int of[SCENARIO_ITEMS], n = 0;

	for (int i = 0; i < s->n; i++) {
		if (s->items[i].kind == kind)
			of[n++] = i;
	}
	if (!n)
		return;
	int i = of[below(seed, n)];
	if (!silent)
		s->lost[s->losts++] = (struct announce){s->items[i].time, kind == FRAME ? FRAME : EVENT, s->items[i].direction};
	s->items[i] = s->items[--s->n];
}

static void add(struct scenario *s, struct item x)
{
	if (s->n < SCENARIO_ITEMS)
		s->items[s->n++] = x;
}

static void add_stamp(struct scenario *s, const struct recipe *r, const struct item *event, int64_t frame_time, int64_t *last,
                      uint64_t *seed)
{
	static const int64_t on_time[] = {0, 20 * US, MS, 30 * MS}, late[] = {101 * MS, 300 * MS, 1500 * MS, 2100 * MS};
	struct item x = *event;

	x.kind = STAMP;
	x.stamp = PTPLENS_STAMP_NIC;
	x.exact = r->exact == NAMED || (r->exact == SOME && percent(seed, 50)) ? (uint32_t)event->sequence : 0;
	int64_t from = x.exact ? frame_time : event->time;
	x.time = percent(seed, r->late) ? from + PICK(seed, late) : from + PICK(seed, on_time);
	x.sequence = event->sequence + 5000;
	/* a card gives its stamps in order */
	if (!x.exact && x.time < *last)
		x.time = *last;
	if (!x.exact)
		*last = x.time;
	add(s, x);
}

static void add_message(struct scenario *s, const struct recipe *r, int id, int key, int64_t t, int64_t *last, int64_t *last_stamp,
                        uint64_t *seed)
{
	int sent = r->direction == PTPLENS_TRANSMIT;
	int64_t window = sent ? 2 * S : 100 * MS, other = t + (sent ? PICK(seed, tx_delays) : PICK(seed, rx_delays));
	struct item x = {.direction = r->direction, .id = (uint32_t)id, .key = (uint32_t)key}, event, frame;
	int crosses = !sent && r->exact == NAMED && r->resolution == 1 && percent(seed, 30);

	/* one key's items keep their order in both streams, but for what exact stamps untangle */
	if (!crosses && other < *last)
		other = *last;
	if (other - t > window)
		return;
	if (!crosses)
		*last = other;
	x.sequence = 100 + (uint64_t)id;
	event = frame = x;
	frame.kind = FRAME;
	frame.time = sent ? other : t;
	frame.host = WALL + BASE + frame.time;
	event.kind = EVENT;
	event.time = sent ? t : other;
	if (!sent && (r->exact == NAMED || (r->exact == SOME && percent(seed, 50))))
		event.exact = (uint32_t)frame.host;
	/* the capture floors to its resolution */
	frame.host = frame.host / r->resolution * r->resolution;
	frame.time = frame.host - WALL - BASE;
	if (sent && percent(seed, r->asked))
		event.flags = PTPLENS_FLAG_HARDWARE_REQUESTED;
	add(s, frame);
	add(s, event);
	if (event.flags)
		add_stamp(s, r, &event, frame.time, last_stamp, seed);
}

static void show_twice(struct scenario *s, uint64_t *seed)
{
	int i = below(seed, s->n);

	if (!s->n || s->items[i].kind != FRAME || s->items[i].id >= TWICE)
		return;
	struct item x = s->items[i];
	s->items[i].id += 2 * TWICE; /* not a third time */
	x.id += TWICE;
	x.time += 1000;
	x.host += 1000;
	add(s, x);
}

/* All frames read in one tick are doubtful. The join only knows that they were captured in it. */
static void step_clock(struct scenario *s, uint64_t *seed)
{
	if (!s->n)
		return;
	int64_t end = (s->items[below(seed, s->n)].time + TICK - 1) / TICK * TICK;
	for (int i = 0; i < s->n; i++) {
		struct item *x = &s->items[i];
		if (x->kind != FRAME || x->time <= end - TICK || x->time > end)
			continue;
		x->doubtful = 1;
		x->effective = end - TICK + 1;
		x->until = end;
	}
}

void scenario_make(struct scenario *s, const struct recipe *r, uint64_t *seed)
{
	int64_t t = S, last[4] = {0}, last_stamp[4] = {0};
	int n = 1 + below(seed, r->dense ? 20 : 6);

	memset(s, 0, sizeof *s);
	for (int id = 1; id <= n; id++) {
		int key = below(seed, r->keys);
		t += r->dense ? PICK(seed, dense_gaps) : PICK(seed, gaps);
		if (r->exact != UNNAMED) /* the kernel never gave two frames the same nanosecond */
			t++;
		add_message(s, r, id, key, t, &last[key], &last_stamp[key], seed);
	}
	for (int i = 0; i < r->lose_events; i++)
		lose(s, EVENT, r->silent, seed);
	for (int i = 0; i < r->lose_frames; i++)
		lose(s, FRAME, r->silent || r->direction == PTPLENS_TRANSMIT, seed);
	for (int i = 0; i < r->lose_stamps; i++)
		lose(s, STAMP, r->silent, seed);
	for (int i = 0; i < r->show_twice; i++)
		show_twice(s, seed);
	qsort(s->items, (size_t)s->n, sizeof *s->items, by_time);
	if (r->step)
		step_clock(s, seed);
}
