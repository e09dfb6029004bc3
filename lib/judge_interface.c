/* SPDX-License-Identifier: BSD-3-Clause */
/* What an interface's facts mean. */
#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers.h"

#define OK PTPLENS_SEVERITY_OK
#define NOTE PTPLENS_SEVERITY_NOTE
#define WARNING PTPLENS_SEVERITY_WARNING
#define PROBLEM PTPLENS_SEVERITY_PROBLEM

#define SECOND_NS 1000000000ll
#define TAI_MINUS_UTC_NS (37 * SECOND_NS) /* since 2017 */

/* "a, b and 3 more" */
static const char *listed(char *out, size_t room, const struct pl_names *names)
{
	uint32_t shown = sizeof names->list / sizeof names->list[0];
	size_t at = 0;

	if (names->count < shown)
		shown = names->count;
	out[0] = 0;
	for (uint32_t i = 0; i < shown && at < room; i++)
		at += (size_t)snprintf(out + at, room - at, "%s%s", i ? ", " : "", names->list[i]);
	if (names->count > shown && at < room)
		snprintf(out + at, room - at, " and %u more", names->count - shown);
	return out;
}

static void judge_device(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE], meaning[PL_SENTENCE] = "Frames can be tapped here.", todo[PL_SENTENCE] = "", names[300];
	const char *kind = f->kind[0] ? f->kind : "hardware";
	int severity = OK;

	if (!f->ethernet) {
		snprintf(what, sizeof what, "%s is no Ethernet interface.", f->name);
		pl_finding_add(out, f->name, PROBLEM, "device", what, "ptplens taps Ethernet alone.", "Choose an Ethernet interface.");
		return;
	}
	snprintf(what, sizeof what, "%s is an Ethernet interface (%s).", f->name, kind);
	if (f->stacked) {
		severity = WARNING;
		snprintf(what, sizeof what, "%s (%s) lies on %s.", f->name, kind,
		         f->lower[0] ? f->lower : "an interface of another network namespace");
		snprintf(meaning, sizeof meaning,
		         "The kernel reports transmit stamps for the lower interface, so here they are never seen.");
		snprintf(todo, sizeof todo, "Tap %s instead: its tap sees these frames too.",
		         f->lower[0] ? f->lower : "the lower interface, in its namespace");
	} else if (f->ports.count || !strcmp(kind, "bond") || !strcmp(kind, "team") || !strcmp(kind, "bridge") || !strcmp(kind, "hsr")) {
		severity = WARNING;
		snprintf(what, sizeof what, "%s (%s) has %s %s.", f->name, kind, f->ports.count ? "the ports" : "no",
		         f->ports.count ? listed(names, sizeof names, &f->ports) : "ports");
		snprintf(meaning, sizeof meaning,
		         "Frames are sent, received and stamped by the ports, so transmit stamps are never seen here.");
		snprintf(todo, sizeof todo,
		         f->ports.count ? "Tap its ports instead, all at once: a port is what has a clock."
		                        : "Give it ports, and tap those.");
	} else if (f->master[0]) {
		snprintf(what, sizeof what, "%s is an Ethernet interface (%s) and a port of %s (%s).", f->name, kind, f->master,
		         f->master_kind);
		snprintf(meaning, sizeof meaning, "The tap sees frames of this port alone.");
	} else if (f->uppers.count) {
		snprintf(meaning, sizeof meaning, "Frames of %s are seen here, too.", listed(names, sizeof names, &f->uppers));
	}
	pl_finding_add(out, f->name, severity, "device", what, meaning, todo);
}

static void judge_link(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char todo[PL_SENTENCE];

	if (f->up && f->carrier) {
		pl_finding_add(out, f->name, OK, "link", "The link is up.", "Frames can come and go.", "");
		return;
	}
	if (f->up)
		snprintf(todo, sizeof todo, "Connect the cable, or look at the other end.");
	else
		snprintf(todo, sizeof todo, "Run: ip link set %s up", f->name);
	pl_finding_add(out, f->name, WARNING, "link", f->up ? "The link has no carrier." : "The interface is down.",
	               "No frame comes or goes.", todo);
}

