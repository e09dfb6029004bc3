/* SPDX-License-Identifier: BSD-3-Clause */
/* What became of the timestamps that were asked for: counted by message type, minorVersionPTP and direction, with named causes. */
#ifndef PTPLENS_STAMPS_H
#define PTPLENS_STAMPS_H

#include <stddef.h>

#include <ptplens/message.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ptplens_stamps;
struct ptplens_interface;

/* A driver's counter that tells of timestamps. */
struct ptplens_counter {
	char name[32];
	uint64_t value;
};

#define PTPLENS_STAMPS_INTERFACES 64
#define PTPLENS_STAMPS_ROWS 96
#define PTPLENS_STAMPS_FINDINGS 16
#define PTPLENS_STAMPS_UNSTAMPED 1024

/* Below this many delays nothing is said of a timeout. */
#define PTPLENS_STAMPS_DELAYS_MIN 100

/* Frames that the tap has seen, by what they asked for and what they got:
 *   frames = asked + not_asked + unknown
 *   asked  = delivered + late + ambiguous + refused + lost + unreadable + not_visible
 * Received frames "ask" when the receive filter covers them; late, ambiguous, unreadable and not_visible are 0 there. */
struct ptplens_stamps_row {
	uint8_t direction; /* enum ptplens_direction */
	uint8_t message_type;
	uint8_t minor_version; /* minorVersionPTP: 0, 1; 2: 2 and above */
	uint8_t reserved[5];
	uint64_t frames;
	uint64_t asked;
	uint64_t not_asked;
	uint64_t unknown; /* it could not be read whether a stamp was asked for */
	uint64_t delivered;
	uint64_t late;      /* after 100 ms, within 2 s */
	uint64_t ambiguous; /* a stamp came, and nothing tells for which of several frames */
	uint64_t refused;   /* came, and is no time or no plausible one */
	uint64_t lost;
	uint64_t unreadable;          /* nothing came, and a stamp was reported without its frame just then */
	uint64_t not_visible;         /* nothing came, and the tap has no hook that sees stamps */
	uint64_t hardware;            /* of delivered: by NIC, PHY or switch; the rest by the kernel */
	uint64_t asked_hardware;      /* of asked: hardware among what was asked for */
	uint64_t asked_software_only; /* of asked */
	uint64_t lost_hardware;       /* of lost, at most: hardware among what was asked for */
	uint64_t no_event;            /* messages of the capture alone: nothing is known of their stamps */
	uint64_t orphan;              /* stamps that belong to no frame seen */
	uint64_t delays;              /* stamps whose delay is known, late ones included */
	int64_t delay_p50_ns;         /* within 0.8 %; PTPLENS_NO_TIME without delays */
	int64_t delay_p99_ns;
	int64_t delay_max_ns; /* exact */
};

enum ptplens_stamps_cause {
	/* of frames whose stamp was lost; each frame is counted under one of these */
	PTPLENS_STAMPS_RING_LOSS = 1,       /* the ring lost events, which may be the stamps; evidence: how many */
	PTPLENS_STAMPS_MINOR_VERSION = 2,   /* no stamp for minorVersionPTP 1, while 0 has them; evidence: how many of 0 were stamped */
	PTPLENS_STAMPS_SLOT_BUSY = 3,       /* the card skipped requests; evidence: rise of tx_hwtstamp_skipped */
	PTPLENS_STAMPS_CARD_TIMEOUT = 4,    /* the driver gave up waiting; evidence: rise of tx_hwtstamp_timeouts */
	PTPLENS_STAMPS_RX_CLEARED = 5,      /* the receive register was stuck; evidence: rise of rx_hwtstamp_cleared */
	PTPLENS_STAMPS_NEVER_DELIVERED = 6, /* not one hardware stamp of those asked for came; evidence: how many asked */
	PTPLENS_STAMPS_UNEXPLAINED = 7,
	/* of others */
	PTPLENS_STAMPS_UNREADABLE = 8,     /* as in the row; evidence: stamps reported without their frame */
	PTPLENS_STAMPS_NOT_VISIBLE = 9,    /* as in the row */
	PTPLENS_STAMPS_SOFTWARE_ONLY = 10, /* whoever asked never asked for a hardware stamp; evidence: how many asked */
	PTPLENS_STAMPS_QUEUE_HOLD = 11,    /* frames waited in a queue between tap and card; evidence: how many were measured */
	PTPLENS_STAMPS_CAUSES = 12,
};

