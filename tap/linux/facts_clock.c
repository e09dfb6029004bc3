/* SPDX-License-Identifier: BSD-3-Clause */
/* The card's clock: what it shows, and who else has it open. */
#include "facts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "linux/host.h"

#define READINGS 10

/* A word out of a file of the kernel's; "" when it cannot be read. */
static void read_word(const char *path, char *out, size_t room)
{
	char text[128] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	for (char *p = text; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	snprintf(out, room, "%s", text);
}

/* 1: the process holds path open, 0: it does not, -1: it may not be looked at. */
static int holds(const char *pid, const char *path)
{
	char folder[64], target[128];
	int found = 0;

	snprintf(folder, sizeof folder, "/proc/%.16s/fd", pid);
	DIR *d = opendir(folder);
	if (!d)
		return errno == EACCES ? -1 : 0;
	for (struct dirent *entry; !found && (entry = readdir(d));) {
		ssize_t n = readlinkat(dirfd(d), entry->d_name, target, sizeof target - 1);
		if (n < 0)
			continue;
		target[n] = 0;
		found = !strcmp(target, path);
	}
	closedir(d);
	return found;
}

void pl_facts_users(const char *path, struct pl_names *users, uint32_t *unseen)
{
	DIR *d = opendir("/proc");

	if (!d)
		return;
	for (struct dirent *entry; (entry = readdir(d));) {
		char name[64], comm[PL_NAME], user[PL_NAME + 16];
		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == getpid())
			continue;
		int held = holds(entry->d_name, path);
		*unseen += held < 0;
		if (held <= 0)
			continue;
		snprintf(name, sizeof name, "/proc/%.16s/comm", entry->d_name);
		read_word(name, comm, sizeof comm);
		snprintf(user, sizeof user, "%.15s (%.8s)", comm, entry->d_name);
		pl_names_add(users, user);
	}
	closedir(d);
}

/* The reading that took least time. */
static void read_clock(struct pl_interface_facts *f, clockid_t clock)
{
	int64_t best = INT64_MAX;
	struct timespec t;

	if (clock_gettime(clock, &t)) {
		f->clock_error = PTPLENS_E_SYSTEM;
		return;
	}
	for (int i = 0; i < READINGS; i++) {
		int64_t before = pl_host_now(CLOCK_REALTIME), there = pl_host_now(clock), after = pl_host_now(CLOCK_REALTIME);
		if (after < before || after - before >= best)
			continue;
		best = after - before;
		f->clock_half_width_ns = best / 2;
		f->clock_offset_ns = there - (before + best / 2);
	}
}

void pl_facts_clock(struct pl_interface_facts *f)
{
	char device[32], path[64];

	if (f->clock < 0)
		return;
	snprintf(path, sizeof path, "/sys/class/ptp/ptp%d/clock_name", f->clock);
	read_word(path, f->clock_name, sizeof f->clock_name);
	snprintf(device, sizeof device, "/dev/ptp%d", f->clock);
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	f->clock_error = fd >= 0           ? 0
	                 : errno == ENOENT ? PTPLENS_E_NOT_FOUND
	                                   : (errno == EACCES || errno == EPERM ? PTPLENS_E_PERMISSION : PTPLENS_E_SYSTEM);
	if (fd >= 0) {
		read_clock(f, (~(clockid_t)fd << 3) | 3); /* CLOCKFD: the kernel's encoding of a clock device */
		close(fd);
	}
	pl_facts_users(device, &f->clock_users, &f->clock_unseen);
}
