/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

#include <getopt.h>

#include "out.h"

static int usage(FILE *to)
{
	fputs("usage: ptplens doctor [INTERFACE] [OPTION...]\n\n"
	      "What this machine and an interface can do, what stands in the way, and what to do about it.\n"
	      "Without INTERFACE: the machine, and one line for each interface.\n\n"
	      "  --json  JSON lines\n\n"
	      "Exit code 1: there are warnings or problems. Changes nothing; with fewer rights it sees less.\n",
	      to);
	return to == stdout ? EXIT_OK : EXIT_USAGE;
}

static int report(const struct ptplens_host *host, int json)
{
	unsigned counts[PTPLENS_SEVERITY_PROBLEM + 1] = {0};

	for (size_t i = 0; i < ptplens_host_findings(host); i++) {
		struct ptplens_finding finding;
		ptplens_host_finding(host, i, &finding);
		out_finding(stdout, &finding, json);
		counts[finding.severity]++;
	}
	out_severities(stdout, counts, json);
	return counts[PTPLENS_SEVERITY_WARNING] || counts[PTPLENS_SEVERITY_PROBLEM] ? EXIT_FINDINGS : EXIT_OK;
}

static int doctor(const char *interface, int json)
{
	struct ptplens_host *host = ptplens_host_new();

	if (!host) {
		out_error("out of memory");
		return EXIT_USAGE;
	}
	int code, failed = ptplens_host_open(host, interface);
	if (failed) {
		out_error("%s", ptplens_host_errmsg(host));
		code = exit_code(failed);
	} else {
		code = report(host, json);
	}
	ptplens_host_close(host);
	return code;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
	int o, json = 0;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (o) {
		case 'j':
			json = 1;
			break;
		case 'h':
			return usage(stdout);
		default:
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1) {
		out_error("doctor takes one interface at most");
		return EXIT_USAGE;
	}
	return doctor(argv[optind], json);
}
