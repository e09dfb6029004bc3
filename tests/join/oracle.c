/* SPDX-License-Identifier: BSD-3-Clause */
#include "oracle.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define MAX 128
#define QUIET (100 * MS)
#define SENT (2 * S)
#define NONE (-1)

enum state { OPEN, WAITING, DONE };

struct node {
	const struct item *item;
	int64_t time;
	enum state state;
	int doubt;
	int took_stamp; /* attached or late */
	int stamp;      /* attached */
	int candidate, partner;
};

struct oracle {
	struct node n[MAX]; /* of one key and direction, in the order in which they happened */
	int count;
	int direction;
	int64_t resolution, slack, quiet, active, until;
	int doubt;
	const struct announce *lost;
	int losts;
	int64_t tick;
	struct oracle_result (*out)[MAX_IDS];
};

/* --- maximum non-crossing matchings --- */

static int edge(const struct oracle *o, int a, int c, int64_t window)
{
	int64_t d = o->n[c].time - o->n[a].time;

	return d >= -o->slack && d <= window;
}

/* Size of the largest matching that does not hold the pair (ba, bc). */
static int largest(const struct oracle *o, const int *A, int n, const int *C, int m, int64_t window, int ba, int bc)
{
	static int best[MAX + 1][MAX + 1];

	for (int i = n; i >= 0; i--) {
		for (int k = m; k >= 0; k--) {
			int b = 0;
			if (i < n && k < m) {
				b = best[i + 1][k] > best[i][k + 1] ? best[i + 1][k] : best[i][k + 1];
				if (edge(o, A[i], C[k], window) && !(i == ba && k == bc) && 1 + best[i + 1][k + 1] > b)
					b = 1 + best[i + 1][k + 1];
			}
			best[i][k] = b;
		}
	}
	return best[0][0];
}

/* Every matching there is: in how many of the largest ones does each pair occur? */
struct all {
	int size, matchings;
	int holds[8][8];
};

static void enumerate(const struct oracle *o, const int *A, int n, const int *C, int m, int64_t window, int i, int k, int (*chosen)[2],
                      int size, struct all *all)
{
	if (size > all->size) {
		memset(all, 0, sizeof *all);
		all->size = size;
	}
	if (size == all->size) {
		all->matchings++;
		for (int s = 0; s < size; s++)
			all->holds[chosen[s][0]][chosen[s][1]]++;
	}
	for (int a = i; a < n; a++) {
		for (int c = k; c < m; c++) {
			if (!edge(o, A[a], C[c], window))
				continue;
			chosen[size][0] = a;
			chosen[size][1] = c;
			enumerate(o, A, n, C, m, window, a + 1, c + 1, chosen, size + 1, all);
		}
	}
}

static void match(struct oracle *o, const int *A, int n, const int *C, int m, int64_t window)
{
	int size = largest(o, A, n, C, m, window, NONE, NONE), small = n <= 5 && m <= 5, chosen[8][2];
	struct all all = {0};

	if (small) {
		enumerate(o, A, n, C, m, window, 0, 0, chosen, 0, &all);
		assert_int_equal(all.size, size);
	}
	for (int i = 0; i < n; i++)
		o->n[A[i]].candidate = 0, o->n[A[i]].partner = NONE;
	for (int k = 0; k < m; k++)
		o->n[C[k]].candidate = 0, o->n[C[k]].partner = NONE;
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < m; k++) {
			if (!edge(o, A[i], C[k], window))
				continue;
			o->n[A[i]].candidate = o->n[C[k]].candidate = 1;
			int in_every = largest(o, A, n, C, m, window, i, k) < size;
			if (small)
				assert_int_equal(in_every, all.holds[i][k] == all.matchings);
			if (in_every) {
				o->n[A[i]].partner = C[k];
				o->n[C[k]].partner = A[i];
			}
		}
	}
}

/* --- outcomes --- */

static struct oracle_result *result(struct oracle *o, int x)
{
	return &o->out[o->n[x].item->kind][o->n[x].item->id];
}

static void finish(struct oracle *o, int x, int verdict, int cause)
{
	*result(o, x) = (struct oracle_result){(uint8_t)verdict, (uint8_t)cause, PL_JOIN_NONE, PL_JOIN_NONE, PL_JOIN_NONE};
	uint64_t *self = o->n[x].item->kind == FRAME   ? &result(o, x)->frame
	                 : o->n[x].item->kind == EVENT ? &result(o, x)->event
	                                               : &result(o, x)->stamp;
	*self = o->n[x].item->id;
	o->n[x].state = DONE;
	if (o->n[x].stamp != NONE) {
		result(o, x)->stamp = o->n[o->n[x].stamp].item->id;
		*result(o, o->n[x].stamp) = *result(o, x);
	}
}

