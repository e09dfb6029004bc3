/* SPDX-License-Identifier: BSD-3-Clause */
/* What the join gives: one struct per PTP message, and the certificate that proves the joining. */
#ifndef PTPLENS_MESSAGE_H
#define PTPLENS_MESSAGE_H

#include <ptplens/event.h>

#define PTPLENS_NO_TIME INT64_MIN

/* Verdicts, causes and stamp states are stored in recordings: values are never renumbered. */
enum ptplens_verdict {
	PTPLENS_MATCHED = 1,
	PTPLENS_AMBIGUOUS = 2,
	PTPLENS_EVENT_ONLY = 3,
	PTPLENS_FRAME_ONLY = 4,
	PTPLENS_NOT_PTP = 5,   /* a captured frame that the join never sees: not PTP, or rejected under a named reason */
	PTPLENS_TRUNCATED = 6, /* a captured frame without a whole PTP header */
};

enum ptplens_cause {
	PTPLENS_CAUSE_NONE = 0,
	PTPLENS_CAUSE_CAPTURE_DROP = 1,
	PTPLENS_CAUSE_BELOW_STACK = 2,
	PTPLENS_CAUSE_RING_LOSS = 3,
	PTPLENS_CAUSE_PROGRAM_AHEAD = 4,
	PTPLENS_CAUSE_LINK_DOWN = 5,
	PTPLENS_CAUSE_DETACHED = 6,
	PTPLENS_CAUSE_LATE_STAMP = 7,
	PTPLENS_CAUSE_REPEATED_KEY = 8,
	PTPLENS_CAUSE_LOSS = 9,
	PTPLENS_CAUSE_CLOCK_STEP = 10,
	PTPLENS_CAUSE_CROWDED = 11,
	PTPLENS_CAUSE_NO_EVENTS = 12,
	PTPLENS_CAUSE_NO_FRAMES = 13,
	PTPLENS_CAUSE_UNEXPLAINED = 14,
	PTPLENS_CAUSES = 15,
};

enum ptplens_stamp_state {
	PTPLENS_STAMP_STATE_NONE = 0,
	PTPLENS_STAMP_STATE_HARDWARE = 1,
	PTPLENS_STAMP_STATE_PHY = 2,
	PTPLENS_STAMP_STATE_LATCH = 3,
	PTPLENS_STAMP_STATE_SOFTWARE = 4,
	PTPLENS_STAMP_STATE_NOT_REQUESTED = 5, /* TX: nobody asked; RX: outside the receive filter */
	PTPLENS_STAMP_STATE_UNDELIVERED = 6,   /* asked for, and not there after 100 ms */
	PTPLENS_STAMP_STATE_LATE = 7,
	PTPLENS_STAMP_STATE_REFUSED = 8,
	PTPLENS_STAMP_STATES = 9,
};

enum ptplens_reject {                               /* why a captured frame makes no message */
	              PTPLENS_REJECT_TOO_DEEP = 0,  /* the stack of headers does not fit 192 bytes */
	              PTPLENS_REJECT_TRUNCATED = 1, /* ends inside its headers or the 34-byte PTP header */
	              PTPLENS_REJECT_FRAGMENT = 2,  /* first IP fragment of a PTP datagram */
	              PTPLENS_REJECT_HEADER = 3,    /* malformed IP header in front of a PTP port */
	              PTPLENS_REJECT_PTPV1 = 4,
	              PTPLENS_REJECT_VERSION = 5, /* versionPTP neither 1 nor 2 */
	              PTPLENS_REJECT_LENGTH = 6,  /* messageLength below 34 */
	              PTPLENS_REJECTS = 7,
};

/* The PTP header, decoded. */
struct ptplens_header {
	uint8_t message_type;
	uint8_t version; /* minorVersionPTP << 4 | versionPTP */
	uint8_t domain_number;
	int8_t log_message_interval;
	uint16_t message_length;
	uint16_t flag_field; /* flagField, octet 0 in the high byte */
	uint16_t sdo_id;
	uint16_t sequence_id;
	int64_t correction_field; /* 2^-16 ns */
	uint8_t clock_identity[8];
	uint16_t port_number;
	uint8_t control_field;
	uint8_t reserved;
	uint32_t message_type_specific;
};

/* One PTP message: a frame, its event, its transmit stamp, or those of them that exist.
 * Times are int64 ns, PTPLENS_NO_TIME where there is none. `frame` is borrowed: valid until the next read. */
