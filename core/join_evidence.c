/* SPDX-License-Identifier: BSD-3-Clause */
/* The evidence log: what rose when, and how much of it is already spent on explaining items. */
#include "join_state.h"

#define LOG_NEEDED_NS 6000000000ll /* two transmit windows, a cluster's age, and room for a late reader */

static struct pl_join_tick *tick_at(const struct pl_join *j, uint32_t n)
{
	return (struct pl_join_tick *)&j->ticks[(j->tick_first + n) % PL_JOIN_TICKS];
}

static int same_states(const struct pl_join_tick *a, const struct pl_join_tick *b)
{
	return a->link_down == b->link_down && a->program_ahead == b->program_ahead && a->detached == b->detached;
}

static int counted(const struct pl_join_tick *t)
{
	for (int c = 0; c < PL_JOIN_COUNTERS; c++) {
		if (t->rose[c])
			return 1;
	}
	return 0;
}

/* A full log that still needs its oldest tick widens the newest: coarser, never forgetful. */
static void log_tick(struct pl_join *j, const struct pl_join_tick *t)
{
	if (!counted(t) && !t->link_down && !t->program_ahead && !t->detached)
		return;
	struct pl_join_tick *newest = j->tick_count ? tick_at(j, j->tick_count - 1) : NULL;
	int full = j->tick_count == PL_JOIN_TICKS && tick_at(j, 0)->end_ns > j->now_ns - LOG_NEEDED_NS;
	int continues = newest && newest->end_ns >= t->start_ns && !counted(newest) && !counted(t) && same_states(newest, t);
	if (full || continues) {
		newest->end_ns = t->end_ns;
		newest->start_ns = newest->start_ns < t->start_ns ? newest->start_ns : t->start_ns;
		for (int c = 0; c < PL_JOIN_COUNTERS; c++) {
			newest->rose[c] += t->rose[c];
			newest->left[c] += t->left[c];
		}
		newest->link_down |= t->link_down;
		newest->program_ahead |= t->program_ahead;
		newest->detached |= t->detached;
		return;
	}
	if (j->tick_count == PL_JOIN_TICKS) {
		j->tick_first = (j->tick_first + 1) % PL_JOIN_TICKS;
		j->tick_count--;
	}
	*tick_at(j, j->tick_count++) = *t;
}

