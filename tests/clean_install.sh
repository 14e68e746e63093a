#!/bin/sh
# Installs a wheel as a user would, with no Node.js in reach, and looks at what it did: sh tests/clean_install.sh dist/*.whl
# Everything happens in a temporary folder, which is also HOME: what is there afterwards is what was written.
set -eu
[ $# -eq 1 ] && [ -f "$1" ] || { echo "usage: sh tests/clean_install.sh dist/one.whl" >&2; exit 2; }
wheel=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
fail() { echo "clean install: $*" >&2; exit 1; }

python=$(sh "$here/../tools/find_python.sh")
"$python" -m venv "$work/venv"
site=$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
count='import pathlib, sys; print(sum(p.stat().st_size for p in pathlib.Path(sys.argv[1]).rglob("*") if p.suffix != ".pyc" and p.is_file()))'
size() { "$python" -c "$count" "$site"; }
packages() { "$work/venv/bin/pip" list --format=freeze 2>/dev/null | wc -l | tr -d ' '; }
"$work/venv/bin/pip" install --quiet 'jupyterlab>=4.4,<5' psutil
before_size=$(size) before_packages=$(packages)
"$work/venv/bin/pip" install --quiet "$wheel"
echo "Added on top of JupyterLab: $(($(packages) - before_packages)) packages, $((($(size) - before_size) / 1000000)) MB (byte code not counted)"

# A PATH with the environment and plain system tools, but without Node.js.
mkdir "$work/tools" "$work/home" "$work/project"
for tool in sh env uname cat ls id hostname; do
    found=$(command -v "$tool") && ln -s "$found" "$work/tools/$tool"
done
export HOME="$work/home" PATH="$work/venv/bin:$work/tools"
unset VIRTUAL_ENV PYTHONPATH JUPYTER_PATH JUPYTER_CONFIG_PATH OPENAI_API_KEY ANTHROPIC_API_KEY XDG_DATA_HOME XDG_CONFIG_HOME || true
! command -v node || fail "node is still on PATH"
! command -v npm || fail "npm is still on PATH"

exec "$work/venv/bin/python" "$here/support/clean_install.py" "$work"
