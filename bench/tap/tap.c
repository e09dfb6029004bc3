/* SPDX-License-Identifier: BSD-3-Clause */
/* tap RINGBUF_OBJECT ROUNDS: what the tap's programs cost a packet, beside an empty program, and beside the same programs that publish
 * into the kernel's ring buffer. Prints JSON lines: medians of interleaved rounds. Only differences and ratios travel between machines. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "linux/programs.h"

#define REPEAT 20000
#define ROUNDS_MAX 1000
#define SKIP 77

static const uint8_t sync_ethernet[58] = {1, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0, 2, 0, 44};
static const uint8_t sync_udp[86] = {1,  0, 0x5e, 0,  1, 0x81, 2, 0,   0, 0, 0,   1, 8,  0, 0x45, 0, 0,  72, 0, 0, 0, 0, 1,
                                     17, 0, 0,    10, 0, 0,    1, 224, 0, 1, 129, 1, 63, 1, 63,   0, 52, 0,  0, 0, 2, 0, 44};
static const uint8_t arp[60] = {[12] = 8, 6};
static const uint8_t tcp_ipv4[74] = {[12] = 8, 0, 0x45, 0, 0, 60, [23] = 6, [36] = 1, 187};
static const uint8_t udp_ipv4[74] = {[12] = 8, 0, 0x45, 0, 0, 60, [23] = 17, [36] = 0, 53};
static const uint8_t tcp_ipv6[94] = {[12] = 0x86, 0xdd, 0x60, [20] = 6};
static const uint8_t udp_ipv6[94] = {[12] = 0x86, 0xdd, 0x60, [20] = 17, [56] = 0, 53};

enum program { EMPTY, TAP_RECEIVE, TAP_TRANSMIT, RINGBUF_TRANSMIT };

static struct measured {
	const char *name;
	enum program program;
	const uint8_t *frame;
	uint32_t bytes;
	double one[ROUNDS_MAX], two[ROUNDS_MAX];
} cases[] = {
    {.name = "empty", EMPTY, arp, sizeof arp},
    {.name = "receive arp", TAP_RECEIVE, arp, sizeof arp},
    {.name = "receive ipv4 tcp", TAP_RECEIVE, tcp_ipv4, sizeof tcp_ipv4},
    {.name = "receive ipv4 udp", TAP_RECEIVE, udp_ipv4, sizeof udp_ipv4},
    {.name = "receive ipv6 tcp", TAP_RECEIVE, tcp_ipv6, sizeof tcp_ipv6},
    {.name = "receive ipv6 udp", TAP_RECEIVE, udp_ipv6, sizeof udp_ipv6},
    {.name = "transmit ipv4 tcp", TAP_TRANSMIT, tcp_ipv4, sizeof tcp_ipv4},
    {.name = "transmit sync ethernet", TAP_TRANSMIT, sync_ethernet, sizeof sync_ethernet},
    {.name = "transmit sync ethernet, bpf ring buffer", RINGBUF_TRANSMIT, sync_ethernet, sizeof sync_ethernet},
    {.name = "transmit sync udp", TAP_TRANSMIT, sync_udp, sizeof sync_udp},
    {.name = "transmit sync udp, bpf ring buffer", RINGBUF_TRANSMIT, sync_udp, sizeof sync_udp},
};
#define CASES (sizeof cases / sizeof *cases)

static int programs[4], rounds;
static volatile uint64_t *consumed; /* of the kernel's ring buffer, whose reader must move on */
static const volatile uint64_t *produced;
static pthread_barrier_t barrier;
static double other_ns;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

/* The kernel's own figure is whole ns: the call's time over its repeats is finer. */
static double run(const struct measured *m)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = m->frame, .data_size_in = m->bytes, .repeat = REPEAT);
	double start = now_ns();

	if (bpf_prog_test_run_opts(programs[m->program], &options)) {
		fprintf(stderr, "%s: %s\n", m->name, strerror(errno));
		exit(2);
	}
	return (now_ns() - start) / REPEAT;
}

static void drain(void)
{
	*consumed = *produced;
}

static void *other_cpu(void *unused)
{
	pin(1);
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < CASES; i++) {
			pthread_barrier_wait(&barrier);
			other_ns = run(&cases[i]);
			pthread_barrier_wait(&barrier);
		}
	return unused;
}

static void measure(void)
{
	pthread_t thread;

	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < CASES; i++, drain())
			cases[i].one[r] = run(&cases[i]);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		return;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, other_cpu, NULL);
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < CASES; i++, drain()) {
			pthread_barrier_wait(&barrier);
			double ns = run(&cases[i]);
			pthread_barrier_wait(&barrier);
			cases[i].two[r] = (ns + other_ns) / 2;
		}
	pthread_join(thread, NULL);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, (size_t)rounds, sizeof *values, by_value);
	return values[rounds / 2];
}

static void report(void)
{
	double one[CASES], two[CASES];

	for (size_t i = 0; i < CASES; i++) {
		one[i] = median(cases[i].one);
		two[i] = median(cases[i].two);
		printf("{\"bench\":\"tap\",\"case\":\"%s\",\"one_cpu_ns\":%.1f,\"over_empty_ns\":%.1f,\"two_cpus_ns\":%.1f}\n",
		       cases[i].name, one[i], one[i] - one[0], two[i]);
	}
	for (size_t i = 1; i < CASES; i++)
		if (cases[i].program == RINGBUF_TRANSMIT)
			printf("{\"bench\":\"tap\",\"ratio\":\"%s\",\"one_cpu\":%.3f,\"two_cpus\":%.3f}\n", cases[i - 1].name,
			       one[i - 1] / one[i], two[i] > 0 ? two[i - 1] / two[i] : 0);
}

static int load_ringbuf(const char *path, const struct pl_tap_config *config)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!object)
		return -1;
	bpf_object__for_each_program(program, object)
	    bpf_program__set_autoload(program, !strncmp(bpf_program__name(program), "pl_tap_", 7));
	if (bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata"), config, sizeof *config) || bpf_object__load(object))
		return -1;
	programs[RINGBUF_TRANSMIT] = bpf_program__fd(bpf_object__find_program_by_name(object, "pl_tap_egress"));
	int fd = bpf_object__find_map_fd_by_name(object, "buffer");
	consumed = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	produced = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	return consumed == MAP_FAILED || produced == MAP_FAILED ? -1 : 0;
}

int main(int argc, char **argv)
{
	const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1}, {.code = BPF_JMP | BPF_EXIT}};
	struct pl_tap_config config = {.mask = PL_RING_SLOTS - 1};
	struct pl_programs tap;
	struct pl_error e = {0};

	rounds = argc > 2 ? atoi(argv[2]) : 0;
	if (rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: %s RINGBUF_OBJECT ROUNDS\n", argv[0]);
		return 2;
	}
	if (pl_programs_open(&tap, &config, "bench", &e)) {
		printf("skipped: %s\n", e.text);
		return e.code == PTPLENS_E_PERMISSION || e.code == PTPLENS_E_UNSUPPORTED ? SKIP : 2;
	}
	programs[EMPTY] = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "empty", "GPL", code, 2, NULL);
	programs[TAP_RECEIVE] = tap.tc[PTPLENS_RECEIVE];
	programs[TAP_TRANSMIT] = tap.tc[PTPLENS_TRANSMIT];
	if (programs[EMPTY] < 0 || load_ringbuf(argv[1], &config)) {
		fprintf(stderr, "cannot load: %s\n", strerror(errno));
		return 2;
	}
	pin(0);
	measure();
	report();
	pl_programs_close(&tap);
	return 0;
}
