/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "message.h"
#include "options.h"
#include "source.h"

struct ptplens_session {
	struct pl_source *source;
	atomic_int stop;
	struct pl_error error;
};

struct ptplens_session *ptplens_session_new(void)
{
	return calloc(1, sizeof(struct ptplens_session));
}

int ptplens_session_open(struct ptplens_session *s, const char *source, const struct ptplens_session_options *options)
{
	struct ptplens_session_options known;

	if (s->source)
		return pl_fail(&s->error, PTPLENS_E_STATE, "the session is open already");
	if (pl_options_copy(&known, sizeof known, options))
		return pl_fail(&s->error, PTPLENS_E_ARGUMENT, "session options that this version does not know");
	if (known.ring_slots && (known.ring_slots & (known.ring_slots - 1)))
		return pl_fail(&s->error, PTPLENS_E_ARGUMENT, "%u ring slots: not a power of two", known.ring_slots);
	int failed = pl_source_open(&s->source, source, &known, &s->error);
	if (failed)
		return failed;
	s->source->stop = &s->stop;
	return 0;
}

int ptplens_session_read(struct ptplens_session *s, struct ptplens_message *out, size_t n, int timeout_ms, size_t *count)
{
	if (!s->source)
		return pl_fail(&s->error, PTPLENS_E_STATE, "the session is not open");
	return s->source->ops->read(s->source, out, n, timeout_ms, count, &s->error);
}

void ptplens_session_stop(struct ptplens_session *s)
{
	atomic_store(&s->stop, 1);
}

size_t ptplens_session_interfaces(const struct ptplens_session *s)
{
	return s->source ? s->source->ops->interfaces(s->source) : 0;
}

int ptplens_session_interface(const struct ptplens_session *s, size_t index, struct ptplens_interface *out)
{
	if (index >= ptplens_session_interfaces(s))
		return PTPLENS_E_ARGUMENT;
	s->source->ops->interface(s->source, index, out);
	return 0;
}

int ptplens_session_certificate(const struct ptplens_session *s, size_t index, struct ptplens_certificate *out)
{
	if (index >= ptplens_session_interfaces(s))
		return PTPLENS_E_ARGUMENT;
	s->source->ops->certificate(s->source, index, out);
	return 0;
}

int ptplens_session_samples(const struct ptplens_session *s, size_t index, uint64_t *position, struct ptplens_clock_sample *out, size_t n,
                            size_t *count)
{
	if (index >= ptplens_session_interfaces(s))
		return PTPLENS_E_ARGUMENT;
	*count = s->source->ops->samples(s->source, index, position, out, n);
	return 0;
}

size_t ptplens_session_counters(const struct ptplens_session *s, size_t index, struct ptplens_counter *out, size_t n)
{
	if (index >= ptplens_session_interfaces(s) || !s->source->ops->counters)
		return 0;
	return s->source->ops->counters(s->source, index, out, n);
}

const char *ptplens_session_notes(const struct ptplens_session *s)
{
	return s->source ? s->source->ops->notes(s->source) : "";
}

const char *ptplens_session_errmsg(const struct ptplens_session *s)
{
	return s->error.text;
}

void ptplens_session_close(struct ptplens_session *s)
{
	if (!s)
		return;
	if (s->source)
		s->source->ops->close(s->source);
	free(s);
}
