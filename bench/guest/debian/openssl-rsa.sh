# Tests that 2^1279 - 1 is a prime: the arithmetic of RSA.
set -e
number=7$(printf 'F%.0s' $(seq 319))
i=0
while [ $i -lt $1 ]; do
    openssl prime -hex $number
    i=$((i + 1))
done
