/* SPDX-License-Identifier: BSD-3-Clause */
/* A program as a user of the installed library writes it; C and C++ alike. Prints what it read from the simulator. */
#include <stdio.h>

#include <ptplens/ptplens.h>

int main(void)
{
	struct ptplens_session *session = ptplens_session_new();
	struct ptplens_message messages[32];
	struct ptplens_certificate certificate;
	struct ptplens_interface interface;
	unsigned long total = 0;
	size_t n;
	int status;

	if (!session || ptplens_session_open(session, "sim:demo", NULL)) {
		fprintf(stderr, "%s\n", session ? ptplens_session_errmsg(session) : "no memory");
		return 1;
	}
	while ((status = ptplens_session_read(session, messages, 32, -1, &n)) == PTPLENS_OK)
		total += n;
	if (status != PTPLENS_E_END || ptplens_session_certificate(session, 0, &certificate) ||
	    ptplens_session_interface(session, 0, &interface))
		return 1;
	printf("%s messages=%lu matched=%lu verdict=%s\n", ptplens_version(), total, (unsigned long)certificate.matched,
	       ptplens_certificate_word((int)interface.certificate_verdict));
	ptplens_session_close(session);
	return 0;
}
