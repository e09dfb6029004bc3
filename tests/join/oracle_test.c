/* SPDX-License-Identifier: BSD-3-Clause */
/* The join against the oracle, item by item, and against the truth, on random traffic. Prints what it counted. */
#include "oracle.h"
#include "scenario.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define RX PTPLENS_RECEIVE
#define TX PTPLENS_TRANSMIT

/* residual: the largest share of wrong pairs, in 1/1000 of all pairs given out; 0 everywhere but in what doc/join.md names */
struct series {
	struct recipe recipe;
	int residual;
};

static const struct series all[] = {
    {{"rx, no fault", RX, 2, .resolution = 1}, 0},
    {{"rx, event lost", RX, 2, .lose_events = 1, .resolution = 1}, 0},
    {{"rx, two events lost", RX, 2, .lose_events = 2, .resolution = 1}, 0},
    {{"rx, frame lost", RX, 2, .lose_frames = 1, .resolution = 1}, 0},
    {{"rx, two frames lost", RX, 2, .lose_frames = 2, .resolution = 1}, 0},
    {{"rx, both lost", RX, 1, .lose_events = 1, .lose_frames = 1, .resolution = 1}, 0},
    {{"rx, two of both lost", RX, 1, .lose_events = 2, .lose_frames = 2, .resolution = 1}, 0},
    {{"rx, crowded", RX, 1, .dense = 1, .resolution = 1}, 0},
    {{"rx exact", RX, 2, .exact = NAMED, .lose_events = 1, .lose_frames = 1, .silent = 1, .resolution = 1}, 0},
    {{"rx exact, crowded", RX, 1, .exact = NAMED, .lose_events = 1, .dense = 1, .resolution = 1}, 0},
    {{"rx exact, some", RX, 1, .exact = SOME, .lose_events = 1, .lose_frames = 1, .resolution = 1}, 0},
    {{"rx exact, us", RX, 2, .exact = NAMED, .lose_events = 1, .lose_frames = 1, .resolution = 1000}, 0},
    {{"rx exact, some, us", RX, 1, .exact = SOME, .lose_events = 1, .lose_frames = 1, .dense = 1, .resolution = 1000}, 0},
    {{"rx exact, some, step", RX, 1, .exact = SOME, .lose_events = 1, .step = 1, .resolution = 1}, 0},
    {{"rx, step", RX, 1, .step = 1, .dense = 1, .resolution = 1}, 0},
    {{"tx, no fault", TX, 2, .asked = 50, .resolution = 1}, 0},
    {{"tx named, no fault", TX, 2, .exact = NAMED, .asked = 80, .late = 20, .resolution = 1}, 0},
    {{"tx, event lost", TX, 1, .lose_events = 1, .asked = 50, .resolution = 1}, 0},
    {{"tx, two events lost", TX, 1, .lose_events = 2, .resolution = 1}, 0},
    {{"tx, frame lost", TX, 1, .lose_frames = 1, .exact = SOME, .asked = 50, .resolution = 1}, 0},
    {{"tx, two frames lost", TX, 1, .lose_frames = 2, .resolution = 1}, 0},
    {{"tx, stamp lost", TX, 1, .exact = NAMED, .lose_stamps = 1, .asked = 90, .late = 30, .resolution = 1}, 0},
    {{"tx, crowded", TX, 1, .dense = 1, .exact = NAMED, .asked = 50, .late = 20, .resolution = 1}, 0},
    {{"tx, step", TX, 2, .step = 1, .exact = NAMED, .asked = 50, .resolution = 1}, 0},
    {{"tx, us", TX, 2, .exact = NAMED, .asked = 50, .resolution = 1000}, 0},
    {{"tx, unnamed stamps late", TX, 1, .asked = 90, .late = 20, .resolution = 1}, 8},
    {{"tx, both lost", TX, 1, .lose_events = 1, .lose_frames = 1, .resolution = 1}, 2},
    {{"rx, both lost, silent", RX, 1, .lose_events = 1, .lose_frames = 1, .silent = 1, .resolution = 1}, 160},
    {{"tx, event lost, silent", TX, 1, .lose_events = 1, .silent = 1, .resolution = 1}, 100},
    {{"tx, both lost, silent", TX, 1, .lose_events = 1, .lose_frames = 1, .silent = 1, .resolution = 1}, 280},
    {{"tx, frame shown twice", TX, 1, .show_twice = 2, .resolution = 1}, 100},
};
#define SERIES (sizeof all / sizeof *all)
#define ROUNDS 3400

