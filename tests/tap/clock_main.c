/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints samples of an interface's clocks and what they tell, a JSON line each: for machines that have a PHC.
 *   clock_main INTERFACE SECONDS */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "linux/clock.h"
#include "scale.h"

int main(int argc, char **argv)
{
	static const char *const methods[] = {"host", "precise", "extended", "basic"};
	struct pl_clock c;
	struct ptplens_clock_sample s;
	struct pl_relation_bounds b;
	char reason[PL_SCALE_REASON_BYTES];

	if (argc != 3)
		return 2;
	pl_clock_open(&c, argv[1]);
	for (int left = atoi(argv[2]); left > 0;) {
		if (!pl_clock_sample(&c, &s)) {
			poll(NULL, 0, 20);
			continue;
		}
		left--;
		pl_scale_reason(reason, &s);
		printf("{\"method\":\"%s\",\"nic_ns\":%" PRIu64 ",\"realtime_ns\":%" PRId64 ",\"monotonic_ns\":%" PRIu64, methods[c.method],
		       s.nic_ns, s.realtime_ns, s.monotonic_ns);
		printf(",\"half_width_ns\":%" PRIu32 ",\"flags\":%" PRIu32 ",\"tai_utc_s\":%" PRId32 ",\"scale\":%d,\"reason\":\"%s\"",
		       s.half_width_ns, s.flags, s.tai_utc_s, (int)pl_scale_of(&s), reason);
		if (!pl_relation_at(&c.relation, (int64_t)s.monotonic_ns, &b))
			printf(",\"offset_min_ns\":%" PRId64 ",\"offset_max_ns\":%" PRId64 ",\"rate_min\":%" PRId64 ",\"rate_max\":%" PRId64
			       ",\"jumps\":%" PRIu64 ",\"turns\":%" PRIu64,
			       b.offset_min_ns, b.offset_max_ns, b.rate_min, b.rate_max, c.relation.jumps, c.relation.turns);
		printf("}\n");
		fflush(stdout);
	}
	pl_clock_close(&c);
	return 0;
}
