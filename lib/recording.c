/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages into a pcapng. doc/recording-format.md says what stands where.
 *
 * The last packet block of each interface is held open for at most a second, so that what comes after its frame can still ride on it.
 * Messages without a frame wait in a queue: they ride on the next packet block of their interface, in front of its frame, or behind the
 * frame of the held one, or go into a statistics block. In each case the file has them in the order in which they came. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "block_file.h"
#include "message.h"
#include "options.h"
#include "record.h"
#include <ptplens/ptplens.h>

#define NS_PER_S 1000000000ll
#define HOLD_NS NS_PER_S
#define CERTIFICATE_NS NS_PER_S
#define CERTIFICATE_FRAMES 1000
#define RIDERS_MAX 64
#define SAMPLES_MAX 16 /* they are in no hurry: so many wait for a packet block before they go into a statistics block */

struct interface {
	struct ptplens_interface about;
	uint32_t index;
	struct pl_pcapng_writer held;
	int is_held;
	int64_t held_ns; /* when it was begun */
	unsigned riders; /* on it */
	struct ptplens_message queue[RIDERS_MAX];
	unsigned queued;
	int64_t queued_ns; /* since when */
	struct ptplens_clock_sample samples[SAMPLES_MAX];
	unsigned sampled;
	uint64_t sample_position; /* in the session */
	struct pl_tally tally;
	int64_t certified_ns;
	uint64_t certified_frames;
};

struct ptplens_recording {
	struct ptplens_session *session;
	struct ptplens_recording_options options;
	struct pl_block_file file;
	char *path;
	struct interface *interfaces;
	size_t n;
	int open;
	int failure; /* sticky: nothing can be written any more */
	struct pl_error error;
};

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void put_comment(const struct ptplens_recording *r, struct pl_pcapng_writer *w, const char *text)
{
	if (!r->options.no_comment)
		pl_pcapng_option_text(w, PL_OPTION_COMMENT, text);
}

static void put_message(const struct ptplens_recording *r, struct interface *i, struct pl_pcapng_writer *w, const struct ptplens_message *m,
                        unsigned after)
{
	char comment[PL_COMMENT_BYTES];

	pl_comment_message(comment, m, i->about.header.clock_scale);
	put_comment(r, w, comment);
	pl_record_message(w, m, after);
}

static void put_rider(const struct ptplens_recording *r, struct interface *i, const struct ptplens_message *m, unsigned after)
{
	put_message(r, i, &i->held, m, after);
	i->riders++;
	i->tally.events++;
}

/* All that wait, onto the open block. */
static void put_samples(const struct ptplens_recording *r, struct interface *i)
{
	char comment[PL_COMMENT_BYTES];

	for (unsigned k = 0; k < i->sampled; k++) {
		pl_comment_sample(comment, &i->samples[k]);
		put_comment(r, &i->held, comment);
		pl_record_sample(&i->held, &i->samples[k]);
	}
	i->riders += i->sampled;
	i->tally.samples += i->sampled;
	i->sampled = 0;
}

static void put_certificate(const struct ptplens_recording *r, struct interface *i, const struct pl_tally *tally)
{
	struct ptplens_certificate c;
	struct ptplens_interface now;
	char comment[PL_COMMENT_BYTES];

	if (ptplens_session_certificate(r->session, i->index, &c) || ptplens_session_interface(r->session, i->index, &now))
		return;
	pl_comment_certificate(comment, &c, (int)now.certificate_verdict);
	put_comment(r, &i->held, comment);
	pl_record_certificate(&i->held, &c, (int)now.certificate_verdict);
	pl_record_tally(&i->held, tally);
}

static int end_block(struct ptplens_recording *r, struct interface *i)
{
	int failed = pl_pcapng_end(&i->held);

	i->is_held = 0;
	i->riders = 0;
	if (failed)
		return pl_fail(&r->error, failed, "%s: a block of more than %u bytes", r->path, PL_BLOCK_FILE_BLOCK_MAX);
	failed = pl_block_file_add(&r->file, i->held.bytes, i->held.length, i->held_ns, &r->error);
	i->held.length = 0;
	return failed;
}

static void forget_queue(struct interface *i, unsigned taken)
{
	i->queued -= taken;
	memmove(i->queue, i->queue + taken, i->queued * sizeof *i->queue);
}

/* As much of the queue as fits goes onto the held block, behind its frame. */
static void ride_behind(const struct ptplens_recording *r, struct interface *i)
{
	unsigned k = 0;

	while (i->is_held && k < i->queued && i->riders < RIDERS_MAX)
		put_rider(r, i, &i->queue[k++], PL_RECORD_AFTER);
	forget_queue(i, k);
}

