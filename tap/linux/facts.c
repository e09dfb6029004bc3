/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine tells, and what its kernel grants this process. */
#include "facts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "linux/programs.h"
#include "linux/tcx.h"
#include <ptplens/event.h>

#define TRIAL_SLOTS 8 /* the smallest ring */
#define TRIAL_NAME "no interface"
#define LOOPBACK_INDEX 1 /* in every network namespace */

void pl_names_add(struct pl_names *names, const char *name)
{
	if (names->count < sizeof names->list / sizeof names->list[0])
		snprintf(names->list[names->count], PL_NAME, "%.*s", PL_NAME - 1, name);
	names->count++;
}

static void read_line(const char *path, char *out, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, room - 1) : -1;

	out[n > 0 ? n : 0] = 0;
	out[strcspn(out, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

static uint32_t read_rights(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint32_t rights = 0;

	if (syscall(SYS_capget, &header, data))
		return 0;
	const uint64_t have = data[0].effective | (uint64_t)data[1].effective << 32;
	/* CAP_SYS_ADMIN stands for the two that were split off from it */
	const uint64_t all = have >> CAP_SYS_ADMIN & 1;
	if (have >> CAP_NET_ADMIN & 1)
		rights |= PL_RIGHT_NET_ADMIN;
	if (have >> CAP_NET_RAW & 1)
		rights |= PL_RIGHT_NET_RAW;
	if (all || have >> CAP_BPF & 1)
		rights |= PL_RIGHT_BPF;
	if (all || have >> CAP_PERFMON & 1)
		rights |= PL_RIGHT_PERFMON;
	return rights;
}

/* "none [integrity] confidentiality": the one in brackets is on. */
static void read_lockdown(char *out)
{
	char line[128], *end;

	out[0] = 0;
	read_line("/sys/kernel/security/lockdown", line, sizeof line);
	char *word = strchr(line, '[');
	if (!word || !(end = strchr(word, ']')))
		return;
	*end = 0;
	if (strcmp(word + 1, "none"))
		snprintf(out, PL_NAME, "%.*s", PL_NAME - 1, word + 1);
}

/* Attached for a moment, with no interface that their events could be of. */
static void try_programs(struct pl_host_facts *f)
{
	struct pl_tap_config config = {.mask = TRIAL_SLOTS - 1};
	struct pl_programs programs;
	struct pl_error e;

	f->programs = pl_programs_open(&programs, &config, TRIAL_NAME, &e);
	if (f->programs) {
		/* its sentences begin with the interface's name */
		snprintf(f->programs_failure, sizeof f->programs_failure, "%s", e.text + strlen(TRIAL_NAME ": "));
		return;
	}
	f->stamp_hooks = programs.hooks;
	pl_programs_close(&programs);
}

int pl_facts_host(struct pl_host_facts *f, struct pl_error *e)
{
	uint32_t ids[PL_TCX_CHAIN_MAX], count;
	struct timex t = {.modes = 0};
	struct utsname name;

	*f = (struct pl_host_facts){0};
	if (uname(&name))
		return pl_fail(e, PTPLENS_E_SYSTEM, "the kernel does not tell its name: %s", strerror(errno));
	snprintf(f->kernel, sizeof f->kernel, "%s", name.release);
	snprintf(f->machine, sizeof f->machine, "%s", name.machine);
	sscanf(name.release, "%d.%d", &f->major, &f->minor);
	f->rights = read_rights();
	f->has_btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	read_lockdown(f->lockdown);
	try_programs(f);
	int error = pl_tcx_list(LOOPBACK_INDEX, PTPLENS_RECEIVE, ids, &count);
	f->tcx = error == -EINVAL ? PL_NO : error ? PL_NOT_TOLD : PL_YES;
	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", f->clocksource, sizeof f->clocksource);
	f->tai_utc_s = adjtimex(&t) >= 0 ? t.tai : 0;
	return 0;
}

void pl_facts_complete(struct pl_interface_facts *f)
{
	pl_facts_ethtool(f);
	pl_facts_clock(f);
	pl_facts_chain(f);
}
