/* SPDX-License-Identifier: BSD-3-Clause */
#include "timebase.h"

int pl_timebase_read(struct pl_timebase *t, int64_t monotonic_ns, int64_t realtime_ns)
{
	int64_t offset = realtime_ns - monotonic_ns, change = offset - t->offset_ns;

	t->stepped_before = t->stepped;
	t->stepped = t->has_reading && (change > PL_TIMEBASE_STEP_NS || change < -PL_TIMEBASE_STEP_NS);
	if (t->stepped) {
		t->steps++;
		t->step_ns = monotonic_ns;
	}
	t->previous_ns = t->has_reading ? t->read_ns : monotonic_ns;
	t->offset_ns = offset;
	t->read_ns = monotonic_ns;
	t->has_reading = 1;
	return t->stepped;
}

int64_t pl_timebase_map(const struct pl_timebase *t, int64_t realtime_ns, int *doubtful)
{
	int64_t monotonic_ns = realtime_ns - t->offset_ns;

	*doubtful = t->stepped || t->stepped_before || (t->steps && monotonic_ns <= t->step_ns);
	return monotonic_ns;
}