/* What follows the held block in the file must come after it. */
static int begin_statistics(struct ptplens_recording *r, struct interface *i)
{
	struct ptplens_certificate c = {0};
	int failed = i->is_held ? end_block(r, i) : 0;

	if (failed)
		return failed;
	ptplens_session_certificate(r->session, i->index, &c);
	i->held_ns = clock_ns(CLOCK_MONOTONIC);
	pl_pcapng_statistics(&i->held, i->index, clock_ns(CLOCK_REALTIME));
	pl_pcapng_option_u64(&i->held, PL_STATISTICS_RECEIVED, c.captured + c.capture_dropped);
	pl_pcapng_option_u64(&i->held, PL_STATISTICS_DROPPED, c.capture_dropped);
	pl_pcapng_option_u64(&i->held, PL_STATISTICS_DELIVERED, c.captured);
	for (unsigned k = 0; k < i->queued; k++)
		put_rider(r, i, &i->queue[k], 0);
	i->tally.adrift += i->queued;
	i->queued = 0;
	put_samples(r, i);
	return 0;
}

static int empty_queue(struct ptplens_recording *r, struct interface *i)
{
	ride_behind(r, i);
	if (i->queued == 0)
		return 0;
	int failed = begin_statistics(r, i);
	return failed ? failed : end_block(r, i);
}

static int write_event(struct ptplens_recording *r, struct interface *i, const struct ptplens_message *m, int64_t now_ns)
{
	int failed = i->queued == RIDERS_MAX ? empty_queue(r, i) : 0;

	if (failed)
		return failed;
	if (i->queued == 0)
		i->queued_ns = now_ns;
	i->queue[i->queued++] = *m;
	return 0;
}

static void put_frame(const struct ptplens_recording *r, struct interface *i, const struct ptplens_message *m)
{
	/* a time that the block cannot say stands in a record */
	int64_t time_ns = m->host_ns < 0 ? 0 : m->host_ns;

	pl_pcapng_packet(&i->held, i->index, time_ns, m->frame, m->captured_length, m->wire_length);
	pl_pcapng_option_u32(&i->held, PL_PACKET_FLAGS, m->direction == PTPLENS_TRANSMIT ? PL_PACKET_OUTBOUND : PL_PACKET_INBOUND);
	pl_pcapng_option_u64(&i->held, PL_PACKET_ID, m->packet_id);
	if (m->has_event && m->event.queue_id != PTPLENS_QUEUE_UNKNOWN)
		pl_pcapng_option_u32(&i->held, PL_PACKET_QUEUE, m->event.queue_id);
	put_message(r, i, &i->held, m, 0);
}

static int write_frame(struct ptplens_recording *r, struct interface *i, const struct ptplens_message *m, int64_t now_ns)
{
	int failed = i->is_held ? end_block(r, i) : 0;

	if (failed)
		return failed;
	put_frame(r, i, m);
	for (unsigned k = 0; k < i->queued; k++)
		put_rider(r, i, &i->queue[k], 0);
	i->queued = 0;
	put_samples(r, i);
	i->tally.frames++;
	if (now_ns - i->certified_ns >= CERTIFICATE_NS || i->tally.frames - i->certified_frames >= CERTIFICATE_FRAMES) {
		i->tally.certificates++;
		put_certificate(r, i, &i->tally);
		i->certified_ns = now_ns;
		i->certified_frames = i->tally.frames;
	}
	i->is_held = 1;
	i->held_ns = now_ns;
	return 0;
}

/* Onto the held block if it has room, so that rewriters keep them. */
static int empty_samples(struct ptplens_recording *r, struct interface *i)
{
	if (i->is_held && i->riders + SAMPLES_MAX <= RIDERS_MAX) {
		put_samples(r, i);
		return 0;
	}
	int failed = begin_statistics(r, i);
	return failed ? failed : end_block(r, i);
}

/* Those that came since the last time. */
static int take_samples(struct ptplens_recording *r, struct interface *i)
{
	size_t n = 0;
	int failed = 0;

	do {
		if (i->sampled == SAMPLES_MAX)
			failed = empty_samples(r, i);
		if (failed || ptplens_session_samples(r->session, i->index, &i->sample_position, i->samples + i->sampled,
		                                      SAMPLES_MAX - i->sampled, &n))
			return failed;
		i->sampled += (unsigned)n;
	} while (n);
	return 0;
}

