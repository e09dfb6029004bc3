/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a recording cannot be written: it says why, and what is there stays readable. Needs root for a small file system of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "given_session.h"
#include "pcapng.h"
#include "source.h"
#include "traffic.h"

static char folder[] = "/tmp/ptplens-full-XXXXXX";
static const atomic_int never_stopped;

static const char *at(const char *name)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static struct ptplens_recording *start(const char *path, int overwrite, int *code)
{
	static struct ptplens_session session;
	struct ptplens_recording *r = ptplens_recording_new();
	struct ptplens_recording_options options = {.size = sizeof options, .overwrite = (uint32_t)overwrite};

	given_session(&session, 1);
	*code = ptplens_recording_open(r, path, &session, &options);
	return r;
}

/* Writes up to n messages; returns the first failure. */
static int write_messages(struct ptplens_recording *r, int n)
{
	struct traffic t;
	struct ptplens_message m;
	int failed = 0;

	traffic_start(&t, 3, 1, 10);
	for (; n > 0 && !failed; n--) {
		traffic_next(&t, &m);
		failed = ptplens_recording_write(r, &m, 1);
	}
	return failed;
}

static size_t read_back(const char *path, int *code)
{
	struct pl_source *source;
	struct pl_error e;
	struct ptplens_message m[64];
	size_t count, messages = 0;

	assert_int_equal(pl_source_file_open(&source, path, &e), 0);
	source->stop = &never_stopped;
	while ((*code = source->ops->read(source, m, 64, 0, &count, &e)) == 0)
		messages += count;
	source->ops->close(source);
	return messages;
}

static void assert_refused(const char *path, int overwrite, int expected, const char *words)
{
	int code;
	struct ptplens_recording *r = start(path, overwrite, &code);

	assert_int_equal(code, expected);
	assert_non_null(strstr(ptplens_recording_errmsg(r), path));
	assert_non_null(strstr(ptplens_recording_errmsg(r), words));
	ptplens_recording_close(r);
}