struct ptplens_stamps_finding {
	uint8_t cause;     /* enum ptplens_stamps_cause */
	uint8_t direction; /* enum ptplens_direction */
	uint8_t reserved[6];
	uint64_t frames;    /* that it concerns, at most */
	uint64_t evidence;  /* the count that it rests on */
	int64_t longest_ns; /* PTPLENS_STAMPS_QUEUE_HOLD: the longest wait; else PTPLENS_NO_TIME */
};

struct ptplens_stamps_report {
	size_t rows;
	size_t findings;
	/* The smallest safe tx_timestamp_timeout: the longest delay and half of it again, at least 1 ms more, rounded up to ms. 0: no
	 * statement, for fewer than PTPLENS_STAMPS_DELAYS_MIN delays. A late stamp whose delay is not known counts as 2 s. */
	uint32_t timeout_ms;
	uint32_t reserved;
	uint64_t delays;      /* of all rows */
	int64_t delay_max_ns; /* PTPLENS_NO_TIME without delays */
	uint64_t late_without_delay;
	struct ptplens_stamps_row row[PTPLENS_STAMPS_ROWS]; /* transmit first, by type and version; none without a message */
	struct ptplens_stamps_finding finding[PTPLENS_STAMPS_FINDINGS];
};

/* What is known besides the messages; NULL or 0 for what is not. */
struct ptplens_stamps_evidence {
	const struct ptplens_interface *source;
	const struct ptplens_certificate *certificate;
	const struct ptplens_counter *rise; /* by how much counters rose meanwhile */
	size_t rises;
};

/* A frame without the stamp it asked for. */
struct ptplens_unstamped {
	uint32_t interface_index;
	uint8_t direction;
	uint8_t stamp_state; /* PTPLENS_STAMP_STATE_UNDELIVERED, _LATE, _REFUSED; received: _NONE for a stamp that is missing */
	uint8_t hardware;    /* 1: a hardware stamp was asked for */
	uint8_t reserved;
	int64_t host_ns; /* as in struct ptplens_message */
	int64_t tap_ns;
	int64_t stamp_delay_ns; /* late: PTPLENS_NO_TIME where it is not known */
	struct ptplens_header header;
};

/* NULL: no memory. */
struct ptplens_stamps *ptplens_stamps_new(void);

/* Takes messages in the order a session gives them. PTPLENS_E_ARGUMENT: an interface_index from PTPLENS_STAMPS_INTERFACES on;
 * PTPLENS_E_MEMORY. The messages before the one that failed are counted. */
int ptplens_stamps_push(struct ptplens_stamps *, const struct ptplens_message *messages, size_t n);

/* An interface as it stands. A stamp can come 2 s after its frame: until then the frame is `lost`. */
void ptplens_stamps_summary(const struct ptplens_stamps *, size_t interface_index, const struct ptplens_stamps_evidence *evidence,
                            struct ptplens_stamps_report *out);

/* The last frames of all interfaces without their stamp, oldest first: at most n and at most PTPLENS_STAMPS_UNSTAMPED; returns how many.
 * *older: how many there were before these. */
size_t ptplens_stamps_unstamped(const struct ptplens_stamps *, struct ptplens_unstamped *out, size_t n, uint64_t *older);

/* NULL is fine. */
void ptplens_stamps_close(struct ptplens_stamps *);

/* "slot-busy", ...; a static string, "?" outside the enum. */
const char *ptplens_stamps_cause_word(int cause);

#ifdef __cplusplus
}
#endif

#endif