static void judge_driver(const struct pl_interface_facts *f, struct pl_findings *out)
{
	const struct pl_driver *known = pl_driver_find(f->driver);
	char what[PL_SENTENCE];

	snprintf(what, sizeof what, "The driver is %s.", f->driver[0] ? f->driver : "not told");
	if (known) {
		char meaning[PL_SENTENCE];
		snprintf(meaning, sizeof meaning, "%s (%s)", known->known, known->source);
		pl_finding_add(out, f->name, NOTE, "driver", what, meaning, "");
	} else {
		pl_finding_add(out, f->name, OK, "driver", what, "Nothing special is known of it.", "");
	}
}

static const char *covered(uint32_t c)
{
	return c & PL_COVERS_ALL                                 ? "every frame"
	       : (c & PL_COVERS_ETHERNET) && (c & PL_COVERS_UDP) ? "event messages"
	       : c & PL_COVERS_ETHERNET                          ? "event messages over Ethernet, not UDP"
	       : c & PL_COVERS_UDP                               ? "event messages over UDP, not Ethernet"
	       : c & PL_COVERS_ONE_TYPE                          ? "Sync alone or Delay_Req alone"
	       : c & PL_COVERS_OTHER                             ? "no PTPv2 message"
	                                                         : "nothing";
}

static int has_hardware(const struct pl_interface_facts *f)
{
	return f->stamping & (PL_STAMPS_TX_HARDWARE | PL_STAMPS_RX_HARDWARE);
}

static void judge_stamping(const struct pl_interface_facts *f, struct pl_findings *out)
{
	const uint32_t both = PL_STAMPS_TX_HARDWARE | PL_STAMPS_RX_HARDWARE;
	char what[PL_SENTENCE];

	if (f->abilities != PL_YES) {
		pl_finding_add(out, f->name, WARNING, "stamping", "The kernel does not tell what this card can stamp.",
		               "Whether hardware stamps will come is not known.", "Look at: ethtool -T");
	} else if ((f->stamping & both) == both) {
		snprintf(what, sizeof what, "Hardware stamps of sent messages, and of received ones: %s.", covered(f->filters));
		if (f->filters & (PL_COVERS_ALL | PL_COVERS_ETHERNET) && f->filters & (PL_COVERS_ALL | PL_COVERS_UDP))
			pl_finding_add(out, f->name, OK, "stamping", what, "The card can stamp PTP in both directions.", "");
		else
			pl_finding_add(out, f->name, NOTE, "stamping", what, "Received messages outside of this have no hardware stamp.",
			               "Run PTP over the transport that the card covers.");
	} else if (has_hardware(f)) {
		pl_finding_add(out, f->name, WARNING, "stamping",
		               f->stamping & PL_STAMPS_TX_HARDWARE ? "Hardware stamps of sent messages alone."
		                                                   : "Hardware stamps of received messages alone.",
		               "The other direction has no hardware stamp.",
		               "Use a card that stamps both directions, where both are needed.");
	} else if (f->stamping & PL_STAMPS_TX_SOFTWARE) {
		pl_finding_add(out, f->name, f->kind[0] ? NOTE : WARNING, "stamping",
		               "No hardware stamps; the kernel stamps sent messages.",
		               "Times are the kernel's (stamp=software), and tell nothing of the time on the wire.",
		               "Use a card with hardware timestamping, where nanoseconds matter.");
	} else {
		pl_finding_add(out, f->name, WARNING, "stamping", "Neither hardware stamps nor the kernel's of sent messages.",
		               "This driver stamps nothing that it sends; ptp4l would refuse it.", "Use another interface for PTP.");
	}
}

