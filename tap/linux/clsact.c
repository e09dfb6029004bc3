/* SPDX-License-Identifier: BSD-3-Clause */
#include "clsact.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rtnl.h"
#include <ptplens/event.h>

#define PRIORITIES 16 /* tried in order: a filter of another kind may hold one */
#define STALE_MAX 64

static const uint32_t parents[2] = {
    [PTPLENS_RECEIVE] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
    [PTPLENS_TRANSMIT] = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
};

/* The start time of a process in clock ticks since boot. 0: there is no such process. */
static uint64_t start_of(int pid)
{
	char path[64], text[1024];
	uint64_t start = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	/* the name in parentheses may hold anything; starttime is the 20th field after it */
	const char *p = strrchr(text, ')');
	for (int field = 0; p && field < 20; field++)
		p = strchr(p + 1, ' ');
	if (p)
		sscanf(p, "%" SCNu64, &start);
	return start;
}

static uint64_t pid_namespace(void)
{
	struct stat s;

	return stat("/proc/self/ns/pid", &s) ? 0 : s.st_ino;
}

/* Only an owner of our own pid namespace can be known to be gone. */
static int is_stale(const char *name)
{
	int pid;
	uint64_t start, namespace;

	if (sscanf(name, PL_CLSACT_NAME_PREFIX "%d:%" SCNu64 ":%" SCNu64, &pid, &start, &namespace) != 3)
		return 0;
	return namespace == pid_namespace() && start_of(getpid()) && start_of(pid) != start;
}

struct found {
	uint32_t ifindex;
	const struct pl_clsact_filter *ours;
	int seen_ours;
	int ahead;
	unsigned filters;
	unsigned stale;
	struct pl_clsact_filter list[STALE_MAX];
};

static void on_filter(const struct nlmsghdr *h, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(h);
	const struct rtattr *a[TCA_MAX + 1], *o[TCA_BPF_MAX + 1] = {0};
	struct found *f = context;
	uint32_t priority = TC_H_MAJ(tc->tcm_info) >> 16;
	const char *name = "";

	/* a priority's own record comes before its filters and has no handle */
	if (h->nlmsg_type != RTM_NEWTFILTER || (uint32_t)tc->tcm_ifindex != f->ifindex || !tc->tcm_handle)
		return;
	f->filters++;
	pl_attributes(h, sizeof *tc, a, TCA_MAX + 1);
	if (a[TCA_KIND] && !strcmp(RTA_DATA(a[TCA_KIND]), "bpf") && a[TCA_OPTIONS])
		pl_attributes_nested(a[TCA_OPTIONS], o, TCA_BPF_MAX + 1);
	if (o[TCA_BPF_NAME])
		name = RTA_DATA(o[TCA_BPF_NAME]);
	if (f->ours && f->ours->handle == tc->tcm_handle && f->ours->priority == priority)
		f->seen_ours = 1;
	else if (!f->seen_ours && strncmp(name, PL_CLSACT_NAME_PREFIX, strlen(PL_CLSACT_NAME_PREFIX)))
		f->ahead = 1;
	if (f->stale < STALE_MAX && is_stale(name))
		f->list[f->stale++] = (struct pl_clsact_filter){.priority = priority, .handle = tc->tcm_handle};
}

static int list_filters(int ask, uint32_t ifindex, int direction, struct found *f)
{
	struct pl_request r;

	f->ifindex = ifindex;
	pl_request_init(&r, RTM_GETTFILTER, NLM_F_DUMP, sizeof r.tc);
	r.tc.tcm_ifindex = (int)ifindex;
	r.tc.tcm_parent = parents[direction];
	return pl_netlink_ask(ask, &r, on_filter, f);
}

static void init_filter_request(struct pl_request *r, uint16_t type, uint16_t flags, uint32_t ifindex, int direction,
                                const struct pl_clsact_filter *filter)
{
	pl_request_init(r, type, flags, sizeof r->tc);
	r->tc.tcm_ifindex = (int)ifindex;
	r->tc.tcm_parent = parents[direction];
	r->tc.tcm_handle = filter->handle;
	r->tc.tcm_info = TC_H_MAKE(filter->priority << 16, htons(ETH_P_ALL));
	pl_request_attribute(r, TCA_KIND, "bpf", sizeof "bpf");
}

static void remove_filter(int ask, uint32_t ifindex, int direction, const struct pl_clsact_filter *filter)
{
	struct pl_request r;

	init_filter_request(&r, RTM_DELTFILTER, 0, ifindex, direction, filter);
	pl_netlink_ask(ask, &r, NULL, NULL);
}

