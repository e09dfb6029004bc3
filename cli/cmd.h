/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands. Each gets its own name as argv[0] and returns the exit code. */
#ifndef CMD_H
#define CMD_H

enum { EXIT_OK = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

int cmd_demo(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_stamps(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* The exit code for a failed library call. */
int exit_code(int error);

/* CLOCK_MONOTONIC. */
double seconds_now(void);

/* SIGINT and SIGTERM stop this session; NULL: the default again. */
struct ptplens_session;
void stop_on_signals(struct ptplens_session *);

#endif