static void judge_settings(const struct pl_interface_facts *f, struct pl_findings *out)
{
	static const char *const transmit[] = {"off", "on", "one-step"};
	const uint32_t both = PL_COVERS_ETHERNET | PL_COVERS_UDP;
	char what[PL_SENTENCE], todo[PL_SENTENCE];

	if (f->settings != PL_YES) {
		pl_finding_add(out, f->name, NOTE, "settings", "The driver does not tell how stamping is set.",
		               "Whether stamps were asked for shows in the recording alone.", "");
		return;
	}
	snprintf(what, sizeof what, "Stamping is set to: sent messages %s, received ones %s.", transmit[f->transmit % 3],
	         covered(f->receive));
	snprintf(todo, sizeof todo, "Start your PTP daemon, which sets it; or run: hwstamp_ctl -i %s -t 1 -r 12", f->name);
	if (f->transmit == PL_TRANSMIT_OFF && !f->receive)
		pl_finding_add(out, f->name, WARNING, "settings", what,
		               "The card can stamp, but was not told to: there will be no hardware stamps.", todo);
	else if (f->transmit == PL_TRANSMIT_OFF || !f->receive)
		pl_finding_add(out, f->name, WARNING, "settings", what, "One direction will have no hardware stamps.", todo);
	else if (!(f->receive & PL_COVERS_ALL) && !(f->receive & both))
		pl_finding_add(out, f->name, WARNING, "settings", what, "Other received messages have no hardware stamp.", todo);
	else if (f->transmit == PL_TRANSMIT_ONE_STEP)
		pl_finding_add(out, f->name, NOTE, "settings", what,
		               "The card writes the time into the message as it leaves: no transmit stamp comes, and the captured bytes "
		               "are those before "
		               "that.",
		               "Set two-step in the PTP daemon to have stamps.");
	else if (!(f->receive & PL_COVERS_ALL) && (f->receive & both) != both)
		pl_finding_add(out, f->name, NOTE, "settings", what, "Messages over the other transport have no hardware stamp.",
		               "Run PTP over the transport that is covered, or set the filter for all event messages.");
	else
		pl_finding_add(out, f->name, OK, "settings", what, "Stamps come as soon as messages do.", "");
}

static void judge_provider(const struct pl_interface_facts *f, struct pl_findings *out)
{
	if (f->provider == PL_PROVIDER_PHY)
		pl_finding_add(
		    out, f->name, NOTE, "provider", "Stamps come from the PHY.",
		    "They are taken closest to the wire, and delivered later than a MAC's. Reading a PHY's clock can disturb it: one loses "
		    "external timestamp events.",
		    "Read its clock rarely.");
	else
		pl_finding_add(out, f->name, OK, "provider",
		               f->provider == PL_PROVIDER_MAC ? "Stamps come from the MAC."
		                                              : "The kernel does not tell whether MAC or PHY stamps.",
		               "The place where time is taken decides how far it is from the wire.", "");
}

static void judge_clock(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE];

	if (f->clock < 0) {
		pl_finding_add(out, f->name, WARNING, "clock", "The card stamps, but the kernel names no clock of it.",
		               "Stamps cannot be compared with the host's time.",
		               "Look at: ethtool -T, and whether the kernel has PTP_1588_CLOCK.");
		return;
	}
	if (f->clock_error) {
		snprintf(what, sizeof what, "The clock /dev/ptp%d cannot be read: %s.", f->clock, ptplens_strerror(f->clock_error));
		pl_finding_add(out, f->name, WARNING, "clock", what,
		               "Without it no stamp can be checked for plausibility, nor its time scale told.",
		               f->clock_error == PTPLENS_E_NOT_FOUND ? "Give the device to this container, or load udev's rules."
		                                                     : "Run as root, or with read rights on the device.");
		return;
	}
	int64_t offset = f->clock_offset_ns, magnitude = offset < 0 ? -offset : offset;
	snprintf(what, sizeof what, "/dev/ptp%d (%s) is %s%" PRId64 ".%09" PRId64 " s from the host's clock, +- %" PRId64 " ns.", f->clock,
	         f->clock_name[0] ? f->clock_name : "no name", offset < 0 ? "-" : "", (int64_t)(magnitude / SECOND_NS),
	         (int64_t)(magnitude % SECOND_NS), f->clock_half_width_ns);
	if (magnitude < SECOND_NS / 2)
		pl_finding_add(out, f->name, OK, "clock", what, "It shows UTC, as the host does.", "");
	else if (offset > TAI_MINUS_UTC_NS - SECOND_NS / 2 && offset < TAI_MINUS_UTC_NS + SECOND_NS / 2)
		pl_finding_add(out, f->name, OK, "clock", what, "It shows TAI, as PTP does.", "");
	else
		pl_finding_add(out, f->name, NOTE, "clock", what,
		               "It shows neither UTC nor TAI: its stamps can be compared with each other, not with the host's time.",
		               "A PTP daemon or phc_ctl sets it.");
}

