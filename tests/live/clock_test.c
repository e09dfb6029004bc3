/* SPDX-License-Identifier: BSD-3-Clause */
/* The clocks that the demo runs never set or steer the machine's clock.
 *
 * A child without the right to set clocks makes each call that would do so. A call that reaches the kernel then fails with EPERM, which
 * the first test shows; under the filter all of them answer 0, so none has reached it. */
#include "peers.h"

#include <cap-ng.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SKIPPED 77

enum call { CLOCK_SETTIME, SETTIMEOFDAY, ADJTIMEX_FREQUENCY, ADJTIMEX_OFFSET, CLOCK_ADJTIME, CALLS };

/* Each would change the clock. errno or 0. */
static int make_call(enum call call)
{
	struct timespec later;
	struct timeval later_us;
	struct timex frequency = {.modes = ADJ_FREQUENCY, .freq = 100 << 16};
	struct timex offset = {.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {.tv_sec = 60}};
	long result;

	clock_gettime(CLOCK_REALTIME, &later);
	later.tv_sec += 60;
	later_us = (struct timeval){.tv_sec = later.tv_sec};
	switch (call) {
	case CLOCK_SETTIME:
		result = syscall(SYS_clock_settime, CLOCK_REALTIME, &later);
		break;
	case SETTIMEOFDAY:
		result = syscall(SYS_settimeofday, &later_us, NULL);
		break;
	case ADJTIMEX_FREQUENCY:
		result = syscall(SYS_adjtimex, &frequency);
		break;
	case ADJTIMEX_OFFSET:
		result = syscall(SYS_adjtimex, &offset);
		break;
	case CLOCK_ADJTIME:
		result = syscall(SYS_clock_adjtime, CLOCK_REALTIME, &frequency);
		break;
	default:
		return -1;
	}
	return result == 0 ? 0 : result < 0 ? errno : -1;
}

struct outcome {
	int prepared;
	int unable; /* the right to set clocks was gone before the first call */
	int errors[CALLS];
};

/* Makes all calls in a child after `prepare`; makes none if the right to set clocks is still there. */
static struct outcome call_in_child(int (*prepare)(void))
{
	struct outcome outcome = {.prepared = -1};
	int channel[2];
	pid_t pid;
	ssize_t n;

	assert_int_equal(pipe(channel), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		outcome.prepared = prepare();
		capng_get_caps_process();
		outcome.unable =
		    !capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_TIME) && !capng_have_capability(CAPNG_PERMITTED, CAP_SYS_TIME);
		for (int i = 0; i < CALLS && outcome.unable; i++)
			outcome.errors[i] = make_call((enum call)i);
		n = write(channel[1], &outcome, sizeof(outcome));
		_exit(n == (ssize_t)sizeof(outcome) ? 0 : 1);
	}
	close(channel[1]);
	n = read(channel[0], &outcome, sizeof(outcome));
	close(channel[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(n, sizeof(outcome));
	return outcome;
}

static void call_that_reaches_the_kernel_is_seen(void **state)
{
	struct outcome outcome = call_in_child(pl_peers_drop_clock_right);

	(void)state;
	assert_int_equal(outcome.prepared, 0);
	assert_true(outcome.unable);
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(outcome.errors[i], EPERM);
}

static void confined_calls_do_not_reach_the_kernel(void **state)
{
	struct outcome outcome = call_in_child(pl_peers_confine);

	(void)state;
	assert_int_equal(outcome.prepared, 0);
	assert_true(outcome.unable);
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(outcome.errors[i], 0);
}

struct clock_state {
	int64_t offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	long frequency;
	long tick;
};

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static struct clock_state read_clock(void)
{
	struct timex timex = {.modes = 0};
	struct clock_state state = {0};
	int64_t narrowest = INT64_MAX;

	for (int i = 0; i < 1000; i++) {
		struct timespec before, real, after;

		clock_gettime(CLOCK_MONOTONIC, &before);
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(CLOCK_MONOTONIC, &after);
		if (ns(&after) - ns(&before) < narrowest) {
			narrowest = ns(&after) - ns(&before);
			state.offset_ns = ns(&real) - (ns(&before) + ns(&after)) / 2;
		}
	}
	assert_true(adjtimex(&timex) >= 0);
	state.frequency = timex.freq;
	state.tick = timex.tick;
	return state;
}

/* Waits until the slave's log has `text`, for at most 30 s. */
static int log_has(const struct pl_peers *peers, const char *text)
{
	char log[16384];

	for (int i = 0; i < 600; i++) {
		ssize_t n = pread(pl_peers_log(peers, PL_PEERS_SLAVE), log, sizeof(log) - 1, 0);

		log[n > 0 ? n : 0] = 0;
		if (strstr(log, text))
			return 1;
		poll(NULL, 0, 50);
	}
	return 0;
}

static void locked_slave_leaves_the_clock_alone(void **state)
{
	struct clock_state before = read_clock(), after;
	struct pl_peers *peers;
	char error[512] = "", log[16384];
	ssize_t n;

	(void)state;
	if (pl_peers_open(&peers, "e2e-ethernet", error, sizeof(error)))
		fail_msg("%s", error);
	/* a locked slave has set the frequency many times; the summary line comes after a second of it */
	assert_true(log_has(peers, "MASTER_CLOCK_SELECTED"));
	assert_true(log_has(peers, "rms "));
	assert_int_equal(pl_peers_check(peers, error, sizeof(error)), 0);
	n = pread(pl_peers_log(peers, PL_PEERS_SLAVE), log, sizeof(log) - 1, 0);
	log[n > 0 ? n : 0] = 0;
	/* what ptp4l says of a call that the kernel has refused */
	assert_null(strstr(log, "failed"));
	pl_peers_close(peers);
	after = read_clock();
	assert_int_equal(after.frequency, before.frequency);
	assert_int_equal(after.tick, before.tick);
	assert_in_range(after.offset_ns - before.offset_ns + 2000, 0, 4000);
}

static void ended_clock_is_reported(void **state)
{
	struct pl_peers *peers;
	char error[512] = "";
	int code = 0;

	(void)state;
	if (pl_peers_open(&peers, "e2e-ipv4", error, sizeof(error)))
		fail_msg("%s", error);
	assert_int_equal(kill(pl_peers_pid(peers, PL_PEERS_MASTER), SIGTERM), 0);
	for (int i = 0; i < 200 && code == 0; i++) {
		code = pl_peers_check(peers, error, sizeof(error));
		poll(NULL, 0, 50);
	}
	assert_true(code < 0);
	assert_non_null(strstr(error, "master"));
	assert_true(pl_peers_check(peers, error, sizeof(error)) < 0);
	pl_peers_close(peers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(call_that_reaches_the_kernel_is_seen),
	    cmocka_unit_test(confined_calls_do_not_reach_the_kernel),
	    cmocka_unit_test(locked_slave_leaves_the_clock_alone),
	    cmocka_unit_test(ended_clock_is_reported),
	};

	if (geteuid() != 0) {
		printf("skipped: network namespaces need root\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
