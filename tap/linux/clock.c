/* SPDX-License-Identifier: BSD-3-Clause */
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "timebase.h"

#define NS_PER_S 1000000000ll
#define READINGS 9 /* of one call; a few are needed for a warm one */
#define HOST_TRIES 5

int64_t pl_clock_host(struct pl_tap_clocks *out)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < HOST_TRIES; i++) {
		int64_t before = pl_host_now(CLOCK_MONOTONIC), realtime = pl_host_now(CLOCK_REALTIME), after = pl_host_now(CLOCK_MONOTONIC);
		if (after - before >= best)
			continue;
		best = after - before;
		*out = (struct pl_tap_clocks){.monotonic_ns = before + best / 2, .realtime_ns = realtime};
	}
	return (best + 1) / 2;
}

static int64_t ns(const struct ptp_clock_time *t)
{
	return t->sec * NS_PER_S + t->nsec;
}

/* Keeps the narrower of *best and the reading of the NIC between two of the host. A step between them makes a window negative. */
static void take(struct pl_clock_reading *best, const struct ptp_clock_time *before, const struct ptp_clock_time *nic,
                 const struct ptp_clock_time *after)
{
	int64_t width = ns(after) - ns(before);

	if (width < 0 || (best->half_width_ns >= 0 && (width + 1) / 2 >= best->half_width_ns))
		return;
	*best = (struct pl_clock_reading){.nic_ns = ns(nic), .realtime_ns = ns(before) + width / 2, .half_width_ns = (width + 1) / 2};
}

int pl_clock_narrowest(const struct ptp_sys_offset_extended *o, struct pl_clock_reading *out)
{
	struct pl_clock_reading best = {.half_width_ns = -1};

	for (unsigned i = 0; i < o->n_samples && i < PTP_MAX_SAMPLES; i++)
		take(&best, &o->ts[i][0], &o->ts[i][1], &o->ts[i][2]);
	if (best.half_width_ns < 0)
		return -1;
	*out = best;
	return 0;
}

int pl_clock_narrowest_basic(const struct ptp_sys_offset *o, struct pl_clock_reading *out)
{
	struct pl_clock_reading best = {.half_width_ns = -1};

	for (unsigned i = 0; i < o->n_samples && i < PTP_MAX_SAMPLES; i++)
		take(&best, &o->ts[2 * i], &o->ts[2 * i + 1], &o->ts[2 * i + 2]);
	if (best.half_width_ns < 0)
		return -1;
	*out = best;
	return 0;
}

/* 0, or what the driver answered. */
static int read_nic(int fd, enum pl_clock_method method, struct pl_clock_reading *out)
{
	struct ptp_sys_offset_extended extended = {.n_samples = READINGS};
	struct ptp_sys_offset basic = {.n_samples = READINGS};
	struct ptp_sys_offset_precise precise = {0};

	switch (method) {
	case PL_CLOCK_PRECISE:
		if (ioctl(fd, PTP_SYS_OFFSET_PRECISE, &precise))
			return -errno;
		*out = (struct pl_clock_reading){.nic_ns = ns(&precise.device), .realtime_ns = ns(&precise.sys_realtime)};
		return 0;
	case PL_CLOCK_EXTENDED:
		if (ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &extended))
			return -errno;
		return pl_clock_narrowest(&extended, out) ? -EAGAIN : 0;
	case PL_CLOCK_BASIC:
		if (ioctl(fd, PTP_SYS_OFFSET, &basic))
			return -errno;
		return pl_clock_narrowest_basic(&basic, out) ? -EAGAIN : 0;
	default:
		return -ENODEV;
	}
}

