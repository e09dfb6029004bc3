/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of a pcapng: those of a recording as they were recorded, not joined again; frames of others as frame-only.
 *
 * Blocks are parsed in the buffer, and frames are borrowed from it: it is refilled only by a read that has given nothing out yet. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record.h"
#include "samples.h"

#define BUFFER_BYTES (256u << 10)
#define SAMPLES_A_READ (PL_SAMPLES_HELD / 2) /* so that none is gone before it can be asked for; a block of ours has 16 at most */
#define POLL_MS 50                           /* how often stop is looked at */

enum phase { BEFORE, FRAME, AFTER }; /* which messages of the block come next */

struct file_interface {
	struct ptplens_interface about;
	struct ptplens_certificate certificate;
	struct pl_samples samples;
	int has_certificate;
	int recorded;         /* it has records of ours */
	struct pl_tally seen; /* closing: has a closing tally */
	struct pl_tally told; /* the closing tally */
	struct pl_tally gap;  /* the last running tally, less what was seen until then */
	int has_tally;
	uint64_t packets;
	uint64_t foreign; /* frames without a record */
	uint64_t no_direction;
};

struct file {
	struct pl_source base;
	char *path;
	int fd;
	uint8_t *buffer;
	size_t capacity, start, end;
	int at_end;
	struct pl_pcapng_reader reader;
	struct pl_pcapng_block block;
	int has_block;
	enum phase phase;
	size_t cursor; /* of the block's options */
	struct file_interface *interfaces;
	size_t n;
	uint64_t not_understood;
	unsigned samples;     /* since this read began */
	struct pl_error last; /* why nothing more comes; code 0: something may */
	char notes[4096];
};

static void __attribute__((format(printf, 2, 3))) add_note(struct file *f, const char *format, ...)
{
	size_t length = strlen(f->notes);
	va_list arguments;

	if (length && length + 1 < sizeof f->notes)
		f->notes[length++] = '\n';
	va_start(arguments, format);
	vsnprintf(f->notes + length, sizeof f->notes - length, format, arguments);
	va_end(arguments);
}

static void note_missing(struct file *f, const char *name, const char *what, uint64_t told, uint64_t seen)
{
	if (told > seen)
		add_note(f, "%s: %" PRIu64 " %s of those recorded are not in the file", name, told - seen, what);
	else if (seen > told)
		add_note(f, "%s: %" PRIu64 " %s more than were recorded", name, seen - told, what);
}

static void note_interface(struct file *f, const struct file_interface *i)
{
	const char *name = i->about.name;
	struct pl_tally nothing = {0};
	char clocks[1024];
	/* without a closing tally only what went missing before the last running one can be told; a gap is told - seen */
	const struct pl_tally *told = i->seen.closing ? &i->told : &i->gap, *seen = i->seen.closing ? &i->seen : &nothing;

	if (i->foreign)
		add_note(f, "%s: %" PRIu64 " frames without a record of their events", name, i->foreign);
	if (i->no_direction)
		add_note(f, "%s: %" PRIu64 " frames do not tell their direction and are shown as received", name, i->no_direction);
	pl_samples_notes(&i->samples, name, clocks, sizeof clocks);
	if (*clocks)
		add_note(f, "%s", clocks);
	if (!i->recorded)
		return;
	if (!i->seen.closing)
		add_note(f, "%s: the end of the recording is missing: it was not finished, or its last blocks were taken away", name);
	if (!i->has_certificate)
		add_note(f, "%s: no certificate", name);
	else if (!i->certificate.final)
		add_note(f, "%s: no final certificate: the last running one is shown", name);
	note_missing(f, name, "frames", told->frames, seen->frames);
	note_missing(f, name, "messages without a frame", told->events, seen->events);
	note_missing(f, name, "clock samples", told->samples, seen->samples);
	note_missing(f, name, "certificates", told->certificates, seen->certificates);
}

/* Nothing more comes. The sentence of an error names the file. */
static void finish(struct file *f, int code, const char *sentence)
{
	pl_fail(&f->last, code, "%s: %s", f->path, sentence);
	for (size_t k = 0; k < f->n; k++)
		note_interface(f, &f->interfaces[k]);
	if (f->not_understood)
		add_note(f, "%" PRIu64 " records or options are not understood", f->not_understood);
	if (f->reader.skipped)
		add_note(f, "%" PRIu64 " blocks that are neither packets nor statistics", f->reader.skipped);
}

