/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages kept with their frames, and compared field by field. */
#ifndef MESSAGE_LOG_H
#define MESSAGE_LOG_H

#include <ptplens/ptplens.h>

struct message_log {
	struct ptplens_message *messages;
	size_t n;
};

void message_log_add(struct message_log *, const struct ptplens_message *);
void message_log_free(struct message_log *);

void assert_same_messages(const struct message_log *, const struct message_log *);

#endif
