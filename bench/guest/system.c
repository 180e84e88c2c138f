// Work of the kernel on behalf of a program.
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t run_syscall(uint64_t count)
{
    uint64_t failures = 0;
    for (uint64_t i = 0; i < count; i++) failures += syscall(SYS_getppid) < 0;
    return combine(count, failures);
}

uint64_t run_clock(uint64_t count)
{
    uint64_t last = 0, backward = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t now = nanoseconds();
        backward += now < last;
        last = now;
    }
    return combine(count, backward);
}

uint64_t run_fault(uint64_t count)
{
    enum { BYTES = 1 << 20 };
    uint64_t sum = 0;
    while (count-- > 0) {
        uint8_t *memory = allocate(BYTES);
        for (int i = 0; i < BYTES; i += 4096) {
            sum += memory[i + 8];
            memory[i] = (uint8_t)(i >> 12);
        }
        sum = combine(sum, memory[4096 * (count % 256)]);
        munmap(memory, BYTES);
    }
    return sum;
}

static uint64_t wait_for(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) fail("child");
    return (uint64_t)status;
}

uint64_t run_fork(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0) {
        pid_t child = fork();
        if (child == 0) _exit((int)(count & 127));
        sum = combine(sum, wait_for(child));
    }
    return sum;
}

uint64_t run_exec(uint64_t count)
{
    uint64_t sum = 0;
    while (count-- > 0) {
        pid_t child = fork();
        if (child == 0) {
            execl("/proc/self/exe", "bench", "nothing", (char *)NULL);
            _exit(127);
        }
        sum = combine(sum, wait_for(child));
    }
    return sum;
}

uint64_t run_pipe(uint64_t count)
{
    int to[2], from[2];
    uint8_t byte;
    if (pipe(to) != 0 || pipe(from) != 0) fail("pipe");
    pid_t child = fork();
    if (child == 0) {
        close(to[1]);
        while (read(to[0], &byte, 1) == 1) {
            byte = (uint8_t)(byte * 5 + 1);
            if (write(from[1], &byte, 1) != 1) _exit(1);
        }
        _exit(0);
    }
    close(to[0]);
    uint64_t sum = 0;
    while (count-- > 0) {
        byte = (uint8_t)count;
        if (write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1) fail("pipe");
        sum = combine(sum, byte);
    }
    close(to[1]);
    return combine(sum, wait_for(child));
}

static volatile sig_atomic_t delivered;

static void on_signal(int number)
{
    delivered += number;
}

uint64_t run_signal(uint64_t count)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGUSR1, &action, NULL);
    pid_t self = getpid();
    delivered = 0;
    for (uint64_t i = 0; i < count; i++) kill(self, SIGUSR1);
    // The number of the signal is the same on the machines that we compare.
    return (uint64_t)delivered;
}

uint64_t run_file(uint64_t count)
{
    static uint8_t page[4096];
    uint64_t sum = 0;
    int file = memfd_create("bench", 0);
    if (file < 0) fail("memfd_create");
    while (count-- > 0) {
        page[count % sizeof page] += (uint8_t)count;
        off_t at = (off_t)(count % 64) * (off_t)sizeof page;
        if (pwrite(file, page, sizeof page, at) != sizeof page || pread(file, page, sizeof page, at) != sizeof page) fail("file");
        sum = combine(sum, page[(count * 13) % sizeof page]);
    }
    close(file);
    return sum;
}

uint64_t run_idle(uint64_t count)
{
    struct timespec length = { (time_t)(count / 1000), (long)(count % 1000) * 1000000 };
    nanosleep(&length, NULL);
    return count;
}
