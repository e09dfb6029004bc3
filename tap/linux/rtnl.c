/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtnl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 32768 /* as much as the kernel puts into one dump message */

int pl_netlink_open(uint32_t groups)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof address)) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

void pl_request_init(struct pl_request *r, uint16_t type, uint16_t flags, size_t body)
{
	*r = (struct pl_request){.header = {.nlmsg_len = NLMSG_LENGTH(body), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags}};
}

static struct rtattr *tail(struct pl_request *r)
{
	return (struct rtattr *)((uint8_t *)r + NLMSG_ALIGN(r->header.nlmsg_len));
}

void pl_request_attribute(struct pl_request *r, uint16_t type, const void *data, size_t bytes)
{
	struct rtattr *a = tail(r);

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(bytes);
	if (bytes)
		memcpy(RTA_DATA(a), data, bytes);
	r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

struct rtattr *pl_request_nest(struct pl_request *r, uint16_t type)
{
	struct rtattr *nest = tail(r);

	pl_request_attribute(r, type, NULL, 0);
	return nest;
}

void pl_request_end(struct pl_request *r, struct rtattr *nest)
{
	nest->rta_len = (uint8_t *)tail(r) - (uint8_t *)nest;
}

/* Gives messages on. 1: the last one was among them, 0: more will come, or the errno that ends the answer. */
static int give(const uint8_t *buffer, ssize_t bytes, void (*each)(const struct nlmsghdr *, void *), void *context)
{
	size_t left = (size_t)bytes;

	for (const struct nlmsghdr *h = (const struct nlmsghdr *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR) {
			int error = ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			return error ? error : 1;
		}
		if (each)
			each(h, context);
	}
	return 0;
}

int pl_netlink_ask(int fd, struct pl_request *r, void (*each)(const struct nlmsghdr *, void *), void *context)
{
	static _Thread_local _Alignas(struct nlmsghdr) uint8_t buffer[ANSWER_BYTES];

	if ((r->header.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		r->header.nlmsg_flags |= NLM_F_ACK;
	if (send(fd, r, r->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof buffer, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		int end = give(buffer, n, each, context);
		if (end)
			return end < 0 ? end : 0;
	}
}

int pl_netlink_listen(int fd, void (*each)(const struct nlmsghdr *, void *), void *context)
{
	static _Thread_local _Alignas(struct nlmsghdr) uint8_t buffer[ANSWER_BYTES];

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		give(buffer, n, each, context);
	}
}

static void collect(const struct rtattr *a, size_t left, const struct rtattr **table, size_t n)
{
	memset(table, 0, n * sizeof *table);
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		size_t type = a->rta_type & NLA_TYPE_MASK;
		if (type < n)
			table[type] = a;
	}
}

void pl_attributes(const struct nlmsghdr *h, size_t body, const struct rtattr **table, size_t n)
{
	size_t before = NLMSG_ALIGN(body), all = h->nlmsg_len < NLMSG_LENGTH(before) ? 0 : h->nlmsg_len - NLMSG_LENGTH(before);

	collect((const struct rtattr *)((const uint8_t *)NLMSG_DATA(h) + before), all, table, n);
}

void pl_attributes_nested(const struct rtattr *a, const struct rtattr **table, size_t n)
{
	collect(RTA_DATA(a), RTA_PAYLOAD(a), table, n);
}