static void judge_clock_users(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE], names[300];

	if (f->clock < 0)
		return;
	if (f->clock_users.count) {
		snprintf(what, sizeof what, "/dev/ptp%d is open in %s.", f->clock, listed(names, sizeof names, &f->clock_users));
		pl_finding_add(out, f->name, f->clock_users.count > 1 ? NOTE : OK, "clock-users", what,
		               f->clock_users.count > 1 ? "If two of them steer the clock, it jumps." : "That one program uses the clock.",
		               f->clock_users.count > 1 ? "Let one program alone steer it." : "");
	} else if (f->clock_unseen) {
		snprintf(what, sizeof what, "No program was seen with /dev/ptp%d open, but %u processes could not be looked at.", f->clock,
		         f->clock_unseen);
		pl_finding_add(out, f->name, NOTE, "clock-users", what, "Somebody may steer the clock.", "Run doctor as root to know.");
	} else {
		int left = f->settings == PL_YES && (f->transmit || f->receive);
		snprintf(what, sizeof what, "No other program has /dev/ptp%d open%s.", f->clock, left ? ", though stamping is on" : "");
		pl_finding_add(out, f->name, left ? NOTE : OK, "clock-users", what,
		               left ? "A program that has ended may have left stamping on; or one uses it without steering the clock."
		                    : "Nobody steers the clock.",
		               left ? "" : "");
	}
}

static void judge_counters(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE] = "", zero[PL_SENTENCE] = "";
	size_t lost = 0, none = 0;

	for (uint32_t i = 0; i < f->n_lost; i++) {
		const struct pl_counter *c = &f->lost[i];
		if (c->value)
			lost += (size_t)snprintf(what + lost, sizeof what - lost, "%s%s %" PRIu64, lost ? ", " : "", c->name, c->value);
		else
			none += (size_t)snprintf(zero + none, sizeof zero - none, "%s%s", none ? ", " : "", c->name);
	}
	if (lost) {
		snprintf(what + lost, sizeof what - lost, ".");
		pl_finding_add(out, f->name, WARNING, "counters", what,
		               "Since the driver started, stamps were asked for and did not come. Skipped: another one was still awaited. "
		               "Timeouts: the card "
		               "never answered. Cleared: a received stamp was thrown away.",
		               "Let one program alone ask for stamps, send less densely, and watch whether these still grow.");
	} else if (none) {
		snprintf(what, sizeof what, "%.480s: 0.", zero);
		pl_finding_add(out, f->name, OK, "counters", what, "The driver lost no stamp since it started.", "");
	} else if (has_hardware(f)) {
		pl_finding_add(out, f->name, OK, "counters", "The driver has no counter of lost stamps.",
		               "Losses show in the recording alone.", "");
	}
}

