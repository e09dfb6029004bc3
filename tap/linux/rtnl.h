/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to rtnetlink and their answers. A socket keeps the network namespace it was opened in. */
#ifndef PL_TAP_RTNL_H
#define PL_TAP_RTNL_H

#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct pl_request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct tcmsg tc;
	};
	uint8_t attributes[512];
};

/* A socket, or a negative errno. groups: RTMGRP_* to listen to. */
int pl_netlink_open(uint32_t groups);

void pl_request_init(struct pl_request *, uint16_t type, uint16_t flags, size_t body);
/* data may be NULL when bytes is 0. */
void pl_request_attribute(struct pl_request *, uint16_t type, const void *data, size_t bytes);
struct rtattr *pl_request_nest(struct pl_request *, uint16_t type);
void pl_request_end(struct pl_request *, struct rtattr *nest);

/* Sends and takes all answers: each message but the final acknowledgement goes to `each`, which may be NULL. 0 or a negative errno. */
int pl_netlink_ask(int fd, struct pl_request *, void (*each)(const struct nlmsghdr *, void *), void *context);

/* Takes what a listening socket has, without waiting. 0, or a negative errno; -ENOBUFS: messages were lost. */
int pl_netlink_listen(int fd, void (*each)(const struct nlmsghdr *, void *), void *context);

/* The attributes of a message after a body of `body` bytes, by type, NULL where there is none. */
void pl_attributes(const struct nlmsghdr *, size_t body, const struct rtattr **table, size_t n);
void pl_attributes_nested(const struct rtattr *, const struct rtattr **table, size_t n);

#endif