static int tick(struct ptplens_recording *r, int64_t now_ns)
{
	int failed = 0;

	for (size_t k = 0; k < r->n && !failed; k++) {
		struct interface *i = &r->interfaces[k];
		failed = take_samples(r, i);
		if (failed)
			break;
		if (i->is_held && now_ns - i->held_ns >= HOLD_NS) {
			ride_behind(r, i);
			failed = end_block(r, i);
		} else if (i->queued && now_ns - i->queued_ns >= HOLD_NS) {
			failed = empty_queue(r, i);
		}
	}
	return failed ? failed : pl_block_file_tick(&r->file, now_ns, &r->error);
}

/* The counts of all of it, in the last packet block and again in the statistics block that rewriters drop. */
static int close_interface(struct ptplens_recording *r, struct interface *i)
{
	int failed = take_samples(r, i);
	if (failed)
		return failed;
	ride_behind(r, i);
	if (i->is_held)
		put_samples(r, i);
	struct pl_tally closing = i->tally;
	closing.closing = 1;
	closing.events += i->queued;
	closing.adrift += i->queued;
	closing.samples += i->sampled;
	closing.certificates += i->is_held ? 2 : 1;
	if (i->is_held)
		put_certificate(r, i, &closing);
	failed = begin_statistics(r, i);
	if (failed)
		return failed;
	put_certificate(r, i, &closing);
	return end_block(r, i);
}

static int write_interface_block(struct ptplens_recording *r, struct interface *i, const uint8_t *id)
{
	struct pl_recorded_interface recorded = {.header = i->about.header, .mode = i->about.mode};
	const struct ptplens_stream_header *h = &i->about.header;
	static const uint8_t no_mac[6];
	static const uint8_t nanoseconds = 9;
	char description[96];
	int at = snprintf(description, sizeof description, "ptplens recording ");

	for (int k = 0; k < PL_RECORDING_ID_BYTES; k++)
		at += snprintf(description + at, sizeof description - (size_t)at, "%02x", id[k]);
	snprintf(description + at, sizeof description - (size_t)at, " if %u", h->ifindex);
	memcpy(recorded.id, id, PL_RECORDING_ID_BYTES);
	pl_pcapng_interface(&i->held);
	pl_pcapng_option_text(&i->held, PL_INTERFACE_NAME, i->about.name);
	pl_pcapng_option_text(&i->held, PL_INTERFACE_DESCRIPTION, description);
	if (memcmp(h->mac, no_mac, sizeof no_mac) != 0)
		pl_pcapng_option(&i->held, PL_INTERFACE_MAC, h->mac, sizeof h->mac);
	pl_pcapng_option(&i->held, PL_INTERFACE_RESOLUTION, &nanoseconds, 1);
	pl_record_interface(&i->held, &recorded);
	return end_block(r, i);
}

static int write_section_block(struct ptplens_recording *r, const struct pl_recording_start *start)
{
	struct interface *i = &r->interfaces[0];
	char application[64];

	snprintf(application, sizeof application, "ptplens %s", ptplens_version());
	pl_pcapng_section(&i->held);
	pl_pcapng_option_text(&i->held, PL_SECTION_APPLICATION, application);
	pl_record_recording(&i->held, start);
	return end_block(r, i);
}

static int write_head(struct ptplens_recording *r)
{
	struct pl_recording_start start = {
	    .realtime_ns = clock_ns(CLOCK_REALTIME), .monotonic_ns = clock_ns(CLOCK_MONOTONIC), .mode = r->interfaces[0].about.mode};

	if (getrandom(start.id, sizeof start.id, 0) != (ssize_t)sizeof start.id)
		return pl_fail(&r->error, PTPLENS_E_SYSTEM, "%s: no random number for its id", r->path);
	int failed = write_section_block(r, &start);
	for (size_t k = 0; k < r->n && !failed; k++) {
		r->interfaces[k].certified_ns = start.monotonic_ns;
		failed = write_interface_block(r, &r->interfaces[k], start.id);
	}
	return failed ? failed : tick(r, start.monotonic_ns);
}

static int open_interfaces(struct ptplens_recording *r)
{
	r->n = ptplens_session_interfaces(r->session);
	if (r->n == 0)
		return pl_fail(&r->error, PTPLENS_E_STATE, "%s: a session without an interface cannot be recorded", r->path);
	r->interfaces = calloc(r->n, sizeof *r->interfaces);
	if (!r->interfaces)
		return pl_fail(&r->error, PTPLENS_E_MEMORY, "%s: out of memory", r->path);
	for (size_t k = 0; k < r->n; k++) {
		struct interface *i = &r->interfaces[k];
		i->index = (uint32_t)k;
		i->held = (struct pl_pcapng_writer){.bytes = malloc(PL_BLOCK_FILE_BLOCK_MAX), .capacity = PL_BLOCK_FILE_BLOCK_MAX};
		if (!i->held.bytes)
			return pl_fail(&r->error, PTPLENS_E_MEMORY, "%s: out of memory", r->path);
		int failed = ptplens_session_interface(r->session, k, &i->about);
		if (failed)
			return pl_fail(&r->error, failed, "%s: interface %zu is not known", r->path, k);
	}
	return 0;
}

