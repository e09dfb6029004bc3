/* SPDX-License-Identifier: BSD-3-Clause */
/* What a change of the input may change in the result: nothing (ticks, order in the ring), or exactly one line (one item taken away). */
#include "scenario.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#define RX PTPLENS_RECEIVE
#define TX PTPLENS_TRANSMIT

static void expect_same(const struct scenario *s, const struct run *a, const struct run *b)
{
	for (int i = 0; i < s->n; i++) {
		const struct outcome *x = &a->out[s->items[i].kind][s->items[i].id], *y = &b->out[s->items[i].kind][s->items[i].id];
		assert_true(x->seen && y->seen);
		assert_int_equal(x->verdict, y->verdict);
		assert_int_equal(x->cause, y->cause);
		assert_int_equal(x->stamp_state, y->stamp_state);
		assert_int_equal(x->frame, y->frame);
		assert_int_equal(x->event, y->event);
		assert_int_equal(x->stamp, y->stamp);
	}
}

static void ticks_do_not_matter(void **state)
{
	static const struct recipe recipes[] = {
	    {"", RX, 2, .lose_events = 1, .silent = 1, .exact = SOME, .resolution = 1},
	    {"", RX, 1, .dense = 1, .lose_frames = 1, .silent = 1, .exact = SOME, .resolution = 1000},
	    {"", TX, 2, .lose_frames = 1, .asked = 70, .late = 30, .exact = SOME, .resolution = 1},
	    {"", TX, 1, .dense = 1, .asked = 70, .late = 30, .exact = SOME, .resolution = 1},
	};
	static const int64_t ticks[] = {MS, 7 * MS, 333 * MS, 1000 * S};
	static struct scenario s;
	uint64_t seed = 7;

	(void)state;
	for (size_t k = 0; k < sizeof recipes / sizeof *recipes; k++) {
		for (int round = 0; round < 60; round++) {
			scenario_make(&s, &recipes[k], &seed);
			struct run *base = run_open(recipes[k].resolution, 0, 512);
			run_all(base, s.items, s.n, NULL, 0, TICK, 0);
			for (size_t t = 0; t < sizeof ticks / sizeof *ticks; t++) {
				struct run *r = run_open(recipes[k].resolution, 0, 512);
				run_all(r, s.items, s.n, NULL, 0, ticks[t], 0);
				expect_same(&s, base, r);
				run_close(r);
			}
			run_close(base);
		}
	}
}

/* Messages of distinct keys, both directions, the sent ones stamped. */
static void distinct(struct scenario *s, int n)
{
	memset(s, 0, sizeof *s);
	for (int i = 0; i < n; i++) {
		struct item frame = {.kind = FRAME, .direction = i & 1, .id = (uint32_t)i + 1, .key = (uint32_t)i, .time = S + i * 3 * MS},
			    event;
		frame.host = WALL + BASE + frame.time;
		event = frame;
		event.kind = EVENT;
		event.sequence = 10 + (uint64_t)i;
		event.time += i & 1 ? -20 * US : 20 * US;
		event.flags = i & 1 ? PTPLENS_FLAG_HARDWARE_REQUESTED : 0;
		s->items[s->n++] = i & 1 ? event : frame;
		s->items[s->n++] = i & 1 ? frame : event;
		if (!(i & 1))
			continue;
		event.kind = STAMP;
		event.stamp = PTPLENS_STAMP_NIC;
		event.exact = (uint32_t)event.sequence;
		event.time += 50 * US;
		s->items[s->n++] = event;
	}
}