void pl_clock_open(struct pl_clock *c, const char *interface)
{
	struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};
	struct pl_clock_reading r;
	char path[32];

	*c = (struct pl_clock){.fd = -1};
	if (pl_host_request(interface, SIOCETHTOOL, &info) || info.phc_index < 0)
		return;
	snprintf(path, sizeof path, "/dev/ptp%d", info.phc_index);
	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return;
	for (c->method = PL_CLOCK_PRECISE; c->method <= PL_CLOCK_BASIC; c->method++)
		if (!read_nic(c->fd, c->method, &r))
			return;
	pl_clock_close(c);
}

void pl_clock_close(struct pl_clock *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->method = PL_CLOCK_HOST;
}

/* The host's clocks are read before and after the NIC's: when realtime stepped in between, nothing can be said. */
static int read_pair(struct pl_clock *c, struct ptplens_clock_sample *s)
{
	struct pl_clock_reading r;
	struct pl_tap_clocks before, after;
	int64_t half_before = pl_clock_host(&before);

	int error = read_nic(c->fd, c->method, &r);
	int64_t half = pl_clock_host(&after), offset = after.realtime_ns - after.monotonic_ns;
	int64_t change = offset - (before.realtime_ns - before.monotonic_ns);
	if (error)
		return error;
	if (r.nic_ns <= 0 || change > PL_TIMEBASE_STEP_NS + half + half_before || -change > PL_TIMEBASE_STEP_NS + half + half_before)
		return -EAGAIN;
	half += r.half_width_ns;
	s->nic_ns = (uint64_t)r.nic_ns;
	s->realtime_ns = r.realtime_ns;
	s->monotonic_ns = (uint64_t)(r.realtime_ns - offset);
	s->half_width_ns = half < UINT32_MAX ? (uint32_t)half : UINT32_MAX;
	if (c->method == PL_CLOCK_PRECISE)
		s->flags |= PTPLENS_CLOCK_CROSS_TIMESTAMP;
	return 0;
}

static void read_host(struct ptplens_clock_sample *s)
{
	struct pl_tap_clocks now;
	int64_t half = pl_clock_host(&now);

	s->monotonic_ns = (uint64_t)now.monotonic_ns;
	s->realtime_ns = now.realtime_ns;
	s->half_width_ns = half < UINT32_MAX ? (uint32_t)half : UINT32_MAX;
}

static int has_stepped(const struct ptplens_clock_sample *a, const struct ptplens_clock_sample *b)
{
	int64_t change = (b->realtime_ns - (int64_t)b->monotonic_ns) - (a->realtime_ns - (int64_t)a->monotonic_ns);
	int64_t doubt = PL_TIMEBASE_STEP_NS + (int64_t)a->half_width_ns + b->half_width_ns;

	return change > doubt || change < -doubt;
}

void pl_clock_read(struct pl_clock *c, struct ptplens_clock_sample *out)
{
	struct ptplens_clock_sample s = {.kind = PTPLENS_KIND_CLOCK};
	struct timex t = {.modes = 0};
	int error = -EAGAIN;

	if (adjtimex(&t) >= 0)
		s.tai_utc_s = t.tai;
	for (int i = 0; i < 3 && c->fd >= 0 && error == -EAGAIN; i++)
		error = read_pair(c, &s);
	if (error == -ENODEV)
		pl_clock_close(c);
	if (error)
		read_host(&s);
	if (c->has_last && has_stepped(&c->last, &s))
		s.flags |= PTPLENS_CLOCK_STEPPED;
	if (s.nic_ns && pl_relation_add(&c->relation, (int64_t)s.monotonic_ns, (int64_t)s.nic_ns, s.half_width_ns) == PL_RELATION_JUMPED)
		s.flags |= PTPLENS_CLOCK_NIC_JUMPED;
	c->last = s;
	c->has_last = 1;
	c->next_ns = (int64_t)s.monotonic_ns + PL_CLOCK_PERIOD_NS;
	*out = s;
}

int pl_clock_sample(struct pl_clock *c, struct ptplens_clock_sample *out)
{
	if (pl_host_now(CLOCK_MONOTONIC) < c->next_ns)
		return 0;
	pl_clock_read(c, out);
	return 1;
}
