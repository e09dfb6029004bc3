/* SPDX-License-Identifier: BSD-3-Clause */
/* What a recording says beyond frames: records in custom options, and the comment lines for people. doc/recording-format.md is the table.
 *
 * A record tells what a message has besides its frame. Comments are never read back. */
#ifndef PL_RECORD_H
#define PL_RECORD_H

#include "pcapng.h"
#include <ptplens/message.h>

#define PL_RECORD_PEN 32473u /* for documentation; a number of our own before 1.0 */
#define PL_RECORD_VERSION 1
#define PL_RECORD_HEAD 16
#define PL_RECORDING_ID_BYTES 16
#define PL_COMMENT_BYTES 201 /* with the NUL */

enum pl_record_kind {
	PL_RECORD_FRAME = 0,       /* a frame without an event: no body */
	PL_RECORD_EVENT = 1,       /* an event of the frame of this block */
	PL_RECORD_ALONE = 2,       /* an event of a message without a frame */
	PL_RECORD_CLOCK = 3,       /* a clock sample */
	PL_RECORD_CERTIFICATE = 4, /* struct ptplens_certificate as u64, in order */
	PL_RECORD_RECORDING = 5,   /* on the section header */
	PL_RECORD_INTERFACE = 6,   /* on the interface block */
	PL_RECORD_TALLY = 7,       /* struct pl_tally as u64, in order */
	PL_RECORD_TIMES = 8,       /* the four times of a message that its events do not tell */
};

#define PL_RECORD_AFTER 0x01u     /* kind 2: the message comes after the frame of this block, not before it */
#define PL_RECORD_CONTINUES 0x02u /* belongs to the same message without a frame as the record in front */

struct pl_record {
	uint8_t kind; /* enum pl_record_kind */
	uint8_t verdict;
	uint8_t cause;
	uint8_t stamp_state;
	uint8_t flags; /* PL_RECORD_* */
	const uint8_t *body;
	size_t body_length;
};

/* What the writer had written of one interface when it wrote this. The order of the members is that in the file: append only. */
struct pl_tally {
	uint64_t closing; /* 1: the recording was finished, and the counts are those of all of it */
	uint64_t frames;
	uint64_t events; /* messages without a frame */
	uint64_t samples;
	uint64_t certificates;
	uint64_t adrift; /* of the events, those in statistics blocks, which rewriters drop */
};

struct pl_recording_start {
	uint8_t id[PL_RECORDING_ID_BYTES];
	int64_t realtime_ns;
	int64_t monotonic_ns;
	uint32_t mode; /* enum ptplens_mode */
};

struct pl_recorded_interface {
	struct ptplens_stream_header header;
	uint8_t id[PL_RECORDING_ID_BYTES];
	uint32_t mode;
};

/* All records of one message; after: PL_RECORD_AFTER or 0, for one without a frame. */
void pl_record_message(struct pl_pcapng_writer *, const struct ptplens_message *, unsigned after);
void pl_record_sample(struct pl_pcapng_writer *, const struct ptplens_clock_sample *);
void pl_record_certificate(struct pl_pcapng_writer *, const struct ptplens_certificate *, int certificate_verdict);
void pl_record_tally(struct pl_pcapng_writer *, const struct pl_tally *);
void pl_record_recording(struct pl_pcapng_writer *, const struct pl_recording_start *);
void pl_record_interface(struct pl_pcapng_writer *, const struct pl_recorded_interface *);

/* 1: the option is a record; 0: it is not ours; negative: ours by its magic, and not understood. */
int pl_record_read(const struct pl_pcapng_block *, const struct pl_pcapng_option *, struct pl_record *out);

/* Each takes a record of its kind. Counts that a shorter body does not have become 0. */
void pl_record_get_certificate(const struct pl_record *, struct ptplens_certificate *out);
void pl_record_get_sample(const struct pl_record *, struct ptplens_clock_sample *out);
void pl_record_get_tally(const struct pl_record *, struct pl_tally *out);
void pl_record_get_interface(const struct pl_record *, struct pl_recorded_interface *out);

/* A message from its records: pl_message_begin; then, for a frame, `frame` and its lengths, host_ns, direction and packet_id are the
 * caller's to set; then pl_message_add with each record in turn, the first giving verdict, cause and stamp state; then
 * pl_message_complete, which fills in what follows from frame and events. */
void pl_message_begin(struct ptplens_message *);
/* 0, or negative: the message has that already. */
int pl_message_add(struct ptplens_message *, const struct pl_record *);
/* A frame without a record becomes frame-only for want of events, or not-ptp or truncated. */
void pl_message_complete(struct ptplens_message *);

/* One line of at most 200 ASCII characters, without comma or quote. clock_scale: enum ptplens_clock_scale of the interface. */
void pl_comment_message(char out[PL_COMMENT_BYTES], const struct ptplens_message *, int clock_scale);
void pl_comment_sample(char out[PL_COMMENT_BYTES], const struct ptplens_clock_sample *);
void pl_comment_certificate(char out[PL_COMMENT_BYTES], const struct ptplens_certificate *, int certificate_verdict);

#endif
