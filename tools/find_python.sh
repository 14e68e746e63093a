#!/bin/sh
# Prints the first Python of at least 3.11 that can make a virtual environment; one line on stderr when there is none.
for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
    found=$(command -v "$name" 2>/dev/null) || continue
    "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
        without_venv=$found
        continue
    fi
    echo "$found"
    exit 0
done
if [ -n "${without_venv:-}" ]; then
    echo "Missing: the venv module of $without_venv. Debian, Ubuntu: apt install python3-venv. Others: reinstall Python from python.org." >&2
else
    echo "Missing: Python 3.11 or newer. Debian, Ubuntu: apt install python3 python3-venv. macOS: brew install python. Others: python.org." >&2
fi
exit 1
