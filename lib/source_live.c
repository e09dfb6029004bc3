/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces under observation, drained every tick. The simulator comes the same way, with its own tap, capture and clock. */
#include "source.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "interface.h"
#include "sim.h"

#define INTERFACES_MAX 64
#define TICK_NS 20000000ll /* 10,000 events/s fill 5 % of a ring in one tick */
#define NS_PER_MS 1000000ll
#define NOTES_BYTES 2048
#define NS_PER_S 1000000000ll

struct live {
	struct pl_source base;
	struct pl_interface *interface[INTERFACES_MAX];
	size_t n;
	int64_t next_tick_ns;
	int simulated; /* time is the simulator's: never wait */
	int stopped;
	char notes[4096];
};

static int64_t monotonic_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void wait_until(int64_t time_ns)
{
	int64_t left = time_ns - monotonic_ns();
	if (left <= 0)
		return;
	struct timespec t = {left / NS_PER_S, left % NS_PER_S};
	nanosleep(&t, NULL); /* a signal ends it early: stop is looked at */
}

static void tick(struct live *l)
{
	if (atomic_load(l->base.stop) && !l->stopped) {
		for (size_t k = 0; k < l->n; k++)
			pl_interface_stop(l->interface[k]);
		l->stopped = 1;
	}
	for (size_t k = 0; k < l->n; k++)
		pl_interface_drain(l->interface[k]);
	l->next_tick_ns = monotonic_ns() + TICK_NS;
}

static size_t collect(struct live *l, struct ptplens_message *out, size_t n)
{
	size_t got = 0;
	for (size_t k = 0; k < l->n; k++)
		while (got < n && pl_interface_next(l->interface[k], &out[got]))
			got++;
	return got;
}

static int all_ended(const struct live *l)
{
	for (size_t k = 0; k < l->n; k++)
		if (!pl_interface_ended(l->interface[k]))
			return 0;
	return 1;
}

/* An interface that went away by itself is no ordinary end. */
static int end(const struct live *l, struct pl_error *error)
{
	for (size_t k = 0; k < l->n && !l->simulated; k++) {
		const struct pl_error *failure = pl_interface_failure(l->interface[k]);
		if (failure->code)
			return pl_fail(error, failure->code, "%s", failure->text);
	}
	return pl_fail(error, PTPLENS_E_END, "the source has ended");
}

static int live_read(struct pl_source *base, struct ptplens_message *out, size_t n, int timeout_ms, size_t *count, struct pl_error *error)
{
	struct live *l = (struct live *)base;
	int64_t deadline = timeout_ms < 0 ? INT64_MAX : monotonic_ns() + timeout_ms * NS_PER_MS;

	for (size_t k = 0; k < l->n; k++)
		pl_interface_release(l->interface[k]);
	for (;;) {
		*count = collect(l, out, n);
		if (*count > 0 || n == 0)
			return 0;
		if (all_ended(l))
			return end(l, error);
		int64_t now = monotonic_ns();
		if (!l->simulated && now < l->next_tick_ns && !(atomic_load(l->base.stop) && !l->stopped)) {
			if (now >= deadline)
				return 0;
			wait_until(l->next_tick_ns < deadline ? l->next_tick_ns : deadline);
			continue;
		}
		tick(l);
	}
}

static size_t live_interfaces(const struct pl_source *base)
{
	return ((const struct live *)base)->n;
}

static void live_interface(const struct pl_source *base, size_t index, struct ptplens_interface *out)
{
	pl_interface_describe(((const struct live *)base)->interface[index], out);
}

static void live_certificate(const struct pl_source *base, size_t index, struct ptplens_certificate *out)
{
	pl_interface_certificate(((const struct live *)base)->interface[index], out);
}

static size_t live_samples(const struct pl_source *base, size_t index, uint64_t *position, struct ptplens_clock_sample *out, size_t n)
{
	return pl_interface_samples(((const struct live *)base)->interface[index], position, out, n);
}

static size_t live_counters(const struct pl_source *base, size_t index, struct ptplens_counter *out, size_t n)
{
	return pl_interface_counters(((const struct live *)base)->interface[index], out, n);
}

