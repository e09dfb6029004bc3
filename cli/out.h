/* SPDX-License-Identifier: BSD-3-Clause */
/* Output, as lines for people or as JSON lines. One vocabulary for both. */
#ifndef OUT_H
#define OUT_H

#include <stdio.h>

#include <ptplens/ptplens.h>

/* "mode=live hooks=tcx stamps=fentry interface=eth0" */
void out_mode(FILE *, const struct ptplens_interface *, int json);

/* The certificate's equations with its verdict. */
void out_certificate(FILE *, const struct ptplens_interface *, const struct ptplens_certificate *, int json);

/* The mode of each interface of a session, and the certificate of each. f NULL: nothing is printed. The result is the exit code that the
 * certificates call for. */
void out_modes(FILE *f, const struct ptplens_session *, int json);
int out_certificates(FILE *f, const struct ptplens_session *, int json);

/* "15:20:11.146944883", UTC, of CLOCK_REALTIME; "no frame" for PTPLENS_NO_TIME. */
#define OUT_TIME 48
void out_time(char text[OUT_TIME], int64_t host_ns);

/* One line. */
void out_message(FILE *, const struct ptplens_session *, const struct ptplens_message *, int json);

/* A clock sample as a JSON line. */
void out_sample(FILE *, const char *interface, const struct ptplens_clock_sample *);

/* Messages by type and direction, and by stamp state. */
struct summary {
	uint64_t type[16][2]; /* by message type and direction */
	uint64_t stamp[PTPLENS_STAMP_STATES][2];
	uint64_t verdict[8];
	uint64_t messages;
};
void summary_add(struct summary *, const struct ptplens_message *);
void out_summary(FILE *, const struct summary *, int json);

/* Sentences on stderr, one a line; none for "". */
void out_notes(const char *notes);

/* A finding of the doctor, and how many there are by severity. */
void out_finding(FILE *, const struct ptplens_finding *, int json);
void out_severities(FILE *, const unsigned *counts, int json);

/* A sentence on stderr, "ptplens: " in front. */
void out_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
