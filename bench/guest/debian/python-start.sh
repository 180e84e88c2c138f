# The interpreter's start, which is mostly loading modules.
set -e
i=0
while [ $i -lt $1 ]; do
    python3 -c 'import json; print(json.dumps([1, {"a": 2}]))'
    i=$((i + 1))
done