static void refused(void **state)
{
	int code;
	char text[16] = {0};

	(void)state;
	int fd = open(at("there"), O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_refused(at("there"), 0, PTPLENS_E_EXISTS, "exists");
	fd = open(at("there"), O_RDONLY);
	assert_int_equal(read(fd, text, sizeof text), 8);
	assert_string_equal(text, "precious");
	close(fd);
	assert_refused(folder, 0, PTPLENS_E_ARGUMENT, "is a directory");
	assert_refused(folder, 1, PTPLENS_E_ARGUMENT, "is a directory");
	assert_refused(at("no/such/file"), 0, PTPLENS_E_NOT_FOUND, "no such directory");

	struct ptplens_recording *r = start(at("there"), 1, &code);
	assert_int_equal(code, 0);
	assert_int_equal(write_messages(r, 10), 0);
	assert_int_equal(ptplens_recording_finish(r), 0);
	assert_int_equal(ptplens_recording_finish(r), PTPLENS_E_STATE);
	assert_int_equal(ptplens_recording_flush(r), PTPLENS_E_STATE);
	ptplens_recording_close(r);
	assert_int_equal(read_back(at("there"), &code), 10);
	assert_int_equal(code, PTPLENS_E_END);
	assert_int_equal(unlink(at("there")), 0);
}

static void not_permitted(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int code = 0;
		if (setgid(65534) == 0 && setuid(65534) == 0)
			ptplens_recording_close(start(at("no"), 0, &code));
		_exit(code == PTPLENS_E_PERMISSION ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* The disk filled up: `path` has whole blocks only, and every further call fails the same way. */
static void assert_cut_clean(struct ptplens_recording *r, const char *path, size_t limit)
{
	struct stat about;
	struct ptplens_message none;
	char sentence[512];
	int code;

	snprintf(sentence, sizeof sentence, "%s", ptplens_recording_errmsg(r));
	assert_non_null(strstr(sentence, path));
	assert_non_null(strstr(sentence, "ends with a whole block"));
	assert_int_equal(ptplens_recording_write(r, &none, 0), PTPLENS_E_NO_SPACE);
	assert_int_equal(ptplens_recording_flush(r), PTPLENS_E_NO_SPACE);
	assert_int_equal(ptplens_recording_finish(r), PTPLENS_E_NO_SPACE);
	assert_string_equal(ptplens_recording_errmsg(r), sentence);
	ptplens_recording_close(r);
	assert_int_equal(stat(path, &about), 0);
	assert_in_range(about.st_size, limit - 4096, limit);
	assert_in_range(read_back(path, &code), 100, 100000);
	assert_int_equal(code, PTPLENS_E_END);
}

static void no_space(void **state)
{
	int code;

	(void)state;
	assert_int_equal(mkdir(at("small"), 0700), 0);
	assert_int_equal(mount("none", at("small"), "tmpfs", 0, "size=200k"), 0);
	struct ptplens_recording *r = start(at("small/full.pcapng"), 0, &code);
	assert_int_equal(code, 0);
	assert_int_equal(write_messages(r, 100000), PTPLENS_E_NO_SPACE);
	assert_cut_clean(r, at("small/full.pcapng"), 200 << 10);
	assert_int_equal(umount(at("small")), 0);
	assert_int_equal(rmdir(at("small")), 0);
}

static void size_limit(void **state)
{
	struct rlimit before, limit;
	int code;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 150001;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	struct ptplens_recording *r = start(at("limit"), 0, &code);
	assert_int_equal(code, 0);
	assert_int_equal(write_messages(r, 100000), PTPLENS_E_NO_SPACE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_cut_clean(r, at("limit"), 150001);
	assert_int_equal(unlink(at("limit")), 0);
}

static int is_larger(const char *path, off_t bytes)
{
	struct stat about;
	return stat(path, &about) == 0 && about.st_size > bytes;
}

/* What a killed writer leaves: the messages from the first one on, without a gap, and perhaps a cut block. */
static void killed(void **state)
{
	struct pl_source *source;
	struct pl_error e;
	struct ptplens_message m[64];
	size_t count;
	uint64_t frames = 0;
	int code, status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		struct ptplens_recording *r = start(at("killed"), 0, &code);
		_exit(code || write_messages(r, 10000000));
	}
	time_t deadline = time(NULL) + 20;
	while (!is_larger(at("killed"), 1 << 20) && time(NULL) < deadline)
		sched_yield();
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(pl_source_file_open(&source, at("killed"), &e), 0);
	source->stop = &never_stopped;
	while ((code = source->ops->read(source, m, 64, 0, &count, &e)) == 0)
		for (size_t k = 0; k < count; k++)
			if (m[k].frame)
				assert_true(m[k].packet_id == ++frames);
	assert_true(code == PTPLENS_E_END || code == PTPLENS_E_TRUNCATED);
	assert_true(frames > 1000);
	assert_non_null(strstr(source->ops->notes(source), "the end of the recording is missing"));
	assert_null(strstr(source->ops->notes(source), "not in the file"));
	source->ops->close(source);
	assert_int_equal(unlink(at("killed")), 0);
}

static void *drain(void *argument)
{
	const int *pipe_fd = argument;
	static char bytes[1 << 20];
	size_t total = 0;
	ssize_t n;

	int out = open(at("piped"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
	while ((n = read(*pipe_fd, bytes, sizeof bytes)) > 0)
		total += (size_t)write(out, bytes, (size_t)n);
	close(out);
	return (void *)total;
}

/* Standard output is a pipe that takes less than a write at once and does not block. */
static void pipe_reader(void **state)
{
	int ends[2], code;
	pthread_t reader;
	void *total;

	(void)state;
	int kept = dup(STDOUT_FILENO);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	close(ends[1]);
	assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
	struct ptplens_recording *r = start("-", 0, &code);
	int written = code ? code : write_messages(r, 5000);
	int finished = ptplens_recording_finish(r);
	ptplens_recording_close(r);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	pthread_join(reader, &total);
	close(ends[0]);
	assert_int_equal(written, 0);
	assert_int_equal(finished, 0);
	assert_int_equal(read_back(at("piped"), &code), 5000);
	assert_int_equal(code, PTPLENS_E_END);
	assert_int_equal(unlink(at("piped")), 0);
}

static void pipe_closed(void **state)
{
	int ends[2], code;

	(void)state;
	int kept = dup(STDOUT_FILENO);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
	close(ends[1]);
	struct ptplens_recording *r = start("-", 0, &code);
	close(ends[0]);
	int written = write_messages(r, 100000);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	assert_int_equal(code, 0);
	assert_int_equal(written, PTPLENS_E_IO);
	assert_non_null(strstr(ptplens_recording_errmsg(r), "standard output cannot be written"));
	ptplens_recording_close(r);
}

/* Standard output appended to a file: what stood there before stays. */
static void appended(void **state)
{
	struct rlimit before, limit;
	struct stat about;
	char text[8];
	int code;

	(void)state;
	int kept = dup(STDOUT_FILENO), fd = open(at("log"), O_CREAT | O_RDWR | O_APPEND, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 100000;
	setrlimit(RLIMIT_FSIZE, &limit);
	struct ptplens_recording *r = start("-", 0, &code);
	int written = write_messages(r, 100000);
	setrlimit(RLIMIT_FSIZE, &before);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	ptplens_recording_close(r);
	assert_int_equal(written, PTPLENS_E_NO_SPACE);
	assert_int_equal(fstat(fd, &about), 0);
	assert_in_range(about.st_size, 90000, 99999);
	assert_int_equal(pread(fd, text, 8, 0), 8);
	assert_memory_equal(text, "precious", 8);
	off_t block = 8;
	while (block < about.st_size) {
		assert_int_equal(pread(fd, text, 8, block), 8);
		block += pl_get_u32((const uint8_t *)text + 4);
	}
	assert_true(block == about.st_size);
	close(fd);
	assert_int_equal(unlink(at("log")), 0);
}

static void other_objects(void **state)
{
	int code;
	struct ptplens_message m = {.verdict = PTPLENS_MATCHED};

	(void)state;
	struct ptplens_recording *r = start("/dev/null", 1, &code);
	assert_int_equal(code, 0);
	assert_int_equal(ptplens_recording_write(r, &m, 1), PTPLENS_E_ARGUMENT); /* neither frame nor event */
	assert_int_equal(write_messages(r, 100), 0);
	assert_int_equal(ptplens_recording_finish(r), 0);
	ptplens_recording_close(r);
	r = ptplens_recording_new();
	assert_int_equal(ptplens_recording_flush(r), PTPLENS_E_STATE);
	ptplens_recording_close(r);
	ptplens_recording_close(NULL);
}

static int make_folder(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	return !mkdtemp(folder);
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refused),     cmocka_unit_test(not_permitted), cmocka_unit_test(no_space),
	    cmocka_unit_test(size_limit),  cmocka_unit_test(killed),        cmocka_unit_test(pipe_reader),
	    cmocka_unit_test(pipe_closed), cmocka_unit_test(appended),      cmocka_unit_test(other_objects),
	};
	if (geteuid() != 0 || unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		printf("skipped: a small file system of its own needs root: %s\n", strerror(errno));
		return 77;
	}
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