static void finish_cut(struct file *f)
{
	size_t left = f->end - f->start;
	char text[200];

	if (f->reader.offset + left == 0) {
		finish(f, PTPLENS_E_FORMAT, "the file is empty");
		return;
	}
	if (left == 0) {
		finish(f, PTPLENS_E_END, "the end");
		return;
	}
	snprintf(text, sizeof text, "cut inside block %" PRIu64 " at offset %" PRIu64 ": %zu bytes are left", f->reader.blocks + 1,
	         f->reader.offset, left);
	finish(f, PTPLENS_E_TRUNCATED, text);
}

static const char *foreign_format(const uint8_t *b)
{
	static const struct {
		uint8_t magic[4];
		size_t bytes;
		const char *what;
	} formats[] = {
	    {{0xa1, 0xb2, 0xc3, 0xd4}, 4, "a pcap file"}, {{0xd4, 0xc3, 0xb2, 0xa1}, 4, "a pcap file"},
	    {{0xa1, 0xb2, 0x3c, 0x4d}, 4, "a pcap file"}, {{0x4d, 0x3c, 0xb2, 0xa1}, 4, "a pcap file"},
	    {{0x28, 0xb5, 0x2f, 0xfd}, 4, "a zstd file"}, {{0x1f, 0x8b, 0x08}, 3, "a gzip file"},
	};
	for (size_t k = 0; k < sizeof formats / sizeof formats[0]; k++)
		if (memcmp(b, formats[k].magic, formats[k].bytes) == 0)
			return formats[k].what;
	return NULL;
}

/* A disk that lost power, or a file that was made larger in advance, ends in zeros. */
static int is_zero_tail(struct file *f)
{
	for (size_t k = f->start; k < f->end; k++)
		if (f->buffer[k])
			return 0;
	return f->end - f->start >= 8 && f->reader.in_section;
}

static void finish_damaged(struct file *f, const struct pl_error *why)
{
	const char *foreign = f->reader.in_section ? NULL : foreign_format(f->buffer + f->start);
	char text[200];

	if (foreign) {
		snprintf(text, sizeof text, "%s, which is not supported: block 1 at offset 0 is no pcapng section header", foreign);
		finish(f, PTPLENS_E_FORMAT, text);
	} else if (is_zero_tail(f)) {
		snprintf(text, sizeof text, "zero bytes instead of block %" PRIu64 " at offset %" PRIu64, f->reader.blocks + 1,
		         f->reader.offset);
		finish(f, PTPLENS_E_TRUNCATED, text);
	} else {
		finish(f, why->code, why->text);
	}
}

static int add_interface(struct file *f)
{
	struct file_interface *i;
	struct pl_pcapng_option o;
	struct pl_record r;

	i = realloc(f->interfaces, (f->n + 1) * sizeof *i);
	if (!i)
		return PTPLENS_E_MEMORY;
	f->interfaces = i;
	i += f->n;
	*i = (struct file_interface){.about = {.mode = PTPLENS_MODE_FILE, .certificate_verdict = PTPLENS_NO_VERDICT}};
	if (pl_samples_open(&i->samples))
		return PTPLENS_E_MEMORY;
	if (!pl_pcapng_find_text(&f->block, PL_INTERFACE_NAME, i->about.name, sizeof i->about.name))
		snprintf(i->about.name, sizeof i->about.name, "if%zu", f->n);
	for (size_t cursor = 0; pl_pcapng_next_option(&f->block, &cursor, &o) > 0;) {
		struct pl_recorded_interface recorded;
		if (pl_record_read(&f->block, &o, &r) != 1 || r.kind != PL_RECORD_INTERFACE)
			continue;
		pl_record_get_interface(&r, &recorded);
		i->about.header = recorded.header;
		memcpy(i->about.recording_id, recorded.id, sizeof recorded.id);
		i->recorded = 1;
	}
	f->n++;
	return 0;
}

