/* SPDX-License-Identifier: BSD-3-Clause */
/* What facts mean for observing PTP: from the facts alone, so that every rule can be tested on facts that no machine at hand has. */
#ifndef PL_JUDGE_H
#define PL_JUDGE_H

#include "facts.h"
#include <ptplens/ptplens.h>

#define PL_SENTENCE 512

struct pl_finding {
	int severity; /* enum ptplens_severity */
	const char *topic;
	char interface[PL_NAME]; /* "": the machine */
	char what[PL_SENTENCE];
	char meaning[PL_SENTENCE];
	char todo[PL_SENTENCE]; /* "": nothing */
};

struct pl_findings {
	struct pl_finding *list; /* the owner frees it */
	size_t n, room;
	int no_memory; /* a finding is missing */
};

void pl_judge_host(const struct pl_host_facts *, struct pl_findings *);
void pl_judge_interface(const struct pl_interface_facts *, struct pl_findings *);

/* One finding for all that pl_judge_interface finds. The worst of them decides, but what is wrong with a virtual interface, or with one
 * that is down, is no more than a note: somebody who looks at all interfaces did not ask for it. Nothing for what is not Ethernet. */
void pl_judge_overview(const struct pl_interface_facts *, struct pl_findings *);

void pl_finding_add(struct pl_findings *, const char *interface, int severity, const char *topic, const char *what, const char *meaning,
                    const char *todo);

#endif
