/* SPDX-License-Identifier: BSD-3-Clause */
/* What a session of the library gives out, recorded, is what a session over the file gives out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "message_log.h"

static void read_session(struct ptplens_session *s, struct ptplens_recording *r, struct message_log *log)
{
	struct ptplens_message m[50];
	size_t n;
	int code;

	while ((code = ptplens_session_read(s, m, 50, 1000, &n)) == 0) {
		for (size_t k = 0; k < n; k++)
			message_log_add(log, &m[k]);
		if (r)
			assert_int_equal(ptplens_recording_write(r, m, n), 0);
	}
	assert_int_equal(code, PTPLENS_E_END);
}

static void simulated(void **state)
{
	struct message_log given = {0}, read = {0};
	struct ptplens_certificate given_certificate, read_certificate;
	struct ptplens_interface given_interface, read_interface;
	struct ptplens_recording_options options = {.size = sizeof options, .overwrite = 1};
	char path[64];
	int fd = memfd_create("session", 0);

	(void)state;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct ptplens_session *s = ptplens_session_new();
	struct ptplens_recording *r = ptplens_recording_new();
	assert_int_equal(ptplens_session_open(s, "sim:demo", NULL), 0);
	assert_int_equal(ptplens_recording_open(r, path, s, &options), 0);
	read_session(s, r, &given);
	assert_int_equal(ptplens_recording_finish(r), 0);
	ptplens_recording_close(r);
	assert_int_equal(ptplens_session_certificate(s, 0, &given_certificate), 0);
	assert_int_equal(ptplens_session_interface(s, 0, &given_interface), 0);
	ptplens_session_close(s);
	assert_true(given.n > 100);
	assert_true(given_certificate.final);

	s = ptplens_session_new();
	assert_int_equal(ptplens_session_open(s, path, NULL), 0);
	read_session(s, NULL, &read);
	assert_same_messages(&given, &read);
	assert_int_equal(ptplens_session_certificate(s, 0, &read_certificate), 0);
	assert_int_equal(ptplens_session_interface(s, 0, &read_interface), 0);
	assert_memory_equal(&read_certificate, &given_certificate, sizeof given_certificate);
	assert_string_equal(read_interface.name, given_interface.name);
	assert_int_equal(read_interface.mode, PTPLENS_MODE_FILE);
	assert_int_equal(read_interface.certificate_verdict, given_interface.certificate_verdict);
	assert_string_equal(ptplens_session_notes(s), "");
	ptplens_session_close(s);
	message_log_free(&given);
	message_log_free(&read);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(simulated)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