/* The next record of the block, from *cursor on. */
static int next_record(const struct file *f, size_t *cursor, struct pl_record *r)
{
	struct pl_pcapng_option o;

	while (pl_pcapng_next_option(&f->block, cursor, &o) > 0)
		if (pl_record_read(&f->block, &o, r) == 1)
			return 1;
	return 0;
}

static void count_not_understood(struct file *f)
{
	struct pl_pcapng_option o;
	struct pl_record r;
	size_t cursor = 0;
	int more;

	while ((more = pl_pcapng_next_option(&f->block, &cursor, &o)) > 0)
		f->not_understood += pl_record_read(&f->block, &o, &r) < 0;
	f->not_understood += more < 0;
}

/* Takes the next block out of the buffer. 0: it is not there yet. */
static int take_block(struct file *f)
{
	struct pl_error why;
	size_t need;

	int got = pl_pcapng_next(&f->reader, f->buffer + f->start, f->end - f->start, &f->block, &need, &why);
	if (got < 0)
		finish_damaged(f, &why);
	if (got <= 0)
		return got;
	f->start += f->block.length;
	f->has_block = 1;
	f->phase = BEFORE;
	f->cursor = 0;
	count_not_understood(f);
	if (f->block.type == PL_PCAPNG_INTERFACE && add_interface(f)) {
		finish(f, PTPLENS_E_MEMORY, "out of memory");
		return PTPLENS_E_MEMORY;
	}
	return 1;
}

/* Reads more behind what is there. The buffer grows only when it is full of one block, so no length in a file makes it grow. */
static void fill(struct file *f)
{
	memmove(f->buffer, f->buffer + f->start, f->end - f->start);
	f->end -= f->start;
	f->start = 0;
	if (f->end == f->capacity) {
		uint8_t *larger = realloc(f->buffer, f->capacity * 2);
		if (!larger) {
			finish(f, PTPLENS_E_MEMORY, "out of memory");
			return;
		}
		f->buffer = larger;
		f->capacity *= 2;
	}
	ssize_t n = read(f->fd, f->buffer + f->end, f->capacity - f->end);
	if (n > 0)
		f->end += (size_t)n;
	else if (n == 0)
		finish_cut(f);
	else if (errno == EISDIR)
		finish(f, PTPLENS_E_ARGUMENT, "is a directory");
	else if (errno != EINTR && errno != EAGAIN)
		finish(f, PTPLENS_E_IO, strerror(errno));
}

/* The next message without a frame of the block, with all its records. */
static int next_alone(struct file *f, unsigned flags, unsigned mask, struct ptplens_message *m)
{
	struct pl_record r;

	while (next_record(f, &f->cursor, &r)) {
		if (r.kind != PL_RECORD_ALONE || (r.flags & mask) != flags)
			continue;
		pl_message_begin(m);
		m->interface_index = f->block.interface;
		do {
			f->not_understood += pl_message_add(m, &r) != 0;
			size_t ahead = f->cursor;
			if (!next_record(f, &ahead, &r) || !(r.flags & PL_RECORD_CONTINUES))
				break;
			f->cursor = ahead;
		} while (r.kind == PL_RECORD_ALONE || r.kind == PL_RECORD_TIMES);
		pl_message_complete(m);
		f->interfaces[m->interface_index].seen.events++;
		return 1;
	}
	f->cursor = 0;
	return 0;
}

static void give_frame(struct file *f, struct ptplens_message *m)
{
	struct file_interface *i = &f->interfaces[f->block.interface];
	uint32_t flags = 0;
	struct pl_record r;

	pl_message_begin(m);
	m->interface_index = f->block.interface;
	m->host_ns = f->block.time_ns;
	m->frame = f->block.data;
	m->captured_length = f->block.captured;
	m->wire_length = f->block.wire;
	m->packet_id = ++i->packets;
	if (!pl_pcapng_find_u32(&f->block, PL_PACKET_FLAGS, &flags) || !(flags & 3))
		i->no_direction++;
	m->direction = (flags & 3) == PL_PACKET_OUTBOUND ? PTPLENS_TRANSMIT : PTPLENS_RECEIVE;
	for (size_t cursor = 0; next_record(f, &cursor, &r);)
		if (r.kind == PL_RECORD_FRAME || r.kind == PL_RECORD_EVENT ||
		    (r.kind == PL_RECORD_TIMES && !(r.flags & PL_RECORD_CONTINUES)))
			f->not_understood += pl_message_add(m, &r) != 0;
	if (m->verdict) {
		i->recorded = 1;
		i->seen.frames++;
		pl_pcapng_find_u64(&f->block, PL_PACKET_ID, &m->packet_id);
	} else {
		i->foreign++;
	}
	pl_message_complete(m);
}

