/* SPDX-License-Identifier: BSD-3-Clause */
/* A recording that ends anywhere, as a killed writer or a full disk leaves it, gives all whole messages and then says where it is cut.
 * Bytes changed at random never do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "given_session.h"
#include "pcapng.h"
#include "source.h"
#include "traffic.h"
#include "virtual_clock.h"

#define MESSAGES 60

static const atomic_int never_stopped;
static char path[64];
static int fd;
static uint8_t *whole; /* the recording */
static size_t whole_bytes;
static size_t ends[4 * MESSAGES]; /* of its blocks */
static size_t blocks;

static void record_to(const char *name)
{
	struct ptplens_session session;
	struct traffic t;
	struct ptplens_message m;
	struct ptplens_recording *r = ptplens_recording_new();

	given_session(&session, 2);
	traffic_start(&t, 42, 2, 30);
	assert_int_equal(
	    ptplens_recording_open(r, name, &session,
	                           &(struct ptplens_recording_options){.size = sizeof(struct ptplens_recording_options), .overwrite = 1}),
	    0);
	for (int k = 0; k < MESSAGES; k++) {
		traffic_next(&t, &m);
		assert_int_equal(ptplens_recording_write(r, &m, 1), 0);
		virtual_clock_ns += 50000000;
	}
	assert_int_equal(ptplens_recording_finish(r), 0);
	ptplens_recording_close(r);
}

static int make_recording(void **state)
{
	(void)state;
	fd = memfd_create("cut", 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	record_to(path);
	whole_bytes = (size_t)lseek(fd, 0, SEEK_END);
	whole = malloc(whole_bytes);
	assert_int_equal(pread(fd, whole, whole_bytes, 0), whole_bytes);
	for (size_t at = 0; at < whole_bytes; at += pl_get_u32(whole + at + 4))
		ends[blocks++] = at + pl_get_u32(whole + at + 4);
	assert_int_equal(ends[blocks - 1], whole_bytes);
	return 0;
}

static int free_recording(void **state)
{
	(void)state;
	free(whole);
	return close(fd);
}

static void put(const uint8_t *bytes, size_t n)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, bytes, n, 0), n);
}

/* Reads the file to its end: how many messages, and how it ended. */
static int read_file(size_t *messages, struct pl_error *e)
{
	struct pl_source *source;
	struct ptplens_message m[7];
	size_t count;

	*messages = 0;
	int code = pl_source_file_open(&source, path, e);
	if (code)
		return code;
	source->stop = &never_stopped;
	while ((code = source->ops->read(source, m, 7, 0, &count, e)) == 0)
		*messages += count;
	assert_true(strlen(source->ops->notes(source)) < 4096);
	source->ops->close(source);
	return code;
}

/* How many messages the first n bytes hold, block by block of a copy that is whole. */
static size_t messages_in(size_t n)
{
	size_t messages;
	struct pl_error e;

	put(whole, n);
	assert_int_equal(read_file(&messages, &e), PTPLENS_E_END);
	return messages;
}

static void cut_anywhere(void **state)
{
	size_t messages;
	struct pl_error e;
	char sentence[200];

	(void)state;
	assert_int_equal(messages_in(whole_bytes), MESSAGES);
	for (size_t k = 1; k < blocks; k++) {
		size_t end = ends[k - 1];
		/* every place in the last two blocks, some places in the others */
		size_t step = k + 2 >= blocks ? 1 : 37;
		size_t expected = messages_in(end);
		for (size_t n = end + 1; n < ends[k]; n += step) {
			put(whole, n);
			assert_int_equal(read_file(&messages, &e), PTPLENS_E_TRUNCATED);
			assert_int_equal(messages, expected);
			snprintf(sentence, sizeof sentence, "%s: cut inside block %zu at offset %zu: %zu bytes are left", path, k + 1, end,
			         n - end);
			assert_string_equal(e.text, sentence);
		}
	}
}

static void zero_tail(void **state)
{
	size_t messages;
	struct pl_error e;
	uint8_t zeros[5000] = {0};

	(void)state;
	put(whole, ends[blocks - 3]);
	size_t expected = messages_in(ends[blocks - 3]);
	for (size_t n = 12; n < sizeof zeros; n += 611) {
		assert_int_equal(pwrite(fd, zeros, n, (off_t)ends[blocks - 3]), n);
		assert_int_equal(read_file(&messages, &e), PTPLENS_E_TRUNCATED);
		assert_int_equal(messages, expected);
		assert_non_null(strstr(e.text, "zero bytes instead of block"));
	}
}

static void changed_bytes(void **state)
{
	struct traffic t;
	struct pl_error e;
	uint8_t *copy = malloc(whole_bytes);
	size_t messages, readable = 0;

	(void)state;
	traffic_start(&t, 7, 1, 0);
	for (int k = 0; k < 3000; k++) {
		memcpy(copy, whole, whole_bytes);
		for (uint32_t n = 1 + traffic_random(&t, 4); n > 0; n--)
			copy[traffic_random(&t, (uint32_t)whole_bytes)] = (uint8_t)traffic_random(&t, 256);
		put(copy, whole_bytes);
		int code = read_file(&messages, &e);
		assert_true(code == PTPLENS_E_END || code == PTPLENS_E_TRUNCATED || code == PTPLENS_E_FORMAT ||
		            code == PTPLENS_E_UNSUPPORTED);
		readable += messages == MESSAGES;
	}
	assert_in_range(readable, 1, 2999);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(zero_tail),
	    cmocka_unit_test(changed_bytes),
	};
	return cmocka_run_group_tests(tests, make_recording, free_recording);
}
