/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "message.h"

static void header_decode(void **state)
{
	(void)state;
	static const uint8_t ptp[34] = {0x1b, 0x12, 0x01, 0x02, 0x7f, 0x23, 0x04, 0x3c,                         /* to flags */
	                                0xff, 0xff, 0xff, 0xff, 0xfc, 0x18, 0x00, 0x00,                         /* -1000 ns */
	                                0xde, 0xad, 0xbe, 0xef, 1,    2,    3,    4,    5, 6, 7, 8, 0x12, 0x34, /* port */
	                                0xfe, 0xdc, 0x05, 0x80};
	struct ptplens_header h;
	memset(&h, 0xa5, sizeof h);
	pl_header_decode(ptp, &h);
	assert_int_equal(h.message_type, 11);
	assert_int_equal(h.version, 0x12);
	assert_int_equal(h.message_length, 0x102);
	assert_int_equal(h.domain_number, 0x7f);
	assert_int_equal(h.sdo_id, 0x123);
	assert_int_equal(h.flag_field, 0x043c);
	assert_true(h.correction_field == -1000 * 65536LL);
	assert_int_equal(h.message_type_specific, 0xdeadbeef);
	assert_memory_equal(h.clock_identity, "\1\2\3\4\5\6\7\10", 8);
	assert_int_equal(h.port_number, 0x1234);
	assert_int_equal(h.sequence_id, 0xfedc);
	assert_int_equal(h.control_field, 5);
	assert_int_equal(h.log_message_interval, -128);
	assert_int_equal(h.reserved, 0);
}

static void check_header(const struct ptplens_header *h, const struct ptplens_header *expected)
{
	assert_int_equal(h->message_type, expected->message_type);
	assert_int_equal(h->version, expected->version);
	assert_int_equal(h->domain_number, expected->domain_number);
	assert_int_equal(h->log_message_interval, expected->log_message_interval);
	assert_int_equal(h->message_length, expected->message_length);
	assert_int_equal(h->flag_field, expected->flag_field);
	assert_int_equal(h->sdo_id, expected->sdo_id);
	assert_int_equal(h->sequence_id, expected->sequence_id);
	assert_true(h->correction_field == expected->correction_field);
	assert_memory_equal(h->clock_identity, expected->clock_identity, sizeof h->clock_identity);
	assert_int_equal(h->port_number, expected->port_number);
	assert_int_equal(h->control_field, expected->control_field);
	assert_int_equal(h->reserved, 0);
	assert_int_equal(h->message_type_specific, expected->message_type_specific);
}

/* What event and frame both carry is the same from either. */
static void header_from_event(void **state)
{
	(void)state;
	const struct ptplens_event e = {
	    .message_type = 13,
	    .version = 0x12,
	    .domain_number = 254,
	    .sdo_id = 0x2ff,
	    .sequence_id = 0xffff,
	    .port_number = 0x8001,
	    .clock_identity = {1, 2, 3, 4, 5, 6, 7, 8},
	    .flags = 0xffff,
	};
	struct ptplens_header h, expected = {
				     .message_type = 13,
				     .version = 0x12,
				     .domain_number = 254,
				     .sdo_id = 0x2ff,
				     .sequence_id = 0xffff,
				     .port_number = 0x8001,
				     .clock_identity = {1, 2, 3, 4, 5, 6, 7, 8},
				     .flag_field = 0x0200,
				 };
	memset(&h, 0xa5, sizeof h);
	pl_header_from_event(&e, &h);
	check_header(&h, &expected);
	struct ptplens_event one_step = e;
	one_step.flags = (uint16_t)~PTPLENS_FLAG_TWO_STEP;
	expected.flag_field = 0;
	pl_header_from_event(&one_step, &h);
	check_header(&h, &expected);
}

/* words: the vocabulary of values first, first + 1, ..., ended by NULL; beyond it on both sides stands `otherwise`. */
static void check_words(const char *(*word)(int), int first, const char *const *words, const char *otherwise)
{
	int value = first;
	for (; *words; words++, value++)
		assert_string_equal(word(value), *words);
	assert_string_equal(word(value), otherwise);
	assert_string_equal(word(first - 1), otherwise);
	assert_string_equal(word(INT_MAX), otherwise);
	assert_string_equal(word(INT_MIN), otherwise);
}

static void vocabulary(void **state)
{
	(void)state;
	static const char *const verdicts[] = {"matched", "ambiguous", "event-only", "frame-only", "not-ptp", "truncated", NULL};
	static const char *const causes[] = {"none",      "capture-drop", "below-stack",  "ring-loss", "program-ahead", "link-down",
	                                     "detached",  "late-stamp",   "repeated-key", "loss",      "clock-step",    "crowded",
	                                     "no-events", "no-frames",    "unexplained",  NULL};
	static const char *const stamps[] = {"none",          "hardware",    "phy",  "latch",   "software",
	                                     "not-requested", "undelivered", "late", "refused", NULL};
	static const char *const rejects[] = {"too-deep", "truncated", "fragment", "header", "ptpv1", "version", "length", NULL};
	static const char *const certificates[] = {"COMPLETE", "EXPLAINED", "UNEXPLAINED", "none", NULL};
	static const char *const types[] = {
	    "Sync",     "Delay_Req", "Pdelay_Req", "Pdelay_Resp",           "Reserved", "Reserved",  "Reserved",
	    "Reserved", "Follow_Up", "Delay_Resp", "Pdelay_Resp_Follow_Up", "Announce", "Signaling", "Management",
	    "Reserved", "Reserved",  NULL};

	check_words(ptplens_verdict_word, PTPLENS_MATCHED, verdicts, "?");
	check_words(ptplens_cause_word, 0, causes, "?");
	check_words(ptplens_stamp_word, 0, stamps, "?");
	check_words(ptplens_reject_word, 0, rejects, "?");
	check_words(ptplens_certificate_word, PTPLENS_COMPLETE, certificates, "?");
	check_words(ptplens_message_type_name, 0, types, "Reserved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(header_decode),
	    cmocka_unit_test(header_from_event),
	    cmocka_unit_test(vocabulary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
