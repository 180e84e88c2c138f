// bench NAME COUNT: runs a program and prints its checksum and its time in nanoseconds.
// bench agent, or as the first process of a guest: runs what it is told on standard input.
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct { const char *name; uint64_t (*run)(uint64_t); } programs[] = {
#define PROGRAM(kind, name, number, what) { #name, run_##name },
#include "programs.h"
#undef PROGRAM
};

void fail(const char *what)
{
    perror(what);
    exit(1);
}

void *allocate(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail("mmap");
    return memory;
}

uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000u + now.tv_nsec;
}

int main(int argc, char **argv)
{
    if (getpid() == 1 || (argc == 2 && strcmp(argv[1], "agent") == 0)) return serve_commands(argv[0]);
    // What the program exec starts: as little as there can be.
    if (argc == 2 && strcmp(argv[1], "nothing") == 0) _exit(0);
    if (argc == 3 && strcmp(argv[1], "shell") == 0) return run_shell_command(argv[2]);
    if (argc == 3 && strcmp(argv[1], "beat") == 0) return beat(strtoull(argv[2], NULL, 10));
    for (size_t i = 0; argc == 3 && i < sizeof programs / sizeof *programs; i++) {
        if (strcmp(argv[1], programs[i].name) != 0) continue;
        uint64_t count = strtoull(argv[2], NULL, 10), start = nanoseconds(), sum = programs[i].run(count);
        printf("bench result %016llx %llu\n", (unsigned long long)sum, (unsigned long long)(nanoseconds() - start));
        return 0;
    }
    fprintf(stderr, "usage: bench NAME COUNT | shell COMMAND | agent\n");
    return 2;
}
