/* SPDX-License-Identifier: BSD-3-Clause */
/* The rule of doc/join.md: clusters of one key, what is decided about their items, and when.
 *
 * Everything here depends on the items' times alone, never on when the caller looked, so a stream gives the same pairs whatever its
 * ticks: an item of time t first runs its key up to t - 1. A sent frame's cluster settles 100 ms after the frame at the earliest, so a
 * frame that asked for a stamp is never given out before its stamp had those 100 ms: no hold of its own is needed. */
#include "join_state.h"

#define NIL PL_JOIN_NIL

static int64_t window_of(const struct pl_join *j, const struct pl_join_key *k)
{
	return k->id.direction == PTPLENS_TRANSMIT ? PL_JOIN_SENT_NS : j->quiet_ns;
}

static int outside(const struct pl_join *j, const struct pl_join_item *x)
{
	return x->time_ns < j->attach_ns || x->time_ns > j->detach_ns;
}

/* --- deciding ---------------------------------------------------------------------------------------------------------------------- */

static void unlist(struct pl_join *j, struct pl_join_list *l, uint32_t i)
{
	struct pl_join_key *k = &j->keys[j->items[i].key];

	pl_join_list_remove(j, l, i);
	k->members--;
	k->listed--;
	j->items[i].decided = 1;
	j->live--;
}

static void unlist_frame(struct pl_join *j, uint32_t i)
{
	pl_join_exact_remove(j, i);
	unlist(j, &j->keys[j->items[i].key].frames, i);
}

static void decide_frame(struct pl_join *j, uint32_t i, enum ptplens_verdict verdict, enum ptplens_cause cause)
{
	struct pl_join_item *x = &j->items[i];

	x->verdict = outside(j, x) ? 0 : verdict;
	x->cause = x->verdict ? cause : PTPLENS_CAUSE_NONE;
	unlist_frame(j, i);
}

static void decide_frame_only(struct pl_join *j, uint32_t i)
{
	decide_frame(j, i, PTPLENS_FRAME_ONLY, outside(j, &j->items[i]) ? PTPLENS_CAUSE_NONE : pl_join_frame_cause(j, &j->items[i]));
}

static void decide_stamp(struct pl_join *j, uint32_t i, enum pl_join_fate fate, enum ptplens_cause cause)
{
	struct pl_join_item *x = &j->items[i];

	x->fate = outside(j, x) ? PL_JOIN_FATE_OUTSIDE : fate;
	x->verdict = x->fate == PL_JOIN_FATE_OUTSIDE ? 0 : fate == PL_JOIN_FATE_AMBIGUOUS ? PTPLENS_AMBIGUOUS : PTPLENS_EVENT_ONLY;
	x->cause = x->verdict ? cause : PTPLENS_CAUSE_NONE;
	unlist(j, &j->keys[x->key].stamps, i);
	pl_join_queue_push(j, &j->lone_queue, i);
}

static void decide_late(struct pl_join *j, uint32_t stamp, const struct pl_join_item *event)
{
	decide_stamp(j, stamp, outside(j, event) ? PL_JOIN_FATE_OUTSIDE : PL_JOIN_FATE_LATE, PTPLENS_CAUSE_LATE_STAMP);
}

static void decide_orphan(struct pl_join *j, uint32_t i)
{
	const struct pl_join_item *x = &j->items[i];

	decide_stamp(j, i, PL_JOIN_FATE_ORPHAN, outside(j, x) ? PTPLENS_CAUSE_NONE : pl_join_orphan_cause(j, x));
}

/* The stamp leaves with its event. */
static void attach(struct pl_join *j, uint32_t event, uint32_t stamp)
{
	unlist(j, &j->keys[j->items[stamp].key].stamps, stamp);
	j->items[event].stamp = stamp;
	j->items[event].stampable = 0;
	pl_join_exact_remove(j, event);
}

/* An event leaves its key, alone or with a frame. One whose stamp may still come stays known until it is 2 s old. */
static void unlist_event(struct pl_join *j, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];
	struct pl_join_key *k = &j->keys[x->key];

	unlist(j, &k->events, i);
	if (!x->stampable)
		return;
	pl_join_list_insert(j, &k->kept, i);
	x->kept = 1;
	k->members++;
	j->live++;
}

