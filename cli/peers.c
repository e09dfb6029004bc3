/* SPDX-License-Identifier: BSD-3-Clause */
#include "peers.h"
#include "rtnetlink.h"

#include <ptplens/error.h>

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct pl_peers {
	struct clock {
		pid_t pid;
		int log;
	} clocks[PL_PEERS_ROLES];
};

static const char *const role_words[PL_PEERS_ROLES] = {"master", "slave"};

/* Fast intervals, so that a few seconds show every message; a timeout for transmit stamps that a busy machine does not miss. */
#define CONFIG_ALL \
	"[global]\n" \
	"time_stamping software\n" \
	"logAnnounceInterval -2\n" \
	"logSyncInterval -3\n" \
	"logMinDelayReqInterval -3\n" \
	"logMinPdelayReqInterval -2\n" \
	"neighborPropDelayThresh 100000000\n" \
	"tx_timestamp_timeout 200\n" \
	"summary_interval 0\n" \
	"pi_proportional_const 0.7\n" \
	"pi_integral_const 0.3\n" \
	"first_step_threshold 0\n" \
	"step_threshold 0\n"

static const struct profile {
	const char *name;
	const char *config;
} profiles[] = {
    {"e2e-ethernet", CONFIG_ALL "network_transport L2\ndelay_mechanism E2E\n"},
    {"e2e-ipv4", CONFIG_ALL "network_transport UDPv4\ndelay_mechanism E2E\n"},
    {"e2e-ipv6", CONFIG_ALL "network_transport UDPv6\ndelay_mechanism E2E\n"},
    {"p2p-ethernet", CONFIG_ALL "network_transport L2\ndelay_mechanism P2P\n"},
    {"gptp", CONFIG_ALL "network_transport L2\ndelay_mechanism P2P\ntransportSpecific 0x1\nptp_dst_mac 01:80:C2:00:00:0E\n"
                        "gmCapable 1\nassume_two_step 1\nfollow_up_info 1\npath_trace_enabled 1\nsyncReceiptTimeout 3\n"},
};

static int fail(char *error, size_t size, int code, const char *format, ...) __attribute__((format(printf, 4, 5)));
static int fail(char *error, size_t size, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, size, format, arguments);
	va_end(arguments);
	return code;
}

static int code_of(int e)
{
	switch (e) {
	case EPERM:
	case EACCES:
		return PTPLENS_E_PERMISSION;
	case EOPNOTSUPP:
	case ENOSYS:
		return PTPLENS_E_UNSUPPORTED;
	case ENOENT:
		return PTPLENS_E_NOT_FOUND;
	default:
		return PTPLENS_E_SYSTEM;
	}
}

const char *pl_peers_profile(size_t index)
{
	return index < sizeof(profiles) / sizeof(profiles[0]) ? profiles[index].name : NULL;
}

int pl_peers_drop_clock_right(void)
{
	if (capng_get_caps_process() ||
	    capng_updatev(CAPNG_DROP, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE | CAPNG_BOUNDING_SET, CAP_SYS_TIME, -1) ||
	    capng_apply(CAPNG_SELECT_BOTH))
		return errno ? -errno : -EPERM;
	return 0;
}

int pl_peers_confine(void)
{
	static const char *const calls[] = {"clock_settime", "clock_settime64", "settimeofday", "adjtimex",
	                                    "clock_adjtime", "clock_adjtime64", "stime"};
	int result = pl_peers_drop_clock_right();
	scmp_filter_ctx filter;

	if (result)
		return result;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return -ENOMEM;
	/* calls that this architecture does not have get negative numbers, for which no rule is made */
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !result; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), seccomp_syscall_resolve_name(calls[i]), 0);
	if (!result)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

/* --- in the child: until it has become ptp4l, a failure is a step's number and an errno sent to the parent -------------------------- */

enum step { STEP_NAMESPACE, STEP_READY, STEP_NETWORK, STEP_FILES, STEP_CONFINE, STEP_EXECUTE };

static const char *const step_words[] = {
    "make a network namespace for", "wait for", "set up the network of", "make files for", "confine", "run"};

struct failure {
	int step;
	int error;
};

struct birth {
	const struct profile *profile;
	enum pl_peers_role role;
	pid_t parent;
	int channel; /* socket pair: 'r' from a child that waits for its interface, 'g' to it, struct failure from it */
	int log;
};

