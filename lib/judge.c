/* SPDX-License-Identifier: BSD-3-Clause */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pl_finding_add(struct pl_findings *out, const char *interface, int severity, const char *topic, const char *what, const char *meaning,
                    const char *todo)
{
	if (out->n == out->room) {
		size_t room = out->room ? 2 * out->room : 32;
		struct pl_finding *list = realloc(out->list, room * sizeof *list);
		out->no_memory |= !list;
		if (!list)
			return;
		out->list = list;
		out->room = room;
	}
	struct pl_finding *f = &out->list[out->n++];
	*f = (struct pl_finding){.severity = severity, .topic = topic};
	snprintf(f->interface, sizeof f->interface, "%s", interface);
	snprintf(f->what, sizeof f->what, "%s", what);
	snprintf(f->meaning, sizeof f->meaning, "%s", meaning);
	snprintf(f->todo, sizeof f->todo, "%s", todo);
}

void pl_judge_overview(const struct pl_interface_facts *f, struct pl_findings *out)
{
	struct pl_findings own = {0};
	const struct pl_finding *worst = NULL;
	char what[PL_SENTENCE], todo[PL_SENTENCE], noted[PL_SENTENCE] = "Notes on";
	const char *separator = " ";

	if (!f->ethernet)
		return;
	pl_judge_interface(f, &own);
	out->no_memory |= own.no_memory;
	size_t at = strlen(noted);
	for (size_t i = 0; i < own.n; i++) {
		const struct pl_finding *one = &own.list[i];
		if (!worst || one->severity > worst->severity)
			worst = one;
		if (one->severity == PTPLENS_SEVERITY_NOTE) {
			at += (size_t)snprintf(noted + at, sizeof noted - at, "%s%s", separator, one->topic);
			separator = ", ";
		}
	}
	snprintf(noted + at, sizeof noted - at, ".");
	if (worst) {
		int severity = worst->severity;
		if ((f->kind[0] || !f->up) && severity > PTPLENS_SEVERITY_NOTE)
			severity = PTPLENS_SEVERITY_NOTE;
		const char *stamps = f->stamping & PL_STAMPS_TX_HARDWARE   ? "hardware stamps"
		                     : f->stamping & PL_STAMPS_TX_SOFTWARE ? "software stamps"
		                                                           : "no transmit stamps";
		snprintf(what, sizeof what, "%s: driver %s, %s, %s.", f->name, f->driver[0] ? f->driver : "unknown",
		         f->up ? f->carrier ? "up" : "no carrier" : "down", stamps);
		snprintf(todo, sizeof todo, "Run: ptplens doctor %s", f->name);
		pl_finding_add(out, f->name, severity, "interface", what,
		               worst->severity > PTPLENS_SEVERITY_NOTE    ? worst->what
		               : worst->severity == PTPLENS_SEVERITY_NOTE ? noted
		                                                          : "Nothing stands in the way.",
		               severity ? todo : "");
	}
	free(own.list);
}
