/* SPDX-License-Identifier: BSD-3-Clause */
#include "rtnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The requests of this file are far smaller than the body: names of at most 15 characters and addresses of at most 16 bytes. */
struct request {
	struct nlmsghdr header;
	unsigned char body[512];
};

static void begin(struct request *r, uint16_t type, uint16_t flags)
{
	memset(r, 0, sizeof(*r));
	r->header.nlmsg_len = NLMSG_HDRLEN;
	r->header.nlmsg_type = type;
	r->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
}

static void append(struct request *r, const void *data, size_t n)
{
	memcpy((unsigned char *)r + r->header.nlmsg_len, data, n);
	r->header.nlmsg_len += NLMSG_ALIGN(n);
}

static void attribute(struct request *r, uint16_t type, const void *data, size_t n)
{
	struct rtattr a = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};

	append(r, &a, sizeof(a));
	append(r, data, n);
}

/* Returns where the nested attribute begins; close_nested takes it. */
static uint32_t open_nested(struct request *r, uint16_t type)
{
	uint32_t at = r->header.nlmsg_len;

	attribute(r, type, NULL, 0);
	return at;
}

static void close_nested(struct request *r, uint32_t at)
{
	uint16_t n = (uint16_t)(r->header.nlmsg_len - at);

	memcpy((unsigned char *)r + at + offsetof(struct rtattr, rta_len), &n, sizeof(n));
}

static int transact(const struct request *r)
{
	struct answer {
		struct nlmsghdr header;
		struct nlmsgerr error;
		unsigned char rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int result = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (send(fd, r, r->header.nlmsg_len, 0) < 0 || (n = recv(fd, &answer, sizeof(answer), 0)) < 0)
		result = -errno;
	else if ((size_t)n < offsetof(struct answer, rest) || answer.header.nlmsg_type != NLMSG_ERROR)
		result = -EPROTO;
	else
		result = answer.error.error;
	close(fd);
	return result;
}

int pl_rtnl_veth(const char *name, const char *other_name, pid_t other_pid)
{
	struct request r;
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	uint32_t info, data, other, pid = (uint32_t)other_pid;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	append(&r, &link, sizeof(link));
	attribute(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = open_nested(&r, IFLA_LINKINFO);
	attribute(&r, IFLA_INFO_KIND, "veth", 4);
	data = open_nested(&r, IFLA_INFO_DATA);
	other = open_nested(&r, VETH_INFO_PEER);
	append(&r, &link, sizeof(link));
	attribute(&r, IFLA_IFNAME, other_name, strlen(other_name) + 1);
	attribute(&r, IFLA_NET_NS_PID, &pid, sizeof(pid));
	close_nested(&r, other);
	close_nested(&r, data);
	close_nested(&r, info);
	return transact(&r);
}

int pl_rtnl_up(const char *name)
{
	struct request r;
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	link.ifi_index = (int)if_nametoindex(name);
	if (link.ifi_index == 0)
		return -errno;
	begin(&r, RTM_NEWLINK, 0);
	append(&r, &link, sizeof(link));
	return transact(&r);
}

int pl_rtnl_address(const char *name, int family, const char *address, unsigned prefix_length)
{
	struct request r;
	struct ifaddrmsg message = {.ifa_family = (uint8_t)family, .ifa_prefixlen = (uint8_t)prefix_length, .ifa_flags = IFA_F_NODAD};
	unsigned char binary[16];
	size_t n = family == AF_INET6 ? 16 : 4;

	message.ifa_index = if_nametoindex(name);
	if (message.ifa_index == 0)
		return -errno;
	if (inet_pton(family, address, binary) != 1)
		return -EINVAL;
	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	append(&r, &message, sizeof(message));
	attribute(&r, IFA_LOCAL, binary, n);
	attribute(&r, IFA_ADDRESS, binary, n);
	return transact(&r);
}
