/* SPDX-License-Identifier: BSD-3-Clause */
/* Taps on a veth pair: one event a frame, beside other programs and other taps, through kills and changes of the interface. */
#include "network.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 200u
#define TCX_INGRESS 46
#define TCX_EGRESS 47
#define FLAG_BEFORE 8u

static const enum pl_tap_attach attachments[] = {PL_TAP_ATTACH_TCX, PL_TAP_ATTACH_CLSACT};

static int reset(void **state)
{
	(void)state;
	test_command("ip link del va 2>/dev/null; ip link add va type veth peer name vb && ip link set va up && ip link set vb up");
	return 0;
}

/* tc programs that return `result` */
static int load_program(int result)
{
	const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = result}, {.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "stranger", "GPL", code, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static unsigned programs_at(const char *interface, int attach_type)
{
	uint32_t ids[16], n = 16;

	assert_int_equal(bpf_prog_query((int)if_nametoindex(interface), (enum bpf_attach_type)attach_type, 0, NULL, ids, &n), 0);
	return n;
}

static int filters_at(const char *direction)
{
	char command[64];

	snprintf(command, sizeof command, "tc filter show dev va %s", direction);
	return test_lines(command, "ptplens:");
}

static void one_event_for_each_frame(void **state)
{
	struct ptplens_event e[2 * FRAMES];
	struct pl_tap_stats s;

	(void)state;
	for (int a = 0; a < 2; a++) {
		struct pl_tap *t = test_open("va", attachments[a]);
		int va = test_packet_socket("va"), vb = test_packet_socket("vb");
		test_send(va, 0, FRAMES);
		test_send(vb, 1000, FRAMES);
		assert_int_equal(test_read(t, e, 2 * FRAMES), 2 * FRAMES);
		for (unsigned i = 0; i < 2 * FRAMES; i++) {
			assert_int_equal(e[i].sequence, i + 1);
			assert_int_equal(e[i].direction, i < FRAMES ? PTPLENS_TRANSMIT : PTPLENS_RECEIVE);
			assert_int_equal(e[i].sequence_id, i < FRAMES ? i : 1000 + i - FRAMES);
			assert_in_range(e[i].system_timestamp, (uint64_t)t->attach_ns, (uint64_t)test_now());
			assert_true(!i || e[i].system_timestamp >= e[i - 1].system_timestamp);
		}
		test_stats(t, &s);
		assert_int_equal(s.positions, 2 * FRAMES);
		assert_int_equal(s.ring_lost, 0);
		assert_int_equal(s.program_ahead, 0);
		assert_int_equal(s.detached, 0);
		t->ops->detach(t);
		test_send(va, 0, 3);
		assert_int_equal(t->ops->read(t, e, 1), 0);
		test_stats(t, &s);
		assert_int_equal(s.positions, 2 * FRAMES);
		t->ops->close(t);
		close(va);
		close(vb);
		assert_int_equal(test_lines("tc qdisc show dev va", "clsact"), 0);
		assert_int_equal(programs_at("va", TCX_INGRESS) + programs_at("va", TCX_EGRESS), 0);
	}
}

static void kernel_receive_time_is_there(void **state)
{
	struct ptplens_event e;
	struct pl_tap *t = test_open("va", PL_TAP_ATTACH_BEST);
	int vb = test_packet_socket("vb"), stamped = 0;

	(void)state;
	/* the kernel may switch its stamping on late */
	for (int64_t end = test_now() + TEST_DEADLINE_NS; !stamped && test_now() < end;) {
		test_send(vb, 1, 1);
		assert_int_equal(test_read(t, &e, 1), 1);
		stamped = e.frame_stamp != 0;
	}
	assert_true(stamped);
	struct pl_tap_clocks c;
	t->ops->clocks(t, &c);
	int64_t age = (int64_t)(uint32_t)((uint32_t)(c.realtime_ns - (c.monotonic_ns - (int64_t)e.system_timestamp)) - e.frame_stamp);
	assert_in_range(age, 0, 1000000000);
	close(vb);
	t->ops->close(t);
}

static void program_in_front(void **state)
{
	struct ptplens_event e;
	struct pl_tap_stats s;
	int stranger = load_program(0), vb = test_packet_socket("vb");

	(void)state;
	for (int a = 0; a < 2; a++) {
		struct pl_tap *t = test_open("va", attachments[a]);
		LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);
		int link = bpf_link_create(stranger, (int)if_nametoindex("va"), (enum bpf_attach_type)TCX_INGRESS, &options);
		assert_true(link >= 0);
		test_send(vb, 1, 5);
		test_stats(t, &s);
		assert_int_equal(s.program_ahead, 1);
		assert_int_equal(s.positions, 0);
		close(link);
		test_send(vb, 9, 1);
		assert_int_equal(test_read(t, &e, 1), 1);
		assert_int_equal(e.sequence_id, 9);
		test_stats(t, &s);
		assert_int_equal(s.program_ahead, 0);
		t->ops->close(t);
	}
	close(vb);
	close(stranger);
}

