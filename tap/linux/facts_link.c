/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces as rtnetlink lists them, and how they lie upon each other. */
#include "facts.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux/rtnl.h"
#include "linux/tcx.h"

struct links {
	struct pl_interface_facts *list;
	size_t n, room;
	int failed;
};

static void text(char *out, const struct rtattr *a)
{
	if (a)
		snprintf(out, PL_NAME, "%.*s", (int)RTA_PAYLOAD(a) < PL_NAME - 1 ? (int)RTA_PAYLOAD(a) : PL_NAME - 1,
		         (const char *)RTA_DATA(a));
}

static uint32_t number(const struct rtattr *a)
{
	uint32_t value = 0;

	if (a)
		memcpy(&value, RTA_DATA(a), RTA_PAYLOAD(a) < sizeof value ? RTA_PAYLOAD(a) : sizeof value);
	return value;
}

/* A veth's link is its peer, and a tunnel's the way of its packets: neither carries the frames themselves. */
static int is_stacked(const char *kind)
{
	static const char *const kinds[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec"};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(kind, kinds[i]))
			return 1;
	return 0;
}

static void read_xdp(struct pl_interface_facts *f, const struct rtattr *nest)
{
	const struct rtattr *a[IFLA_XDP_MAX + 1];
	char name[PL_NAME] = "";

	pl_attributes_nested(nest, a, IFLA_XDP_MAX + 1);
	f->xdp = (int)number(a[IFLA_XDP_ATTACHED]);
	uint32_t id = number(a[IFLA_XDP_PROG_ID]);
	if (!f->xdp)
		return;
	if (pl_tcx_name(id, name) || !name[0])
		snprintf(name, sizeof name, "program %u", id);
	memcpy(f->xdp_program, name, sizeof name);
}

static void on_link(const struct nlmsghdr *h, void *context)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	const struct rtattr *a[IFLA_XDP + 1], *i[IFLA_INFO_KIND + 1] = {0};
	struct links *l = context;

	if (h->nlmsg_type != RTM_NEWLINK || l->failed)
		return;
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		struct pl_interface_facts *list = realloc(l->list, room * sizeof *list);
		l->failed = !list;
		if (!list)
			return;
		l->list = list;
		l->room = room;
	}
	struct pl_interface_facts *f = &l->list[l->n++];
	pl_attributes(h, sizeof *info, a, IFLA_XDP + 1);
	if (a[IFLA_LINKINFO])
		pl_attributes_nested(a[IFLA_LINKINFO], i, IFLA_INFO_KIND + 1);
	*f = (struct pl_interface_facts){
	    .ifindex = (uint32_t)info->ifi_index,
	    .ethernet = info->ifi_type == ARPHRD_ETHER,
	    .up = (info->ifi_flags & IFF_UP) != 0,
	    .carrier = (info->ifi_flags & IFF_RUNNING) != 0,
	    .master_index = number(a[IFLA_MASTER]),
	    .clock = -1,
	};
	text(f->name, a[IFLA_IFNAME]);
	text(f->kind, i[IFLA_INFO_KIND]);
	f->stacked = is_stacked(f->kind);
	if (f->stacked && !a[IFLA_LINK_NETNSID])
		f->lower_index = number(a[IFLA_LINK]);
	if (a[IFLA_XDP])
		read_xdp(f, a[IFLA_XDP]);
}

static void relate(struct links *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct pl_interface_facts *f = &l->list[i];
		for (size_t k = 0; k < l->n; k++) {
			struct pl_interface_facts *other = &l->list[k];
			if (f->lower_index == other->ifindex) {
				memcpy(f->lower, other->name, sizeof f->lower);
				pl_names_add(&other->uppers, f->name);
			}
			if (f->master_index == other->ifindex) {
				memcpy(f->master, other->name, sizeof f->master);
				memcpy(f->master_kind, other->kind, sizeof f->master_kind);
				pl_names_add(&other->ports, f->name);
			}
		}
	}
}

static int by_index(const void *left, const void *right)
{
	uint32_t a = ((const struct pl_interface_facts *)left)->ifindex, b = ((const struct pl_interface_facts *)right)->ifindex;

	return a < b ? -1 : a > b;
}

int pl_facts_links(struct pl_interface_facts **list, size_t *n, struct pl_error *e)
{
	struct links l = {0};
	struct pl_request r;
	int fd = pl_netlink_open(0);

	if (fd < 0)
		return pl_fail(e, fd == -EPERM || fd == -EACCES ? PTPLENS_E_PERMISSION : PTPLENS_E_UNSUPPORTED, "no rtnetlink socket: %s",
		               strerror(-fd));
	pl_request_init(&r, RTM_GETLINK, NLM_F_DUMP, sizeof r.link);
	int error = pl_netlink_ask(fd, &r, on_link, &l);
	close(fd);
	if (error || l.failed) {
		free(l.list);
		return l.failed ? pl_fail(e, PTPLENS_E_MEMORY, "no memory for the interfaces")
		                : pl_fail(e, PTPLENS_E_SYSTEM, "cannot list the interfaces: %s", strerror(-error));
	}
	if (l.n)
		qsort(l.list, l.n, sizeof *l.list, by_index);
	relate(&l);
	*list = l.list;
	*n = l.n;
	return 0;
}
