# Primes for an RSA key, found and tested: arithmetic with large numbers.
i=0
while [ $i -lt $1 ]; do
    openssl prime -hex F7E75FDC469067FFDC4E847C51F452DF9A3F1A1B0D2C6E55A5B2A1F5B7A9C3D1E3F5A7B9C1D3E5F7091B2D3F41536577899BADBFC1D3E5F70911$i
    i=$((i + 1))
done