static uint64_t rise(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

void pl_join_evidence(struct pl_join *j, const struct pl_join_evidence *e)
{
	const struct pl_join_evidence *b = &j->evidence;

	if (j->has_evidence) {
		/* what the last drain left unread was lost, if it was, before the reading but maybe after the watermark */
		struct pl_join_tick t = {.start_ns = b->time_ns < j->now_ns ? b->time_ns : j->now_ns, .end_ns = e->time_ns};
		t.rose[PL_JOIN_RING] = rise(e->ring_lost, b->ring_lost);
		t.rose[PL_JOIN_RING_ORPHAN] = t.rose[PL_JOIN_RING];
		t.rose[PL_JOIN_CAPTURE_RX] = rise(e->capture_dropped[PTPLENS_RECEIVE], b->capture_dropped[PTPLENS_RECEIVE]);
		t.rose[PL_JOIN_CAPTURE_TX] = rise(e->capture_dropped[PTPLENS_TRANSMIT], b->capture_dropped[PTPLENS_TRANSMIT]);
		t.rose[PL_JOIN_BELOW] = rise(e->below_stack_dropped, b->below_stack_dropped);
		t.rose[PL_JOIN_BACKLOG] = e->backlog;
		t.rose[PL_JOIN_UNSEEN] = rise(e->stamps_unseen, b->stamps_unseen);
		for (int c = 0; c < PL_JOIN_COUNTERS; c++)
			t.left[c] = t.rose[c];
		t.link_down = e->link_events > b->link_events;
		/* a state seen at either end may have held in between */
		t.program_ahead = e->program_ahead || b->program_ahead;
		t.detached = e->detached || b->detached;
		log_tick(j, &t);
	}
	j->evidence = *e;
	j->has_evidence = 1;
}

/* Index of the first tick that ends at or after `from`. The log is walked from its end: what is asked for is recent. */
static uint32_t first_tick(const struct pl_join *j, int64_t from)
{
	uint32_t n = j->tick_count;

	while (n && tick_at(j, n - 1)->end_ns >= from)
		n--;
	return n;
}

int pl_join_rose(const struct pl_join *j, enum pl_join_counter c, int64_t from, int64_t to)
{
	for (uint32_t n = first_tick(j, from); n < j->tick_count && tick_at(j, n)->start_ns < to; n++) {
		if (tick_at(j, n)->rose[c])
			return 1;
	}
	return 0;
}

static int spend(struct pl_join *j, enum pl_join_counter c, int64_t from, int64_t to)
{
	for (uint32_t n = first_tick(j, from); n < j->tick_count && tick_at(j, n)->start_ns < to; n++) {
		if (tick_at(j, n)->left[c]) {
			tick_at(j, n)->left[c]--;
			return 1;
		}
	}
	return 0;
}

/* States, not counts: one lost carrier explains every item of its tick. */
static enum ptplens_cause state_cause(const struct pl_join *j, int64_t from, int64_t to, int frame)
{
	int ahead = 0, down = 0, detached = 0;

	for (uint32_t n = first_tick(j, from); n < j->tick_count && tick_at(j, n)->start_ns < to; n++) {
		ahead |= tick_at(j, n)->program_ahead;
		down |= tick_at(j, n)->link_down;
		detached |= tick_at(j, n)->detached;
	}
	if (frame && ahead)
		return PTPLENS_CAUSE_PROGRAM_AHEAD;
	return down ? PTPLENS_CAUSE_LINK_DOWN : detached ? PTPLENS_CAUSE_DETACHED : PTPLENS_CAUSE_UNEXPLAINED;
}

enum ptplens_cause pl_join_event_cause(struct pl_join *j, const struct pl_join_item *event)
{
	int sent = event->direction == PTPLENS_TRANSMIT;
	int64_t from = sent ? event->time_ns : event->time_ns - j->quiet_ns;
	int64_t to = sent ? event->time_ns + PL_JOIN_SENT_NS : event->time_ns + j->slack_ns;

	/* what still waited when the session ended was awaited up to the last reading */
	if (to > j->evidence.time_ns)
		to = j->evidence.time_ns;
	if (spend(j, sent ? PL_JOIN_CAPTURE_TX : PL_JOIN_CAPTURE_RX, from, to))
		return PTPLENS_CAUSE_CAPTURE_DROP;
	if (sent && (spend(j, PL_JOIN_BELOW, from, to) || spend(j, PL_JOIN_BACKLOG, to, to)))
		return PTPLENS_CAUSE_BELOW_STACK;
	return state_cause(j, from, to, 0);
}

enum ptplens_cause pl_join_frame_cause(struct pl_join *j, const struct pl_join_item *frame)
{
	int sent = frame->direction == PTPLENS_TRANSMIT;
	int64_t from = sent ? frame->time_ns - PL_JOIN_SENT_NS : frame->time_ns - j->slack_ns;
	int64_t to = sent ? frame->time_ns + j->slack_ns : frame->time_ns + j->quiet_ns;

	if (spend(j, PL_JOIN_RING, from, to))
		return PTPLENS_CAUSE_RING_LOSS;
	return state_cause(j, from, to, 1);
}

enum ptplens_cause pl_join_orphan_cause(struct pl_join *j, const struct pl_join_item *stamp)
{
	if (spend(j, PL_JOIN_RING_ORPHAN, stamp->time_ns - PL_JOIN_SENT_NS, stamp->time_ns))
		return PTPLENS_CAUSE_RING_LOSS;
	return PTPLENS_CAUSE_UNEXPLAINED;
}

int pl_join_stamp_unseen(struct pl_join *j, const struct pl_join_item *event)
{
	return spend(j, PL_JOIN_UNSEEN, event->time_ns, event->time_ns + j->quiet_ns);
}
