/* SPDX-License-Identifier: BSD-3-Clause */
#include "network.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <arpa/inet.h>

int64_t test_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void test_command(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof command, format, arguments);
	va_end(arguments);
	assert_int_equal(system(command), 0);
}

int test_lines(const char *command, const char *text)
{
	char line[1024];
	int n = 0;
	FILE *f = popen(command, "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		n += strstr(line, text) != NULL;
	pclose(f);
	return n;
}

void test_network(void)
{
	if (unshare(CLONE_NEWNET)) {
		printf("skipped: no network namespace: %s\n", strerror(errno));
		exit(77);
	}
	test_command("ip link set lo up");
	test_command("ip link add va type veth peer name vb");
	test_command("sysctl -qw net.ipv6.conf.va.accept_dad=0 net.ipv6.conf.vb.accept_dad=0");
	test_command("ip link set va up && ip link set vb up");
}

void test_frame(uint8_t *frame, uint16_t sequence_id)
{
	static const uint8_t sync[TEST_FRAME_BYTES] = {0x01, 0x1b, 0x19, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x88, 0xf7, 0, 2, 0, 44};

	memcpy(frame, sync, sizeof sync);
	frame[44] = (uint8_t)(sequence_id >> 8);
	frame[45] = (uint8_t)sequence_id;
}

int test_packet_socket(const char *interface)
{
	struct sockaddr_ll address = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_1588), .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

void test_send(int fd, uint16_t first, unsigned n)
{
	uint8_t frame[TEST_FRAME_BYTES];

	for (unsigned i = 0; i < n; i++) {
		test_frame(frame, (uint16_t)(first + i));
		assert_int_equal(send(fd, frame, sizeof frame, 0), sizeof frame);
	}
}

struct pl_tap *test_open(const char *interface, enum pl_tap_attach attach)
{
	struct pl_tap_options options = {.attach = attach};
	struct pl_error e = {0};
	struct pl_tap *tap = NULL;

	if (pl_tap_linux_open(&tap, interface, &options, &e))
		fail_msg("%s", e.text);
	return tap;
}

size_t test_read(struct pl_tap *tap, struct ptplens_event *out, size_t n)
{
	int64_t end = test_now() + TEST_DEADLINE_NS;
	size_t count = 0;

	while (count < n && test_now() < end)
		count += tap->ops->read(tap, out + count, n - count);
	return count;
}

void test_stats(struct pl_tap *tap, struct pl_tap_stats *s)
{
	tap->ops->stats(tap, s);
	assert_int_equal(s->positions, s->ring_received + s->ring_lost + s->ring_pending);
}
