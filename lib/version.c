/* SPDX-License-Identifier: BSD-3-Clause */
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
	case PTPLENS_E_GONE:
		return "what was observed went away";
	default:
		return "unknown error";
	}
}