static void decide_event(struct pl_join *j, uint32_t i, enum ptplens_verdict verdict, enum ptplens_cause cause)
{
	struct pl_join_item *x = &j->items[i];

	x->verdict = outside(j, x) ? 0 : verdict;
	x->cause = x->verdict ? cause : PTPLENS_CAUSE_NONE;
	unlist_event(j, i);
	pl_join_queue_push(j, &j->lone_queue, i);
}

static void decide_event_only(struct pl_join *j, uint32_t i)
{
	decide_event(j, i, PTPLENS_EVENT_ONLY, outside(j, &j->items[i]) ? PTPLENS_CAUSE_NONE : pl_join_event_cause(j, &j->items[i]));
}

/* A stamp that came more than 100 ms after both its event and the frame is late, though its event was still here. */
static void detach_late(struct pl_join *j, struct pl_join_item *event, const struct pl_join_item *frame)
{
	uint32_t s = event->stamp;

	if (s == NIL)
		return;
	int64_t from = frame->time_ns > event->time_ns ? frame->time_ns : event->time_ns;
	if (j->items[s].time_ns <= from + PL_JOIN_QUIET_NS)
		return;
	struct pl_join_item *x = &j->items[s];
	x->fate = outside(j, event) || outside(j, x) ? PL_JOIN_FATE_OUTSIDE : PL_JOIN_FATE_LATE;
	x->verdict = x->fate == PL_JOIN_FATE_OUTSIDE ? 0 : PTPLENS_EVENT_ONLY;
	x->cause = x->verdict ? PTPLENS_CAUSE_LATE_STAMP : PTPLENS_CAUSE_NONE;
	event->stamp = NIL;
	pl_join_queue_push(j, &j->lone_queue, s);
}

static void decide_pair(struct pl_join *j, uint32_t frame, uint32_t event)
{
	struct pl_join_item *f = &j->items[frame], *e = &j->items[event];

	f->verdict = outside(j, f) || outside(j, e) ? 0 : PTPLENS_MATCHED;
	f->event = event;
	detach_late(j, e, f);
	unlist_frame(j, frame);
	unlist_event(j, event);
}

void pl_join_forget(struct pl_join *j, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];
	struct pl_join_key *k = &j->keys[x->key];

	pl_join_list_remove(j, &k->kept, i);
	pl_join_exact_remove(j, i);
	x->kept = 0;
	k->members--;
	j->live--;
	if (x->given)
		pl_join_item_free(j, i);
}

/* --- matching ---------------------------------------------------------------------------------------------------------------------- */

/* openers[0..n) and closers[0..m) are sorted by time; an opener's closer comes -slack..window after it. Sets pair: the partner in every
 * maximum non-crossing matching, or NIL. Such a pair is exactly one that the leftmost and the rightmost greedy matching share. */
static void match(struct pl_join *j, uint32_t n, uint32_t m, int64_t window)
{
	struct pl_join_item *x = j->items;
	const uint32_t *o = j->openers, *c = j->closers;
	uint32_t a, b;

	for (a = 0; a < n; a++)
		x[o[a]].left = x[o[a]].pair = NIL;
	for (b = 0; b < m; b++)
		x[c[b]].pair = NIL;
	for (a = b = 0; b < m && a < n; b++) {
		while (a < n && x[c[b]].time_ns - x[o[a]].time_ns > window)
			a++;
		if (a < n && x[c[b]].time_ns - x[o[a]].time_ns >= -j->slack_ns)
			x[o[a++]].left = c[b];
	}
	for (a = n, b = m; a-- > 0 && b > 0;) {
		while (b > 0 && x[c[b - 1]].time_ns - x[o[a]].time_ns > window)
			b--;
		if (b == 0 || x[c[b - 1]].time_ns - x[o[a]].time_ns < -j->slack_ns)
			continue;
		b--;
		if (x[o[a]].left == c[b]) {
			x[o[a]].pair = c[b];
			x[c[b]].pair = o[a];
		}
	}
}

/* Sets candidate: there is anything it could be paired with. */
static void find_candidates(struct pl_join *j, uint32_t n, uint32_t m, int64_t window)
{
	struct pl_join_item *x = j->items;
	const uint32_t *o = j->openers, *c = j->closers;
	uint32_t a, b;

	for (a = b = 0; b < m; b++) {
		while (a < n && x[c[b]].time_ns - x[o[a]].time_ns > window)
			a++;
		x[c[b]].candidate = a < n && x[c[b]].time_ns - x[o[a]].time_ns >= -j->slack_ns;
	}
	for (a = b = 0; a < n; a++) {
		while (b < m && x[c[b]].time_ns - x[o[a]].time_ns < -j->slack_ns)
			b++;
		x[o[a]].candidate = b < m && x[c[b]].time_ns - x[o[a]].time_ns <= window;
	}
}

