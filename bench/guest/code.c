// Code that is written at run time, as just-in-time compilers do.
#include "bench.h"
#include <sys/mman.h>

typedef uint64_t function(uint64_t);

enum { BYTES_EACH = 64 };

// Writes a function that gives its argument plus a number below 2048.
static void write_adder(uint8_t *code, unsigned number)
{
#if defined(__riscv)
    uint32_t *words = (uint32_t *)code;
    words[0] = 0x00050513 | number << 20; // addi a0, a0, number
    words[1] = 0x00008067;                // ret
#elif defined(__x86_64__)
    static const uint8_t lea[] = { 0x48, 0x8d, 0x87 }; // lea rax, [rdi + number]
    for (int i = 0; i < 3; i++) code[i] = lea[i];
    for (int i = 0; i < 4; i++) code[3 + i] = (uint8_t)(number >> 8 * i);
    code[7] = 0xc3;
#else
#error "no code for this machine"
#endif
}

static uint8_t *executable(size_t size)
{
    uint8_t *code = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) fail("mmap");
    return code;
}

uint64_t run_patch(uint64_t count)
{
    uint8_t *code = executable(4096);
    uint64_t value = 0;
    while (count-- > 0) {
        write_adder(code, (unsigned)count & 2047);
        __builtin___clear_cache((char *)code, (char *)code + BYTES_EACH);
        value = combine(value, ((function *)code)(value));
    }
    return value;
}

uint64_t run_generate(uint64_t count)
{
    enum { FUNCTIONS = 64, RUNS = 1000 };
    uint8_t *code = executable(FUNCTIONS * BYTES_EACH);
    uint64_t value = 0;
    while (count-- > 0) {
        for (int i = 0; i < FUNCTIONS; i++) write_adder(code + i * BYTES_EACH, (unsigned)(count * 31 + i * 7) & 2047);
        __builtin___clear_cache((char *)code, (char *)code + FUNCTIONS * BYTES_EACH);
        for (int run = 0; run < RUNS; run++)
            for (int i = 0; i < FUNCTIONS; i++) value = ((function *)(code + i * BYTES_EACH))(value) ^ run;
    }
    return value;
}
