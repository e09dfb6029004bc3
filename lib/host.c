/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "judge.h"

struct ptplens_host {
	struct pl_findings findings;
	int is_open;
	struct pl_error error;
};

struct ptplens_host *ptplens_host_new(void)
{
	return calloc(1, sizeof(struct ptplens_host));
}

static int judge_all(struct ptplens_host *h, const char *interface)
{
	struct pl_interface_facts *list;
	struct pl_host_facts host;
	int seen = 0;
	size_t n;

	int failed = pl_facts_links(&list, &n, &h->error);
	if (failed)
		return failed;
	for (size_t i = 0; i < n && interface; i++)
		seen |= !strcmp(list[i].name, interface);
	if (interface && !seen) {
		free(list);
		return pl_fail(&h->error, PTPLENS_E_NOT_FOUND, "%s: no such interface", interface);
	}
	failed = pl_facts_host(&host, &h->error);
	if (!failed)
		pl_judge_host(&host, &h->findings);
	for (size_t i = 0; i < n && !failed; i++) {
		if (interface && strcmp(list[i].name, interface))
			continue;
		pl_facts_complete(&list[i]);
		if (interface)
			pl_judge_interface(&list[i], &h->findings);
		else
			pl_judge_overview(&list[i], &h->findings);
	}
	free(list);
	if (!failed && h->findings.no_memory)
		failed = pl_fail(&h->error, PTPLENS_E_MEMORY, "no memory for the findings");
	return failed;
}

int ptplens_host_open(struct ptplens_host *h, const char *interface)
{
	if (h->is_open)
		return pl_fail(&h->error, PTPLENS_E_STATE, "the host is open already");
	int failed = judge_all(h, interface);
	if (failed) {
		free(h->findings.list);
		h->findings = (struct pl_findings){0};
		return failed;
	}
	h->is_open = 1;
	return 0;
}

size_t ptplens_host_findings(const struct ptplens_host *h)
{
	return h->findings.n;
}

int ptplens_host_finding(const struct ptplens_host *h, size_t index, struct ptplens_finding *out)
{
	if (index >= h->findings.n)
		return PTPLENS_E_ARGUMENT;
	const struct pl_finding *f = &h->findings.list[index];
	*out = (struct ptplens_finding){.severity = (uint32_t)f->severity,
	                                .interface_name = f->interface,
	                                .topic = f->topic,
	                                .what = f->what,
	                                .meaning = f->meaning,
	                                .todo = f->todo};
	return 0;
}

const char *ptplens_severity_word(int severity)
{
	static const char *const words[] = {"ok", "note", "warning", "problem"};

	return severity >= 0 && severity <= PTPLENS_SEVERITY_PROBLEM ? words[severity] : "?";
}

const char *ptplens_host_errmsg(const struct ptplens_host *h)
{
	return h->error.text;
}

void ptplens_host_close(struct ptplens_host *h)
{
	if (!h)
		return;
	free(h->findings.list);
	free(h);
}
