/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands for libFuzzer: gives each file of the folders named to the target. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static int replay_file(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	size_t n = fread(data, 1, sizeof data, file);
	int failed = ferror(file) || !feof(file);
	fclose(file);
	if (failed)
		return -1;
	LLVMFuzzerTestOneInput(data, n);
	return 0;
}

static long replay_folder(const char *folder)
{
	char path[4096];
	long files = 0;
	DIR *dir = opendir(folder);
	if (!dir)
		return -1;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof path || replay_file(path) != 0) {
			files = -1;
			break;
		}
		files++;
	}
	closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		long files = replay_folder(argv[i]);
		if (files <= 0) {
			fprintf(stderr, "%s: no inputs, or one cannot be read\n", argv[i]);
			return EXIT_FAILURE;
		}
		printf("%s: %ld inputs\n", argv[i], files);
	}
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
