/* SPDX-License-Identifier: BSD-3-Clause */
#include "samples.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scale.h"
#include <ptplens/ptplens.h>

int pl_samples_open(struct pl_samples *s)
{
	*s = (struct pl_samples){.held = calloc(PL_SAMPLES_HELD, sizeof *s->held)};
	return s->held ? 0 : -1;
}

void pl_samples_close(struct pl_samples *s)
{
	free(s->held);
	s->held = NULL;
}

void pl_samples_add(struct pl_samples *s, const struct ptplens_clock_sample *sample)
{
	s->steps += (sample->flags & PTPLENS_CLOCK_STEPPED) != 0;
	if (sample->flags & PTPLENS_CLOCK_NIC_JUMPED) {
		s->jumps++;
		s->last_jump_ns = 0;
		if (s->last.nic_ns)
			s->last_jump_ns = (int64_t)((sample->nic_ns - s->last.nic_ns) - (sample->monotonic_ns - s->last.monotonic_ns));
	}
	if (sample->nic_ns)
		s->last = *sample;
	s->held[s->n++ % PL_SAMPLES_HELD] = *sample;
}

size_t pl_samples_get(const struct pl_samples *s, uint64_t *position, struct ptplens_clock_sample *out, size_t n)
{
	size_t got = 0;

	if (*position > s->n)
		*position = s->n;
	if (n && s->n - *position > PL_SAMPLES_HELD)
		*position = s->n - PL_SAMPLES_HELD;
	while (got < n && *position < s->n)
		out[got++] = s->held[(*position)++ % PL_SAMPLES_HELD];
	return got;
}

static void __attribute__((format(printf, 4, 5))) add(char *out, size_t size, const char *interface, const char *format, ...)
{
	size_t at = strlen(out);
	va_list arguments;

	at += (size_t)snprintf(out + at, size - at, "%s%s: ", at ? "\n" : "", interface);
	if (at >= size)
		return;
	va_start(arguments, format);
	vsnprintf(out + at, size - at, format, arguments);
	va_end(arguments);
}

static const char *times(uint64_t n)
{
	return n == 1 ? "time" : "times";
}

void pl_samples_notes(const struct pl_samples *s, const char *interface, char *out, size_t size)
{
	char reason[PL_SCALE_REASON_BYTES];

	*out = 0;
	if (s->last.nic_ns && pl_scale_of(&s->last) != PTPLENS_SCALE_TAI) {
		pl_scale_reason(reason, &s->last);
		add(out, size, interface, "the NIC's clock %s", reason);
	}
	if (s->jumps && s->last_jump_ns)
		add(out, size, interface, "the NIC's clock jumped %" PRIu64 " %s, last by %+" PRId64 " ns", s->jumps, times(s->jumps),
		    s->last_jump_ns);
	else if (s->jumps)
		add(out, size, interface, "the NIC's clock jumped %" PRIu64 " %s", s->jumps, times(s->jumps));
	if (s->steps)
		add(out, size, interface, "CLOCK_REALTIME stepped %" PRIu64 " %s", s->steps, times(s->steps));
}

int ptplens_sample_scale(const struct ptplens_clock_sample *s)
{
	return pl_scale_of(s);
}

void ptplens_sample_reason(const struct ptplens_clock_sample *s, char *out, size_t size)
{
	char reason[PL_SCALE_REASON_BYTES];

	pl_scale_reason(reason, s);
	snprintf(out, size, "%s", reason);
}
