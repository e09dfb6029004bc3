/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers of the emulated igb, through its BAR (boot with iomem=relaxed).
 *
 *   nic IF OFFSET VALUE              write one register (hexadecimal)
 *   nic IF receive TYPE [ETHERTYPE]  make the card stamp what it receives, until killed
 *
 * QEMU stamps a received frame if its EtherType stands in an ETQF entry with the 1588 flag, octet 14 is the type that TSYNCRXCFG has in
 * bits 8-15, octet 15 has 2 in its low half, and no stamp is waiting. A stamp waits until RXSATRH is read, which Linux never does, so only
 * the first frame would ever get one. Here the register is read when the stamped frame arrives: the driver has fetched its stamp by then.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { ETQF_3 = 0x5cbc, TSYNCRXCTL = 0xb620, RXSATRH = 0xb630, TSYNCRXCFG = 0x5f50, BAR_BYTES = 0x20000 };
enum { VALID = 0x01, ENABLED = 0x10 };
#define ETQF_ENABLE (1u << 26)
#define ETQF_1588 (1u << 30)
#define STUCK_LOOKS 10 /* of 20 ms: a stamp whose frame never came */

static volatile uint32_t *bar;

static uint32_t get(unsigned offset)
{
	return bar[offset / 4];
}

static void set(unsigned offset, uint32_t value)
{
	bar[offset / 4] = value;
}

static int open_socket(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), on = 1;
	int stamps = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(interface)};
	/* the card stamps before its address filter: a frame that nobody joined would leave its stamp waiting */
	struct packet_mreq all = {.mr_ifindex = to.sll_ifindex, .mr_type = PACKET_MR_ALLMULTI};

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all))
		return -1;
	return fd;
}

static int is_stamped(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec t[3];
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
			continue;
		memcpy(t, CMSG_DATA(c), sizeof t);
		return t[2].tv_sec || t[2].tv_nsec;
	}
	return 0;
}

static int next_is_stamped(int fd, int *stamped)
{
	char frame[64], control[256];
	struct iovec to = {frame, sizeof frame};
	struct msghdr m = {.msg_iov = &to, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

	if (recvmsg(fd, &m, MSG_DONTWAIT) < 0)
		return 0;
	*stamped = is_stamped(&m);
	return 1;
}

static int receive(const char *interface, uint32_t type, uint32_t ethertype)
{
	int fd = open_socket(interface), stuck = 0, stamped;

	if (fd < 0) {
		perror(interface);
		return 1;
	}
	get(RXSATRH);
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		/* the driver sets them anew whenever somebody sets the receive filter */
		if (get(TSYNCRXCTL) & ENABLED) {
			if (get(TSYNCRXCFG) != type << 8)
				set(TSYNCRXCFG, type << 8);
			if (get(ETQF_3) != (ethertype | ETQF_ENABLE | ETQF_1588))
				set(ETQF_3, ethertype | ETQF_ENABLE | ETQF_1588);
		}
		if (poll(&p, 1, 20) > 0) {
			while (next_is_stamped(fd, &stamped))
				if (stamped)
					get(RXSATRH);
			stuck = 0;
		} else if (!(get(TSYNCRXCTL) & VALID)) {
			stuck = 0;
		} else if (++stuck > STUCK_LOOKS) {
			get(RXSATRH);
			stuck = 0;
		}
	}
}

int main(int argc, char **argv)
{
	char path[128];

	if (argc < 4)
		return 2;
	snprintf(path, sizeof path, "/sys/class/net/%s/device/resource0", argv[1]);
	int fd = open(path, O_RDWR | O_SYNC);
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, BAR_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		perror(path);
		return 1;
	}
	bar = at;
	if (!strcmp(argv[2], "receive"))
		return receive(argv[1], (uint32_t)strtoul(argv[3], NULL, 16), argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 16) : ETH_P_1588);
	set((unsigned)strtoul(argv[2], NULL, 16), (uint32_t)strtoul(argv[3], NULL, 16));
	return 0;
}
