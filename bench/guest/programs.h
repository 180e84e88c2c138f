// The programs: PROGRAM(class, name, count, what it does). The runner reads this list too.
// A count makes a program take between one and two seconds under QEMU on a machine of 2025; --scale multiplies it.

PROGRAM(integer, loop, 260000000, "ten register instructions per round, and nothing else")
PROGRAM(integer, crc, 400, "CRC-32 by table, 512 KiB")
PROGRAM(integer, sort, 90, "quicksort and insertion sort of 100,000 numbers")
PROGRAM(integer, matrix, 180, "product of two 128 x 128 integer matrices")
PROGRAM(integer, sieve, 72, "primes below 2,000,000 in bits")
PROGRAM(integer, hash, 400000000, "xorshift and multiply")
PROGRAM(integer, gcd, 20000000, "Euclid's algorithm: remainders")
PROGRAM(integer, mix, 19000, "list, matrix, state machine and CRC in turns, as embedded benchmarks do")

PROGRAM(calls, fib, 750, "the 22nd Fibonacci number, by recursion")
PROGRAM(calls, tak, 560, "Takeuchi's function: three calls inside a call")
PROGRAM(calls, dispatch, 25000000, "one of sixteen functions by pointer, in random order")
PROGRAM(calls, shapes, 17000, "methods of objects of five kinds")
PROGRAM(calls, bytecode, 1000, "interpreter with computed goto")
PROGRAM(calls, switching, 1000, "the same interpreter with a switch")
PROGRAM(calls, chain, 3400000, "a chain of twelve functions, each in a page of its own")

PROGRAM(memory, chase, 2000000, "the next pointer, in random order through 16 MiB")
PROGRAM(memory, copy, 780, "copies of 1 MiB, eight bytes at a time")
PROGRAM(memory, fill, 4800, "fills of 1 MiB, eight bytes at a time")
PROGRAM(memory, stride, 65, "every 64th, 256th and 4160th byte of 8 MiB")
PROGRAM(memory, table, 7000000, "hash table with open addressing, 16 MiB")
PROGRAM(memory, list, 680, "linked lists: build, reverse, search, free")
PROGRAM(memory, text, 1400, "bytes: length, comparison and search in strings")
PROGRAM(memory, triad, 28, "a[i] = b[i] + 3 * c[i], three arrays of 4 MiB at the same offset")

PROGRAM(float, nbody, 890000, "planets: double, square roots, divisions")
PROGRAM(float, mandelbrot, 190, "escape times: double")
PROGRAM(float, spectral, 1500, "spectral norm: divisions")
PROGRAM(float, matmul, 25, "product of two 160 x 160 matrices of doubles")
PROGRAM(float, fir, 350, "filter of 64 taps: float")
PROGRAM(float, horner, 7500000, "polynomials with fused multiply-add")
PROGRAM(float, convert, 10700000, "conversions, comparisons, minimum, sign")

PROGRAM(atomics, add, 420000000, "fetch and add")
PROGRAM(atomics, swap, 187000000, "compare and swap")
PROGRAM(atomics, bits, 120000000, "fetch and or, and, exchange; 32 bits")
PROGRAM(atomics, spin, 150000000, "taking and releasing a spin lock")
PROGRAM(atomics, fences, 312000000, "stores and loads with fences between them")

PROGRAM(code, patch, 90000, "changes an instruction and runs it")
PROGRAM(code, generate, 415, "writes 64 functions anew and runs each many times")

PROGRAM(system, syscall, 1000000, "getppid")
PROGRAM(system, clock, 6000000, "clock_gettime")
PROGRAM(system, fault, 90, "map, touch and unmap 1 MiB")
PROGRAM(system, fork, 1000, "fork, exit, wait")
PROGRAM(system, exec, 220, "fork, exec of a small program, wait")
PROGRAM(system, pipe, 10000, "a byte to another process and back")
PROGRAM(system, signal, 87000, "a signal to oneself")
PROGRAM(system, file, 110000, "write and read 4 KiB of a file in memory")

PROGRAM(smp, pair, 130000000, "two threads that have nothing to do with each other")
PROGRAM(smp, contend, 30000000, "two threads: atomic additions, compare and swap, a lock")

PROGRAM(idle, idle, 8000, "milliseconds asleep")
