/* SPDX-License-Identifier: BSD-3-Clause */
#include "message.h"
#include <ptplens/ptplens.h>

const char *ptplens_version(void)
{
	return PL_VERSION;
}

const char *ptplens_strerror(int code)
{
	switch (code) {
	case PTPLENS_OK:
		return "no error";
	case PTPLENS_E_ARGUMENT:
		return "unusable argument";
	case PTPLENS_E_MEMORY:
		return "out of memory";
	case PTPLENS_E_PERMISSION:
		return "not permitted";
	case PTPLENS_E_UNSUPPORTED:
		return "not supported by this system";
	case PTPLENS_E_NOT_FOUND:
		return "no such interface or file";
	case PTPLENS_E_EXISTS:
		return "the file exists";
	case PTPLENS_E_IO:
		return "input or output failed";
	case PTPLENS_E_FORMAT:
		return "not in the expected format";
	case PTPLENS_E_TRUNCATED:
		return "the input is cut short";
	case PTPLENS_E_SYSTEM:
		return "the operating system refused";
	case PTPLENS_E_STATE:
		return "the call does not fit the state of the object";
	case PTPLENS_E_NO_SPACE:
		return "no space left";
	case PTPLENS_E_END:
		return "the source has ended";
	default:
		return "unknown error";
	}
}

const char *ptplens_verdict_word(int verdict)
{
	return pl_verdict_word(verdict);
}

const char *ptplens_cause_word(int cause)
{
	return pl_cause_word(cause);
}

const char *ptplens_stamp_word(int stamp_state)
{
	return pl_stamp_word(stamp_state);
}

const char *ptplens_reject_word(int reject)
{
	return pl_reject_word(reject);
}

const char *ptplens_certificate_word(int certificate_verdict)
{
	return pl_certificate_word(certificate_verdict);
}

const char *ptplens_message_type_name(int message_type)
{
	return pl_message_type_name(message_type);
}