struct ptplens_message {
	uint32_t interface_index; /* index in the session, from 0 */
	uint8_t direction;        /* enum ptplens_direction */
	uint8_t verdict;          /* enum ptplens_verdict */
	uint8_t cause;            /* enum ptplens_cause */
	uint8_t stamp_state;      /* enum ptplens_stamp_state */
	uint8_t has_event;        /* `event` holds the frame-seen event */
	uint8_t has_stamp;        /* `stamp` holds the transmit stamp's event */
	uint8_t reserved[2];
	int64_t host_ns;        /* capture time, CLOCK_REALTIME */
	int64_t tap_ns;         /* time at the tap, CLOCK_MONOTONIC */
	int64_t hw_ns;          /* the stamp of `stamp_state`, in its own clock */
	int64_t stamp_delay_ns; /* tap to arrival of the transmit stamp, CLOCK_MONOTONIC */
	const uint8_t *frame;   /* from the MAC header; NULL without a frame */
	uint32_t captured_length;
	uint32_t wire_length;
	uint32_t ptp_offset; /* of the PTP header in `frame` */
	uint32_t reserved1;
	uint64_t packet_id;           /* of the frame: 1, 2, ... per interface in capture order; 0 without a frame */
	struct ptplens_header header; /* without a frame: the fields that the event carries, the others 0 */
	struct ptplens_event event;
	struct ptplens_event stamp;
};

/* The certificate of one interface. Every count is cumulative; while the session runs the equations hold with the open_ counts, which
 * are 0 in a final one:
 *   positions    = received + ring_lost + ring_pending
 *   received     = frame_events + stamp_events + skipped_events
 *   frame_events = matched + ambiguous_events + event_only + outside_events + open_events
 *   captured     = frames + not_ptp + rejected
 *   frames       = matched + ambiguous_frames + frame_only + outside_frames + open_frames
 *   stamp_events = attached + late + ambiguous_stamps + orphan_stamps + outside_stamps + open_stamps
 * The order of the members is that of a certificate in a recording: append only. */
struct ptplens_certificate {
	uint64_t final;
	uint64_t positions; /* ring positions handed out since the session started */
	uint64_t received;
	uint64_t ring_lost;
	uint64_t ring_pending;
	uint64_t frame_events;
	uint64_t stamp_events;
	uint64_t skipped_events;
	uint64_t matched;
	uint64_t ambiguous_events;
	uint64_t event_only;
	uint64_t outside_events;
	uint64_t open_events;
	uint64_t captured;
	uint64_t frames;
	uint64_t not_ptp;
	uint64_t rejected;
	uint64_t ambiguous_frames;
	uint64_t frame_only;
	uint64_t outside_frames;
	uint64_t open_frames;
	uint64_t attached;
	uint64_t late;
	uint64_t ambiguous_stamps;
	uint64_t orphan_stamps;
	uint64_t outside_stamps;
	uint64_t open_stamps;
	uint64_t crowded;           /* clusters closed by age or size, and items evicted */
	uint64_t capture_dropped;   /* the capture's own count */
	uint64_t tap_rejected;      /* frames that the tap rejected under a named reason */
	uint64_t rejected_by[8];    /* enum ptplens_reject; sums to rejected */
	uint64_t event_only_by[16]; /* enum ptplens_cause; sums to event_only */
	uint64_t frame_only_by[16];
	uint64_t ambiguous_by[16]; /* events, frames and stamps; sums to the three ambiguous counts */
	uint64_t orphan_by[16];    /* sums to orphan_stamps */
	uint64_t stamps[16];       /* messages given out, by enum ptplens_stamp_state */
	uint64_t stamps_unseen;    /* transmit stamps reported without frame or position: their messages have stamp state none */
};

enum ptplens_certificate_verdict {
	PTPLENS_COMPLETE = 1,  /* nothing lost, ambiguous, alone, late, orphan or crowded */
	PTPLENS_EXPLAINED = 2, /* each of those that is not 0 has a named cause */
	PTPLENS_UNEXPLAINED = 3,
	PTPLENS_NO_VERDICT = 4, /* simulated, or a source without the other side */
};

#ifdef __cplusplus
extern "C" {
#endif

/* The words of verdicts, causes, stamp states and rejections, the same everywhere. Static strings; "?" outside the range of the enum. */
const char *ptplens_verdict_word(int verdict);
const char *ptplens_cause_word(int cause);
const char *ptplens_stamp_word(int stamp_state);
const char *ptplens_reject_word(int reject);
const char *ptplens_certificate_word(int certificate_verdict);
const char *ptplens_scale_word(int clock_scale);

/* "Sync", "Delay_Req", ...; "Reserved" for all but the ten types of IEEE 1588. */
const char *ptplens_message_type_name(int message_type);

#ifdef __cplusplus
}
#endif

#endif
