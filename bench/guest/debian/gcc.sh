# Compiles a program that has no need of headers but the compiler's own.
set -e
i=0
while [ $i -lt $1 ]; do
    gcc -ffreestanding -O2 -S -o - /bench/mix.c
    i=$((i + 1))
done
