/* SPDX-License-Identifier: BSD-3-Clause */
/* The ptplens library: PTP messages of an interface or a recording, joined with their hardware timestamps.
 *
 * Calls return 0 or more, or a negative enum ptplens_error; outputs are written only on success. An object is for one thread at a time;
 * different objects are independent. The library prints nothing. Options structs start with their size, so that they can grow: a tail
 * that this version does not know must be zero. */
#ifndef PTPLENS_PTPLENS_H
#define PTPLENS_PTPLENS_H

#include <stddef.h>
#include <stdint.h>

#include <ptplens/error.h>
#include <ptplens/event.h>
#include <ptplens/message.h>
#include <ptplens/stamps.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the library, as "1.2.3". */
const char *ptplens_version(void);

/* A sentence for an error code; never NULL. */
const char *ptplens_strerror(int code);

/* --- session: where messages come from --------------------------------------------------------------------------------------------- */

struct ptplens_session;

struct ptplens_session_options {
	size_t size;                   /* sizeof(struct ptplens_session_options) */
	uint32_t ring_slots;           /* a power of two; 0: 4096 */
	uint32_t capture_buffer_bytes; /* kernel buffer of each direction; 0: 4 MiB */
	uint32_t promiscuous;          /* 1: receive frames for other stations too */
	uint32_t reserved;
	uint32_t enable_hw; /* 1: switch the card's stamps on while the session lasts; what was done stands in the notes */
	uint32_t reserved1;
};

enum ptplens_mode { PTPLENS_MODE_LIVE = 1, PTPLENS_MODE_FILE = 2, PTPLENS_MODE_SIMULATED = 3 };

struct ptplens_interface {
	char name[32];
	uint32_t mode;                /* enum ptplens_mode */
	uint32_t certificate_verdict; /* enum ptplens_certificate_verdict, of the certificate as it stands */
	struct ptplens_stream_header header;
	uint8_t recording_id[16]; /* files of ours; else 0 */
};

/* NULL: no memory. */
struct ptplens_session *ptplens_session_new(void);

/* Opens a SOURCE: interface names separated by commas, a file's path, or sim:SCENARIO. Live interfaces are attached when this returns.
 * options may be NULL. On failure ptplens_session_errmsg tells more, and the session can only be closed. */
int ptplens_session_open(struct ptplens_session *, const char *source, const struct ptplens_session_options *options);

/* Reads up to n messages; *count tells how many. Waits at most timeout_ms for the first (0: not at all, negative: for ever); *count 0
 * after that time, or when many clock samples came without a message, is no error. Messages come in capture order of their interface.
 * `frame` of the messages is borrowed until the next read or close. PTPLENS_E_END: the source has ended and nothing is left. Safe to
 * interrupt by ptplens_session_stop. */
int ptplens_session_read(struct ptplens_session *, struct ptplens_message *out, size_t n, int timeout_ms, size_t *count);

/* Live: detaches; what is under way can still be read, then PTPLENS_E_END. May be called from a signal handler or another thread. */
void ptplens_session_stop(struct ptplens_session *);

/* Number of interfaces. */
size_t ptplens_session_interfaces(const struct ptplens_session *);
int ptplens_session_interface(const struct ptplens_session *, size_t index, struct ptplens_interface *out);

/* The certificate of an interface as it stands; final once the session has ended. A file's is the last one recorded. */
int ptplens_session_certificate(const struct ptplens_session *, size_t index, struct ptplens_certificate *out);

/* Clock samples of an interface, oldest first, from number *position on; the first is number 0. *position moves behind those given, so
 * several readers can follow independently. The session keeps the newest 1024, and one comes a second: what has gone is skipped. Samples
 * come while messages are read. *count 0: none new. */
int ptplens_session_samples(const struct ptplens_session *, size_t index, uint64_t *position, struct ptplens_clock_sample *out, size_t n,
                            size_t *count);

/* The scale that the NIC's clock keeps by this sample, enum ptplens_clock_scale, and the sentence that says why; cut to size, "" without
 * a NIC clock. */
