/* SPDX-License-Identifier: BSD-3-Clause */
/* Simulated traffic with known truth: a tap and a capture that see one link, on a clock of their own. */
#ifndef PL_SIM_H
#define PL_SIM_H

#include "capture.h"
#include "tap.h"

/* Scenarios: "demo", 10 s of an end-to-end exchange seen at the slave. The simulated time moves on by one tick each time the tap's clocks
 * are read, and stands still otherwise. *tap and *capture are set only on success; each is closed by its own close, in any order. */
int pl_sim_open(const char *scenario, uint32_t ring_slots, struct pl_tap **tap, struct pl_capture **capture, struct pl_error *);

#endif
