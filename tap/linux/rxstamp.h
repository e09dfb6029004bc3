/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive stamps of drivers that store a pointer where a time belongs (igc, tsnep): BPF must refuse them, a socket gets them resolved.
 *
 * The kernel's receive time of a frame stands in the frame's event and beside the socket's stamp, and joins the two. The socket is made
 * while there is the right to, and sees nothing until it is bound, when the first stamp was refused. A frame is in the socket before its
 * event is in the ring. Frames with a VLAN tag in band are not seen. */
#ifndef PL_TAP_RXSTAMP_H
#define PL_TAP_RXSTAMP_H

#include <stddef.h>

#include <ptplens/event.h>

#define PL_RXSTAMPS 1024u /* a drain every 20 ms: 50,000 stamped frames a second */

struct pl_rxstamp_pair {
	int64_t realtime_ns; /* the kernel's receive time */
	int64_t nic_ns;
};

/* Pure: the newest pairs. Starts as all zero. */
struct pl_rxstamp_pairs {
	struct pl_rxstamp_pair pair[PL_RXSTAMPS];
	uint64_t n;
};

void pl_rxstamp_put(struct pl_rxstamp_pairs *, int64_t realtime_ns, int64_t nic_ns);

/* The NIC's stamp of the frame whose receive time has these low 32 bits and is within 2 s of near_ns; 0: none, or two that differ. */
int64_t pl_rxstamp_find(const struct pl_rxstamp_pairs *, uint32_t frame_stamp, int64_t near_ns);

struct pl_rxstamp {
	int fd; /* -1: none */
	uint32_t ifindex;
	int bound;
	struct pl_rxstamp_pairs pairs;
};

struct pl_rxstamp_clocks {          /* to tell what a stamp can be */
	int64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	int64_t nic_offset_ns;      /* NIC - CLOCK_MONOTONIC */
	int has_nic_clock;
};

/* Without the right to open it there is no socket, and refused stamps stay refused. */
void pl_rxstamp_open(struct pl_rxstamp *, uint32_t ifindex);
void pl_rxstamp_close(struct pl_rxstamp *);

/* From now on the socket sees received PTP messages. 0 or -errno. */
int pl_rxstamp_bind(struct pl_rxstamp *);
/* Takes in what the socket has. */
void pl_rxstamp_drain(struct pl_rxstamp *);

/* Replaces refused stamps of the events, which were just read from the ring, by those that the socket got. */
void pl_rxstamp_resolve(struct pl_rxstamp *, struct ptplens_event *, size_t n, const struct pl_rxstamp_clocks *);

#endif
