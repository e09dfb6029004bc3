/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmit stamps of senders that ask for them, and the ways of sending that are special: rings, multicast, other namespaces. */
#include "network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 40u
#define STAMPING_HOOKS (PTPLENS_HOOK_FENTRY | PTPLENS_HOOK_KPROBE | PTPLENS_HOOK_ERROR_QUEUE)

static int open_tap(void **state)
{
	*state = test_open("va", PL_TAP_ATTACH_BEST);
	return 0;
}

static int close_tap(void **state)
{
	struct pl_tap *t = *state;

	t->ops->close(t);
	return 0;
}

static void ask_for_stamps(int fd, int ask)
{
	int flags = ask ? SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE : 0;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags), 0);
}

/* Takes one report from the error queue; the software stamp that the application got, ns. */
static uint64_t take_report(int fd)
{
	struct pollfd p = {.fd = fd};
	char control[512], data[2048];
	struct iovec v = {data, sizeof data};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_true(recvmsg(fd, &m, MSG_ERRQUEUE) >= 0);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING) {
			struct timespec t;
			memcpy(&t, CMSG_DATA(c), sizeof t);
			return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		}
	fail_msg("a report without a stamp");
	return 0;
}

static int udp_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "va", 3), 0);
	return fd;
}

static void connect_to(int fd, int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(319), .sin_addr.s_addr = inet_addr("224.0.1.129")};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(319), .sin6_scope_id = if_nametoindex("va")};

	inet_pton(AF_INET6, "ff02::181", &v6.sin6_addr);
	if (family == AF_INET)
		assert_int_equal(connect(fd, (struct sockaddr *)&v4, sizeof v4), 0);
	else
		assert_int_equal(connect(fd, (struct sockaddr *)&v6, sizeof v6), 0);
}

static void send_one(int fd, int family, uint16_t sequence_id)
{
	uint8_t frame[TEST_FRAME_BYTES];
	size_t skip = family == AF_PACKET ? 0 : 14;

	test_frame(frame, sequence_id);
	assert_int_equal(send(fd, frame + skip, sizeof frame - skip, 0), sizeof frame - skip);
}

/* Every second frame asks. Each that asked has exactly one stamp, the others have none. */
static void stamps_of(struct pl_tap *t, int fd, int family)
{
	struct ptplens_event e[2 * FRAMES], *frames[FRAMES] = {0};
	uint64_t given[FRAMES] = {0};
	unsigned stamped[FRAMES] = {0}, stamps = 0;

	assert_true(t->header.hooks & STAMPING_HOOKS);
	for (unsigned i = 0; i < FRAMES; i++) {
		ask_for_stamps(fd, i & 1);
		send_one(fd, family, (uint16_t)(500 + i));
		if (i & 1)
			given[i] = take_report(fd);
	}
	size_t n = test_read(t, e, FRAMES + FRAMES / 2);
	assert_int_equal(n, FRAMES + FRAMES / 2);
	for (size_t k = 0; k < n; k++) {
		unsigned i = e[k].sequence_id - 500u;
		assert_in_range(i, 0, FRAMES - 1);
		assert_int_equal(e[k].direction, PTPLENS_TRANSMIT);
		if (e[k].kind == PTPLENS_KIND_FRAME) {
			frames[i] = &e[k];
			assert_int_equal(!!(e[k].flags & PTPLENS_FLAG_SOFTWARE_REQUESTED), i & 1);
			assert_int_equal(e[k].flags & (PTPLENS_FLAG_HARDWARE_REQUESTED | PTPLENS_FLAG_REQUEST_UNKNOWN), 0);
			assert_int_equal(e[k].stamp, PTPLENS_STAMP_NONE);
			continue;
		}
		assert_int_equal(e[k].kind, PTPLENS_KIND_STAMP);
		assert_non_null(frames[i]);
		assert_int_equal(e[k].frame_sequence, frames[i]->sequence);
		assert_memory_equal(e[k].clock_identity, frames[i]->clock_identity, 8);
		assert_int_equal(e[k].message_hash, frames[i]->message_hash);
		assert_int_equal(e[k].stamp, PTPLENS_STAMP_SOFTWARE);
		if (t->header.hooks & PTPLENS_HOOK_ERROR_QUEUE)
			assert_int_equal(e[k].hw_timestamp_ns, given[i]);
		else
			assert_int_equal(e[k].hw_timestamp_ns, 0);
		stamped[i]++;
		stamps++;
	}
	for (unsigned i = 0; i < FRAMES; i++)
		assert_int_equal(stamped[i], i & 1);
	assert_int_equal(stamps, FRAMES / 2);
	assert_int_equal(t->ops->read(t, e, 1), 0);
}

static void over_ethernet(void **state)
{
	int fd = test_packet_socket("va");

	stamps_of(*state, fd, AF_PACKET);
	close(fd);
}

static void over_udp_ipv4(void **state)
{
	int fd = udp_socket(AF_INET);

	connect_to(fd, AF_INET);
	stamps_of(*state, fd, AF_INET);
	close(fd);
}

