/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a command on a kernel that has no bpf(2): the call answers ENOSYS. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 2 || !filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(bpf), 0) || seccomp_load(filter)) {
		fprintf(stderr, "usage: without_bpf COMMAND...\n");
		return 126;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 126;
}
