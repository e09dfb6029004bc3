/* SPDX-License-Identifier: BSD-3-Clause */
/* Two PTP clocks to look at: linuxptp's ptp4l as master and as slave in two network namespaces joined by veth.
 *
 * Nothing here outlives the process that started it, however it ends: the namespaces have no names and the clocks die with their parent.
 * The clocks cannot set or steer a clock of the machine, and their sockets and files are in a file system of their own. */
#ifndef PL_PEERS_H
#define PL_PEERS_H

#include <stddef.h>
#include <sys/types.h>

/* Ends of the veth pair: that of the slave, in the caller's namespace, and that of the master. */
#define PL_PEERS_SLAVE_INTERFACE "demo0"
#define PL_PEERS_MASTER_INTERFACE "demo1"

enum pl_peers_role { PL_PEERS_MASTER = 0, PL_PEERS_SLAVE = 1, PL_PEERS_ROLES = 2 };

struct pl_peers;

/* The profiles' names: "e2e-ethernet" and so on; NULL beyond the last. */
const char *pl_peers_profile(size_t index);

/* Moves the calling process, which must have one thread, for good into a new network namespace, and starts the clocks of a profile.
 * 0: *out is to be closed. Negative enum ptplens_error: error holds a sentence. */
int pl_peers_open(struct pl_peers **out, const char *profile, char *error, size_t error_size);

/* 0: both clocks run. PTPLENS_E_STATE: one has ended; error holds a sentence with its last words. */
int pl_peers_check(struct pl_peers *, char *error, size_t error_size);

pid_t pl_peers_pid(const struct pl_peers *, enum pl_peers_role);

/* What the clock has printed; read it with pread, the offset is the clock's. */
int pl_peers_log(const struct pl_peers *, enum pl_peers_role);

/* Ends the clocks and waits for them; NULL is fine. */
void pl_peers_close(struct pl_peers *);

/* Makes the calling process and its children unable to set or steer a clock: the system calls that would do so answer 0 and do nothing,
 * and the right to do so is given up for good. 0 or a negative errno. */
int pl_peers_confine(void);

/* The second half of it alone. */
int pl_peers_drop_clock_right(void);

#endif