static void over_udp_ipv6(void **state)
{
	int fd = udp_socket(AF_INET6);

	connect_to(fd, AF_INET6);
	stamps_of(*state, fd, AF_INET6);
	close(fd);
}

/* A sender that wants stamps without its frames: nothing tells which frame, so it is counted. */
static void without_frames(void **state)
{
	struct pl_tap *t = *state;
	int fd = test_packet_socket("va"), flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
	struct pl_tap_stats s;
	struct ptplens_event e[2];

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags), 0);
	send_one(fd, AF_PACKET, 3);
	take_report(fd);
	assert_int_equal(test_read(t, e, 1), 1);
	int seen = t->ops->read(t, e + 1, 1) == 1 && e[1].kind == PTPLENS_KIND_STAMP && e[1].frame_sequence == e[0].sequence;
	test_stats(t, &s);
	assert_int_equal(seen + s.stamps_unseen, 1);
	close(fd);
}

/* The same ifindex in another namespace is another interface. */
static void other_namespace(void **state)
{
	struct pl_tap *t = *state;
	struct ptplens_event e[2];
	int status;
	unsigned ifindex = if_nametoindex("va");

	pid_t pid = fork();
	if (!pid) {
		test_network();
		int fd = if_nametoindex("va") == ifindex ? test_packet_socket("va") : -1;
		if (fd < 0)
			_exit(2);
		ask_for_stamps(fd, 1);
		for (unsigned i = 0; i < FRAMES; i++) {
			send_one(fd, AF_PACKET, (uint16_t)i);
			take_report(fd);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	int fd = test_packet_socket("va");
	ask_for_stamps(fd, 1);
	send_one(fd, AF_PACKET, 4711);
	take_report(fd);
	assert_int_equal(test_read(t, e, 2), 2);
	assert_int_equal(e[0].kind, PTPLENS_KIND_FRAME);
	assert_int_equal(e[0].sequence_id, 4711);
	assert_int_equal(e[1].kind, PTPLENS_KIND_STAMP);
	assert_int_equal(e[1].sequence_id, 4711);
	assert_int_equal(e[0].sequence, 1);
	close(fd);
}

/* A transmit ring hands over frames with only their MAC header in one piece. */
static void in_pieces(void **state)
{
	struct pl_tap *t = *state;
	struct ptplens_event e;
	struct tpacket_req request = {.tp_block_size = 4096, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 2};
	int fd = test_packet_socket("va");

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof request), 0);
	uint8_t *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(ring, MAP_FAILED);
	struct tpacket_hdr *h = (struct tpacket_hdr *)ring;
	test_frame(ring + TPACKET_HDRLEN - sizeof(struct sockaddr_ll), 99);
	h->tp_len = TEST_FRAME_BYTES;
	h->tp_status = TP_STATUS_SEND_REQUEST;
	assert_int_equal(send(fd, NULL, 0, 0), TEST_FRAME_BYTES);
	assert_int_equal(test_read(t, &e, 1), 1);
	assert_int_equal(e.sequence_id, 99);
	assert_int_equal(e.flags, PTPLENS_FLAG_FRAGMENTED_BUFFER);
	munmap(ring, 4096);
	close(fd);
}

/* The stack's own copy for local listeners is no received frame. */
static void looped_back(void **state)
{
	struct pl_tap *t = *state;
	struct ptplens_event e[2];
	struct pl_tap_stats s;
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(319)};
	struct ip_mreqn group = {.imr_ifindex = (int)if_nametoindex("va"), .imr_multiaddr.s_addr = inet_addr("224.0.1.129")};
	int fd = udp_socket(AF_INET);
	char byte;

	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group), 0);
	test_stats(t, &s);
	uint64_t before = s.loopback_copies;
	int sender = udp_socket(AF_INET);
	connect_to(sender, AF_INET);
	send_one(sender, AF_INET, 12);
	assert_int_equal(recv(fd, &byte, 1, MSG_TRUNC), TEST_FRAME_BYTES - 14);
	assert_int_equal(test_read(t, e, 1), 1);
	assert_int_equal(e[0].direction, PTPLENS_TRANSMIT);
	assert_int_equal(t->ops->read(t, e, 1), 0);
	test_stats(t, &s);
	assert_true(s.loopback_copies > before);
	close(sender);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(over_ethernet, open_tap, close_tap),
	    cmocka_unit_test_setup_teardown(over_udp_ipv4, open_tap, close_tap),
	    cmocka_unit_test_setup_teardown(over_udp_ipv6, open_tap, close_tap),
	    cmocka_unit_test_setup_teardown(without_frames, open_tap, close_tap),
	    cmocka_unit_test_setup_teardown(other_namespace, open_tap, close_tap),
	    cmocka_unit_test_setup_teardown(in_pieces, open_tap, close_tap),
	    cmocka_unit_test_setup_teardown(looped_back, open_tap, close_tap),
	};

	test_network();
	test_command("ip addr add 192.0.2.1/24 dev va && ip addr add 192.0.2.2/24 dev vb");
	test_command("ip route add multicast 224.0.0.0/4 dev va");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
