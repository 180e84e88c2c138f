// Orders of memory accesses that the architecture forbids (RISC-V unprivileged ISA, chapter "RVWMO"): the checksum says that none was seen.
#include "bench.h"
#include <pthread.h>
#include <sched.h>

enum { CASES = 512, STRIDE = 16 };

// Each case has lines of its own.
static struct cell {
    uint32_t value;
    uint32_t unused[STRIDE - 1];
} x[CASES], y[CASES];
static uint32_t seen[2][CASES];
static uint64_t arrived, rounds;

#define STORE(cell) __atomic_store_n(&(cell).value, 1, __ATOMIC_RELAXED)
#define LOAD(cell) __atomic_load_n(&(cell).value, __ATOMIC_RELAXED)

// Both threads leave it at nearly the same time.
static void meet(uint64_t target)
{
    __atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
    for (int i = 0; __atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < target; i++)
        if (i > 200) sched_yield();
}

// Even rounds: message passing. Odd ones: store buffering.
static void *run_thread(void *argument)
{
    int second = argument != NULL;
    for (uint64_t round = 0; round < rounds; round++) {
        meet(round * 4 + 2);
        for (int i = 0; i < CASES; i++) {
            if (round % 2 == 1) {
                STORE(*(second ? &y[i] : &x[i]));
                __atomic_thread_fence(__ATOMIC_SEQ_CST);
                seen[second][i] = LOAD(*(second ? &x[i] : &y[i]));
            } else if (second) {
                uint32_t flag = LOAD(y[i]);
                __atomic_thread_fence(__ATOMIC_ACQUIRE);
                seen[0][i] = flag;
                seen[1][i] = LOAD(x[i]);
            } else {
                STORE(x[i]);
                __atomic_thread_fence(__ATOMIC_RELEASE);
                STORE(y[i]);
            }
        }
        meet(round * 4 + 4);
        // The first thread looks at what there was while the second one waits at the next meeting.
        if (second) continue;
        for (int i = 0; i < CASES; i++) {
            if (round % 2 == 1 ? !seen[0][i] && !seen[1][i] : seen[0][i] && !seen[1][i]) fail("a forbidden order");
            x[i].value = y[i].value = 0;
        }
    }
    return NULL;
}

uint64_t run_litmus(uint64_t count)
{
    pthread_t thread;
    rounds = count;
    if (pthread_create(&thread, NULL, run_thread, &thread) != 0) fail("pthread_create");
    run_thread(NULL);
    pthread_join(thread, NULL);
    return combine(count, arrived);
}
