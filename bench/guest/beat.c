// A guest that shows that it runs: fills memory, then writes a dot every millisecond, and to some of its memory in between.
#include "bench.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u

int beat(uint64_t mebibytes)
{
    size_t pages = (size_t)mebibytes << 20 >> 12;
    unsigned char *memory = allocate(pages * PAGE);
    uint64_t random = 1;
    for (size_t i = 0; i < pages * PAGE; i += sizeof random) *(uint64_t *)(memory + i) = next_random(&random);
    printf("bench beats\n");
    fflush(stdout);
    const struct timespec pause = { 0, 1000000 };
    while (1) {
        for (int i = 0; i < 4; i++) memory[next_random(&random) % pages * PAGE]++;
        if (write(1, ".", 1) != 1) return 1;
        nanosleep(&pause, NULL);
    }
}