static int by_window(const struct pl_join_item *x)
{
	return x->kind == PL_JOIN_EVENT ? x->direction == PTPLENS_TRANSMIT || !x->exact : !x->doubtful;
}

static uint32_t gather(const struct pl_join *j, uint32_t *out, uint32_t head, int (*wanted)(const struct pl_join_item *))
{
	uint32_t n = 0;

	for (uint32_t i = head; i != NIL; i = j->items[i].next) {
		if (wanted(&j->items[i]))
			out[n++] = i;
	}
	return n;
}

/* --- settling ---------------------------------------------------------------------------------------------------------------------- */

static int stepped(const struct pl_join *j, const struct pl_join_key *k)
{
	for (uint32_t i = k->frames.head; i != NIL; i = j->items[i].next) {
		if (j->items[i].doubtful)
			return 1;
	}
	return 0;
}

/* Items of both sides may have been lost around the open cluster. Sent frames may always be lost below the stack. */
static int lossy(const struct pl_join *j, const struct pl_join_key *k)
{
	int64_t to = k->last_ns + j->quiet_ns, from = k->first_ns;

	if (to > k->first_ns + PL_JOIN_AGE_NS) /* closed by age: nothing is known of later */
		to = k->first_ns + PL_JOIN_AGE_NS;
	if (k->events.head != NIL && j->items[k->events.head].time_ns < from)
		from = j->items[k->events.head].time_ns;
	from -= window_of(j, k);
	return pl_join_rose(j, PL_JOIN_RING, from, to) &&
	       (k->id.direction == PTPLENS_TRANSMIT || pl_join_rose(j, PL_JOIN_CAPTURE_RX, from, to));
}

static void join_group(struct pl_join *j, uint32_t event)
{
	struct pl_join_item *e = &j->items[event];

	if (e->leader != NIL)
		return;
	e->leader = pl_join_exact_received(j, e->key, e->exact);
	if (e->leader != NIL)
		j->items[e->leader].group_events++;
}

/* Received events with frame_stamp: groups of equal frames with as many events pair in order. Where several frames may
 * share a time, equal counts are no proof when both sides may have lost items, nor before 100 ms have brought the events in. The frames of
 * a group stay until it is decided, so a group is never compared with a frame 2 s away. */
static void settle_exact(struct pl_join *j, struct pl_join_key *k, int loss, int64_t complete_ns)
{
	uint32_t i, next;

	for (i = k->events.head; i != NIL; i = j->items[i].next) {
		if (j->items[i].exact)
			join_group(j, i);
	}
	for (i = k->events.head; i != NIL; i = next) {
		struct pl_join_item *e = &j->items[i];
		next = e->next;
		if (e->leader == NIL)
			continue;
		struct pl_join_item *leader = &j->items[e->leader];
		if (leader->group_frames != leader->group_events)
			e->doubt = PTPLENS_CAUSE_REPEATED_KEY;
		else if (j->resolution_ns > 1 || leader->group_frames > 1)
			e->doubt = loss ? PTPLENS_CAUSE_LOSS : leader->time_ns > complete_ns ? PTPLENS_CAUSE_CROWDED : PTPLENS_CAUSE_NONE;
		if (e->doubt) {
			for (uint32_t f = e->leader; f != NIL && !j->items[f].doubt; f = j->items[f].group_next)
				j->items[f].doubt = e->doubt;
			continue;
		}
		/* the leader itself goes last in its group's memory: its left says which frame is next */
		uint32_t frame = leader->left == NIL ? e->leader : leader->left;
		leader->left = j->items[frame].group_next;
		decide_pair(j, frame, i);
	}
}