struct ptplens_recording *ptplens_recording_new(void)
{
	struct ptplens_recording *r = calloc(1, sizeof *r);
	if (r)
		r->file.fd = -1;
	return r;
}

int ptplens_recording_open(struct ptplens_recording *r, const char *path, struct ptplens_session *session,
                           const struct ptplens_recording_options *options)
{
	if (r->path)
		return pl_fail(&r->error, PTPLENS_E_STATE, "%s is open already", r->path);
	if (pl_options_copy(&r->options, sizeof r->options, options))
		return pl_fail(&r->error, PTPLENS_E_ARGUMENT, "recording options that this version does not know");
	r->session = session;
	r->path = strdup(path);
	if (!r->path)
		return pl_fail(&r->error, PTPLENS_E_MEMORY, "%s: out of memory", path);
	int failed = open_interfaces(r);
	if (!failed)
		failed = pl_block_file_open(&r->file, r->path, r->options.overwrite != 0, &r->error);
	if (!failed)
		failed = write_head(r);
	r->open = !failed;
	return failed;
}

/* What a reader could not give back is not written. */
static int check_message(struct ptplens_recording *r, const struct ptplens_message *m)
{
	int events_fit = (!m->has_event || m->event.kind == PTPLENS_KIND_FRAME) && (!m->has_stamp || m->stamp.kind == PTPLENS_KIND_STAMP);

	if (m->interface_index >= r->n)
		return pl_fail(&r->error, PTPLENS_E_UNSUPPORTED,
		               "%s: the source has an interface that was not there when the recording began; it cannot be recorded",
		               r->path);
	if (m->verdict < PTPLENS_MATCHED || m->verdict > PTPLENS_TRUNCATED || m->cause >= PTPLENS_CAUSES ||
	    m->stamp_state >= PTPLENS_STAMP_STATES || (!m->frame && !m->has_event && !m->has_stamp) || !events_fit ||
	    (m->frame && m->captured_length > PL_PCAPNG_SNAP_LENGTH))
		return pl_fail(&r->error, PTPLENS_E_ARGUMENT, "%s: not a message of this session", r->path);
	return 0;
}

static int check_state(struct ptplens_recording *r)
{
	if (r->failure)
		return r->failure;
	return r->open ? 0 : pl_fail(&r->error, PTPLENS_E_STATE, "the recording is not open");
}

static int write_message(struct ptplens_recording *r, const struct ptplens_message *m, int64_t now_ns)
{
	struct interface *i = &r->interfaces[m->interface_index];
	return m->frame ? write_frame(r, i, m, now_ns) : write_event(r, i, m, now_ns);
}

int ptplens_recording_write(struct ptplens_recording *r, const struct ptplens_message *messages, size_t n)
{
	int failed = check_state(r);

	if (failed)
		return failed;
	int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	for (size_t k = 0; k < n; k++) {
		failed = check_message(r, &messages[k]);
		if (failed)
			return failed;
		r->failure = write_message(r, &messages[k], now_ns);
		if (r->failure)
			return r->failure;
	}
	return r->failure = tick(r, now_ns);
}

int ptplens_recording_flush(struct ptplens_recording *r)
{
	int failed = check_state(r);
	return failed ? failed : (r->failure = tick(r, clock_ns(CLOCK_MONOTONIC)));
}

int ptplens_recording_finish(struct ptplens_recording *r)
{
	int failed = check_state(r);

	for (size_t k = 0; k < r->n && !failed; k++)
		failed = close_interface(r, &r->interfaces[k]);
	if (!failed)
		failed = pl_block_file_finish(&r->file, &r->error);
	r->open = 0;
	return failed;
}

const char *ptplens_recording_errmsg(const struct ptplens_recording *r)
{
	return r->error.text;
}

void ptplens_recording_close(struct ptplens_recording *r)
{
	if (!r)
		return;
	pl_block_file_close(&r->file);
	for (size_t k = 0; k < r->n && r->interfaces; k++)
		free(r->interfaces[k].held.bytes);
	free(r->interfaces);
	free(r->path);
	free(r);
}
