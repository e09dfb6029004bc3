/* SPDX-License-Identifier: BSD-3-Clause */
/* An application that uses SO_TIMESTAMPING on Sync messages over Ethernet; prints "sequenceId stamp" for each hardware stamp it got.
 *
 *   stamps send IF COUNT GAP_MS FIRST  sends COUNT messages from sequenceId FIRST on, and waits GAP_MS for each one's stamp
 *   stamps receive IF                  until killed */
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { MESSAGE = 44, FRAME = 14 + MESSAGE, PAD = 60, DOMAIN = 4 };

static const uint8_t group[6] = {0x01, 0x1b, 0x19, 0, 0, 0};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int open_socket(const char *interface, int stamps)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_1588));
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_1588), .sll_ifindex = (int)if_nametoindex(interface)};
	struct packet_mreq member = {.mr_ifindex = to.sll_ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};

	memcpy(member.mr_address, group, sizeof group);
	stamps |= SOF_TIMESTAMPING_RAW_HARDWARE;
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof member))
		return -1;
	return fd;
}

/* Returns 1 if something was read: a frame received, or (MSG_ERRQUEUE) one of ours with its stamp. */
static int take(int fd, int flags)
{
	uint8_t frame[256];
	char control[512];
	struct sockaddr_ll from = {0};
	struct iovec to = {frame, sizeof frame};
	struct msghdr m = {.msg_name = &from,
	                   .msg_namelen = sizeof from,
	                   .msg_iov = &to,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &m, flags | MSG_DONTWAIT);

	if (n < 0)
		return 0;
	if (n < FRAME || (!flags && from.sll_pkttype == PACKET_OUTGOING))
		return 1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		struct timespec t[3];
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
			continue;
		memcpy(t, CMSG_DATA(c), sizeof t);
		if (t[2].tv_sec || t[2].tv_nsec)
			printf("%u %lld\n", frame[14 + 30] << 8 | frame[14 + 31], t[2].tv_sec * 1000000000ll + t[2].tv_nsec);
	}
	return 1;
}

static int send_one(int fd, unsigned sequence)
{
	uint8_t frame[PAD] = {0}, *message = frame + 14;

	memcpy(frame, group, sizeof group);
	memcpy(frame + 6, (const uint8_t[]){0x52, 0x54, 0, 0, 0, 1, 0x88, 0xf7}, 8);
	message[1] = 2;
	message[4] = DOMAIN;
	message[3] = MESSAGE;
	message[20] = 0x52;
	message[29] = 1;
	message[30] = (uint8_t)(sequence >> 8);
	message[31] = (uint8_t)sequence;
	return send(fd, frame, sizeof frame, 0) == sizeof frame ? 0 : -1;
}

static int send_all(int fd, unsigned count, int gap_ms, unsigned first)
{
	for (unsigned i = 0; i < count; i++) {
		if (send_one(fd, first + i))
			return 1;
		int64_t end = now_ms() + gap_ms;
		for (int64_t left; (left = end - now_ms()) > 0;) {
			struct pollfd p = {fd, POLLERR, 0};
			if (poll(&p, 1, (int)left) > 0)
				take(fd, MSG_ERRQUEUE);
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	int sends = argc == 6 && !strcmp(argv[1], "send");

	if (argc < 3)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	int fd = open_socket(argv[2], sends ? SOF_TIMESTAMPING_TX_HARDWARE : SOF_TIMESTAMPING_RX_HARDWARE);
	if (fd < 0) {
		perror(argv[2]);
		return 1;
	}
	if (sends)
		return send_all(fd, (unsigned)atoi(argv[3]), atoi(argv[4]), (unsigned)atoi(argv[5]));
	puts("ready");
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		if (poll(&p, 1, -1) > 0)
			while (take(fd, 0))
				continue;
	}
}
