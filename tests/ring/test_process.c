/* SPDX-License-Identifier: BSD-3-Clause */
/* Producers in one process, the reader in another that can only read the ring's memory. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "ring.h"
#include "redundant.h"

#define SLOTS 64
#define MASK (SLOTS - 1)
#define PRODUCERS 2
#define EACH 100000
#define AGE_NS 20000000

struct shared {
	struct pl_ring_control control;
	struct pl_ring_slot slots[SLOTS];
};

struct report { /* from the child */
	uint64_t received, lost, start, corrupt, disorder;
	int refused_map, refused_protect, faulted;
};

static struct shared *shared;
static sigjmp_buf after_fault;

static void on_fault(int signal_number)
{
	(void)signal_number;
	siglongjmp(after_fault, 1);
}

/* Every way to a writable ring that a reader could try; runs in the child. */
static void try_to_write(int fd, struct shared *mine, struct report *out)
{
	struct sigaction action = {.sa_handler = on_fault};

	out->refused_map = mmap(NULL, sizeof(*mine), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES;
	out->refused_protect = mprotect(mine, sizeof(*mine), PROT_READ | PROT_WRITE) != 0 && errno == EACCES;
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(after_fault, 1))
		out->faulted = 1;
	else
		*(volatile uint64_t *)&mine->control.head = 0;
}

static void read_all(const struct shared *mine, int ended, struct report *out)
{
	static struct redundant_tally tally;
	struct pl_ring_reader r;
	int last = 0;

	pl_ring_open(&r, &mine->control, mine->slots, 1);
	for (;;) {
		struct pl_ring_slot event;
		struct timespec t;
		enum pl_ring_look look = pl_ring_next(&r, &event);
		char c;
		if (look == PL_RING_EVENT) {
			redundant_count(&tally, &event);
		} else if (look == PL_RING_PENDING) {
			clock_gettime(CLOCK_MONOTONIC, &t);
			pl_ring_hole(&r, (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec, AGE_NS);
			sched_yield();
		} else if (last) {
			break;
		} else {
			last = read(ended, &c, 1) == 0; /* the parent closed it: nothing more will come */
		}
	}
	out->start = r.start;
	out->received = r.received;
	out->lost = r.lost_lapped + r.lost_stuck;
	out->corrupt = tally.corrupt;
	out->disorder = tally.disorder;
}

static int child(int memory, int ended, int reports)
{
	struct report out = {0};
	char name[64];

	munmap(shared, sizeof(*shared));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", memory);
	int fd = open(name, O_RDONLY);
	close(memory);
	struct shared *mine = mmap(NULL, sizeof(*mine), PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || mine == MAP_FAILED)
		return 1;
	fcntl(ended, F_SETFL, O_NONBLOCK);
	if (write(reports, "r", 1) != 1)
		return 1;
	read_all(mine, ended, &out);
	try_to_write(fd, mine, &out);
	return write(reports, &out, sizeof(out)) != sizeof(out);
}

static void *produce(void *argument)
{
	uint64_t number = *(const uint64_t *)argument;

	for (uint64_t n = 1; n <= EACH; n++) {
		uint64_t words[PL_RING_WORDS], position = pl_ring_take(&shared->control);
		redundant_fill(words, number << 56 | n, position);
		pl_ring_put(&shared->control, &shared->slots[position & MASK], position, MASK, words);
		if (n % 2000 == 0)
			sched_yield();
	}
	return NULL;
}

static void reader_in_another_process(void **state)
{
	int memory = memfd_create("ring", 0), ended[2], reports[2], status;
	pthread_t threads[PRODUCERS];
	uint64_t numbers[PRODUCERS];
	struct report report;
	char ready;

	(void)state;
	assert_true(memory >= 0);
	assert_int_equal(ftruncate(memory, sizeof(*shared)), 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	assert_true(shared != MAP_FAILED);
	shared->control.slot_count = SLOTS;
	assert_int_equal(pipe(ended), 0);
	assert_int_equal(pipe(reports), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(ended[1]);
		close(reports[0]);
		_exit(child(memory, ended[0], reports[1]));
	}
	close(ended[0]);
	close(reports[1]);
	assert_int_equal(read(reports[0], &ready, 1), 1);
	for (int i = 0; i < PRODUCERS; i++) {
		numbers[i] = (uint64_t)i + 1;
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &numbers[i]), 0);
	}
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	close(ended[1]);
	assert_int_equal(read(reports[0], &report, sizeof(report)), sizeof(report));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	assert_int_equal(shared->control.head, PRODUCERS * EACH);
	assert_int_equal(report.received + report.lost, shared->control.head - report.start);
	assert_true(report.received > 0);
	assert_int_equal(report.corrupt, 0);
	assert_int_equal(report.disorder, 0);
	assert_true(report.refused_map);
	assert_true(report.refused_protect);
	assert_true(report.faulted);
	close(reports[0]);
	close(memory);
	munmap(shared, sizeof(*shared));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reader_in_another_process)};

	return cmocka_run_group_tests_name("ring, two processes", tests, NULL, NULL);
}
