/* SPDX-License-Identifier: BSD-3-Clause */
#include "link.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "rtnl.h"

struct counters {
	uint32_t ifindex;
	uint64_t dropped;
	uint64_t backlog;
};

static int is_up(unsigned flags)
{
	return (flags & IFF_UP) && (flags & IFF_RUNNING);
}

static void on_event(const struct nlmsghdr *h, void *context)
{
	struct pl_link *l = context;
	const struct ifinfomsg *info = NLMSG_DATA(h);

	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) || (uint32_t)info->ifi_index != l->ifindex ||
	    info->ifi_family != AF_UNSPEC)
		return;
	int up = h->nlmsg_type == RTM_NEWLINK && is_up(info->ifi_flags);
	if (l->up && !up)
		l->events++;
	l->up = up;
	if (h->nlmsg_type == RTM_DELLINK)
		l->gone = 1;
}

static void on_link(const struct nlmsghdr *h, void *context)
{
	const struct rtattr *a[IFLA_STATS64 + 1];
	struct rtnl_link_stats64 stats = {0};
	struct counters *c = context;

	pl_attributes(h, sizeof(struct ifinfomsg), a, IFLA_STATS64 + 1);
	if (!a[IFLA_STATS64])
		return;
	size_t n = RTA_PAYLOAD(a[IFLA_STATS64]);
	memcpy(&stats, RTA_DATA(a[IFLA_STATS64]), n < sizeof stats ? n : sizeof stats);
	c->dropped += stats.tx_dropped;
}

/* The root qdisc counts for all below it; clsact counts what programs behind ours drop. */
static void on_qdisc(const struct nlmsghdr *h, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(h);
	const struct rtattr *a[TCA_STATS2 + 1], *s[TCA_STATS_MAX + 1];
	struct gnet_stats_queue queue = {0};
	struct counters *c = context;

	if ((uint32_t)tc->tcm_ifindex != c->ifindex || (tc->tcm_parent != TC_H_ROOT && tc->tcm_parent != TC_H_CLSACT))
		return;
	pl_attributes(h, sizeof *tc, a, TCA_STATS2 + 1);
	if (!a[TCA_STATS2])
		return;
	pl_attributes_nested(a[TCA_STATS2], s, TCA_STATS_MAX + 1);
	if (!s[TCA_STATS_QUEUE] || RTA_PAYLOAD(s[TCA_STATS_QUEUE]) < sizeof queue)
		return;
	memcpy(&queue, RTA_DATA(s[TCA_STATS_QUEUE]), sizeof queue);
	c->dropped += queue.drops;
	c->backlog += queue.qlen;
}

static int read_counters(struct pl_link *l, struct counters *c)
{
	struct pl_request r;

	*c = (struct counters){.ifindex = l->ifindex};
	pl_request_init(&r, RTM_GETLINK, 0, sizeof r.link);
	r.link.ifi_index = (int)l->ifindex;
	int error = pl_netlink_ask(l->ask, &r, on_link, c);
	if (error)
		return error;
	pl_request_init(&r, RTM_GETQDISC, NLM_F_DUMP, sizeof r.tc);
	r.tc.tcm_ifindex = (int)l->ifindex;
	return pl_netlink_ask(l->ask, &r, on_qdisc, c);
}

static int ask_state(struct pl_link *l)
{
	struct pl_request r;

	pl_request_init(&r, RTM_GETLINK, 0, sizeof r.link);
	r.link.ifi_index = (int)l->ifindex;
	return pl_netlink_ask(l->ask, &r, on_event, l);
}

int pl_link_open(struct pl_link *l, uint32_t ifindex, const char *interface, struct pl_error *e)
{
	struct counters c;

	*l = (struct pl_link){.ask = pl_netlink_open(0), .listen = pl_netlink_open(RTMGRP_LINK), .ifindex = ifindex};
	if (l->ask < 0 || l->listen < 0)
		return pl_fail(e, PTPLENS_E_SYSTEM, "%s: no rtnetlink socket: %s", interface, strerror(l->ask < 0 ? -l->ask : -l->listen));
	int error = ask_state(l);
	if (!error)
		error = read_counters(l, &c);
	if (error)
		return pl_fail(e, PTPLENS_E_SYSTEM, "%s: cannot read the interface's counters: %s", interface, strerror(-error));
	l->dropped_before = c.dropped;
	return 0;
}

void pl_link_read(struct pl_link *l)
{
	struct counters c;

	if (l->gone)
		return;
	if (pl_netlink_listen(l->listen, on_event, l) == -ENOBUFS && ask_state(l) == -ENODEV)
		l->gone = 1;
	if (l->gone)
		l->backlog = 0; /* the queue went with the interface */
	if (l->gone || read_counters(l, &c))
		return;
	l->backlog = c.backlog;
	/* a qdisc that was replaced took its counter along */
	uint64_t dropped = c.dropped < l->dropped_before ? 0 : c.dropped - l->dropped_before;
	if (dropped >= l->dropped)
		l->dropped = dropped;
}

void pl_link_close(struct pl_link *l)
{
	if (l->ask >= 0)
		close(l->ask);
	if (l->listen >= 0)
		close(l->listen);
}
