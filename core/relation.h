/* SPDX-License-Identifier: BSD-3-Clause */
/* A NIC's clock against the host's, from samples of both: bounds that hold, not a fit.
 *
 * A sample says that the offset (NIC - host) was within its half width at that time. A run is the longest newest row of samples that one
 * constant rate explains; all lines that pass through all intervals of the run bound the offset and the rate. A sample that no line through
 * the run reaches ends it: the rate has turned, and the oldest samples go until one rate explains the rest. A change that not even
 * PL_RELATION_RATE_MAX explains is a jump, and a new run begins. Between samples the bounds hold as far as the rate was constant. */
#ifndef PL_RELATION_H
#define PL_RELATION_H

#include <stdint.h>

#define PL_RELATION_SAMPLES 32
/* Rates are in 10^-12. 1000 ppm: crystals keep 100 ppm, the kernel slews by at most 500. */
#define PL_RELATION_RATE_MAX 1000000000ll

struct pl_relation_sample {
	int64_t host_ns;
	int64_t offset_ns; /* NIC - host */
	int64_t half_width_ns;
};

struct pl_relation {
	struct pl_relation_sample run[PL_RELATION_SAMPLES]; /* oldest first */
	unsigned n;
	int64_t rate_min, rate_max; /* of the NIC against the host, less 1 */
	uint64_t jumps, turns;
};

struct pl_relation_bounds {
	int64_t offset_min_ns, offset_max_ns;
	int64_t rate_min, rate_max;
};

enum pl_relation_change { PL_RELATION_CONTINUED, PL_RELATION_TURNED, PL_RELATION_JUMPED };

/* Times are not negative, and host_ns is later than that of the sample before. A relation starts as all zero. */
enum pl_relation_change pl_relation_add(struct pl_relation *, int64_t host_ns, int64_t nic_ns, uint32_t half_width_ns);

/* What the run says of the host's time host_ns, before, within or after it. 0, or -1: no sample yet. */
int pl_relation_at(const struct pl_relation *, int64_t host_ns, struct pl_relation_bounds *out);

#endif
