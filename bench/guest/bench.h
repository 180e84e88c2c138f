// What the programs share. Each is a function of a count that gives a checksum, which is the same on every machine.
#pragma once
#include <stdint.h>
#include <stddef.h>

#define PROGRAM(kind, name, number, what) uint64_t run_##name(uint64_t count);
#include "programs.h"
#undef PROGRAM

#define NOINLINE __attribute__((noinline, noclone))

// The compiler must assume that the value is used and that memory may have changed.
#define KEEP(value) __asm__ volatile("" : "+r"(value) : : "memory")

static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static inline uint64_t combine(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x9e3779b97f4a7c15u + (sum >> 29);
}

// The bits of a double: checksums of floating point are exact.
static inline uint64_t bits_of(double value)
{
    union { double d; uint64_t u; } both = { value };
    return both.u;
}

// Memory, zeroed and aligned to pages; ends the program if there is none.
void *allocate(size_t bytes);

// Ends the program with a message.
__attribute__((noreturn)) void fail(const char *what);

// Takes commands from standard input until it ends: "run NAME ARGUMENT", "shell COMMAND", "off".
int serve_commands(const char *self);

// Runs a shell command and prints the checksum of its output and its time.
int run_shell_command(const char *command);

// Fills so much memory and then writes a dot every millisecond, until the machine ends.
int beat(uint64_t mebibytes);

uint64_t nanoseconds(void);