static void judge_xdp(const struct pl_interface_facts *f, struct pl_findings *out)
{
	static const char *const modes[] = {"no", "driver", "generic", "offloaded", "several"};
	char what[PL_SENTENCE];

	if (!f->xdp) {
		pl_finding_add(out, f->name, OK, "xdp", "No XDP program.", "Received frames reach tap and capture.", "");
		return;
	}
	snprintf(what, sizeof what, "An XDP program runs first: %s (%s mode).", f->xdp_program,
	         modes[f->xdp > 0 && f->xdp < 5 ? f->xdp : 4]);
	pl_finding_add(out, f->name, WARNING, "xdp", what,
	               "Frames that it drops, redirects or gives to AF_XDP are seen by neither tap nor capture.",
	               "Make sure that it passes PTP on, or take it off while you record.");
}

static void judge_tc(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE], meaning[PL_SENTENCE], names[300], filters[300];
	char taps[64] = "";

	if (f->taps)
		snprintf(taps, sizeof taps, " ptplens taps it already (%u hooks).", f->taps);
	if (f->ahead.count) {
		snprintf(what, sizeof what, "Programs at tcx: %s.%s", listed(names, sizeof names, &f->ahead), taps);
		pl_finding_add(
		    out, f->name, NOTE, "tc-programs", what,
		    "The tap goes in front of them. A sent message that they drop is event-only; if one goes in front later, frames are "
		    "frame-only (program-ahead).",
		    "");
	} else if (f->filters_at_tc.count) {
		snprintf(what, sizeof what, "Filters at tc: %s.%s", listed(filters, sizeof filters, &f->filters_at_tc), taps);
		snprintf(meaning, sizeof meaning, "%s",
		         f->chain == PL_YES
		             ? "tcx comes before them: the tap sees received frames as they came, and sent ones before they change them."
		             : "Without tcx the tap is a filter among them: one of a lower priority may take frames first, which are then "
		               "frame-only (program-ahead).");
		pl_finding_add(out, f->name, f->chain == PL_YES ? NOTE : WARNING, "tc-programs", what, meaning,
		               f->chain == PL_YES ? "" : "Take them off while you record, or use Linux 6.6 or newer.");
	} else {
		snprintf(what, sizeof what, "No other program at tc%s.%s",
		         f->chain == PL_NOT_TOLD ? " was seen, but tcx could not be looked at" : "", taps);
		pl_finding_add(out, f->name, f->chain == PL_NOT_TOLD ? NOTE : OK, "tc-programs", what,
		               "Nothing changes or drops frames around the tap.",
		               f->chain == PL_NOT_TOLD ? "Run doctor with CAP_NET_ADMIN to know." : "");
	}
}

static void judge_offloads(const struct pl_interface_facts *f, struct pl_findings *out)
{
	char what[PL_SENTENCE], names[300];

	if (!f->offloads.count) {
		pl_finding_add(out, f->name, OK, "offloads", "No offload that matters is on.",
		               "The host sees the frames that are on the wire.", "");
		return;
	}
	snprintf(what, sizeof what, "On: %s.", listed(names, sizeof names, &f->offloads));
	pl_finding_add(
	    out, f->name, NOTE, "offloads", what,
	    "hw-tc, l2-fwd and hsr offloads let the card forward, drop or tag frames that the host never sees so; rx-gro-list and "
	    "rx-udp-gro-forwarding give datagrams of one sender that come close together to tap and capture as one.",
	    "If messages are missing, switch them off with ethtool -K while you record.");
}

void pl_judge_interface(const struct pl_interface_facts *f, struct pl_findings *out)
{
	judge_device(f, out);
	if (!f->ethernet)
		return;
	judge_link(f, out);
	judge_driver(f, out);
	judge_stamping(f, out);
	if (has_hardware(f)) {
		judge_settings(f, out);
		judge_provider(f, out);
		judge_clock(f, out);
		judge_clock_users(f, out);
	}
	judge_counters(f, out);
	judge_xdp(f, out);
	judge_tc(f, out);
	judge_offloads(f, out);
}
