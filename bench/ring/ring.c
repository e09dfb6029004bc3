/* SPDX-License-Identifier: BSD-3-Clause */
/* ring OBJECT ROUNDS: what a publish costs, beside the kernel's ring buffer, and how long an event takes to a polling reader.
 * Prints JSON lines. doc/performance.md has the method; only the ratios travel between machines. */
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
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "publish.h"
#include "ring.h"

#define SKIP 77
#define REPEAT 20000
#define ROUNDS_MAX 1000
#define TRIES 100 /* for a round that nothing disturbed */
#define LATENCY_EVENTS 40000
#define LATENCY_EVERY_NS 12000

static const char *const path_names[PATHS] = {"empty", "parse", "bpf_ringbuf", "ring"};

/* A Sync to 01-1B-19-00-00-00. */
static unsigned char frame[] = {0x01, 0x1b, 0x19, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x88, 0xf7, 0x00,
                                0x02, 0x00, 0x2c, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0xff, 0xfe, 0x00, 0x00, 0x01, 0x00, 0x01, 0x12,
                                0x34, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

struct subject { /* one end of the path */
	struct bpf_object *object;
	int program;
	atomic_ulong *consumed; /* of the kernel's ring buffer, whose reader must move on */
	const atomic_ulong *produced;
	double one[ROUNDS_MAX], two[ROUNDS_MAX]; /* ns an event, on one and on two CPUs */
};

static struct subject subjects[PATHS];
static int rounds, cpus[2];
static atomic_ulong arrived;
static struct measured {
	double ns;
	int disturbed; /* another task had the CPU for a while */
} measured[2];         /* on each CPU */

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

/* One thread to a CPU, in front of whatever else runs there. */
static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1}))
		die("CPU");
}

/* The kernel's own figure is whole ns: the call's wall clock over its repeats is finer. */
static struct measured run(int program, int repeat)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = frame, .data_size_in = sizeof(frame), .repeat = repeat);
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	uint64_t start = now_ns();
	if (bpf_prog_test_run_opts(program, &o))
		die("test run");
	uint64_t end = now_ns();
	getrusage(RUSAGE_THREAD, &after);
	return (struct measured){(double)(end - start) / repeat, after.ru_nivcsw != before.ru_nivcsw};
}

static int fd_of(struct bpf_object *object, const char *map)
{
	return bpf_map__fd(bpf_object__find_map_by_name(object, map));
}

static void *map(int fd, int protection, off_t offset, size_t bytes)
{
	void *p = mmap(NULL, bytes, protection, MAP_SHARED, fd, offset);

	if (p == MAP_FAILED)
		die("map");
	return p;
}

static void load(struct subject *s, const char *file, enum publish_path path)
{
	s->object = bpf_object__open_file(file, NULL);
	if (!s->object)
		die(file);
	struct publish_constants constants = {path, PL_RING_SLOTS - 1};
	if (bpf_map__set_initial_value(bpf_object__find_map_by_name(s->object, ".rodata"), &constants, sizeof(constants)))
		die("constants");
	if (bpf_object__load(s->object))
		die("load");
	struct pl_ring_control page = {.magic = PL_RING_MAGIC, .slot_count = PL_RING_SLOTS, .slot_bytes = sizeof(struct pl_ring_slot)};
	uint32_t zero = 0;
	if (bpf_map_update_elem(fd_of(s->object, "control"), &zero, &page, BPF_ANY))
		die("control page");
	s->program = bpf_program__fd(bpf_object__find_program_by_name(s->object, "tap"));
	int buffer = fd_of(s->object, "buffer");
	s->consumed = map(buffer, PROT_READ | PROT_WRITE, 0, 4096);
	s->produced = map(buffer, PROT_READ, 4096, 4096);
}

/* Nobody reads the kernel's ring buffer here; it must not fill up. */
static void forget_produced(struct subject *s)
{
	*s->consumed = *s->produced;
}

#define FOR_ALL(s) for (struct subject *s = subjects; s < subjects + PATHS; s++)

/* Both CPUs are here, and awake. */
static void meet(void)
{
	unsigned long both = (arrived++ / 2 + 1) * 2;

	while (arrived < both)
		;
}

/* Both sides run at the same time; again, if either was disturbed. */
static void run_together(int side, int program)
{
	for (int tries = 0; tries < TRIES; tries++) {
		meet();
		measured[side] = run(program, REPEAT);
		meet();
		if (!measured[0].disturbed && !measured[1].disturbed)
			break;
	}
}

static void *other_cpu(void *unused)
{
	pin(cpus[1]);
	for (int r = 0; r < rounds; r++) {
		FOR_ALL(s)
		{
			run_together(1, s->program);
			meet();
		}
	}
	return unused;
}

