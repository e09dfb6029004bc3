/* SPDX-License-Identifier: BSD-3-Clause */
/* The programs at an interface's tc hooks: those at tcx, and the filters of a clsact or ingress qdisc. */
#include "facts.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linux/clsact.h"
#include "linux/rtnl.h"
#include "linux/tcx.h"

static void at_tcx(struct pl_interface_facts *f, int direction)
{
	uint32_t ids[PL_TCX_CHAIN_MAX], count;
	int error = pl_tcx_list(f->ifindex, direction, ids, &count);

	f->chain = error == -EINVAL ? PL_NO : error ? PL_NOT_TOLD : PL_YES;
	for (uint32_t i = 0; !error && i < count; i++) {
		char name[PL_NAME] = "";
		if (pl_tcx_name(ids[i], name) || !name[0])
			snprintf(name, sizeof name, "program %u", ids[i]);
		if (!strncmp(name, PL_TCX_TAP, strlen(PL_TCX_TAP)))
			f->taps++;
		else
			pl_names_add(&f->ahead, name);
	}
}

static void on_filter(const struct nlmsghdr *h, void *context)
{
	const struct tcmsg *tc = NLMSG_DATA(h);
	const struct rtattr *a[TCA_MAX + 1], *o[TCA_BPF_MAX + 1] = {0};
	struct pl_interface_facts *f = context;

	/* a priority's own record comes before its filters and has no handle */
	if (h->nlmsg_type != RTM_NEWTFILTER || (uint32_t)tc->tcm_ifindex != f->ifindex || !tc->tcm_handle)
		return;
	pl_attributes(h, sizeof *tc, a, TCA_MAX + 1);
	const char *name = a[TCA_KIND] ? RTA_DATA(a[TCA_KIND]) : "?";
	if (!strcmp(name, "bpf") && a[TCA_OPTIONS])
		pl_attributes_nested(a[TCA_OPTIONS], o, TCA_BPF_MAX + 1);
	if (o[TCA_BPF_NAME])
		name = RTA_DATA(o[TCA_BPF_NAME]);
	if (!strncmp(name, PL_CLSACT_NAME_PREFIX, strlen(PL_CLSACT_NAME_PREFIX)))
		f->taps++;
	else
		pl_names_add(&f->filters_at_tc, name);
}

void pl_facts_chain(struct pl_interface_facts *f)
{
	static const uint32_t minors[] = {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS};
	int fd = pl_netlink_open(0);

	for (int direction = 0; direction < 2; direction++) {
		struct pl_request r;
		at_tcx(f, direction);
		if (fd < 0)
			continue;
		pl_request_init(&r, RTM_GETTFILTER, NLM_F_DUMP, sizeof r.tc);
		r.tc.tcm_ifindex = (int)f->ifindex;
		r.tc.tcm_parent = TC_H_MAKE(TC_H_CLSACT, minors[direction]);
		pl_netlink_ask(fd, &r, on_filter, f); /* without a qdisc there are none */
	}
	if (fd >= 0)
		close(fd);
}