static void add_note(struct live *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_note(struct live *l, const char *format, ...)
{
	size_t at = strlen(l->notes);
	va_list arguments;

	if (at && at + 2 < sizeof l->notes)
		l->notes[at++] = '\n';
	va_start(arguments, format);
	vsnprintf(l->notes + at, sizeof l->notes - at, format, arguments);
	va_end(arguments);
}

static const char *live_notes(const struct pl_source *base)
{
	struct live *l = (struct live *)base; /* the notes are made on demand, in memory of its own */

	l->notes[0] = 0;
	for (size_t k = 0; k < l->n; k++) {
		struct ptplens_interface about;
		struct ptplens_certificate c;
		char note[NOTES_BYTES];
		pl_interface_describe(l->interface[k], &about);
		pl_interface_certificate(l->interface[k], &c);
		if (pl_interface_link_events(l->interface[k]))
			add_note(l, "%s: the link was lost %" PRIu64 " times", about.name, pl_interface_link_events(l->interface[k]));
		if (c.stamps_unseen)
			add_note(l,
			         "%s: %" PRIu64 " transmit stamps were reported without their frame, so that nobody can say whose they are",
			         about.name, c.stamps_unseen);
		pl_interface_notes(l->interface[k], note, sizeof note);
		if (*note)
			add_note(l, "%s", note);
	}
	return l->notes;
}

static void live_close(struct pl_source *base)
{
	struct live *l = (struct live *)base;
	for (size_t k = 0; k < l->n; k++)
		pl_interface_close(l->interface[k]);
	free(l);
}

static const struct pl_source_ops operations = {live_read,  live_interfaces, live_interface, live_certificate,
                                                live_notes, live_close,      live_samples,   live_counters};

static struct live *live_new(struct pl_error *error)
{
	struct live *l = calloc(1, sizeof *l);
	if (!l) {
		pl_fail(error, PTPLENS_E_MEMORY, "no memory for the session");
		return NULL;
	}
	l->base.ops = &operations;
	return l;
}

static int add(struct live *l, struct pl_tap *tap, struct pl_capture *capture, struct pl_error *error)
{
	l->interface[l->n] = pl_interface_open(tap, capture, (uint32_t)l->n);
	if (!l->interface[l->n])
		return pl_fail(error, PTPLENS_E_MEMORY, "no memory for interface %zu", l->n);
	l->n++;
	return 0;
}

/* The capture opens first and the tap attaches second, so that every event has its frame. */
static int add_interface(struct live *l, const char *name, const struct ptplens_session_options *options, struct pl_error *error)
{
	struct pl_capture_options capture_options = {options->capture_buffer_bytes, (int)options->promiscuous};
	struct pl_tap_options tap_options = {.ring_slots = options->ring_slots, .enable_hw = (int)options->enable_hw};
	struct pl_capture *capture;
	struct pl_tap *tap;

	if (pl_capture_pcap_open(&capture, name, &capture_options, error))
		return error->code;
	if (pl_tap_linux_open(&tap, name, &tap_options, error)) {
		capture->ops->close(capture);
		return error->code;
	}
	return add(l, tap, capture, error);
}

/* Splits the list in place. Returns how many names there are. */
static int split(char *list, const char *names[INTERFACES_MAX], struct pl_error *error)
{
	char *name;
	int n = 0;

	while ((name = strsep(&list, ","))) {
		if (!*name)
			return pl_fail(error, PTPLENS_E_ARGUMENT, "an empty interface name in the list");
		if (n == INTERFACES_MAX)
			return pl_fail(error, PTPLENS_E_ARGUMENT, "more than %d interfaces", INTERFACES_MAX);
		for (int k = 0; k < n; k++)
			if (!strcmp(names[k], name))
				return pl_fail(error, PTPLENS_E_ARGUMENT, "%s: named twice", name);
		names[n++] = name;
	}
	return n;
}

int pl_source_live_open(struct pl_source **out, const char *interfaces, const struct ptplens_session_options *options,
                        struct pl_error *error)
{
	const char *names[INTERFACES_MAX];
	struct live *l = live_new(error);
	char *list = strdup(interfaces);
	int n = l && list ? split(list, names, error) : pl_fail(error, PTPLENS_E_MEMORY, "no memory for the session");
	int failed = n < 0 ? n : 0;

	for (int k = 0; k < n && !failed; k++)
		failed = add_interface(l, names[k], options, error);
	free(list);
	if (failed) {
		if (l)
			live_close(&l->base);
		return failed;
	}
	*out = &l->base;
	return 0;
}

int pl_source_simulated_open(struct pl_source **out, const char *scenario, const struct ptplens_session_options *options,
                             struct pl_error *error)
{
	struct pl_tap *tap;
	struct pl_capture *capture;
	struct live *l = live_new(error);

	if (!l)
		return error->code;
	l->simulated = 1;
	if (pl_sim_open(scenario, options->ring_slots, &tap, &capture, error) || add(l, tap, capture, error)) {
		live_close(&l->base);
		return error->code;
	}
	*out = &l->base;
	return 0;
}
