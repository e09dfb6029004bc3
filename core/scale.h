/* SPDX-License-Identifier: BSD-3-Clause */
/* Which scale a NIC's clock keeps, told by where it stands against CLOCK_REALTIME: no interface of a kernel says it. */
#ifndef PL_SCALE_H
#define PL_SCALE_H

#include <stdint.h>

#include <ptplens/event.h>

#define PL_SCALE_TAI_UTC_S 37 /* since 2017, where the kernel was not told */
#define PL_SCALE_REASON_BYTES 256

/* PTPLENS_SCALE_UNKNOWN: the sample has no NIC clock. */
enum ptplens_clock_scale pl_scale_of(const struct ptplens_clock_sample *);

/* "keeps TAI: 37.000000012 s ahead of CLOCK_REALTIME, ..."; "" without a NIC clock. */
void pl_scale_reason(char out[PL_SCALE_REASON_BYTES], const struct ptplens_clock_sample *);

#endif
