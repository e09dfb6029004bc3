/* SPDX-License-Identifier: BSD-3-Clause */
/* duet FAULT OBJECT SECONDS: the BPF program of OBJECT publishes on two CPUs, in PROG_TEST_RUN, and this process reads the frozen
 * maps. One CPU publishes without a pause; the other publishes a few and reads, by turns. FAULT is none, or what a mutation of the
 * ring must show within SECONDS. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "redundant.h"
#include "duet.h"

#define SKIP 77
#define LOOKS 64         /* of one turn */
#define PATIENT_LOOKS 40 /* before the reader gives holes up */

static struct bpf_object *object;
static int program;
static atomic_int stop;
static unsigned char frame[64];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static void publish(int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = sizeof(frame), .repeat = repeat);

	if (bpf_prog_test_run_opts(program, &o))
		die("test run");
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("affinity");
}

static void *produce(void *cpu)
{
	pin(*(const int *)cpu);
	while (!stop)
		publish(10000);
	return NULL;
}

static int fd_of(const char *map)
{
	return bpf_map__fd(bpf_object__find_map_by_name(object, map));
}

static const void *map_frozen(const char *name)
{
	int fd = fd_of(name);

	if (bpf_map_freeze(fd))
		die("freeze");
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED || errno != EPERM) {
		fprintf(stderr, "%s: a frozen map could be mapped for writing\n", name);
		exit(1);
	}
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("map");
	if (!mprotect(p, 4096, PROT_READ | PROT_WRITE) || errno != EACCES) {
		fprintf(stderr, "%s: a frozen map could be made writable\n", name);
		exit(1);
	}
	return p;
}

static void load(const char *path)
{
	struct pl_ring_control page = {.magic = PL_RING_MAGIC, .slot_count = DUET_SLOTS, .slot_bytes = sizeof(struct pl_ring_slot)};
	uint32_t zero = 0;

	object = bpf_object__open_file(path, NULL);
	if (!object || bpf_object__load(object))
		die(path);
	if (bpf_map_update_elem(fd_of("control"), &zero, &page, BPF_ANY))
		die("control page");
	program = bpf_program__fd(bpf_object__find_program_by_name(object, "publish"));
}

static void take_turns(struct pl_ring_reader *r, struct redundant_tally *t, uint64_t end, int to_corrupt)
{
	while (now_ns() < end && !(to_corrupt && t->corrupt)) {
		publish(1 + rand() % 24);
		for (int i = 0; i < LOOKS; i++) {
			struct pl_ring_slot event;
			enum pl_ring_look look = pl_ring_next(r, &event);
			if (look == PL_RING_EMPTY)
				break;
			if (look == PL_RING_EVENT)
				redundant_count(t, &event);
			else if (i > PATIENT_LOOKS)
				pl_ring_hole(r, now_ns(), 0);
		}
	}
}

static void drain(struct pl_ring_reader *r, struct redundant_tally *t)
{
	struct pl_ring_slot event;
	enum pl_ring_look look;

	while ((look = pl_ring_next(r, &event)) != PL_RING_EMPTY) {
		if (look == PL_RING_EVENT)
			redundant_count(t, &event);
		else
			pl_ring_hole(r, now_ns(), 0);
	}
}

static int check(const struct pl_ring_reader *r, const struct redundant_tally *t)
{
	const struct pl_ring_control *c = r->control;
	struct duet_books books;
	uint32_t zero = 0;
	uint64_t attempted = 0;
	int cpus = 0;

	if (bpf_map_lookup_elem(fd_of("books"), &zero, &books))
		die("books");
	for (int i = 0; i < 256; i++) {
		attempted += books.events[i];
		cpus += books.events[i] != 0;
	}
	printf("%llu events of %d CPUs, %llu positions: %llu committed, %llu busy, %llu late\n", (unsigned long long)attempted, cpus,
	       (unsigned long long)c->head, (unsigned long long)books.committed, (unsigned long long)c->drop_busy,
	       (unsigned long long)c->drop_late);
	printf("%llu received, %llu lapped, %llu stuck; %llu corrupt, %llu out of order\n", (unsigned long long)r->received,
	       (unsigned long long)r->lost_lapped, (unsigned long long)r->lost_stuck, (unsigned long long)t->corrupt,
	       (unsigned long long)t->disorder);
	return cpus == 2 && attempted == c->head && c->head == books.committed + c->drop_busy + c->drop_late && c->drop_busy &&
	       r->position == c->head && r->received + r->lost_lapped + r->lost_stuck == c->head - r->start && r->received &&
	       r->received <= books.committed && !t->disorder;
}

/* The first two CPUs that this process may use; how many there are. */
static int two_cpus(int *cpus)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		die("affinity");
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++) {
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	}
	return n;
}

int main(int argc, char **argv)
{
	static struct redundant_tally tally;
	struct pl_ring_reader r;
	pthread_t thread;
	int cpus[2];

	if (argc != 4)
		return 2;
	if (geteuid()) {
		printf("skipped: BPF needs root\n");
		return SKIP;
	}
	if (two_cpus(cpus) < 2) {
		printf("skipped: needs two CPUs\n");
		return SKIP;
	}
	int to_corrupt = strcmp(argv[1], "none") != 0;
	load(argv[2]);
	const struct pl_ring_control *control = map_frozen("control");
	pl_ring_open(&r, control, map_frozen("slots"), 1);
	r.margin = 0; /* read as close to the producers as can be */
	pthread_create(&thread, NULL, produce, &cpus[0]);
	pin(cpus[1]);
	take_turns(&r, &tally, now_ns() + (uint64_t)atoi(argv[3]) * 1000000000, to_corrupt);
	stop = 1;
	pthread_join(thread, NULL);
	drain(&r, &tally);
	int balanced = check(&r, &tally);
	bpf_object__close(object);
	return to_corrupt ? !tally.corrupt : !balanced || tally.corrupt;
}
