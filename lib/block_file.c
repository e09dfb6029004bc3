/* SPDX-License-Identifier: BSD-3-Clause */
#include "block_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pcapng.h"

#define WRITE_BYTES (64u << 10)
#define WRITE_NS 250000000ll
#define SYNC_NS 5000000000ll
#define MODE 0666

static int fail_open(const char *name, struct pl_error *e)
{
	switch (errno) {
	case EEXIST:
		return pl_fail(e, PTPLENS_E_EXISTS, "%s exists and is not overwritten", name);
	case EISDIR:
		return pl_fail(e, PTPLENS_E_ARGUMENT, "%s is a directory", name);
	case ENOENT:
	case ENOTDIR:
		return pl_fail(e, PTPLENS_E_NOT_FOUND, "%s: no such directory", name);
	case EACCES:
	case EPERM:
	case EROFS:
		return pl_fail(e, PTPLENS_E_PERMISSION, "%s cannot be written: %s", name, strerror(errno));
	case ENOSPC:
	case EDQUOT:
		return pl_fail(e, PTPLENS_E_NO_SPACE, "%s: no space left to create it", name);
	default:
		return pl_fail(e, PTPLENS_E_IO, "%s cannot be opened: %s", name, strerror(errno));
	}
}

/* A file that is there keeps its content until it is known to be a regular one. */
static int open_path(struct pl_block_file *f, const char *path, int overwrite, struct pl_error *e)
{
	struct stat about;

	if (strcmp(path, "-") == 0) {
		f->name = "standard output";
		f->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	} else {
		f->name = path;
		if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
			return pl_fail(e, PTPLENS_E_ARGUMENT, "%s is a directory", path);
		f->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (overwrite ? 0 : O_EXCL), MODE);
	}
	if (f->fd < 0)
		return fail_open(f->name, e);
	if (fstat(f->fd, &about))
		return pl_fail(e, PTPLENS_E_IO, "%s: %s", f->name, strerror(errno));
	f->regular = S_ISREG(about.st_mode);
	if (f->regular && strcmp(path, "-") != 0 && ftruncate(f->fd, 0))
		return pl_fail(e, PTPLENS_E_IO, "%s cannot be emptied: %s", f->name, strerror(errno));
	return 0;
}

int pl_block_file_open(struct pl_block_file *f, const char *path, int overwrite, struct pl_error *e)
{
	*f = (struct pl_block_file){.fd = -1, .name = path};
	f->buffer = malloc(WRITE_BYTES + PL_BLOCK_FILE_BLOCK_MAX);
	if (!f->buffer)
		return pl_fail(e, PTPLENS_E_MEMORY, "%s: out of memory", path);
	int failed = open_path(f, path, overwrite, e);
	if (failed)
		pl_block_file_close(f);
	return failed;
}

/* Of the `done` bytes that were written of the buffer, those up to the end of a block. */
static size_t whole_blocks(const struct pl_block_file *f, size_t done)
{
	size_t end = 0;

	while (end + 8 <= done) {
		size_t length = pl_get_u32(f->buffer + end + 4);
		if (length > done - end)
			break;
		end += length;
	}
	return end;
}

static int fail_write(struct pl_block_file *f, size_t done, struct pl_error *e)
{
	int error = errno, cut = 1;
	size_t whole = whole_blocks(f, done);

	f->written += done;
	if (f->regular && whole < done) {
		/* relative to where the file ends now: what a shell put in front stays */
		off_t end = lseek(f->fd, 0, SEEK_CUR);
		cut = end >= 0 && ftruncate(f->fd, end - (off_t)(done - whole)) == 0;
		f->written -= cut ? done - whole : 0;
	}
	f->used = 0;
	if (error == EFBIG)
		return pl_fail(e, PTPLENS_E_NO_SPACE, "%s may not grow further: it %s after %" PRIu64 " bytes", f->name,
		               cut ? "ends with a whole block" : "is cut inside a block", f->written);
	if (error == ENOSPC || error == EDQUOT)
		return pl_fail(e, PTPLENS_E_NO_SPACE, "%s: no space left: it %s after %" PRIu64 " bytes", f->name,
		               cut ? "ends with a whole block" : "is cut inside a block", f->written);
	return pl_fail(e, PTPLENS_E_IO, "%s cannot be written: %s, after %" PRIu64 " bytes", f->name, strerror(error), f->written);
}

static int write_all(struct pl_block_file *f, struct pl_error *e)
{
	size_t done = 0;

	while (done < f->used) {
		ssize_t n = write(f->fd, f->buffer + done, f->used - done);
		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			struct pollfd ready = {.fd = f->fd, .events = POLLOUT};
			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			return fail_write(f, done, e);
		}
	}
	f->written += done;
	f->used = 0;
	return 0;
}

int pl_block_file_add(struct pl_block_file *f, const uint8_t *block, size_t n, int64_t since_ns, struct pl_error *e)
{
	if (f->used == 0)
		f->waiting_ns = since_ns;
	memcpy(f->buffer + f->used, block, n);
	f->used += n;
	return f->used >= WRITE_BYTES ? write_all(f, e) : 0;
}

static int synchronize(const struct pl_block_file *f, struct pl_error *e)
{
	if (!f->regular || fdatasync(f->fd) == 0 || errno == EINVAL)
		return 0;
	int code = errno == ENOSPC || errno == EDQUOT ? PTPLENS_E_NO_SPACE : PTPLENS_E_IO;
	return pl_fail(e, code, "%s does not reach the disk: %s", f->name, strerror(errno));
}

int pl_block_file_tick(struct pl_block_file *f, int64_t now_ns, struct pl_error *e)
{
	if (f->used == 0 || now_ns - f->waiting_ns < WRITE_NS)
		return 0;
	int failed = write_all(f, e);
	if (failed || now_ns - f->synced_ns < SYNC_NS)
		return failed;
	f->synced_ns = now_ns;
	return synchronize(f, e);
}

int pl_block_file_finish(struct pl_block_file *f, struct pl_error *e)
{
	int failed = write_all(f, e);

	if (!failed)
		failed = synchronize(f, e);
	if (close(f->fd) && !failed)
		failed = pl_fail(e, PTPLENS_E_IO, "%s cannot be closed: %s", f->name, strerror(errno));
	f->fd = -1;
	return failed;
}

void pl_block_file_close(struct pl_block_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->buffer);
	*f = (struct pl_block_file){.fd = -1};
}
