// The first disk, past the guest's page cache. What is written can be told by its place, so that what is read can be checked.
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define PAGE 4096u
#define BLOCK (1u << 20)
#define AREA (256u << 20)
#define THREADS 8

static int open_disk(int mode)
{
    int disk = open("/dev/vda", mode | O_DIRECT);
    if (disk < 0) fail("/dev/vda");
    return disk;
}

static uint64_t mark(uint64_t page, uint64_t round)
{
    return (page + 1) * 0x9e3779b97f4a7c15u + round;
}

// Sums up the first words of the pages that were read.
static uint64_t sum_of(const unsigned char *bytes, size_t length, uint64_t sum)
{
    for (size_t at = 0; at < length; at += PAGE) sum = combine(sum, *(const uint64_t *)(bytes + at));
    return sum;
}

// Over the area as often as it takes: the first time clusters have to be found for it.
uint64_t run_diskwrite(uint64_t count)
{
    unsigned char *block = allocate(BLOCK);
    int disk = open_disk(O_WRONLY);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t offset = i * BLOCK % AREA;
        for (size_t at = 0; at < BLOCK; at += PAGE) *(uint64_t *)(block + at) = mark((offset + at) / PAGE, i * BLOCK / AREA);
        if (pwrite(disk, block, BLOCK, (off_t)offset) != BLOCK) fail("pwrite");
        sum = combine(sum, offset);
    }
    close(disk);
    return sum;
}

uint64_t run_diskread(uint64_t count)
{
    unsigned char *block = allocate(BLOCK);
    int disk = open_disk(O_RDONLY);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (pread(disk, block, BLOCK, (off_t)(i * BLOCK % AREA)) != BLOCK) fail("pread");
        sum = sum_of(block, BLOCK, sum);
    }
    close(disk);
    return sum;
}

static uint64_t read_pages(int disk, uint64_t count, uint64_t seed)
{
    unsigned char *page = allocate(PAGE);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (pread(disk, page, PAGE, (off_t)(next_random(&seed) % (AREA / PAGE) * PAGE)) != PAGE) fail("pread");
        sum = sum_of(page, PAGE, sum);
    }
    return sum;
}

uint64_t run_diskrandom(uint64_t count)
{
    int disk = open_disk(O_RDONLY);
    uint64_t sum = read_pages(disk, count, 1);
    close(disk);
    return sum;
}

static struct reader {
    pthread_t thread;
    int disk;
    uint64_t count, seed, sum;
} readers[THREADS];

static void *read_some(void *argument)
{
    struct reader *reader = argument;
    reader->sum = read_pages(reader->disk, reader->count, reader->seed);
    return NULL;
}

// Several at a time, so that there is always a request more for the device.
uint64_t run_diskqueue(uint64_t count)
{
    int disk = open_disk(O_RDONLY);
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (struct reader) { .disk = disk, .count = count / THREADS, .seed = (uint64_t)i * 77 + 1 };
        if (pthread_create(&readers[i].thread, NULL, read_some, &readers[i]) != 0) fail("pthread_create");
    }
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(readers[i].thread, NULL);
        sum = combine(sum, readers[i].sum);
    }
    close(disk);
    return sum;
}
