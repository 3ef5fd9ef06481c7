/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows how glibc reads a command line, for glibc.txt: each line of the input
 * is words with blanks between them ('' is an empty word), each line of the
 * output the settings and operands, or the message.
 *
 *	cc -o reference reference.c
 *	cut -f1 glibc.txt | ./reference | sed '/^Try /d; /^$/d; s/mkfs: / error: /' >new.txt
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct argp_option options[] = {
	{"quorum-slot", 'Q', "SLOT"},
	{"force", 'f'},
	{"allow-small-size", 'A'},
	{"max-meta-size", 'm', "SIZE"},
	{"max-data-size", 'd', "SIZE"},
	{"format-version", 'V', "VERSION"},
	{"human-readable", 'h'},
	{"path", 'p', "PATH"},
	{"for", 1000},
	{"level", 'l', "N", OPTION_ARG_OPTIONAL},
	{0},
};

static error_t on_key(int key, char *arg, struct argp_state *state)
{
	int i;

	(void)state;
	if (key == ARGP_KEY_ARG) {
		printf(" [%s]", arg);
		return 0;
	}
	for (i = 0; options[i].name; i++) {
		if (options[i].key == key) {
			printf(" --%s", options[i].name);
			if (arg)
				printf("=%s", arg);
			return 0;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

int main(void)
{
	static struct argp argp = {options, on_key, "OPERAND", ""};
	char line[4096], *words[64], *word;
	int n;

	setvbuf(stdin, NULL, _IONBF, 0); /* a child must not move the place in it */
	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		printf("%s\t", line);
		n = 0;
		words[n++] = "mkfs";
		for (word = strtok(line, " "); word; word = strtok(NULL, " "))
			words[n++] = strcmp(word, "''") ? word : "";
		words[n] = NULL;
		if (fork() == 0) {
			dup2(1, 2);
			argp_parse(&argp, n, words, 0, NULL, NULL);
			_exit(0);
		}
		wait(NULL);
		printf("\n");
	}
	return 0;
}
