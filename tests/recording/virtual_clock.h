/* SPDX-License-Identifier: BSD-3-Clause */
/* Replaces clock_gettime of a program linked with -Wl,--wrap=clock_gettime: both clocks stand still until they are moved. */
#ifndef VIRTUAL_CLOCK_H
#define VIRTUAL_CLOCK_H

#include <stdint.h>

extern int64_t virtual_clock_ns; /* CLOCK_MONOTONIC */

#endif
