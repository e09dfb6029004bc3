/* SPDX-License-Identifier: BSD-3-Clause */
/* ahead_main OBJECT PROGRAM INTERFACE: puts a program in front of all others at an interface's tcx ingress, prints "ready", and takes it
 * away when standard input ends. Exit code 77: this kernel has no tcx. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* as in <linux/bpf.h> of 6.6, which Debian 12's is older than */
#define TCX_INGRESS 46
#define FLAG_BEFORE 8

int main(int argc, char **argv)
{
	struct bpf_program *program = NULL, *p;
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);
	struct bpf_object *object;
	char byte;

	if (argc != 4)
		return 2;
	object = bpf_object__open(argv[1]);
	if (!object) {
		fprintf(stderr, "ahead_main: cannot open %s\n", argv[1]);
		return 1;
	}
	bpf_object__for_each_program(p, object)
	{
		bpf_program__set_type(p, BPF_PROG_TYPE_SCHED_CLS);
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), argv[2]));
		if (bpf_program__autoload(p))
			program = p;
	}
	if (!program || bpf_object__load(object)) {
		fprintf(stderr, "ahead_main: cannot load %s of %s\n", argv[2], argv[1]);
		return 1;
	}
	if (bpf_link_create(bpf_program__fd(program), (int)if_nametoindex(argv[3]), TCX_INGRESS, &options) < 0) {
		fprintf(stderr, "ahead_main: %s\n", strerror(errno));
		return errno == EINVAL ? 77 : 1;
	}
	printf("ready\n");
	fflush(stdout);
	return read(STDIN_FILENO, &byte, 1) != 0;
}