static void take_certificate(struct file_interface *i, const struct pl_record *r)
{
	struct ptplens_certificate c;

	i->seen.certificates++;
	i->recorded = 1;
	pl_record_get_certificate(r, &c);
	if (i->has_certificate && i->certificate.final && !c.final)
		return;
	i->certificate = c;
	i->has_certificate = 1;
	i->about.certificate_verdict = r->verdict;
}

static void take_tally(struct file_interface *i, const struct pl_record *r)
{
	struct pl_tally t;

	pl_record_get_tally(r, &t);
	i->recorded = 1;
	if (t.closing) {
		i->told = t;
		i->seen.closing = 1;
		return;
	}
	i->gap.frames = t.frames > i->seen.frames ? t.frames - i->seen.frames : 0;
	i->gap.events = t.events > i->seen.events ? t.events - i->seen.events : 0;
	i->gap.samples = t.samples > i->seen.samples ? t.samples - i->seen.samples : 0;
	i->gap.certificates = t.certificates > i->seen.certificates ? t.certificates - i->seen.certificates : 0;
}

static void take_sample(struct file *f, struct file_interface *i, const struct pl_record *r)
{
	struct ptplens_clock_sample s;

	pl_record_get_sample(r, &s);
	i->seen.samples++;
	i->recorded = 1;
	pl_samples_add(&i->samples, &s);
	f->samples++;
}

/* What the block says of the recording itself, once the messages that it counts are given out. */
static void take_counts(struct file *f)
{
	struct file_interface *i = &f->interfaces[f->block.interface];
	struct pl_record r;

	for (size_t cursor = 0; next_record(f, &cursor, &r);) {
		if (r.kind == PL_RECORD_CERTIFICATE)
			take_certificate(i, &r);
		else if (r.kind == PL_RECORD_TALLY)
			take_tally(i, &r);
		else if (r.kind == PL_RECORD_CLOCK)
			take_sample(f, i, &r);
	}
}

/* 1: *m is the next message of the block; 0: it has no more. */
static int next_of_block(struct file *f, struct ptplens_message *m)
{
	int is_packet = f->block.type == PL_PCAPNG_PACKET;

	if (!is_packet && (f->block.type != PL_PCAPNG_STATISTICS || f->block.interface == UINT32_MAX))
		return 0;
	if (f->phase == BEFORE) {
		if (next_alone(f, 0, is_packet ? PL_RECORD_AFTER | PL_RECORD_CONTINUES : PL_RECORD_CONTINUES, m))
			return 1;
		if (!is_packet) {
			take_counts(f);
			return 0;
		}
		f->phase = FRAME;
	}
	if (f->phase == FRAME) {
		give_frame(f, m);
		take_counts(f);
		f->phase = AFTER;
		return 1;
	}
	return next_alone(f, PL_RECORD_AFTER, PL_RECORD_AFTER | PL_RECORD_CONTINUES, m);
}

/* Waits for bytes of a pipe or terminal; 0: none came in time, or the session was stopped. */
static int wait_for_bytes(struct file *f, int timeout_ms)
{
	struct pollfd ready = {.fd = f->fd, .events = POLLIN};
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t start_ms = t.tv_sec * 1000 + t.tv_nsec / 1000000, left = timeout_ms;
	for (;;) {
		int64_t slice = left < 0 || left > POLL_MS ? POLL_MS : left;
		if (poll(&ready, 1, (int)slice) > 0)
			return 1;
		if (atomic_load(f->base.stop))
			return 0;
		clock_gettime(CLOCK_MONOTONIC, &t);
		if (timeout_ms >= 0) {
			left = start_ms + timeout_ms - (t.tv_sec * 1000 + t.tv_nsec / 1000000);
			if (left <= 0)
				return 0;
		}
	}
}