static double run_alone(int program)
{
	struct measured m;
	int tries = 0;

	do {
		m = run(program, REPEAT);
	} while (m.disturbed && ++tries < TRIES);
	return m.ns;
}

static void measure(void)
{
	pthread_t thread;

	for (int r = 0; r < rounds; r++) {
		FOR_ALL(s)
		{
			s->one[r] = run_alone(s->program);
			forget_produced(s);
		}
	}
	pthread_create(&thread, NULL, other_cpu, NULL);
	while (!arrived) /* it starts on this CPU and has to get off it */
		sched_yield();
	for (int r = 0; r < rounds; r++) {
		FOR_ALL(s)
		{
			run_together(0, s->program);
			s->two[r] = (measured[0].ns + measured[1].ns) / 2;
			forget_produced(s);
			meet();
		}
	}
	pthread_join(thread, NULL);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, (size_t)rounds, sizeof(*values), compare_doubles);
	return values[rounds / 2];
}

static void report(int n)
{
	double ns[PATHS];

	for (int i = 0; i < PATHS; i++) {
		ns[i] = median(n == 1 ? subjects[i].one : subjects[i].two);
		printf("{\"bench\":\"publish\",\"cpus\":%d,\"path\":\"%s\",\"ns\":%.1f}\n", n, path_names[i], ns[i]);
	}
	printf("{\"bench\":\"publish\",\"cpus\":%d,\"publish_ratio\":%.3f,\"path_ratio\":%.3f,\"rounds\":%d}\n", n,
	       (ns[PATH_RING] - ns[PATH_PARSE]) / (ns[PATH_BUFFER] - ns[PATH_PARSE]), ns[PATH_RING] / ns[PATH_BUFFER], rounds);
}

static struct {
	struct subject *subject;
	atomic_int ready;
	size_t count;
	uint64_t ns[LATENCY_EVENTS];
	uint64_t disturbed; /* not counted: the reader had lost its CPU and was catching up */
	uint64_t lost;
} polling;

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void *poll_ring(void *unused)
{
	struct bpf_object *object = polling.subject->object;
	const struct pl_ring_control *control = map(fd_of(object, "control"), PROT_READ, 0, 4096);
	const struct pl_ring_slot *slots = map(fd_of(object, "slots"), PROT_READ, 0, sizeof(*slots) * PL_RING_SLOTS);
	struct pl_ring_reader r;
	struct pl_ring_slot event;

	pin(cpus[1]);
	pl_ring_open(&r, control, slots, 0);
	polling.ready = 1;
	long before = switches();
	int behind = 0;
	while (r.position - r.start < LATENCY_EVENTS) {
		enum pl_ring_look look = pl_ring_next(&r, &event);
		if (look == PL_RING_EVENT) {
			uint64_t ns = now_ns() - event.word[1]; /* system_timestamp */
			long after = switches();
			behind |= before != after;
			before = after;
			if (behind)
				polling.disturbed++;
			else
				polling.ns[polling.count++] = ns;
		} else if (look == PL_RING_PENDING) {
			pl_ring_hole(&r, now_ns(), PL_RING_HOLE_NS);
		} else {
			behind = 0;
		}
	}
	polling.lost = r.lost_lapped + r.lost_stuck;
	return unused;
}

static int compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One event every LATENCY_EVERY_NS from one CPU, polled on the other. */
static void measure_latency(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, poll_ring, NULL);
	while (!polling.ready)
		sched_yield();
	for (int i = 0; i < LATENCY_EVENTS; i++) {
		uint64_t next = now_ns() + LATENCY_EVERY_NS;
		run(polling.subject->program, 1);
		while (now_ns() < next)
			;
	}
	pthread_join(thread, NULL);
	qsort(polling.ns, polling.count, sizeof(*polling.ns), compare_times);
	printf("{\"bench\":\"latency\",\"reader\":\"polling\",\"events\":%zu,\"disturbed\":%llu,\"lost\":%llu,\"p50_ns\":%llu,\"p99_ns\":%"
	       "llu}\n",
	       polling.count, (unsigned long long)polling.disturbed, (unsigned long long)polling.lost,
	       (unsigned long long)polling.ns[polling.count / 2], (unsigned long long)polling.ns[polling.count * 99 / 100]);
}

static int two_cpus(void)
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		die("affinity");
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++) {
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	}
	return n == 2;
}

int main(int argc, char **argv)
{
	if (argc != 3 || (rounds = atoi(argv[2])) < 1 || rounds > ROUNDS_MAX)
		return 2;
	if (geteuid() || !two_cpus()) {
		printf("skipped: needs root and two CPUs\n");
		return SKIP;
	}
	for (int i = 0; i < PATHS; i++)
		load(&subjects[i], argv[1], (enum publish_path)i);
	pin(cpus[0]);
	measure();
	report(1);
	report(2);
	polling.subject = &subjects[PATH_RING];
	measure_latency();
	return 0;
}
