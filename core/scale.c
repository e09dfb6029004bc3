/* SPDX-License-Identifier: BSD-3-Clause */
#include "scale.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S INT64_C(1000000000)
#define NEAR_NS (NS_PER_S / 2) /* the scales are whole seconds apart */

static int64_t ahead_of_realtime(const struct ptplens_clock_sample *s)
{
	return (int64_t)(s->nic_ns - (uint64_t)s->realtime_ns);
}

static int64_t tai_utc_s(const struct ptplens_clock_sample *s)
{
	return s->tai_utc_s ? s->tai_utc_s : PL_SCALE_TAI_UTC_S;
}

static int is_near(int64_t difference)
{
	return difference > -NEAR_NS && difference < NEAR_NS;
}

enum ptplens_clock_scale pl_scale_of(const struct ptplens_clock_sample *s)
{
	int64_t ahead = ahead_of_realtime(s), tai = tai_utc_s(s) * NS_PER_S;

	if (!s->nic_ns)
		return PTPLENS_SCALE_UNKNOWN;
	if (is_near(ahead))
		return PTPLENS_SCALE_UTC;
	/* a difference that wraps is near nothing */
	return ahead > 0 && is_near((int64_t)((uint64_t)ahead - (uint64_t)tai)) ? PTPLENS_SCALE_TAI : PTPLENS_SCALE_ARBITRARY;
}

void pl_scale_reason(char out[PL_SCALE_REASON_BYTES], const struct ptplens_clock_sample *s)
{
	int64_t ahead = ahead_of_realtime(s);
	uint64_t size = ahead < 0 ? 0 - (uint64_t)ahead : (uint64_t)ahead;
	const char *told = s->tai_utc_s ? "as the kernel says" : "which the kernel was not told";
	char where[64];

	snprintf(where, sizeof where, "%" PRIu64 ".%09" PRIu64 " s %s CLOCK_REALTIME", size / NS_PER_S, size % NS_PER_S,
	         ahead < 0 ? "behind" : "ahead of");
	out[0] = 0;
	switch (pl_scale_of(s)) {
	case PTPLENS_SCALE_UTC:
		snprintf(out, PL_SCALE_REASON_BYTES, "keeps UTC: %s; TAI, which PTP carries, is %" PRId64 " s ahead, %s", where,
		         tai_utc_s(s), told);
		break;
	case PTPLENS_SCALE_TAI:
		snprintf(out, PL_SCALE_REASON_BYTES, "keeps TAI: %s, close to TAI - UTC = %" PRId64 " s, %s", where, tai_utc_s(s), told);
		break;
	case PTPLENS_SCALE_ARBITRARY:
		snprintf(out, PL_SCALE_REASON_BYTES,
		         "keeps a time of its own: %s, neither close to UTC nor to TAI (%" PRId64 " s ahead, %s)", where, tai_utc_s(s),
		         told);
		break;
	default:
		break;
	}
}