static void give_up(const struct birth *birth, enum step step, int error)
{
	struct failure failure = {.step = (int)step, .error = error};

	/* a parent that is gone needs no answer */
	if (write(birth->channel, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

static int set_up_interface(const char *name, unsigned host)
{
	char address[32];
	int result = pl_rtnl_up(name);

	snprintf(address, sizeof(address), "10.77.0.%u", host);
	if (!result)
		result = pl_rtnl_address(name, AF_INET, address, 24);
	snprintf(address, sizeof(address), "fd77::%u", host);
	if (!result)
		result = pl_rtnl_address(name, AF_INET6, address, 64);
	return result;
}

static void enter_own_namespace(const struct birth *birth)
{
	char byte;
	int result;

	if (unshare(CLONE_NEWNET))
		give_up(birth, STEP_NAMESPACE, errno);
	if (write(birth->channel, "r", 1) != 1 || read(birth->channel, &byte, 1) != 1)
		give_up(birth, STEP_READY, EPIPE);
	result = set_up_interface(PL_PEERS_MASTER_INTERFACE, 1);
	if (result)
		give_up(birth, STEP_NETWORK, -result);
}

/* ptp4l and what it may start make sockets under /var/run with fixed names: they get an empty one of their own. */
static void enter_own_files(const struct birth *birth)
{
	int null;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("ptplens", "/var/run", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m"))
		give_up(birth, STEP_FILES, errno);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(birth->log, STDOUT_FILENO) < 0 || dup2(birth->log, STDERR_FILENO) < 0)
		give_up(birth, STEP_FILES, errno);
}

static int write_config(const struct birth *birth)
{
	int fd = memfd_create("ptp4l.conf", 0);

	if (fd < 0 || dprintf(fd, "%spriority1 %d\n", birth->profile->config, birth->role == PL_PEERS_MASTER ? 100 : 200) < 0)
		give_up(birth, STEP_FILES, errno);
	return fd;
}

static void become_clock(const struct birth *birth)
{
	char config[32];
	const char *interface = birth->role == PL_PEERS_MASTER ? PL_PEERS_MASTER_INTERFACE : PL_PEERS_SLAVE_INTERFACE;
	int result;

	/* a process group of its own: Ctrl-C is for the parent, which has an end to read before the clocks go */
	if (setpgid(0, 0))
		give_up(birth, STEP_NAMESPACE, errno);
	if (birth->role == PL_PEERS_MASTER)
		enter_own_namespace(birth);
	snprintf(config, sizeof(config), "/proc/self/fd/%d", write_config(birth));
	enter_own_files(birth);
	result = pl_peers_confine();
	if (result)
		give_up(birth, STEP_CONFINE, -result);
	execlp("ptp4l", "ptp4l", "-f", config, "-i", interface, "-m", "-q", birth->role == PL_PEERS_SLAVE ? "-s" : NULL, NULL);
	give_up(birth, STEP_EXECUTE, errno);
}

/* --- in the parent -------------------------------------------------------------------------------------------------------------------- */

/* Forks a child that dies with its parent. *channel is the parent's end. */
static int start_clock(struct clock *clock, struct birth *birth, int *channel)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	clock->log = memfd_create("ptp4l.log", MFD_CLOEXEC);
	clock->pid = clock->log < 0 ? -1 : fork();
	if (clock->pid < 0) {
		int e = errno;

		close(pair[0]);
		close(pair[1]);
		return -e;
	}
	if (clock->pid == 0) {
		birth->channel = pair[1];
		birth->log = clock->log;
		/* a parent that died before the first line took effect cannot be missed by the second */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != birth->parent)
			_exit(127);
		close(pair[0]);
		become_clock(birth);
	}
	close(pair[1]);
	*channel = pair[0];
	return 0;
}

/* Reads what a child sends: returns 0 if it is `bytes` of an answer, or, with bytes 0, the end that exec makes. */
static int await_child(int channel, enum pl_peers_role role, size_t bytes, char *error, size_t size)
{
	struct failure failure;
	ssize_t n;

	do
		n = recv(channel, &failure, sizeof(failure), 0);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)bytes)
		return 0;
	if (n != (ssize_t)sizeof(failure))
		return fail(error, size, PTPLENS_E_SYSTEM, "ptp4l (%s) could not be started", role_words[role]);
	if (failure.step == STEP_EXECUTE && failure.error == ENOENT)
		return fail(error, size, PTPLENS_E_NOT_FOUND, "ptp4l is not installed (Debian: package linuxptp)");
	return fail(error, size, code_of(failure.error), "cannot %s ptp4l (%s): %s", step_words[failure.step], role_words[role],
	            strerror(failure.error));
}

