/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "linux/clock.h"
#include "linux/clsact.h"
#include "linux/counters.h"
#include "linux/host.h"
#include "linux/hwtstamp.h"
#include "linux/link.h"
#include "linux/programs.h"
#include "linux/rxstamp.h"
#include "linux/tcx.h"
#include "ring_read.h"
#include "scale.h"

struct linux_tap {
	struct pl_tap tap; /* first: the handle */
	struct pl_programs programs;
	struct pl_tcx tcx;
	struct pl_clsact clsact;
	struct pl_link link;
	struct pl_clock clock;
	struct ptplens_clock_sample first; /* taken before the programs were loaded */
	int has_first;
	struct pl_hwtstamp hwtstamp;
	struct pl_rxstamp rxstamp;
	int asked; /* a program asked for hardware stamps of its messages */
	struct pl_ring_reader reader;
	int stamping; /* a socket that makes the kernel stamp received frames */
	int attached;
	int program_ahead;
	int lost_hook;
};

static void resolve(struct linux_tap *t, struct ptplens_event *events, size_t n)
{
	const struct ptplens_clock_sample *s = &t->clock.last;
	struct pl_rxstamp_clocks clocks = {
	    .realtime_offset_ns = s->realtime_ns - (int64_t)s->monotonic_ns,
	    .nic_offset_ns = (int64_t)(s->nic_ns - s->monotonic_ns),
	    .has_nic_clock = s->nic_ns != 0,
	};

	pl_rxstamp_resolve(&t->rxstamp, events, n, &clocks);
}

static size_t tap_read(struct pl_tap *tap, struct ptplens_event *out, size_t n)
{
	struct linux_tap *t = (struct linux_tap *)tap;

	n = pl_ring_read(&t->reader, out, n, (uint64_t)pl_host_now(CLOCK_MONOTONIC));
	for (size_t i = 0; i < n; i++)
		if (out[i].direction == PTPLENS_TRANSMIT && out[i].flags & PTPLENS_FLAG_HARDWARE_REQUESTED)
			t->asked = 1;
	resolve(t, out, n);
	return n;
}

static void tap_clocks(struct pl_tap *tap, struct pl_tap_clocks *out)
{
	(void)tap;
	pl_clock_host(out);
}

static int tap_sample(struct pl_tap *tap, struct ptplens_clock_sample *out)
{
	struct linux_tap *t = (struct linux_tap *)tap;

	if (t->has_first) {
		t->has_first = 0;
		*out = t->first;
		return 1;
	}
	return pl_clock_sample(&t->clock, out);
}

static void restore_stamps(struct linux_tap *t)
{
	size_t at = strlen(t->tap.notes);
	char note[512] = "";

	pl_hwtstamp_restore(&t->hwtstamp, t->tap.interface, t->asked, note, sizeof note);
	if (*note)
		snprintf(t->tap.notes + at, sizeof t->tap.notes - at, "%s%s", at ? "\n" : "", note);
}

