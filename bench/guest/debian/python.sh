# Loops, calls, dictionaries, strings.
set -e
python3 -S - $1 <<'PYTHON'
import sys
count = int(sys.argv[1])

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

class Counter:
    def __init__(self):
        self.total = 0
    def add(self, value):
        self.total = (self.total * 31 + value) % 1000003

table, counter = {}, Counter()
for i in range(count):
    key = str(i * 7919 % 10007)
    table[key] = table.get(key, 0) + i
    counter.add(len(key))
words = sorted(table, key=lambda k: (table[k], k))
print(counter.total, fib(19), words[:3], sum(x * x % 13 for x in range(count)), ' '.join(words).upper().count('7'))
PYTHON
