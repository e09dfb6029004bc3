/* SPDX-License-Identifier: BSD-3-Clause */
/* One interface under observation: its tap, its capture, the join between them, and the messages that come out. */
#ifndef PL_INTERFACE_H
#define PL_INTERFACE_H

#include "capture.h"
#include "error.h"
#include "tap.h"
#include <ptplens/ptplens.h>

struct pl_interface;

/* Takes both over, also on failure. NULL: no memory. */
struct pl_interface *pl_interface_open(struct pl_tap *, struct pl_capture *, uint32_t index);
void pl_interface_close(struct pl_interface *);

/* Reads what ring and capture hold now and settles what can be settled. Never blocks. */
void pl_interface_drain(struct pl_interface *);

/* Ends the session at this instant; later drains bring what is under way, take the tap off and end. */
void pl_interface_stop(struct pl_interface *);

/* 1: *out is the next message; its frame stays until pl_interface_release. 0: none now. */
int pl_interface_next(struct pl_interface *, struct ptplens_message *out);
void pl_interface_release(struct pl_interface *);

/* 1: nothing more will come. */
int pl_interface_ended(const struct pl_interface *);

size_t pl_interface_counters(const struct pl_interface *, struct ptplens_counter *out, size_t n);
void pl_interface_describe(const struct pl_interface *, struct ptplens_interface *out);
void pl_interface_certificate(const struct pl_interface *, struct ptplens_certificate *out);

/* As ptplens_session_samples; returns the count. */
size_t pl_interface_samples(const struct pl_interface *, uint64_t *position, struct ptplens_clock_sample *out, size_t n);

/* Sentences, one a line: what was done to the card's stamp settings, what the clocks did. "" if there is nothing to say. */
void pl_interface_notes(const struct pl_interface *, char *out, size_t size);

/* Why the session ended by itself: PTPLENS_E_GONE with a sentence; code 0 while it runs, or if it was stopped. */
const struct pl_error *pl_interface_failure(const struct pl_interface *);

/* Carrier losses so far. */
uint64_t pl_interface_link_events(const struct pl_interface *);

#endif