struct tally {
	uint64_t right, wrong, ambiguous, alone;
};

static void dump(const struct scenario *s)
{
	for (int i = 0; i < s->n; i++)
		print_message("%s id %u key %u time %lld exact %u flags %x%s\n",
		              (const char *[]){"frame", "event", "stamp"}[s->items[i].kind], s->items[i].id, s->items[i].key,
		              (long long)s->items[i].time, s->items[i].exact, s->items[i].flags, s->items[i].doubtful ? " doubtful" : "");
	for (int i = 0; i < s->losts; i++)
		print_message("lost %d at %lld\n", s->lost[i].kind, (long long)s->lost[i].time);
}

static void compare(const struct scenario *s, const struct run *r, struct oracle_result want[KINDS][MAX_IDS])
{
	for (int i = 0; i < s->n; i++) {
		const struct item *x = &s->items[i];
		const struct outcome *got = &r->out[x->kind][x->id];
		const struct oracle_result *w = &want[x->kind][x->id];
		int cause = got->verdict == PTPLENS_AMBIGUOUS || got->cause == PTPLENS_CAUSE_LATE_STAMP ? got->cause : 0;
		if (got->seen && got->verdict == w->verdict && got->frame == w->frame && got->event == w->event && got->stamp == w->stamp &&
		    cause == w->cause)
			continue;
		dump(s);
		print_message("kind %d id %u: verdict %d cause %d frame %lld event %lld stamp %lld; oracle %d %d %lld %lld %lld\n", x->kind,
		              x->id, got->verdict, got->cause, (long long)got->frame, (long long)got->event, (long long)got->stamp,
		              w->verdict, w->cause, (long long)w->frame, (long long)w->event, (long long)w->stamp);
		fail();
	}
}

static void count(struct tally *t, const struct scenario *s, const struct run *r)
{
	for (int i = 0; i < s->n; i++) {
		const struct item *x = &s->items[i];
		const struct outcome *o = &r->out[x->kind][x->id];
		if (x->kind == FRAME && o->verdict == PTPLENS_MATCHED) {
			int right = o->event == x->id % TWICE;
			t->right += right;
			t->wrong += !right;
		} else if (x->kind == STAMP && o->event != PL_JOIN_NONE) {
			t->right += o->event == x->id;
			t->wrong += o->event != x->id;
		} else if (x->kind != EVENT || o->frame == PL_JOIN_NONE) {
			t->ambiguous += o->verdict == PTPLENS_AMBIGUOUS;
			t->alone += o->verdict != PTPLENS_AMBIGUOUS && o->verdict != PTPLENS_MATCHED;
		}
	}
}

static void join_equals_oracle(void **state)
{
	static struct oracle_result want[KINDS][MAX_IDS];
	static struct scenario s;
	uint64_t seed = 20260101, scenarios = 0;

	(void)state;
	for (size_t k = 0; k < SERIES; k++) {
		struct tally t = {0};
		for (int round = 0; round < ROUNDS; round++) {
			scenario_make(&s, &all[k].recipe, &seed);
			struct run *r = run_open(all[k].recipe.resolution, 0, 512);
			run_all(r, s.items, s.n, s.lost, s.losts, TICK, 1000);
			memset(want, 0, sizeof want);
			oracle_run(s.items, s.n, s.lost, s.losts, TICK, all[k].recipe.resolution, want);
			compare(&s, r, want);
			count(&t, &s, r);
			run_close(r);
			scenarios++;
		}
		print_message("%-26s right %6llu wrong %4llu ambiguous %6llu alone %6llu\n", all[k].recipe.name,
		              (unsigned long long)t.right, (unsigned long long)t.wrong, (unsigned long long)t.ambiguous,
		              (unsigned long long)t.alone);
		assert_true(t.right > 0);
		assert_true(t.wrong * 1000 <= (t.right + t.wrong) * (uint64_t)all[k].residual);
	}
	print_message("%llu scenarios\n", (unsigned long long)scenarios);
	assert_true(scenarios >= 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(join_equals_oracle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
