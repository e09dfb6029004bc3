/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in for libFuzzer where there is none: gives each file of the folders named to the target, once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static int replay(const char *folder, const char *name)
{
	char path[1024];
	uint8_t *bytes;
	long n;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) || !(bytes = malloc((size_t)n + !n))) {
		perror(path);
		return 1;
	}
	/* exactly as long as the input, so that a sanitizer sees a read behind it */
	int failed = fread(bytes, 1, (size_t)n, f) != (size_t)n;
	if (!failed)
		LLVMFuzzerTestOneInput(bytes, (size_t)n);
	free(bytes);
	fclose(f);
	return failed;
}

int main(int argc, char **argv)
{
	int files = 0, failed = 0;

	for (int k = 1; k < argc; k++) {
		if (argv[k][0] == '-')
			continue;
		DIR *folder = opendir(argv[k]);
		if (!folder) {
			perror(argv[k]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(folder));)
			if (entry->d_name[0] != '.') {
				failed |= replay(argv[k], entry->d_name);
				files++;
			}
		closedir(folder);
	}
	printf("%d files\n", files);
	return failed || files == 0;
}
