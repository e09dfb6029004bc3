/* SPDX-License-Identifier: BSD-3-Clause */
/* The newest clock samples of one interface, and what they tell that somebody should know. */
#ifndef PL_SAMPLES_H
#define PL_SAMPLES_H

#include <stddef.h>

#include <ptplens/event.h>

#define PL_SAMPLES_HELD 1024u /* 17 minutes */

struct pl_samples {
	struct ptplens_clock_sample *held; /* sample k is at k % PL_SAMPLES_HELD */
	uint64_t n;                        /* seen so far */
	uint64_t steps, jumps;
	int64_t last_jump_ns;             /* of the NIC's clock against the monotonic clock; 0: the sample before is not known */
	struct ptplens_clock_sample last; /* that has the NIC's clock */
};

/* 0, or -1: no memory. */
int pl_samples_open(struct pl_samples *);
void pl_samples_close(struct pl_samples *);

void pl_samples_add(struct pl_samples *, const struct ptplens_clock_sample *);

/* As ptplens_session_samples. */
size_t pl_samples_get(const struct pl_samples *, uint64_t *position, struct ptplens_clock_sample *out, size_t n);

/* Sentences, one a line, that begin with the interface's name: steps, jumps, and a scale that is not the one of PTP. "" if there is nothing
 * to say. */
void pl_samples_notes(const struct pl_samples *, const char *interface, char *out, size_t size);

#endif