static void finish_pair(struct oracle *o, int frame, int event)
{
	int stamp = o->n[event].stamp;
	int64_t from = o->n[frame].time > o->n[event].time ? o->n[frame].time : o->n[event].time;

	if (stamp != NONE && o->n[stamp].time > from + QUIET) {
		o->n[event].stamp = NONE;
		finish(o, stamp, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_LATE_STAMP);
	}
	finish(o, frame, PTPLENS_MATCHED, 0);
	finish(o, event, PTPLENS_MATCHED, 0);
	result(o, frame)->event = result(o, event)->event;
	result(o, frame)->stamp = result(o, event)->stamp;
	result(o, event)->frame = result(o, frame)->frame;
	if (o->n[event].stamp != NONE)
		*result(o, o->n[event].stamp) = *result(o, frame);
}

/* --- the sentences --- */

static int lost_near(const struct oracle *o, enum kind kind, int64_t from, int64_t to)
{
	for (int i = 0; i < o->losts; i++) {
		/* all that is known is the tick */
		int64_t end = (o->lost[i].time + o->tick - 1) / o->tick * o->tick, start = end - o->tick;
		if (o->lost[i].kind == kind && (kind == EVENT || o->lost[i].direction == o->direction) && end >= from && start < to)
			return 1;
	}
	return 0;
}

static int is_exact(const struct oracle *o, int x)
{
	return o->direction == PTPLENS_RECEIVE && o->n[x].item->kind == EVENT && o->n[x].item->exact;
}

static int same_instant(const struct oracle *o, int frame, int event)
{
	int64_t host = o->n[frame].item->host / o->resolution * o->resolution;

	return (uint32_t)(o->n[event].item->exact - (uint32_t)host) < o->resolution;
}

static int collect(const struct oracle *o, enum kind kind, int *list)
{
	int n = 0;

	for (int x = 0; x < o->count; x++) {
		if (o->n[x].item->kind == kind && o->n[x].state != DONE)
			list[n++] = x;
	}
	return n;
}

/* "Several equal ones pair only if counts are equal, in order." */
static void settle_exact(struct oracle *o, int frame, int lossy, int64_t complete)
{
	int f[MAX], e[MAX], n = 0, m = 0;

	for (int x = 0; x < o->count; x++) {
		if (o->n[x].state == DONE)
			continue;
		if (o->n[x].item->kind == FRAME && o->n[x].item->host / o->resolution == o->n[frame].item->host / o->resolution)
			f[n++] = x;
		if (is_exact(o, x) && same_instant(o, frame, x))
			e[m++] = x;
	}
	if (!m)
		return;
	int shared = n > 1 || o->resolution > 1, doubt = 0;
	if (n != m)
		doubt = PTPLENS_CAUSE_REPEATED_KEY;
	else if (shared && lossy)
		doubt = PTPLENS_CAUSE_LOSS;
	else if (shared && o->n[f[0]].time > complete)
		doubt = PTPLENS_CAUSE_CROWDED;
	for (int i = 0; i < n; i++)
		o->n[f[i]].doubt = doubt;
	for (int i = 0; i < m; i++)
		o->n[e[i]].doubt = doubt;
	for (int i = 0; !doubt && i < n; i++)
		finish_pair(o, f[i], e[i]);
}

static int asks(const struct oracle *o, int x)
{
	return o->n[x].item->kind == EVENT && o->direction == PTPLENS_TRANSMIT &&
	       (o->n[x].item->flags & (PTPLENS_FLAG_HARDWARE_REQUESTED | PTPLENS_FLAG_SOFTWARE_REQUESTED)) && !o->n[x].took_stamp;
}

static void settle_stamps(struct oracle *o, int64_t first, int64_t last)
{
	int A[MAX] = {0}, C[MAX] = {0}, n = 0, m = collect(o, STAMP, C), doubt = lost_near(o, EVENT, first - QUIET, last + QUIET);

	for (int x = 0; x < o->count; x++) {
		if (o->n[x].state != DONE && asks(o, x))
			A[n++] = x;
	}
	match(o, A, n, C, m, QUIET);
	for (int k = 0; k < m; k++) {
		int c = C[k], a = o->n[c].partner;
		if (a != NONE && !doubt) {
			o->n[a].stamp = c;
			o->n[a].took_stamp = 1;
			o->n[c].state = DONE;
			continue;
		}
		if (o->n[c].candidate) {
			finish(o, c, PTPLENS_AMBIGUOUS, doubt ? PTPLENS_CAUSE_LOSS : PTPLENS_CAUSE_REPEATED_KEY);
			continue;
		}
		int late = NONE;
		for (int x = 0; x < o->count && late == NONE; x++) {
			int64_t d = o->n[c].time - o->n[x].time;
			if (asks(o, x) && d > QUIET && d <= SENT)
				late = x;
		}
		if (late != NONE)
			o->n[late].took_stamp = 1;
		finish(o, c, PTPLENS_EVENT_ONLY, late == NONE ? 0 : PTPLENS_CAUSE_LATE_STAMP);
	}
}

