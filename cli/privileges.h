/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PRIVILEGES_H
#define PRIVILEGES_H

/* Gives up, for good, every right but CAP_NET_ADMIN, once interfaces and files are open. CAP_NET_ADMIN stays: without it a program put in
 * front of the tap while it runs could not be seen, and a clsact filter not be removed. 0, or -1 if the system refused. */
int drop_privileges(void);

#endif