int ptplens_sample_scale(const struct ptplens_clock_sample *);
void ptplens_sample_reason(const struct ptplens_clock_sample *, char *out, size_t size);

/* The counters of an interface's driver that tell of timestamps, read now: at most n, none for a source that is not live. Returns
 * how many. */
size_t ptplens_session_counters(const struct ptplens_session *, size_t index, struct ptplens_counter *out, size_t n);

/* What else there is to say of a source, such as what a filter took away from a recording; "" or sentences, one a line. */
const char *ptplens_session_notes(const struct ptplens_session *);

/* The sentence of the last failed call; "" if none failed. */
const char *ptplens_session_errmsg(const struct ptplens_session *);

/* Detaches and frees; NULL is fine. */
void ptplens_session_close(struct ptplens_session *);

/* --- recording: messages into a pcapng --------------------------------------------------------------------------------------------- */

struct ptplens_recording;

struct ptplens_recording_options {
	size_t size;
	uint32_t no_comment; /* 1: leave the readable comments out */
	uint32_t overwrite;  /* 1: an existing file is replaced; else PTPLENS_E_EXISTS */
};

struct ptplens_recording *ptplens_recording_new(void);

/* Creates `path` ("-": standard output) for the interfaces and certificates of `session`, which must stay open until the recording is
 * closed. options may be NULL. */
int ptplens_recording_open(struct ptplens_recording *, const char *path, struct ptplens_session *session,
                           const struct ptplens_recording_options *options);

/* Appends messages of the session, in the order they were read. After a failure the file is cut to its last whole block and stays
 * readable; further writes fail the same way. */
int ptplens_recording_write(struct ptplens_recording *, const struct ptplens_message *messages, size_t n);

/* Writes what is held back for longer than it should be; call it at least every 250 ms. */
int ptplens_recording_flush(struct ptplens_recording *);

/* Writes the final certificates and closes the file: the result tells whether all of it is on disk. The recording can only be freed then.
 */
int ptplens_recording_finish(struct ptplens_recording *);

const char *ptplens_recording_errmsg(const struct ptplens_recording *);

/* Frees; an unfinished file stays as it is. NULL is fine. */
void ptplens_recording_close(struct ptplens_recording *);

/* --- host: what this machine and its interfaces can do, and what stands in the way -------------------------------------------------- */

struct ptplens_host;

enum ptplens_severity {
	PTPLENS_SEVERITY_OK = 0,
	PTPLENS_SEVERITY_NOTE = 1,    /* good to know; nothing is lost by it */
	PTPLENS_SEVERITY_WARNING = 2, /* messages or stamps will be missing */
	PTPLENS_SEVERITY_PROBLEM = 3, /* nothing can be recorded */
};

/* Texts are never NULL, and borrowed until the host is closed. doc/doctor.md lists the topics. */
struct ptplens_finding {
	uint32_t severity; /* enum ptplens_severity */
	uint32_t reserved;
	const char *interface_name; /* "": the machine */
	const char *topic;          /* a word */
	const char *what;           /* what was found, a sentence */
	const char *meaning;        /* what follows from it */
	const char *todo;           /* what to do about it; "": nothing */
};

struct ptplens_host *ptplens_host_new(void);

/* Looks at the machine and at one interface in full, or at all interfaces in short (NULL), of the calling thread's network namespace.
 * Changes nothing; the tap's BPF programs are loaded for a moment. Without rights it finds less, and says so: that is no failure. */
int ptplens_host_open(struct ptplens_host *, const char *interface);

size_t ptplens_host_findings(const struct ptplens_host *);
int ptplens_host_finding(const struct ptplens_host *, size_t index, struct ptplens_finding *out);

/* "ok", "note", "warning", "problem"; "?" outside the range of the enum. */
const char *ptplens_severity_word(int severity);

const char *ptplens_host_errmsg(const struct ptplens_host *);
void ptplens_host_close(struct ptplens_host *);

#ifdef __cplusplus
}
#endif

#endif
