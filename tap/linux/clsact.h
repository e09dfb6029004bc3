/* SPDX-License-Identifier: BSD-3-Clause */
/* Attachment by the clsact qdisc, for kernels without tcx. A filter outlives the process that set it, so each of ours carries its owner
 * in its name, and whoever attaches next removes the filters of owners that are gone. */
#ifndef PL_TAP_CLSACT_H
#define PL_TAP_CLSACT_H

#include <stdint.h>

#include "error.h"

#define PL_CLSACT_NAME_PREFIX "ptplens:" /* of our filters' names; the owner follows */

struct pl_clsact {
	int ask; /* rtnetlink socket of the interface's namespace, borrowed */
	uint32_t ifindex;
	int made_qdisc;
	char owner[64];
	struct pl_clsact_filter {
		int on;
		uint32_t priority;
		uint32_t handle;
	} filter[2]; /* by enum ptplens_direction */
};

/* Removes what dead owners left. */
void pl_clsact_sweep(int ask, uint32_t ifindex);

/* programs: by enum ptplens_direction. */
int pl_clsact_attach(struct pl_clsact *, int ask, uint32_t ifindex, const int *programs, const char *interface, struct pl_error *);
void pl_clsact_detach(struct pl_clsact *);

/* Whether a filter of somebody else comes before ours in a direction, and whether ours is still there. */
void pl_clsact_look(const struct pl_clsact *, int *ahead, int *missing);

#endif