static void span(const struct oracle *o, int64_t *first, int64_t *last)
{
	*first = INT64_MAX;
	*last = INT64_MIN;
	for (int x = 0; x < o->count; x++) {
		if (o->n[x].state != OPEN)
			continue;
		*first = o->n[x].time < *first ? o->n[x].time : *first;
		*last = o->n[x].time > *last ? o->n[x].time : *last;
	}
	if (*last != INT64_MIN && o->until > *last) /* a doubtful frame may be as late as that */
		*last = o->until;
}

/* "If events AND frames may have been lost in the cluster's time +- its window"; for sent ones, events alone. */
static int lossy(const struct oracle *o, int64_t oldest, int64_t first, int64_t last)
{
	int sent = o->direction == PTPLENS_TRANSMIT;
	int64_t from = oldest - (sent ? SENT : o->quiet), to = last + o->quiet < first + S ? last + o->quiet : first + S;

	return lost_near(o, EVENT, from, to) && (sent || lost_near(o, FRAME, from, to));
}

static void crowd(struct oracle *o)
{
	int64_t first, last;

	span(o, &first, &last);
	for (int x = 0; o->direction == PTPLENS_RECEIVE && x < o->count; x++) {
		if (o->n[x].item->kind == FRAME && o->n[x].state == OPEN)
			settle_exact(o, x, lossy(o, first, first, last), last - o->quiet);
	}
	for (int x = 0; x < o->count; x++) {
		if (o->n[x].state != DONE)
			finish(o, x, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	}
	o->doubt = PTPLENS_CAUSE_CROWDED;
}

static int window_list(const struct oracle *o, enum kind kind, int *list)
{
	int n = 0, all[MAX], count = collect(o, kind, all);

	for (int i = 0; i < count; i++) {
		if (!is_exact(o, all[i]) && !o->n[all[i]].item->doubtful)
			list[n++] = all[i];
	}
	return n;
}

static void settle(struct oracle *o)
{
	int sent = o->direction == PTPLENS_TRANSMIT, A[MAX] = {0}, C[MAX] = {0};
	int64_t window = sent ? SENT : o->quiet, first, last, from;

	if (o->doubt == PTPLENS_CAUSE_CROWDED) {
		crowd(o);
		return;
	}
	span(o, &first, &last);
	from = first;
	int step = 0;
	for (int x = 0; x < o->count; x++) {
		if (o->n[x].state == DONE)
			continue;
		from = o->n[x].time < from ? o->n[x].time : from;
		step |= o->n[x].item->kind == FRAME && o->n[x].item->doubtful;
	}
	if (lossy(o, from, first, last))
		o->doubt = PTPLENS_CAUSE_LOSS;
	int doubt = step ? PTPLENS_CAUSE_CLOCK_STEP : o->doubt;

	for (int x = 0; !sent && x < o->count; x++) {
		if (o->n[x].item->kind == FRAME && o->n[x].state == OPEN)
			settle_exact(o, x, doubt == PTPLENS_CAUSE_LOSS, INT64_MAX);
	}
	if (sent)
		settle_stamps(o, first, last);
	int n = window_list(o, sent ? EVENT : FRAME, A), m = window_list(o, sent ? FRAME : EVENT, C);
	match(o, A, n, C, m, window);

	for (int x = 0; x < o->count; x++) {
		struct node *f = &o->n[x];
		if (f->state == DONE || f->item->kind != FRAME)
			continue;
		int e = f->item->doubtful ? NONE : f->partner, cause = f->doubt ? f->doubt : doubt;
		if (e != NONE && !cause)
			cause = o->n[e].doubt;
		if (e != NONE && !cause) {
			finish_pair(o, x, e);
		} else if (e != NONE) {
			finish(o, x, PTPLENS_AMBIGUOUS, cause);
			finish(o, e, PTPLENS_AMBIGUOUS, cause);
		} else if (f->item->doubtful || f->doubt || f->candidate) {
			finish(o, x, PTPLENS_AMBIGUOUS, cause ? cause : PTPLENS_CAUSE_REPEATED_KEY);
		} else {
			finish(o, x, PTPLENS_FRAME_ONLY, 0);
		}
	}
	for (int x = 0; x < o->count; x++) {
		struct node *e = &o->n[x];
		if (e->state == DONE || e->item->kind != EVENT)
			continue;
		int maybe = !is_exact(o, x) && (e->candidate || step);
		if (!e->doubt && maybe)
			e->doubt = doubt ? doubt : PTPLENS_CAUSE_REPEATED_KEY;
		if (sent)
			e->state = WAITING;
		else
			finish(o, x, e->doubt ? PTPLENS_AMBIGUOUS : PTPLENS_EVENT_ONLY, e->doubt);
	}
}

/* What happens before an item at now + 1. */
static void pass(struct oracle *o, int64_t now)
{
	for (;;) {
		int64_t first, last;
		span(o, &first, &last);
		if (last == INT64_MIN)
			break;
		if (last + o->quiet <= first + S) {
			if (last + o->quiet > now)
				return;
			settle(o);
		} else {
			if (first + S > now)
				return;
			crowd(o);
		}
	}
	for (int x = 0; x < o->count; x++) {
		if (o->n[x].state == WAITING && o->n[x].time + SENT <= now)
			finish(o, x, o->n[x].doubt ? PTPLENS_AMBIGUOUS : PTPLENS_EVENT_ONLY, o->n[x].doubt);
	}
}

static void named_stamp(struct oracle *o, int s)
{
	for (int x = 0; x < o->count; x++) {
		if (!asks(o, x) || (uint32_t)o->n[x].item->sequence != o->n[s].item->exact || o->n[x].time < o->n[s].time - SENT)
			continue;
		o->n[x].took_stamp = 1;
		if (o->n[x].state == DONE) {
			finish(o, s, PTPLENS_EVENT_ONLY, PTPLENS_CAUSE_LATE_STAMP);
		} else {
			o->n[x].stamp = s;
			o->n[s].state = DONE;
		}
		return;
	}
	finish(o, s, PTPLENS_EVENT_ONLY, 0);
}

static void put(struct oracle *o, const struct item *item)
{
	int x = o->count, open = 0;
	int64_t time = item->doubtful ? item->effective : item->time;

	pass(o, time - 1);
	assert_true(x < MAX);
	for (int i = 0; i < o->count; i++)
		open |= o->n[i].state == OPEN;
	/* items are kept in the order of their times */
	o->n[o->count++] = (struct node){.item = item, .time = time, .stamp = NONE, .partner = NONE};
	if (item->kind == STAMP && item->exact) {
		named_stamp(o, x);
		return;
	}
	if (!open && time - o->active > (o->direction == PTPLENS_TRANSMIT ? SENT : o->quiet))
		o->doubt = 0;
	o->active = time;
	if (item->doubtful)
		o->until = item->until;
	if (o->resolution == 1 && is_exact(o, x)) { /* "exact pairs leave at once" */
		int frame = NONE, frames = 0, events = 0;
		for (int i = 0; i < o->count; i++) {
			if (o->n[i].state == DONE)
				continue;
			if (o->n[i].item->kind == FRAME && same_instant(o, i, x)) {
				frame = i;
				frames++;
			}
			events += is_exact(o, i) && o->n[i].item->exact == item->exact;
		}
		if (frames == 1 && events == 1)
			finish_pair(o, frame, x);
	}
}

static int64_t when(const struct item *x)
{
	return x->doubtful ? x->effective : x->time;
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
	int fx = x->kind == FRAME, fy = y->kind == FRAME;

	if (when(x) != when(y))
		return when(x) < when(y) ? -1 : 1;
	return fx != fy ? fy - fx : (x > y) - (x < y);
}

void oracle_run(const struct item *items, int n, const struct announce *lost, int losts, int64_t tick, int64_t resolution,
                struct oracle_result out[KINDS][MAX_IDS])
{
	static struct oracle o;
	const struct item *sorted[MAX];

	for (int direction = 0; direction < 2; direction++) {
		for (uint32_t key = 0; key < 4; key++) {
			int count = 0;
			for (int i = 0; i < n; i++) {
				if (items[i].direction == direction && items[i].key == key)
					sorted[count++] = &items[i];
			}
			qsort(sorted, (size_t)count, sizeof *sorted, by_time);
			o = (struct oracle){.direction = direction,
			                    .resolution = resolution,
			                    .slack = 1000 + resolution - 1,
			                    .quiet = QUIET + resolution - 1,
			                    .active = INT64_MIN / 2,
			                    .lost = lost,
			                    .losts = losts,
			                    .tick = tick,
			                    .out = out};
			for (int i = 0; i < count; i++)
				put(&o, sorted[i]);
			pass(&o, INT64_MAX / 2);
		}
	}
}
