/* SPDX-License-Identifier: BSD-3-Clause */
/* session_main INTERFACE RING_SLOTS CAPTURE_BUFFER_BYTES: observes an interface with sizes that the command line does not offer, until
 * SIGINT. Prints JSON lines: the mode, and the certificate at the end. */
#include "out.h"

#include <signal.h>
#include <stdlib.h>

static struct ptplens_session *session;

static void on_signal(int number)
{
	(void)number;
	ptplens_session_stop(session);
}

int main(int argc, char **argv)
{
	static struct ptplens_message batch[256];
	struct ptplens_session_options options = {.size = sizeof(options)};
	struct sigaction action = {.sa_handler = on_signal};
	int status;
	size_t n;

	if (argc != 4)
		return 2;
	options.ring_slots = (uint32_t)strtoul(argv[2], NULL, 10);
	options.capture_buffer_bytes = (uint32_t)strtoul(argv[3], NULL, 10);
	session = ptplens_session_new();
	if (!session || ptplens_session_open(session, argv[1], &options)) {
		out_error("%s", session ? ptplens_session_errmsg(session) : "no memory");
		return 3;
	}
	sigaction(SIGINT, &action, NULL);
	out_modes(stdout, session, 1);
	fflush(stdout);
	while (!(status = ptplens_session_read(session, batch, 256, -1, &n)))
		;
	if (status != PTPLENS_E_END)
		out_error("%s", ptplens_session_errmsg(session));
	status = out_certificates(stdout, session, 1);
	ptplens_session_close(session);
	return status;
}
