/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine's facts mean. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#define OK PTPLENS_SEVERITY_OK
#define NOTE PTPLENS_SEVERITY_NOTE
#define WARNING PTPLENS_SEVERITY_WARNING
#define PROBLEM PTPLENS_SEVERITY_PROBLEM

static int at_least(const struct pl_host_facts *f, int major, int minor)
{
	return f->major > major || (f->major == major && f->minor >= minor);
}

static void judge_kernel(const struct pl_host_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE];

	snprintf(what, sizeof what, "Linux %s on %s.", f->kernel, f->machine);
	if (at_least(f, 6, 1))
		pl_finding_add(out, "", OK, "kernel", what, "Linux 6.1 and newer are supported.", "");
	else
		pl_finding_add(out, "", WARNING, "kernel", what, "ptplens needs Linux 6.1; on older ones nothing was tried.",
		               "Use Linux 6.1 or newer.");
}

static void judge_rights(const struct pl_host_facts *f, struct pl_findings *out)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} rights[] = {{PL_RIGHT_NET_ADMIN, "CAP_NET_ADMIN"},
	              {PL_RIGHT_NET_RAW, "CAP_NET_RAW"},
	              {PL_RIGHT_BPF, "CAP_BPF"},
	              {PL_RIGHT_PERFMON, "CAP_PERFMON"}};
	char what[PL_SENTENCE] = "This process lacks";
	size_t at = strlen(what);
	const char *separator = " ";

	if ((f->rights & PL_RIGHTS_ALL) == PL_RIGHTS_ALL) {
		pl_finding_add(out, "", OK, "rights", "This process has all rights that a recording needs.",
		               "record and show may tap an interface.", "");
		return;
	}
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		if (!(f->rights & rights[i].bit)) {
			at += (size_t)snprintf(what + at, sizeof what - at, "%s%s", separator, rights[i].name);
			separator = ", ";
		}
	snprintf(what + at, sizeof what - at, ".");
	pl_finding_add(out, "", PROBLEM, "rights", what, "record and show of an interface are refused, and doctor cannot see everything.",
	               "Run ptplens as root, or give its process these capabilities.");
}

static void judge_hooks(const struct pl_host_facts *f, struct pl_findings *out)
{
	if (f->programs) {
		char what[PL_SENTENCE];
		snprintf(what, sizeof what, "Refused: %.480s.", f->programs_failure);
		const char *todo = f->programs == PTPLENS_E_PERMISSION && (f->rights & PL_RIGHTS_ALL) != PL_RIGHTS_ALL
		                       ? "Get the rights first, then run doctor again."
		                   : f->lockdown[0] ? "Boot without lockdown, or with lockdown=integrity."
		                   : !f->has_btf    ? "Use a kernel with BTF (CONFIG_DEBUG_INFO_BTF)."
		                                    : "Use a kernel with BPF, where neither a container nor a security module forbids it.";
		pl_finding_add(out, "", PROBLEM, "hooks", what, "Without its BPF programs nothing can be tapped.", todo);
		return;
	}
	if (f->tcx == PL_YES)
		pl_finding_add(out, "", OK, "hooks", "hooks=tcx: the kernel takes the tap's programs, in front of the tc chain.",
		               "Hooks detach by themselves when ptplens dies.", "");
	else if (f->tcx == PL_NO)
		pl_finding_add(out, "", OK, "hooks", "hooks=clsact: the kernel takes the tap's programs, as filters of a clsact qdisc.",
		               "This kernel has no tcx (Linux 6.6 has). If ptplens is killed, a filter stays until it runs again there.",
		               "");
	else
		pl_finding_add(out, "", NOTE, "hooks", "The kernel takes the tap's programs, but does not say whether it has tcx.",
		               "The tap uses tcx if it can, else clsact.", "Run doctor with CAP_NET_ADMIN to know.");
}

static void judge_tx_stamps(const struct pl_host_facts *f, struct pl_findings *out)
{
	if (f->programs)
		return;
	if (f->stamp_hooks & PTPLENS_HOOK_FENTRY)
		pl_finding_add(out, "", OK, "tx-stamps", "stamps=fentry: transmit stamps are seen where the driver delivers them.",
		               "Every transmit stamp is seen, with the very frame it belongs to.", "");
	else if (f->stamp_hooks & PTPLENS_HOOK_KPROBE)
		pl_finding_add(out, "", OK, "tx-stamps", "stamps=kprobe: transmit stamps are seen where the driver delivers them.",
		               "The kernel refuses fentry; kprobes see the same stamps.", "");
	else if (f->stamp_hooks & PTPLENS_HOOK_ERROR_QUEUE)
		pl_finding_add(
		    out, "", NOTE, "tx-stamps", "stamps=error-queue: transmit stamps are seen on their way back to the sender.",
		    "The kernel refuses fentry and kprobes. Stamps show up a little later, and not at all if the sender asked for "
		    "stamps without their frames (SOF_TIMESTAMPING_OPT_TSONLY).",
		    "fentry needs a kernel that allows BPF tracing.");
	else
		pl_finding_add(out, "", WARNING, "tx-stamps", "stamps=none: the kernel shows no transmit stamp.",
		               "The kernel refuses every tracing program. Sent messages will have no stamp.",
		               f->lockdown[0] ? "Boot without lockdown, or with lockdown=integrity."
		               : !f->has_btf  ? "Use a kernel with BTF (CONFIG_DEBUG_INFO_BTF)."
		                              : "Allow BPF tracing (CAP_PERFMON; no security module in the way).");
}

static void judge_receive_stamps(const struct pl_host_facts *f, struct pl_findings *out)
{
	static const char *const slow[] = {"hpet", "acpi_pm", "refined-jiffies", "jiffies"};
	char what[PL_SENTENCE];
	int is_slow = 0;

	for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
		is_slow |= !strcmp(f->clocksource, slow[i]);
	snprintf(what, sizeof what, "The kernel's clock is %s.", f->clocksource[0] ? f->clocksource : "not told");
	if (is_slow)
		pl_finding_add(out, "", WARNING, "receive-stamps", what,
		               "While a tap is on, the kernel stamps every received packet of this machine (SO_TIMESTAMPNS), and this "
		               "clock is slow to "
		               "read and coarse.",
		               "Find out why the kernel gave up the tsc (dmesg), or expect host times in coarse steps.");
	else
		pl_finding_add(out, "", NOTE, "receive-stamps", what,
		               "While a tap is on, the kernel stamps every received packet of this machine (SO_TIMESTAMPNS): one reading "
		               "of this clock "
		               "a packet.",
		               "");
}

static void judge_time_scale(const struct pl_host_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE];

	if (f->tai_utc_s) {
		snprintf(what, sizeof what, "The kernel knows TAI - UTC: %d s.", f->tai_utc_s);
		pl_finding_add(out, "", OK, "time-scale", what, "Stamps in TAI and host times in UTC can be told apart.", "");
	} else {
		pl_finding_add(out, "", NOTE, "time-scale", "Nobody told the kernel TAI - UTC.",
		               "ptplens takes 37 s to tell a card's clock in TAI from one in UTC.",
		               "A time daemon sets it: ptp4l with phc2sys, or chrony with leapsectz.");
	}
}

void pl_judge_host(const struct pl_host_facts *f, struct pl_findings *out)
{
	judge_kernel(f, out);
	judge_rights(f, out);
	judge_hooks(f, out);
	judge_tx_stamps(f, out);
	judge_receive_stamps(f, out);
	judge_time_scale(f, out);
}