static void one_item_robbed_changes_one_line(void **state)
{
	static struct scenario full, robbed;
	struct ptplens_certificate c;

	(void)state;
	distinct(&full, 40);
	struct run *base = run_open(1, 0, 0);
	run_all(base, full.items, full.n, NULL, 0, TICK, 0);
	c = run_certificate(base);
	assert_int_equal(pl_certificate_verdict(&c), PTPLENS_COMPLETE);
	for (int i = 0; i < full.n; i++) {
		struct item gone = full.items[i];
		struct announce lost = {gone.time, gone.kind == FRAME ? FRAME : EVENT, gone.direction};
		robbed = full;
		memmove(&robbed.items[i], &robbed.items[i + 1], (size_t)(full.n - i - 1) * sizeof gone);
		robbed.n--;
		struct run *r = run_open(1, 0, 0);
		run_all(r, robbed.items, robbed.n, &lost, 1, TICK, 1);
		struct ptplens_certificate now = run_certificate(r), want = c;
		for (int k = 0; k < full.n; k++) {
			const struct item *x = &full.items[k];
			const struct outcome *a = &base->out[x->kind][x->id], *b = &r->out[x->kind][x->id];
			/* a ring gap makes sent pairs of its 2 s doubtful, so there only the received lines must stay */
			if (x->id == gone.id || (gone.kind != FRAME && x->direction == TX))
				continue;
			assert_memory_equal(a, b, sizeof *a);
		}
		want.final = now.final;
		if (gone.kind == FRAME) {
			want.frames--;
			want.captured--;
			want.matched--;
			want.event_only++;
			want.event_only_by[PTPLENS_CAUSE_CAPTURE_DROP]++;
			want.capture_dropped++;
			assert_memory_equal(&now, &want, sizeof now);
		} else if (gone.direction == RX) {
			assert_int_equal(now.frame_only_by[PTPLENS_CAUSE_RING_LOSS], 1);
			assert_int_equal(now.frame_only, 1);
			assert_int_equal(now.event_only, 0);
		}
		assert_int_equal(pl_certificate_verdict(&now), PTPLENS_EXPLAINED);
		run_close(r);

		/* robbed without a trace: the same one line, unexplained, and every other one as it was */
		r = run_open(1, 0, 0);
		run_all(r, robbed.items, robbed.n, NULL, 0, TICK, 0);
		now = run_certificate(r);
		for (int k = 0; k < full.n; k++) {
			const struct item *x = &full.items[k];
			if (x->id != gone.id)
				assert_memory_equal(&base->out[x->kind][x->id], &r->out[x->kind][x->id], sizeof(struct outcome));
		}
		assert_int_equal(now.event_only_by[PTPLENS_CAUSE_UNEXPLAINED], gone.kind == FRAME);
		assert_int_equal(now.frame_only_by[PTPLENS_CAUSE_UNEXPLAINED], gone.kind == EVENT);
		assert_int_equal(now.orphan_by[PTPLENS_CAUSE_UNEXPLAINED], gone.kind == EVENT && gone.direction == TX);
		assert_int_equal(now.matched, c.matched - (gone.kind != STAMP));
		assert_int_equal(now.attached, c.attached - (gone.kind != FRAME && gone.direction == TX));
		assert_int_equal(now.stamps[PTPLENS_STAMP_STATE_UNDELIVERED], gone.kind == STAMP);
		assert_int_equal(pl_certificate_verdict(&now), gone.kind == STAMP ? PTPLENS_COMPLETE : PTPLENS_UNEXPLAINED);
		run_close(r);
	}
	run_close(base);
}

/* Several CPUs fill the ring: events of identical keys come in another order than they happened. */
static void permuted_events_stay_right(void **state)
{
	static const struct recipe recipes[] = {
	    {"", RX, 1, .dense = 1, .resolution = 1},
	    {"", RX, 1, .dense = 1, .exact = NAMED, .resolution = 1},
	    {"", RX, 1, .dense = 1, .exact = NAMED, .resolution = 1000},
	    {"", TX, 1, .dense = 1, .asked = 50, .exact = NAMED, .resolution = 1},
	};
	static struct scenario s, p;
	uint64_t seed = 99, swaps = 0, right = 0;

	(void)state;
	for (size_t k = 0; k < sizeof recipes / sizeof *recipes; k++) {
		for (int round = 0; round < 200; round++) {
			scenario_make(&s, &recipes[k], &seed);
			p = s;
			for (int i = 1; i < p.n; i++) {
				struct item *x = &p.items[i - 1], *y = &p.items[i];
				/* events alone change places, within one drain */
				if (x->kind != EVENT || y->kind != EVENT || (x->time - 1) / TICK != (y->time - 1) / TICK ||
				    x->time == y->time)
					continue;
				struct item t = *x;
				*x = *y;
				*y = t;
				swaps++;
			}
			struct run *r = run_open(recipes[k].resolution, 0, 512);
			run_all(r, p.items, p.n, NULL, 0, TICK, 0);
			for (int i = 0; i < p.n; i++) {
				const struct outcome *o = &r->out[FRAME][p.items[i].id];
				if (p.items[i].kind != FRAME)
					continue;
				assert_true(o->verdict == PTPLENS_MATCHED ? o->event == p.items[i].id : o->verdict == PTPLENS_AMBIGUOUS);
				right += o->verdict == PTPLENS_MATCHED;
			}
			run_close(r);
		}
	}
	assert_true(swaps > 100 && right > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ticks_do_not_matter),
	    cmocka_unit_test(one_item_robbed_changes_one_line),
	    cmocka_unit_test(permuted_events_stay_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