static void settle_frames(struct pl_join *j, struct pl_join_key *k, enum ptplens_cause doubt)
{
	for (uint32_t i = k->frames.head, next; i != NIL; i = next) {
		struct pl_join_item *f = &j->items[i];
		uint32_t event = f->doubtful ? NIL : f->pair;
		enum ptplens_cause cause = f->doubt ? f->doubt : doubt;

		next = f->next;
		if (event != NIL && !cause)
			cause = j->items[event].doubt;
		if (event != NIL && !cause) {
			decide_pair(j, i, event);
		} else if (event != NIL) {
			decide_frame(j, i, PTPLENS_AMBIGUOUS, cause);
			decide_event(j, event, PTPLENS_AMBIGUOUS, cause);
		} else if (f->doubtful || f->candidate || f->doubt) {
			decide_frame(j, i, PTPLENS_AMBIGUOUS, cause ? cause : PTPLENS_CAUSE_REPEATED_KEY);
		} else {
			decide_frame_only(j, i);
		}
	}
}

static void settle_received(struct pl_join *j, struct pl_join_key *k, enum ptplens_cause doubt)
{
	settle_exact(j, k, doubt == PTPLENS_CAUSE_LOSS, INT64_MAX);
	uint32_t n = gather(j, j->openers, k->frames.head, by_window), m = gather(j, j->closers, k->events.head, by_window);
	match(j, n, m, j->quiet_ns);
	find_candidates(j, n, m, j->quiet_ns);
	settle_frames(j, k, doubt);
	for (uint32_t i = k->events.head, next; i != NIL; i = next) {
		struct pl_join_item *e = &j->items[i];
		int maybe = by_window(e) && (e->candidate || doubt == PTPLENS_CAUSE_CLOCK_STEP);

		next = e->next;
		if (e->doubt)
			decide_event(j, i, PTPLENS_AMBIGUOUS, e->doubt);
		else if (maybe)
			decide_event(j, i, PTPLENS_AMBIGUOUS, doubt ? doubt : PTPLENS_CAUSE_REPEATED_KEY);
		else
			decide_event_only(j, i);
	}
}

static int stampable(const struct pl_join_item *x)
{
	return x->stampable;
}

static int any(const struct pl_join_item *x)
{
	return x->kind <= PL_JOIN_STAMP;
}

/* The oldest event of the list whose stamp this may be, late. */
static uint32_t late_event(const struct pl_join *j, uint32_t head, int64_t stamp_ns)
{
	for (uint32_t i = head; i != NIL && j->items[i].time_ns < stamp_ns - PL_JOIN_QUIET_NS; i = j->items[i].next) {
		if (j->items[i].stampable && j->items[i].time_ns >= stamp_ns - PL_JOIN_SENT_NS)
			return i;
	}
	return NIL;
}

static void settle_late(struct pl_join *j, struct pl_join_key *k, uint32_t stamp)
{
	uint32_t event = late_event(j, k->kept.head, j->items[stamp].time_ns);
	uint32_t undecided = late_event(j, k->events.head, j->items[stamp].time_ns);

	if (event == NIL || (undecided != NIL && j->items[undecided].time_ns < j->items[event].time_ns))
		event = undecided;
	if (event == NIL) {
		decide_orphan(j, stamp);
		return;
	}
	decide_late(j, stamp, &j->items[event]);
	j->items[event].stampable = 0;
	if (j->items[event].kept)
		pl_join_forget(j, event);
	else
		pl_join_exact_remove(j, event);
}

/* Stamps that do not name their event: the same rule, within 100 ms. */
static void settle_stamps(struct pl_join *j, struct pl_join_key *k)
{
	enum ptplens_cause doubt = PTPLENS_CAUSE_NONE;

	if (k->stamps.head == NIL)
		return;
	if (pl_join_rose(j, PL_JOIN_RING, k->first_ns - PL_JOIN_QUIET_NS, k->last_ns + PL_JOIN_QUIET_NS))
		doubt = PTPLENS_CAUSE_LOSS;
	uint32_t n = gather(j, j->openers, k->events.head, stampable), m = gather(j, j->closers, k->stamps.head, any);
	match(j, n, m, PL_JOIN_QUIET_NS);
	find_candidates(j, n, m, PL_JOIN_QUIET_NS);
	for (uint32_t i = k->stamps.head, next; i != NIL; i = next) {
		struct pl_join_item *s = &j->items[i];
		next = s->next;
		if (s->pair != NIL && !doubt)
			attach(j, s->pair, i);
		else if (s->candidate)
			decide_stamp(j, i, PL_JOIN_FATE_AMBIGUOUS, doubt ? doubt : PTPLENS_CAUSE_REPEATED_KEY);
		else
			settle_late(j, k, i);
	}
}

