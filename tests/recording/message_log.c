/* SPDX-License-Identifier: BSD-3-Clause */
#include "message_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void message_log_add(struct message_log *l, const struct ptplens_message *m)
{
	if ((l->n & (l->n - 1)) == 0) { /* room for 1, 2, 4, ... */
		l->messages = realloc(l->messages, (l->n ? 2 * l->n : 1) * sizeof *m);
		assert_non_null(l->messages);
	}
	l->messages[l->n] = *m;
	if (m->frame) {
		uint8_t *copy = malloc(m->captured_length + 1);
		memcpy(copy, m->frame, m->captured_length);
		l->messages[l->n].frame = copy;
	}
	l->n++;
}

void message_log_free(struct message_log *l)
{
	for (size_t k = 0; k < l->n; k++)
		free((void *)l->messages[k].frame);
	free(l->messages);
	*l = (struct message_log){0};
}

static void assert_header(const struct ptplens_header *a, const struct ptplens_header *b)
{
	assert_int_equal(a->message_type, b->message_type);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->domain_number, b->domain_number);
	assert_int_equal(a->log_message_interval, b->log_message_interval);
	assert_int_equal(a->message_length, b->message_length);
	assert_int_equal(a->flag_field, b->flag_field);
	assert_int_equal(a->sdo_id, b->sdo_id);
	assert_int_equal(a->sequence_id, b->sequence_id);
	assert_true(a->correction_field == b->correction_field);
	assert_memory_equal(a->clock_identity, b->clock_identity, 8);
	assert_int_equal(a->port_number, b->port_number);
	assert_int_equal(a->control_field, b->control_field);
	assert_int_equal(a->reserved, b->reserved);
	assert_int_equal(a->message_type_specific, b->message_type_specific);
}

static void assert_message(const struct ptplens_message *a, const struct ptplens_message *b)
{
	assert_int_equal(a->interface, b->interface);
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->cause, b->cause);
	assert_int_equal(a->stamp_state, b->stamp_state);
	assert_int_equal(a->direction, b->direction);
	assert_int_equal(a->has_event, b->has_event);
	assert_int_equal(a->has_stamp, b->has_stamp);
	assert_true(a->host_ns == b->host_ns);
	assert_true(a->tap_ns == b->tap_ns);
	assert_true(a->hw_ns == b->hw_ns);
	assert_true(a->stamp_delay_ns == b->stamp_delay_ns);
	assert_int_equal(a->captured_length, b->captured_length);
	assert_int_equal(a->wire_length, b->wire_length);
	assert_int_equal(a->ptp_offset, b->ptp_offset);
	assert_true(a->packet_id == b->packet_id);
	assert_int_equal(!a->frame, !b->frame);
	if (a->frame)
		assert_memory_equal(a->frame, b->frame, a->captured_length);
	assert_header(&a->header, &b->header);
	assert_memory_equal(&a->event, &b->event, sizeof a->event);
	assert_memory_equal(&a->stamp, &b->stamp, sizeof a->stamp);
}

void assert_same_messages(const struct message_log *a, const struct message_log *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t k = 0; k < a->n; k++)
		assert_message(&a->messages[k], &b->messages[k]);
}
