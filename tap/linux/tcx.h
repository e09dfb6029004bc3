/* SPDX-License-Identifier: BSD-3-Clause */
/* Attachment by tcx (Linux 6.6): in front of the chain, and gone with the process. */
#ifndef PL_TAP_TCX_H
#define PL_TAP_TCX_H

#include <stdint.h>

#define PL_TCX_CHAIN_MAX 64
#define PL_TCX_TAP "pl_tap_" /* how the names of the tap's programs begin */

struct pl_tcx {
	uint32_t ifindex;
	int links[2]; /* by enum ptplens_direction; -1: not attached */
	uint32_t program_ids[2];
};

/* 0 or a negative errno. programs: by enum ptplens_direction. */
int pl_tcx_attach(struct pl_tcx *, uint32_t ifindex, const int *programs);
void pl_tcx_detach(struct pl_tcx *);

/* Whether a program of somebody else comes before ours, or before clsact when we are not in the chain. Reads the chain of the calling
 * thread's network namespace. 0, or a negative errno when the chain cannot be read. */
int pl_tcx_look(const struct pl_tcx *, int *ahead);

/* The programs of a chain in their order; ids has room for PL_TCX_CHAIN_MAX. 0 or a negative errno; -EINVAL: no such interface, or no
 * tcx. */
int pl_tcx_list(uint32_t ifindex, int direction, uint32_t *ids, uint32_t *count);

/* The name of a program, 16 bytes with the 0. 0 or a negative errno. */
int pl_tcx_name(uint32_t id, char *name);

#endif
