/* SPDX-License-Identifier: BSD-3-Clause */
/* The PTP header as a struct. The words of ptplens/message.h are defined here as well. */
#ifndef PL_MESSAGE_H
#define PL_MESSAGE_H

#include <ptplens/message.h>

/* ptp: the 34 bytes of a PTP header. */
void pl_header_decode(const uint8_t *ptp, struct ptplens_header *);

/* For a message without a frame: what the event carries, twoStep the only bit of flag_field; all else 0. */
void pl_header_from_event(const struct ptplens_event *, struct ptplens_header *);

#endif