static int change_qdisc(int ask, uint32_t ifindex, uint16_t type, uint16_t flags)
{
	struct pl_request r;

	pl_request_init(&r, type, flags, sizeof r.tc);
	r.tc.tcm_ifindex = (int)ifindex;
	r.tc.tcm_parent = TC_H_CLSACT;
	r.tc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	pl_request_attribute(&r, TCA_KIND, "clsact", sizeof "clsact");
	return pl_netlink_ask(ask, &r, NULL, NULL);
}

void pl_clsact_sweep(int ask, uint32_t ifindex)
{
	for (int direction = 0; direction < 2; direction++) {
		struct found f = {0};
		if (list_filters(ask, ifindex, direction, &f))
			continue;
		for (unsigned i = 0; i < f.stale; i++)
			remove_filter(ask, ifindex, direction, &f.list[i]);
	}
}

static void on_added(const struct nlmsghdr *h, void *context)
{
	struct pl_clsact_filter *filter = context;

	if (h->nlmsg_type == RTM_NEWTFILTER)
		filter->handle = ((const struct tcmsg *)NLMSG_DATA(h))->tcm_handle;
}

static int add_filter(struct pl_clsact *c, int direction, int program)
{
	struct pl_clsact_filter *filter = &c->filter[direction];
	uint32_t fd = (uint32_t)program, flags = TCA_BPF_FLAG_ACT_DIRECT;
	int error = 0;

	for (uint32_t priority = 1; priority <= PRIORITIES; priority++) {
		struct pl_request r;
		*filter = (struct pl_clsact_filter){.priority = priority};
		init_filter_request(&r, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, c->ifindex, direction, filter);
		struct rtattr *options = pl_request_nest(&r, TCA_OPTIONS);
		pl_request_attribute(&r, TCA_BPF_FD, &fd, sizeof fd);
		pl_request_attribute(&r, TCA_BPF_NAME, c->owner, strlen(c->owner) + 1);
		pl_request_attribute(&r, TCA_BPF_FLAGS, &flags, sizeof flags);
		pl_request_end(&r, options);
		error = pl_netlink_ask(c->ask, &r, on_added, filter);
		if (!error)
			filter->on = 1;
		if (error != -EINVAL && error != -EEXIST && error != -ENOENT)
			return error;
	}
	return error;
}

int pl_clsact_attach(struct pl_clsact *c, int ask, uint32_t ifindex, const int *programs, const char *interface, struct pl_error *e)
{
	*c = (struct pl_clsact){.ask = ask, .ifindex = ifindex};
	snprintf(c->owner, sizeof c->owner, PL_CLSACT_NAME_PREFIX "%d:%" PRIu64 ":%" PRIu64, getpid(), start_of(getpid()), pid_namespace());
	int error = change_qdisc(ask, ifindex, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	if (error && error != -EEXIST)
		return pl_fail(e, error == -EPERM ? PTPLENS_E_PERMISSION : PTPLENS_E_UNSUPPORTED, "%s: no clsact qdisc: %s%s", interface,
		               strerror(-error), error == -EPERM ? " (needs CAP_NET_ADMIN)" : "");
	c->made_qdisc = !error;
	for (int direction = 0; direction < 2; direction++) {
		error = add_filter(c, direction, programs[direction]);
		if (error) {
			pl_clsact_detach(c);
			return pl_fail(e, PTPLENS_E_SYSTEM, "%s: no %s filter at clsact: %s", interface,
			               direction == PTPLENS_RECEIVE ? "ingress" : "egress", strerror(-error));
		}
	}
	return 0;
}

void pl_clsact_detach(struct pl_clsact *c)
{
	unsigned left = 0;

	for (int direction = 0; direction < 2; direction++) {
		struct found f = {0};
		if (c->filter[direction].on)
			remove_filter(c->ask, c->ifindex, direction, &c->filter[direction]);
		c->filter[direction].on = 0;
		if (list_filters(c->ask, c->ifindex, direction, &f))
			left++;
		left += f.filters;
	}
	if (c->made_qdisc && !left)
		change_qdisc(c->ask, c->ifindex, RTM_DELQDISC, 0);
	c->made_qdisc = 0;
}

void pl_clsact_look(const struct pl_clsact *c, int *ahead, int *missing)
{
	for (int direction = 0; direction < 2; direction++) {
		struct found f = {.ours = &c->filter[direction]};
		if (!c->filter[direction].on || list_filters(c->ask, c->ifindex, direction, &f))
			continue;
		*missing |= !f.seen_ours;
		*ahead |= f.seen_ours && f.ahead;
	}
}