static int start_master(struct pl_peers *peers, struct birth *birth, char *error, size_t size)
{
	int channel, code, result;

	birth->role = PL_PEERS_MASTER;
	result = start_clock(&peers->clocks[PL_PEERS_MASTER], birth, &channel);
	if (result)
		return fail(error, size, code_of(-result), "cannot start a process: %s", strerror(-result));
	code = await_child(channel, PL_PEERS_MASTER, 1, error, size);
	if (code == 0) {
		result = pl_rtnl_veth(PL_PEERS_SLAVE_INTERFACE, PL_PEERS_MASTER_INTERFACE, peers->clocks[PL_PEERS_MASTER].pid);
		if (!result)
			result = set_up_interface(PL_PEERS_SLAVE_INTERFACE, 2);
		if (result)
			code = fail(error, size, code_of(-result), "cannot join two network namespaces by veth: %s", strerror(-result));
		else if (send(channel, "g", 1, MSG_NOSIGNAL) != 1)
			code = fail(error, size, PTPLENS_E_SYSTEM, "ptp4l (master) has ended");
		else
			code = await_child(channel, PL_PEERS_MASTER, 0, error, size);
	}
	close(channel);
	return code;
}

static int start_slave(struct pl_peers *peers, struct birth *birth, char *error, size_t size)
{
	int channel, code, result;

	birth->role = PL_PEERS_SLAVE;
	result = start_clock(&peers->clocks[PL_PEERS_SLAVE], birth, &channel);
	if (result)
		return fail(error, size, code_of(-result), "cannot start a process: %s", strerror(-result));
	code = await_child(channel, PL_PEERS_SLAVE, 0, error, size);
	close(channel);
	return code;
}

int pl_peers_open(struct pl_peers **out, const char *profile, char *error, size_t error_size)
{
	struct birth birth = {.parent = getpid()};
	struct pl_peers *peers;
	int code;

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, profile) == 0)
			birth.profile = &profiles[i];
	if (!birth.profile)
		return fail(error, error_size, PTPLENS_E_ARGUMENT, "no profile is called \"%s\"", profile);
	if (unshare(CLONE_NEWNET))
		return fail(error, error_size, code_of(errno), "cannot make a network namespace: %s", strerror(errno));
	peers = malloc(sizeof(*peers));
	if (!peers)
		return fail(error, error_size, PTPLENS_E_MEMORY, "no memory");
	for (int role = 0; role < PL_PEERS_ROLES; role++)
		peers->clocks[role] = (struct clock){.pid = -1, .log = -1};
	code = start_master(peers, &birth, error, error_size);
	if (code == 0)
		code = start_slave(peers, &birth, error, error_size);
	if (code)
		pl_peers_close(peers);
	else
		*out = peers;
	return code;
}

static void last_line(int log, char *line, size_t size)
{
	char text[1024];
	off_t most = sizeof(text) - 1;
	struct stat stat;
	ssize_t n = 0;
	char *start;

	if (fstat(log, &stat) == 0)
		n = pread(log, text, sizeof(text) - 1, stat.st_size > most ? stat.st_size - most : 0);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = 0;
	start = strrchr(text, '\n');
	snprintf(line, size, "%.*s", (int)size - 1, start ? start + 1 : text);
}

int pl_peers_check(struct pl_peers *peers, char *error, size_t error_size)
{
	char line[256];

	for (int role = 0; role < PL_PEERS_ROLES; role++) {
		struct clock *clock = &peers->clocks[role];

		if (clock->pid > 0 && waitpid(clock->pid, NULL, WNOHANG) != clock->pid)
			continue;
		clock->pid = -1;
		last_line(clock->log, line, sizeof(line));
		return fail(error, error_size, PTPLENS_E_STATE, "ptp4l (%s) has ended: %s", role_words[role], line);
	}
	return 0;
}

pid_t pl_peers_pid(const struct pl_peers *peers, enum pl_peers_role role)
{
	return peers->clocks[role].pid;
}

int pl_peers_log(const struct pl_peers *peers, enum pl_peers_role role)
{
	return peers->clocks[role].log;
}

void pl_peers_close(struct pl_peers *peers)
{
	if (!peers)
		return;
	for (int role = 0; role < PL_PEERS_ROLES; role++) {
		struct clock *clock = &peers->clocks[role];

		if (clock->pid > 0) {
			kill(clock->pid, SIGKILL);
			while (waitpid(clock->pid, NULL, 0) < 0 && errno == EINTR)
				;
		}
		if (clock->log >= 0)
			close(clock->log);
	}
	free(peers);
}
