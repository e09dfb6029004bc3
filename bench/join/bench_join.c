/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages a second through the join, as JSON lines. Two sizes of each traffic: their rates agree when the work per message is constant. */
#include "join.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SPACING_NS 20000

struct traffic {
	const char *name;
	uint32_t keys;
	int exact; /* receive stamps, named transmit stamps */
	int lost;  /* every so many events never come */
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct ptplens_event message(const struct traffic *t, uint64_t i)
{
	struct ptplens_event e = {.sequence_id = (uint16_t)(i % t->keys), .port_number = (uint16_t)(i % t->keys >> 16)};

	e.direction = i % 4 == 3;
	e.message_type = e.direction;
	e.flags = e.direction ? PTPLENS_FLAG_HARDWARE_REQUESTED : 0;
	e.sequence = i * 2 + 1;
	return e;
}

static void feed(struct pl_join *j, const struct traffic *t, uint64_t i)
{
	struct ptplens_event e = message(t, i), s = e;
	int64_t at = 1000000000ll + (int64_t)i * SPACING_NS;

	e.system_timestamp = (uint64_t)at + (e.direction ? 0 : 3000);
	if (!e.direction && t->exact)
		e.frame_stamp = (uint32_t)at;
	if (!t->lost || i % (uint64_t)t->lost)
		pl_join_event(j, i, &e);
	pl_join_frame(j, i, &e, at + (e.direction ? 3000 : 0), at, 0);
	if (!e.direction)
		return;
	s.kind = PTPLENS_KIND_STAMP;
	s.stamp = PTPLENS_STAMP_NIC;
	s.system_timestamp = (uint64_t)at + 60000;
	s.frame_sequence = t->exact ? (uint32_t)s.sequence : 0;
	pl_join_event(j, i, &s);
}

static void run(const struct traffic *t, uint64_t messages)
{
	struct pl_join *j = pl_join_open(&(struct pl_join_options){0});
	struct pl_join_evidence evidence = {0};
	struct pl_join_result x;
	uint64_t given = 0, matched = 0;

	if (!j)
		exit(1);
	double start = seconds();
	for (uint64_t i = 0; i < messages; i++) {
		feed(j, t, i);
		if (i % 1000)
			continue;
		evidence.time_ns = 1000000000ll + (int64_t)i * SPACING_NS;
		evidence.ring_lost = t->lost ? i / (uint64_t)t->lost : 0;
		pl_join_evidence(j, &evidence);
		pl_join_advance(j, evidence.time_ns - 100000);
		while (pl_join_next(j, &x))
			given++, matched += x.verdict == PTPLENS_MATCHED;
	}
	pl_join_finish(j, INT64_MAX);
	while (pl_join_next(j, &x))
		given++, matched += x.verdict == PTPLENS_MATCHED;
	printf("{\"bench\":\"join\",\"traffic\":\"%s\",\"messages\":%llu,\"matched\":%llu,\"given\":%llu,\"messages_per_second\":%.0f}\n",
	       t->name, (unsigned long long)messages, (unsigned long long)matched, (unsigned long long)given,
	       (double)messages / (seconds() - start));
	pl_join_close(j);
}

int main(void)
{
	static const struct traffic all[] = {
	    {"exact", 10000, 1, 0},
	    {"by rule", 10000, 0, 0},
	    {"by rule, every key repeated at once", 1000, 0, 0},
	    {"exact, events lost", 10000, 1, 100},
	    {"by rule, events lost", 10000, 0, 100},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		run(&all[i], 250000);
		run(&all[i], 1000000);
	}
	return 0;
}
