/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "out.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *does;
} commands[] = {
    {"demo", cmd_demo, "ten seconds of two real PTP clocks on this machine: recorded, joined, certified"},
    {"doctor", cmd_doctor, "what this machine and its interfaces can do, and what stands in the way"},
    {"record", cmd_record, "record the PTP messages of interfaces, with their timestamps, into a pcapng"},
    {"show", cmd_show, "one line for each message of an interface or a recording"},
    {"stamps", cmd_stamps, "which timestamps that were asked for came, which did not, and why"},
    {"version", cmd_version, "print the version"},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static int usage(FILE *to)
{
	fprintf(to, "usage: ptplens COMMAND [OPTION...] [ARGUMENT...]\n\n"
	            "Every PTP message on a network card, both directions, with the card's own timestamp wherever it gave one.\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-8s  %s\n", commands[i].name, commands[i].does);
	fprintf(to, "\n`ptplens COMMAND --help` tells more. Try first: ptplens demo\n"
	            "Exit codes: 0 ok, 1 findings or unexplained loss, 2 usage or input, 3 not permitted or not supported.\n");
	return to == stdout ? EXIT_OK : EXIT_USAGE;
}

int cmd_version(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		out_error("version takes no argument");
		return EXIT_USAGE;
	}
	printf("ptplens %s\n", ptplens_version());
	return EXIT_OK;
}

int exit_code(int error)
{
	if (error == PTPLENS_E_GONE)
		return EXIT_FINDINGS;
	return error == PTPLENS_E_PERMISSION || error == PTPLENS_E_UNSUPPORTED ? EXIT_REFUSED : error ? EXIT_USAGE : EXIT_OK;
}

double seconds_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct ptplens_session *session_to_stop;

static void on_signal(int number)
{
	(void)number;
	ptplens_session_stop(session_to_stop);
}

/* A second signal kills: whoever is stuck in a write can still be ended. */
void stop_on_signals(struct ptplens_session *session)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, standard = {.sa_handler = SIG_DFL};

	if (session)
		session_to_stop = session;
	sigaction(SIGINT, session ? &action : &standard, NULL);
	sigaction(SIGTERM, session ? &action : &standard, NULL);
}

/* Whether all output arrived. Whoever closed the pipe knows. */
static int close_output(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	if (errno != EPIPE)
		out_error("standard output: %s", strerror(errno));
	return code ? code : EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	static char name[] = "ptplens"; /* what getopt puts in front of its sentences */

	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return usage(stdout);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return cmd_version(argc - 1, argv + 1);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = name;
		return commands[i].run(argc - 1, argv + 1);
	}
	out_error("%s: no such command; `ptplens help` lists them", argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* a reader that goes away is an error of write */
	if (argc < 2)
		return usage(stderr);
	return close_output(run(argc, argv));
}
