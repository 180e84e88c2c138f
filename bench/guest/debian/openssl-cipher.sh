# AES, in units of 100,000 bytes.
set -e
head -c ${1}00000 /dev/zero | openssl enc -aes-128-cbc -K 000102030405060708090a0b0c0d0e0f -iv 0f0e0d0c0b0a09080706050403020100 | tail -c 64