static void settle_sent(struct pl_join *j, struct pl_join_key *k, enum ptplens_cause doubt)
{
	settle_stamps(j, k);
	uint32_t n = gather(j, j->openers, k->events.head, by_window), m = gather(j, j->closers, k->frames.head, by_window);
	match(j, n, m, PL_JOIN_SENT_NS);
	find_candidates(j, n, m, PL_JOIN_SENT_NS);
	settle_frames(j, k, doubt);
	for (uint32_t i = k->events.head; i != NIL; i = j->items[i].next) {
		struct pl_join_item *e = &j->items[i];
		if (!e->doubt && (e->candidate || doubt == PTPLENS_CAUSE_CLOCK_STEP))
			e->doubt = doubt ? doubt : PTPLENS_CAUSE_REPEATED_KEY;
		e->waiting = 1;
	}
}

uint32_t pl_join_crowd(struct pl_join *j, uint32_t key)
{
	struct pl_join_key *k = &j->keys[key];

	if (k->id.direction == PTPLENS_RECEIVE)
		settle_exact(j, k, lossy(j, k), k->last_ns - j->quiet_ns);
	uint32_t items = k->listed;
	while (k->stamps.head != NIL)
		decide_stamp(j, k->stamps.head, PL_JOIN_FATE_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	while (k->frames.head != NIL)
		decide_frame(j, k->frames.head, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	while (k->events.head != NIL)
		decide_event(j, k->events.head, PTPLENS_AMBIGUOUS, PTPLENS_CAUSE_CROWDED);
	k->doubt = PTPLENS_CAUSE_CROWDED;
	k->open = 0;
	return items;
}

static void settle(struct pl_join *j, uint32_t key)
{
	struct pl_join_key *k = &j->keys[key];

	if (k->doubt == PTPLENS_CAUSE_CROWDED) { /* the partners of these may have left with the crowd */
		pl_join_crowd(j, key);
		return;
	}
	if (lossy(j, k))
		k->doubt = PTPLENS_CAUSE_LOSS;
	enum ptplens_cause doubt = stepped(j, k) ? PTPLENS_CAUSE_CLOCK_STEP : k->doubt;
	if (k->id.direction == PTPLENS_TRANSMIT)
		settle_sent(j, k, doubt);
	else
		settle_received(j, k, doubt);
	k->open = 0;
}

/* --- running a key ----------------------------------------------------------------------------------------------------------------- */

int64_t pl_join_due(const struct pl_join *j, uint32_t key)
{
	const struct pl_join_key *k = &j->keys[key];
	int64_t due = INT64_MAX, kept;
	int64_t quiet = k->last_ns + j->quiet_ns, old = k->first_ns + PL_JOIN_AGE_NS;

	if (k->open) /* kept events too stay until it is settled: its stamps may be theirs */
		return quiet < old ? quiet : old;
	if (k->events.head != NIL)
		due = j->items[k->events.head].time_ns + PL_JOIN_SENT_NS;
	else if (k->doubt)
		due = k->active_ns + window_of(j, k);
	if (k->kept.head == NIL)
		return due;
	kept = j->items[k->kept.head].time_ns + PL_JOIN_SENT_NS;
	return kept < due ? kept : due;
}

void pl_join_run(struct pl_join *j, uint32_t key, int64_t now)
{
	struct pl_join_key *k = &j->keys[key];

	while (pl_join_due(j, key) <= now) {
		if (k->open && k->last_ns + j->quiet_ns <= k->first_ns + PL_JOIN_AGE_NS) {
			settle(j, key);
		} else if (k->open) {
			j->counts.crowded++;
			pl_join_crowd(j, key);
		} else if (k->kept.head != NIL && j->items[k->kept.head].time_ns + PL_JOIN_SENT_NS <= now) {
			pl_join_forget(j, k->kept.head);
		} else if (k->events.head != NIL && j->items[k->events.head].doubt) {
			decide_event(j, k->events.head, PTPLENS_AMBIGUOUS, j->items[k->events.head].doubt);
		} else if (k->events.head != NIL) {
			decide_event_only(j, k->events.head);
		} else {
			k->doubt = PTPLENS_CAUSE_NONE;
		}
	}
}

/* The cluster ends where its last undecided item is: exact pairs do not hold it open. */
static void exact_left(struct pl_join *j, struct pl_join_key *k)
{
	const struct pl_join_list *l[2] = {&k->frames, &k->events};

	k->open = k->listed;
	if (!k->open)
		return;
	k->first_ns = INT64_MAX;
	k->last_ns = k->doubtful_ns;
	for (int n = 0; n < 2; n++) {
		if (l[n]->head == NIL)
			continue;
		if (j->items[l[n]->head].time_ns < k->first_ns)
			k->first_ns = j->items[l[n]->head].time_ns;
		if (j->items[l[n]->tail].time_ns > k->last_ns)
			k->last_ns = j->items[l[n]->tail].time_ns;
	}
}

static void place_frame(struct pl_join *j, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];

	if (x->direction == PTPLENS_TRANSMIT)
		return;
	x->leader = pl_join_exact_frame(j, x->key, x->host_ns);
	if (x->leader == NIL) {
		x->leader = x->group_tail = i;
		x->group_frames = 1;
		pl_join_exact_add(j, i);
		return;
	}
	struct pl_join_item *leader = &j->items[x->leader];
	j->items[leader->group_tail].group_next = i;
	leader->group_tail = i;
	leader->group_frames++;
}

/* A stamp that names its event needs no cluster. */
static void place_exact_stamp(struct pl_join *j, uint32_t i, uint32_t event)
{
	struct pl_join_item *s = &j->items[i];

	if (event != NIL && j->items[event].time_ns < s->time_ns - PL_JOIN_SENT_NS)
		event = NIL;
	if (event == NIL) {
		decide_orphan(j, i);
	} else if (!j->items[event].decided) {
		attach(j, event, i);
	} else {
		decide_late(j, i, &j->items[event]);
		j->items[event].stampable = 0;
		pl_join_forget(j, event);
	}
}

static void place_in_cluster(struct pl_join *j, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];
	struct pl_join_key *k = &j->keys[x->key];

	if (!k->open) {
		if (x->time_ns - k->active_ns > window_of(j, k))
			k->doubt = PTPLENS_CAUSE_NONE;
		k->first_ns = k->last_ns = x->time_ns;
	}
	k->active_ns = x->time_ns > k->active_ns ? x->time_ns : k->active_ns;
	k->open++;
	k->first_ns = x->time_ns < k->first_ns ? x->time_ns : k->first_ns;
	if (x->doubtful && j->watermark_ns > k->doubtful_ns)
		k->doubtful_ns = j->watermark_ns;
	k->last_ns = x->time_ns > k->last_ns ? x->time_ns : k->last_ns;
	k->last_ns = k->doubtful_ns > k->last_ns ? k->doubtful_ns : k->last_ns;
	if (x->kind == PL_JOIN_FRAME) {
		place_frame(j, i);
	} else if (x->kind == PL_JOIN_EVENT && x->direction == PTPLENS_RECEIVE && x->exact) {
		join_group(j, i);
		struct pl_join_item *leader = x->leader == NIL ? NULL : &j->items[x->leader];
		/* with a coarser clock an equal frame may have been lost whose event is yet to come */
		if (leader && j->resolution_ns == 1 && leader->group_frames == 1 && leader->group_events == 1) {
			decide_pair(j, x->leader, i);
			exact_left(j, k);
		}
	}
	if (k->listed > PL_JOIN_CLUSTER) {
		j->counts.crowded++;
		pl_join_crowd(j, x->key);
	}
}

void pl_join_place(struct pl_join *j, uint32_t i)
{
	struct pl_join_item *x = &j->items[i];
	uint32_t event = x->kind == PL_JOIN_STAMP && x->exact ? pl_join_exact_sent(j, x->exact) : NIL;

	if (event != NIL) { /* its event's key, should the record's own fields differ */
		pl_join_run(j, j->items[event].key, x->time_ns - 1);
		event = pl_join_exact_sent(j, x->exact);
	}
	pl_join_run(j, x->key, x->time_ns - 1);
	struct pl_join_key *k = &j->keys[x->key];
	k->listed++;
	pl_join_list_insert(j, x->kind == PL_JOIN_FRAME ? &k->frames : x->kind == PL_JOIN_EVENT ? &k->events : &k->stamps, i);
	if (x->kind == PL_JOIN_EVENT && x->stampable)
		pl_join_exact_add(j, i);
	if (x->kind == PL_JOIN_STAMP && x->exact)
		place_exact_stamp(j, i, event);
	else
		place_in_cluster(j, i);
}
