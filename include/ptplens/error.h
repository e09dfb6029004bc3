/* SPDX-License-Identifier: BSD-3-Clause */
/* Error codes: 0 or negative, our own numbers, the same on every system, never renumbered. */
#ifndef PTPLENS_ERROR_H
#define PTPLENS_ERROR_H

enum ptplens_error {
	PTPLENS_OK = 0,
	PTPLENS_E_ARGUMENT = -1, /* a value the call cannot take */
	PTPLENS_E_MEMORY = -2,
	PTPLENS_E_PERMISSION = -3,  /* the system refused for lack of rights */
	PTPLENS_E_UNSUPPORTED = -4, /* this system cannot do it */
	PTPLENS_E_NOT_FOUND = -5,   /* no such interface or file */
	PTPLENS_E_EXISTS = -6,      /* the file exists and would be overwritten */
	PTPLENS_E_IO = -7,          /* read or write failed */
	PTPLENS_E_FORMAT = -8,      /* the input is not what it should be */
	PTPLENS_E_TRUNCATED = -9,   /* the input ends inside a block */
	PTPLENS_E_SYSTEM = -10,     /* any other failure of the operating system */
	PTPLENS_E_STATE = -11,      /* the call does not fit the object's state */
	PTPLENS_E_NO_SPACE = -12,   /* the disk is full */
	PTPLENS_E_END = -13,        /* nothing more will come */
	PTPLENS_E_GONE = -14,       /* what was observed went away */
};

#endif