static int file_read(struct pl_source *source, struct ptplens_message *out, size_t n, int timeout_ms, size_t *count, struct pl_error *e)
{
	struct file *f = (struct file *)source;
	size_t got = 0;

	f->samples = 0;
	while (got < n && !f->last.code) {
		if (f->has_block && next_of_block(f, &out[got])) {
			got++;
			continue;
		}
		f->has_block = 0;
		if (f->samples >= SAMPLES_A_READ)
			break;
		if (atomic_load(f->base.stop))
			pl_fail(&f->last, PTPLENS_E_END, "%s: stopped before its end", f->path);
		else if (take_block(f) == 0) {
			if (got)
				break;
			if (!wait_for_bytes(f, timeout_ms) && !atomic_load(f->base.stop)) {
				*count = 0;
				return 0;
			}
			fill(f);
		}
	}
	if (got == 0 && f->last.code && n > 0) {
		*e = f->last;
		return f->last.code;
	}
	*count = got;
	return 0;
}

static size_t file_interfaces(const struct pl_source *source)
{
	return ((const struct file *)source)->n;
}

static void file_interface(const struct pl_source *source, size_t index, struct ptplens_interface *out)
{
	*out = ((const struct file *)source)->interfaces[index].about;
}

static void file_certificate(const struct pl_source *source, size_t index, struct ptplens_certificate *out)
{
	*out = ((const struct file *)source)->interfaces[index].certificate;
}

static size_t file_samples(const struct pl_source *source, size_t index, uint64_t *position, struct ptplens_clock_sample *out, size_t n)
{
	return pl_samples_get(&((const struct file *)source)->interfaces[index].samples, position, out, n);
}

static const char *file_notes(const struct pl_source *source)
{
	return ((const struct file *)source)->notes;
}

static void file_close(struct pl_source *source)
{
	struct file *f = (struct file *)source;

	if (f->fd >= 0)
		close(f->fd);
	for (size_t k = 0; k < f->n; k++)
		pl_samples_close(&f->interfaces[k].samples);
	free(f->buffer);
	free(f->interfaces);
	free(f->path);
	free(f);
}

/* Reads up to the first block that is neither section header nor interface, so that the interfaces are known. */
static int read_head(struct file *f)
{
	while (!f->last.code) {
		int got = take_block(f);
		if (got == 0)
			fill(f);
		else if (got > 0 && f->block.type != PL_PCAPNG_SECTION && f->block.type != PL_PCAPNG_INTERFACE)
			return 0;
	}
	/* a file without packets is one; one that is cut behind its section header can be read up to there */
	if (f->last.code == PTPLENS_E_END || (f->last.code == PTPLENS_E_TRUNCATED && f->reader.in_section))
		return 0;
	return f->last.code;
}

static int open_path(struct file *f, const char *path, struct pl_error *e)
{
	f->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd >= 0)
		return 0;
	int code = errno == ENOENT || errno == ENOTDIR ? PTPLENS_E_NOT_FOUND : errno == EACCES ? PTPLENS_E_PERMISSION : PTPLENS_E_IO;
	return pl_fail(e, code, "%s cannot be opened: %s", path, strerror(errno));
}

int pl_source_file_open(struct pl_source **out, const char *path, struct pl_error *e)
{
	static const struct pl_source_ops ops = {
	    .read = file_read,
	    .interfaces = file_interfaces,
	    .interface = file_interface,
	    .certificate = file_certificate,
	    .notes = file_notes,
	    .close = file_close,
	    .samples = file_samples,
	};
	struct file *f = calloc(1, sizeof *f);

	if (!f)
		return pl_fail(e, PTPLENS_E_MEMORY, "%s: out of memory", path);
	f->base.ops = &ops;
	f->fd = -1;
	f->path = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	f->buffer = malloc(BUFFER_BYTES);
	f->capacity = BUFFER_BYTES;
	int failed = f->path && f->buffer ? open_path(f, path, e) : pl_fail(e, PTPLENS_E_MEMORY, "%s: out of memory", path);
	if (!failed) {
		failed = read_head(f);
		*e = f->last;
	}
	if (failed) {
		file_close(&f->base);
		return failed;
	}
	*out = &f->base;
	return 0;
}
