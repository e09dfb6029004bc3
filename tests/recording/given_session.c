/* SPDX-License-Identifier: BSD-3-Clause */
#include "given_session.h"

#include <stdio.h>
#include <string.h>

void given_session(struct ptplens_session *s, size_t n)
{
	memset(s, 0, sizeof *s);
	s->n = n;
	for (size_t k = 0; k < n; k++) {
		struct ptplens_interface *i = &s->interface[k];
		snprintf(i->name, sizeof i->name, "veth%zu", k);
		i->mode = PTPLENS_MODE_LIVE;
		i->certificate_verdict = PTPLENS_EXPLAINED;
		i->header = (struct ptplens_stream_header){
		    .monotonic_ns = 123456789012 + k,
		    .ifindex = (uint32_t)(7 + k),
		    .system = PTPLENS_SYSTEM_LINUX,
		    .mac = {0x02, 0x11, 0x22, 0x33, 0x44, (uint8_t)k},
		    .kind = PTPLENS_KIND_STREAM,
		    .abi_version = PTPLENS_ABI_VERSION,
		    .hooks = PTPLENS_HOOK_TCX | PTPLENS_HOOK_FENTRY,
		    .clock_scale = PTPLENS_SCALE_TAI,
		    .network = 4026531840 + k,
		    .sequence = 1,
		};
		memcpy(i->header.magic, PTPLENS_STREAM_MAGIC, 8);
	}
}

size_t ptplens_session_interfaces(const struct ptplens_session *s)
{
	return s->n;
}

int ptplens_session_interface(const struct ptplens_session *s, size_t index, struct ptplens_interface *out)
{
	*out = s->interface[index];
	return 0;
}

int ptplens_session_certificate(const struct ptplens_session *s, size_t index, struct ptplens_certificate *out)
{
	*out = s->certificate[index];
	return 0;
}

void given_sample(struct ptplens_session *s, size_t interface)
{
	uint64_t k = s->samples[interface], realtime = (1700000000 + k) * 1000000000 + interface * 1000 + k;

	if (k == GIVEN_SAMPLES)
		return;
	s->sample[interface][s->samples[interface]++] = (struct ptplens_clock_sample){
	    .nic_ns = realtime + 37000000000 + k % 7,
	    .monotonic_ns = realtime - 1699990000000000000,
	    .kind = PTPLENS_KIND_CLOCK,
	    .realtime_ns = (int64_t)realtime,
	    .half_width_ns = (uint32_t)(300 + k),
	    .flags = k % 2 ? PTPLENS_CLOCK_CROSS_TIMESTAMP : 0,
	    .tai_utc_s = 37,
	};
}

int ptplens_session_samples(const struct ptplens_session *s, size_t index, uint64_t *position, struct ptplens_clock_sample *out, size_t n,
                            size_t *count)
{
	size_t left = s->samples[index] - (size_t)*position;

	*count = left < n ? left : n;
	memcpy(out, &s->sample[index][*position], *count * sizeof *out);
	*position += *count;
	return 0;
}
