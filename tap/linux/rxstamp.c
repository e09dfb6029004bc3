/* SPDX-License-Identifier: BSD-3-Clause */
#include "rxstamp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll
#define DAY_NS (86400 * NS_PER_S)
#define BUFFER_BYTES (1 << 20) /* for PL_RXSTAMPS frames */
#define AGE_NS (2 * NS_PER_S)  /* the low 32 bits come again after 4.29 s */

void pl_rxstamp_put(struct pl_rxstamp_pairs *p, int64_t realtime_ns, int64_t nic_ns)
{
	p->pair[p->n++ % PL_RXSTAMPS] = (struct pl_rxstamp_pair){realtime_ns, nic_ns};
}

int64_t pl_rxstamp_find(const struct pl_rxstamp_pairs *p, uint32_t frame_stamp, int64_t near_ns)
{
	uint64_t held = p->n < PL_RXSTAMPS ? p->n : PL_RXSTAMPS;
	int64_t found = 0;

	for (uint64_t k = 0; k < held; k++) {
		const struct pl_rxstamp_pair *a = &p->pair[k];
		if ((uint32_t)a->realtime_ns != frame_stamp || a->realtime_ns - near_ns > AGE_NS || near_ns - a->realtime_ns > AGE_NS)
			continue;
		if (found && found != a->nic_ns)
			return 0;
		found = a->nic_ns;
	}
	return found;
}

/* PTP over Ethernet, and UDP to its ports without IPv6 extension headers; first fragments pass, the parser has seen what they are. */
static int attach_filter(int fd)
{
	static struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_1588, 12, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 5),
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 10),
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 14),
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 16),
	    BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
	    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 4),
	    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 56),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 319, 1, 0),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 320, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, 0x40000),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void pl_rxstamp_open(struct pl_rxstamp *r, uint32_t ifindex)
{
	int on = 1, bytes = BUFFER_BYTES,
	    flags = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	r->ifindex = ifindex;
	r->bound = 0;
	r->pairs.n = 0;
	/* protocol 0: bound to nothing, so that no frame costs anything */
	r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* with the default buffer 256 frames fit */
	if (r->fd >= 0)
		setsockopt(r->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	if (r->fd >= 0 && (setsockopt(r->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) ||
	                   setsockopt(r->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) || attach_filter(r->fd)))
		pl_rxstamp_close(r);
}

void pl_rxstamp_close(struct pl_rxstamp *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

int pl_rxstamp_bind(struct pl_rxstamp *r)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)r->ifindex};

	if (bind(r->fd, (struct sockaddr *)&address, sizeof address))
		return -errno;
	r->bound = 1;
	return 0;
}

static int64_t ns(const struct timespec *t)
{
	return t->tv_sec * NS_PER_S + t->tv_nsec;
}

void pl_rxstamp_drain(struct pl_rxstamp *r)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct scm_timestamping))];
		struct cmsghdr align;
	} control;

	for (;;) {
		struct msghdr m = {.msg_control = &control, .msg_controllen = sizeof control}; /* of the frame's bytes none is wanted */
		struct scm_timestamping stamps;

		if (recvmsg(r->fd, &m, 0) < 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
				continue;
			memcpy(&stamps, CMSG_DATA(c), sizeof stamps);
			if (ns(&stamps.ts[0]))
				pl_rxstamp_put(&r->pairs, ns(&stamps.ts[0]), ns(&stamps.ts[2]));
		}
	}
}

static int within_a_day(int64_t a, int64_t b)
{
	return a - b < DAY_NS && b - a < DAY_NS;
}

/* As the tap's programs judge stamps that are times; TAI is within a day of UTC. */
static int plausible(int64_t nic_ns, int64_t monotonic_ns, const struct pl_rxstamp_clocks *c)
{
	return nic_ns > 0 && (within_a_day(nic_ns, monotonic_ns + c->realtime_offset_ns) ||
	                      (c->has_nic_clock && within_a_day(nic_ns, monotonic_ns + c->nic_offset_ns)));
}

void pl_rxstamp_resolve(struct pl_rxstamp *r, struct ptplens_event *e, size_t n, const struct pl_rxstamp_clocks *c)
{
	/* before any of these events was in the ring, its frame was in the socket */
	if (r->bound && n)
		pl_rxstamp_drain(r);
	for (size_t k = 0; k < n; k++) {
		if (e[k].kind != PTPLENS_KIND_FRAME || e[k].stamp != PTPLENS_STAMP_REFUSED_FORM || r->fd < 0)
			continue;
		/* frames up to now were not seen: the first refused stamps stay so */
		if (!r->bound && pl_rxstamp_bind(r))
			return;
		int64_t monotonic = (int64_t)e[k].system_timestamp;
		int64_t nic = e[k].frame_stamp ? pl_rxstamp_find(&r->pairs, e[k].frame_stamp, monotonic + c->realtime_offset_ns) : 0;
		if (!nic)
			continue;
		e[k].stamp = plausible(nic, monotonic, c) ? PTPLENS_STAMP_NIC : PTPLENS_STAMP_REFUSED_IMPLAUSIBLE;
		e[k].hw_timestamp_ns = e[k].stamp == PTPLENS_STAMP_NIC ? (uint64_t)nic : 0;
	}
}