static void unhook(struct linux_tap *t)
{
	restore_stamps(t);
	if (!t->attached)
		return;
	t->attached = 0;
	if (t->tap.header.hooks & PTPLENS_HOOK_TCX)
		pl_tcx_detach(&t->tcx);
	else
		pl_clsact_detach(&t->clsact);
	pl_programs_detach(&t->programs);
	/* waits for an RCU grace period, and so for programs that are still running */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static void look_at_chain(struct linux_tap *t)
{
	int ahead = 0, missing = 0;

	if (!t->attached)
		return;
	if (t->tap.header.hooks & PTPLENS_HOOK_CLSACT)
		pl_clsact_look(&t->clsact, &ahead, &missing);
	/* what cannot be read stays as it was last seen; under clsact the chain of tcx may not exist */
	if (pl_tcx_look(&t->tcx, &ahead) && (t->tap.header.hooks & PTPLENS_HOOK_TCX))
		return;
	t->program_ahead = ahead;
	t->lost_hook |= missing;
}

static void tap_stats(struct pl_tap *tap, struct pl_tap_stats *out)
{
	struct linux_tap *t = (struct linux_tap *)tap;
	const struct pl_tap_counters *c = t->programs.counters;

	pl_link_read(&t->link);
	if (t->link.gone)
		unhook(t);
	look_at_chain(t);
	*out = (struct pl_tap_stats){
	    .loopback_copies = pl_atomic_load(&c->loopback_copies),
	    .stamps_unseen = pl_atomic_load(&c->stamps_unseen),
	    .below_stack_dropped = t->link.dropped,
	    .backlog = t->link.backlog,
	    .link_events = t->link.events,
	    .program_ahead = (uint32_t)t->program_ahead,
	    .detached = t->link.gone || t->lost_hook,
	};
	pl_ring_account(&t->reader, &out->positions, &out->ring_received, &out->ring_lost, &out->ring_pending);
	for (int i = 0; i < PTPLENS_REJECTS; i++)
		out->rejected_by[i] = pl_atomic_load(&c->rejected_by[i]);
}

static void tap_detach(struct pl_tap *tap)
{
	unhook((struct linux_tap *)tap);
}

static void tap_close(struct pl_tap *tap)
{
	struct linux_tap *t = (struct linux_tap *)tap;

	unhook(t);
	pl_programs_close(&t->programs);
	pl_link_close(&t->link);
	pl_clock_close(&t->clock);
	pl_rxstamp_close(&t->rxstamp);
	if (t->stamping >= 0)
		close(t->stamping);
	free(t);
}

static size_t tap_counters(struct pl_tap *tap, struct ptplens_counter *out, size_t n)
{
	return pl_driver_counters(tap->interface, out, n);
}

static const struct pl_tap_ops ops = {
    .read = tap_read,
    .clocks = tap_clocks,
    .stats = tap_stats,
    .detach = tap_detach,
    .close = tap_close,
    .sample = tap_sample,
    .counters = tap_counters,
};

/* Switches the kernel's receive stamping on for as long as it is open; nothing is ever read from it. */
static int open_stamping(const char *interface, struct pl_error *e)
{
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on)) {
		pl_fail(e, PTPLENS_E_SYSTEM, "%s: cannot switch the kernel's receive stamps on: %s", interface, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int attach(struct linux_tap *t, enum pl_tap_attach how, struct pl_error *e)
{
	const char *interface = t->tap.interface;
	uint32_t ifindex = t->tap.header.ifindex;

	pl_clsact_sweep(t->link.ask, ifindex);
	t->tcx = (struct pl_tcx){.ifindex = ifindex, .links = {-1, -1}};
	if (how != PL_TAP_ATTACH_CLSACT) {
		int error = pl_tcx_attach(&t->tcx, ifindex, t->programs.tc);
		if (!error) {
			t->tap.header.hooks |= PTPLENS_HOOK_TCX;
			return 0;
		}
		if (how == PL_TAP_ATTACH_TCX)
			return pl_fail(e, error == -EPERM ? PTPLENS_E_PERMISSION : PTPLENS_E_UNSUPPORTED, "%s: cannot attach by tcx: %s",
			               interface, strerror(-error));
		/* the programs' ids must not hide them in a chain that they are not in */
		t->tcx.program_ids[0] = t->tcx.program_ids[1] = 0;
	}
	t->tap.header.hooks |= PTPLENS_HOOK_CLSACT;
	return pl_clsact_attach(&t->clsact, t->link.ask, ifindex, t->programs.tc, interface, e);
}

static void look_at_clock(struct linux_tap *t, struct pl_tap_config *config)
{
	struct ptplens_clock_sample *s = &t->first;

	pl_clock_open(&t->clock, t->tap.interface);
	pl_clock_read(&t->clock, s);
	t->has_first = 1;
	t->tap.header.clock_scale = (uint8_t)pl_scale_of(s);
	config->has_nic_clock = s->nic_ns != 0;
	config->nic_offset_ns = s->nic_ns ? (int64_t)(s->nic_ns - s->monotonic_ns) : 0;
}

static int open_into(struct linux_tap *t, const char *interface, uint32_t slots, const struct pl_tap_options *options, struct pl_error *e)
{
	struct pl_tap_config config = {.mask = slots - 1};

	int error = pl_host_identify(interface, &t->tap.header, e);
	if (error)
		return error;
	snprintf(t->tap.interface, sizeof t->tap.interface, "%s", interface);
	config.ifindex = t->tap.header.ifindex;
	config.network = t->tap.header.network;
	if (options->enable_hw)
		pl_hwtstamp_enable(&t->hwtstamp, interface, t->tap.notes, sizeof t->tap.notes);
	pl_host_configure(interface, &config);
	look_at_clock(t, &config);
	error = pl_link_open(&t->link, config.ifindex, interface, e);
	if (error)
		return error;
	t->stamping = open_stamping(interface, e);
	if (t->stamping < 0)
		return e->code;
	if (config.has_nic_clock)
		pl_rxstamp_open(&t->rxstamp, config.ifindex);
	error = pl_programs_open(&t->programs, &config, interface, e);
	if (error)
		return error;
	t->tap.header.hooks = (uint8_t)t->programs.hooks;
	pl_ring_open(&t->reader, t->programs.control, t->programs.slots, 0);
	error = attach(t, options->attach, e);
	if (error)
		return error;
	t->attached = 1;
	t->tap.attach_ns = pl_host_now(CLOCK_MONOTONIC);
	t->tap.header.monotonic_ns = (uint64_t)t->tap.attach_ns;
	t->tap.header.sequence = 1;
	return 0;
}

int pl_tap_linux_open(struct pl_tap **out, const char *interface, const struct pl_tap_options *options, struct pl_error *e)
{
	static const struct pl_tap_options defaults;
	uint32_t slots = options && options->ring_slots ? options->ring_slots : PL_RING_SLOTS;

	if (slots & (slots - 1) || slots < 8 || slots > 1u << 24)
		return pl_fail(e, PTPLENS_E_ARGUMENT, "%s: ring_slots must be a power of two from 8 to 2^24", interface);
	struct linux_tap *t = calloc(1, sizeof *t);
	if (!t)
		return pl_fail(e, PTPLENS_E_MEMORY, "%s: no memory for a tap", interface);
	t->tap.ops = &ops;
	t->stamping = t->link.ask = t->link.listen = t->clock.fd = t->rxstamp.fd = -1;
	int error = open_into(t, interface, slots, options ? options : &defaults, e);
	if (error) {
		tap_close(&t->tap);
		return error;
	}
	*out = &t->tap;
	return 0;
}
