// Two threads: beside each other, and in each other's way.
#include "bench.h"
#include <pthread.h>
#include <sched.h>

static struct job {
    pthread_t thread;
    uint64_t count, seed, sum;
} jobs[2];

static uint64_t both(void *(*work)(void *), uint64_t count)
{
    for (int i = 0; i < 2; i++) {
        jobs[i].count = count;
        jobs[i].seed = (uint64_t)i * 77 + 1;
        if (pthread_create(&jobs[i].thread, NULL, work, &jobs[i]) != 0) fail("pthread_create");
    }
    for (int i = 0; i < 2; i++) pthread_join(jobs[i].thread, NULL);
    return combine(jobs[0].sum, jobs[1].sum);
}

static void *work_alone(void *argument)
{
    struct job *job = argument;
    uint32_t table[1024] = { 0 };
    uint64_t seed = job->seed, sum = 0;
    for (uint64_t i = 0; i < job->count; i++) {
        uint64_t value = next_random(&seed);
        sum += table[value & 1023] += (uint32_t)(value >> 40);
        sum ^= sum << 7;
    }
    job->sum = sum;
    return NULL;
}

uint64_t run_pair(uint64_t count)
{
    return both(work_alone, count);
}

static struct {
    uint64_t added __attribute__((aligned(64)));
    uint64_t swapped __attribute__((aligned(64)));
    uint32_t lock __attribute__((aligned(64)));
    uint64_t guarded[2];
} shared;

static void *work_together(void *argument)
{
    struct job *job = argument;
    for (uint64_t i = 0; i < job->count; i++) {
        __atomic_fetch_add(&shared.added, 1, __ATOMIC_RELAXED);
        uint64_t old = __atomic_load_n(&shared.swapped, __ATOMIC_RELAXED);
        while (!__atomic_compare_exchange_n(&shared.swapped, &old, old + 3, 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) { }
        if (i % 16 != 0) continue;
        // A thread that waits lets the other one go on: it may hold the lock on the same processor.
        while (__atomic_exchange_n(&shared.lock, 1, __ATOMIC_ACQUIRE) != 0) sched_yield();
        if (shared.guarded[0]++ != shared.guarded[1]++) fail("lock");
        __atomic_store_n(&shared.lock, 0, __ATOMIC_RELEASE);
    }
    return NULL;
}

uint64_t run_contend(uint64_t count)
{
    both(work_together, count);
    return combine(combine(shared.added, shared.swapped), shared.guarded[1]);
}
