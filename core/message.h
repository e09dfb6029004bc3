/* SPDX-License-Identifier: BSD-3-Clause */
/* The PTP header as a struct, and the words of the numbers in ptplens/message.h. */
#ifndef PL_MESSAGE_H
#define PL_MESSAGE_H

#include <ptplens/message.h>

/* ptp: the 34 bytes of a PTP header. */
void pl_header_decode(const uint8_t *ptp, struct ptplens_header *);

/* For a message without a frame: what the event carries, twoStep the only bit of flag_field; all else 0. */
void pl_header_from_event(const struct ptplens_event *, struct ptplens_header *);

/* Static strings; "?" outside the range of the enum. */
const char *pl_verdict_word(int verdict);
const char *pl_cause_word(int cause);
const char *pl_stamp_word(int stamp_state);
const char *pl_reject_word(int reject);
const char *pl_certificate_word(int certificate_verdict);

/* "Reserved" for all but the ten types of IEEE 1588. */
const char *pl_message_type_name(int message_type);

#endif
