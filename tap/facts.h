/* SPDX-License-Identifier: BSD-3-Clause */
/* What a system tells about itself and its interfaces. tap/linux reads it; lib/judge.h says what it means. Reading changes nothing that
 * others see, but for the tap's own programs, which are loaded for a moment to learn what the kernel grants. */
#ifndef PL_FACTS_H
#define PL_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define PL_NAME 32

struct pl_names { /* the first of a list */
	uint32_t count;
	char list[8][PL_NAME];
};

enum pl_rights { PL_RIGHT_NET_ADMIN = 1, PL_RIGHT_NET_RAW = 2, PL_RIGHT_BPF = 4, PL_RIGHT_PERFMON = 8, PL_RIGHTS_ALL = 15 };

enum pl_known { PL_NO = 0, PL_YES = 1, PL_NOT_TOLD = 2 /* for lack of rights, or because the system has no word for it */ };

struct pl_host_facts {
	char kernel[96]; /* release */
	char machine[96];
	int major, minor;
	uint32_t rights; /* enum pl_rights */
	int has_btf;
	char lockdown[PL_NAME]; /* "" where there is none */
	int programs;           /* 0: the tap's programs can be loaded; else enum ptplens_error */
	char programs_failure[512];
	uint32_t stamp_hooks; /* PTPLENS_HOOK_* by which transmit stamps would be seen */
	int tcx;              /* enum pl_known */
	char clocksource[PL_NAME];
	int tai_utc_s; /* 0: the kernel was not told */
};

/* What a card can stamp. */
enum pl_stamping {
	PL_STAMPS_TX_SOFTWARE = 1,
	PL_STAMPS_RX_SOFTWARE = 2,
	PL_STAMPS_TX_HARDWARE = 4,
	PL_STAMPS_RX_HARDWARE = 8,
};

/* What receive filters cover. */
enum pl_coverage {
	PL_COVERS_ALL = 1,      /* every frame */
	PL_COVERS_ETHERNET = 2, /* event messages over Ethernet */
	PL_COVERS_UDP = 4,
	PL_COVERS_ONE_TYPE = 8, /* Sync alone, or Delay_Req alone */
	PL_COVERS_OTHER = 16,   /* PTP version 1, NTP, what only the driver knows */
};

enum pl_transmit { PL_TRANSMIT_OFF = 0, PL_TRANSMIT_ON = 1, PL_TRANSMIT_ONE_STEP = 2 };

enum pl_provider { PL_PROVIDER_UNKNOWN = 0, PL_PROVIDER_MAC = 1, PL_PROVIDER_PHY = 2 };

enum pl_xdp { PL_XDP_NONE = 0, PL_XDP_DRIVER = 1, PL_XDP_GENERIC = 2, PL_XDP_OFFLOADED = 3, PL_XDP_SEVERAL = 4 };

struct pl_counter {
	char name[PL_NAME];
	uint64_t value;
};

struct pl_interface_facts {
	char name[PL_NAME];
	uint32_t ifindex;
	int ethernet, up, carrier;
	char kind[PL_NAME]; /* of a virtual interface, as rtnetlink calls it; "" for hardware */
	int stacked;        /* its frames come and go through a lower device */
	uint32_t lower_index;
	char lower[PL_NAME]; /* "": in another network namespace */
	uint32_t master_index;
	char master[PL_NAME], master_kind[PL_NAME];
	struct pl_names ports;  /* interfaces whose master this is */
	struct pl_names uppers; /* interfaces stacked on this */
	int xdp;                /* enum pl_xdp */
	char xdp_program[PL_NAME];

	char driver[PL_NAME];
	int abilities;             /* enum pl_known */
	uint32_t stamping;         /* enum pl_stamping */
	uint32_t filters;          /* enum pl_coverage, of all filters that the card offers */
	int provider;              /* enum pl_provider */
	int settings;              /* enum pl_known */
	int transmit;              /* enum pl_transmit */
	uint32_t receive;          /* enum pl_coverage; 0: no filter is set */
	struct pl_counter lost[8]; /* driver counters of stamps that did not arrive */
	uint32_t n_lost;
	struct pl_names offloads; /* those that are on and take frames past the tap or change them before it */

	int clock; /* N of /dev/ptpN; -1: none */
	char clock_name[PL_NAME];
	int clock_error;         /* 0: it was read; else enum ptplens_error */
	int64_t clock_offset_ns; /* clock - CLOCK_REALTIME */
	int64_t clock_half_width_ns;
	struct pl_names clock_users;
	uint32_t clock_unseen; /* processes that could not be looked at */

	int chain;                     /* enum pl_known: whether the programs at tcx could be read; PL_NO: there is no tcx */
	struct pl_names ahead;         /* programs of others at tcx, both directions */
	struct pl_names filters_at_tc; /* filters of others at clsact or ingress, both directions */
	uint32_t taps;                 /* attachments of other sessions of ptplens */
};

int pl_facts_host(struct pl_host_facts *, struct pl_error *);

/* All interfaces of this network namespace, by index, as far as the system lists them; the caller frees *list. */
int pl_facts_links(struct pl_interface_facts **list, size_t *n, struct pl_error *);

/* What must be asked of each interface by itself: its driver, its clock, the programs at it. */
void pl_facts_complete(struct pl_interface_facts *);

/* What pl_facts_complete does, in parts. */
void pl_facts_ethtool(struct pl_interface_facts *);
void pl_facts_clock(struct pl_interface_facts *);
void pl_facts_chain(struct pl_interface_facts *);

/* Adds the names of other processes that hold `path` open. */
void pl_facts_users(const char *path, struct pl_names *users, uint32_t *unseen);

void pl_names_add(struct pl_names *, const char *name);

#endif