static void filter_in_front(void **state)
{
	struct pl_tap_stats s;
	struct pl_tap *t = test_open("va", PL_TAP_ATTACH_CLSACT);
	int stranger = load_program(0), va = test_packet_socket("va");
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex("va"), .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = stranger, .priority = 1);

	(void)state;
	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
	test_send(va, 1, 5);
	test_stats(t, &s);
	assert_int_equal(s.program_ahead, 1);
	assert_int_equal(s.positions, 0);
	t->ops->close(t);
	/* the stranger still needs the qdisc */
	assert_int_equal(test_lines("tc filter show dev va egress", "stranger"), 1);
	close(va);
	close(stranger);
}

static void filter_taken_away(void **state)
{
	struct pl_tap_stats s;
	struct pl_tap *t = test_open("va", PL_TAP_ATTACH_CLSACT);

	(void)state;
	test_stats(t, &s);
	assert_int_equal(s.detached, 0);
	test_command("tc qdisc del dev va clsact");
	test_stats(t, &s);
	assert_int_equal(s.detached, 1);
	t->ops->close(t);
}

/* A child that holds a tap and dies without a word. */
static void kill_holder(enum pl_tap_attach how)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		test_open("va", how);
		if (write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void killed_under_tcx(void **state)
{
	(void)state;
	kill_holder(PL_TAP_ATTACH_TCX);
	assert_int_equal(programs_at("va", TCX_INGRESS), 0);
	assert_int_equal(programs_at("va", TCX_EGRESS), 0);
}

static void killed_under_clsact(void **state)
{
	struct ptplens_event e[2];

	(void)state;
	struct pl_tap *living = test_open("va", PL_TAP_ATTACH_CLSACT);
	kill_holder(PL_TAP_ATTACH_CLSACT);
	assert_int_equal(filters_at("ingress"), 2);
	assert_int_equal(filters_at("egress"), 2);
	struct pl_tap *next = test_open("va", PL_TAP_ATTACH_TCX);
	assert_int_equal(filters_at("ingress"), 1);
	assert_int_equal(filters_at("egress"), 1);
	int va = test_packet_socket("va");
	test_send(va, 7, 1);
	assert_int_equal(test_read(living, e, 1), 1);
	assert_int_equal(test_read(next, e, 1), 1);
	close(va);
	next->ops->close(next);
	living->ops->close(living);
	assert_int_equal(test_lines("tc qdisc show dev va", "clsact"), 0);
}

static void two_sessions(void **state)
{
	struct ptplens_event e[2][FRAMES];
	struct pl_tap_stats s;

	(void)state;
	for (int a = 0; a < 2; a++) {
		struct pl_tap *t[2] = {test_open("va", attachments[a]), test_open("va", attachments[a])};
		int va = test_packet_socket("va");
		test_send(va, 0, FRAMES);
		for (int i = 0; i < 2; i++) {
			assert_int_equal(test_read(t[i], e[i], FRAMES), FRAMES);
			test_stats(t[i], &s);
			assert_int_equal(s.program_ahead, 0);
			assert_int_equal(s.positions, FRAMES);
		}
		for (unsigned i = 0; i < FRAMES; i++)
			assert_int_equal(e[0][i].sequence_id, e[1][i].sequence_id);
		t[0]->ops->close(t[0]);
		test_send(va, 0, 1);
		assert_int_equal(test_read(t[1], e[1], 1), 1);
		t[1]->ops->close(t[1]);
		close(va);
	}
}

static void interface_changes(void **state)
{
	struct ptplens_event e;
	struct pl_tap_stats s;

	(void)state;
	for (int a = 0; a < 2; a++) {
		struct pl_tap *t = test_open("va", attachments[a]);
		test_command("ip link set va down");
		test_stats(t, &s);
		assert_int_equal(s.link_events, 1);
		test_command("ip link set va name vx && ip link set vx up");
		int vb = test_packet_socket("vb");
		test_send(vb, 5, 1);
		assert_int_equal(test_read(t, &e, 1), 1);
		test_stats(t, &s);
		assert_int_equal(s.link_events, 1);
		assert_int_equal(s.detached, 0);
		test_command("ip link del vx");
		test_stats(t, &s);
		assert_int_equal(s.detached, 1);
		assert_int_equal(s.positions, 1);
		assert_int_equal(t->ops->read(t, &e, 1), 0);
		t->ops->close(t);
		close(vb);
		reset(NULL);
	}
}

static void drops_below_the_stack(void **state)
{
	struct ptplens_event e[50];
	struct pl_tap_stats s;

	(void)state;
	/* room for one frame in the queue and for one frame at once */
	test_command("tc qdisc add dev va root tbf rate 8kbit burst 100 limit 100");
	struct pl_tap *t = test_open("va", PL_TAP_ATTACH_BEST);
	int va = test_packet_socket("va");
	uint8_t frame[TEST_FRAME_BYTES];
	unsigned refused = 0;
	for (unsigned i = 0; i < 50; i++) {
		test_frame(frame, (uint16_t)i);
		refused += send(va, frame, sizeof frame, 0) < 0;
	}
	assert_int_equal(test_read(t, e, 50), 50);
	test_stats(t, &s);
	assert_int_equal(s.below_stack_dropped, refused);
	assert_in_range(refused, 40, 49);
	assert_in_range(s.backlog, 0, 1);
	close(va);
	t->ops->close(t);
}

static void refusals(void **state)
{
	struct pl_tap *t = NULL;
	struct pl_error e = {0};
	int status;

	(void)state;
	assert_int_equal(pl_tap_linux_open(&t, "no-such", NULL, &e), PTPLENS_E_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such"));
	assert_int_equal(pl_tap_linux_open(&t, "a-name-that-is-much-too-long-for-one", NULL, &e), PTPLENS_E_NOT_FOUND);
	assert_int_equal(pl_tap_linux_open(&t, "va", &(struct pl_tap_options){.ring_slots = 100}, &e), PTPLENS_E_ARGUMENT);
	pid_t pid = fork();
	if (!pid) {
		int ok = !setuid(65534) && pl_tap_linux_open(&t, "va", NULL, &e) == PTPLENS_E_PERMISSION && strstr(e.text, "CAP_BPF");
		if (!ok)
			fprintf(stderr, "%d %s\n", e.code, e.text);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(one_event_for_each_frame, reset),
	    cmocka_unit_test_setup(kernel_receive_time_is_there, reset),
	    cmocka_unit_test_setup(program_in_front, reset),
	    cmocka_unit_test_setup(filter_in_front, reset),
	    cmocka_unit_test_setup(filter_taken_away, reset),
	    cmocka_unit_test_setup(killed_under_tcx, reset),
	    cmocka_unit_test_setup(killed_under_clsact, reset),
	    cmocka_unit_test_setup(two_sessions, reset),
	    cmocka_unit_test_setup(interface_changes, reset),
	    cmocka_unit_test_setup(drops_below_the_stack, reset),
	    cmocka_unit_test_setup(refusals, reset),
	};

	test_network();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
