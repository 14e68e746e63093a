#!/bin/sh
# What curl.sh and cull.sh share: a Jupyter server of their own in a temporary folder, which ends with the script. To be sourced
# from the clone's folder, with `set -eu`.
script=$(basename "$0")
here=$PWD
work=$(mktemp -d)
pids=

finish() {
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
fail() { echo "$script: $*" >&2; exit 1; }
field() { grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | sed 's/.*: *"//; s/"$//'; }
until_there() { # file
    tries=0
    until [ -s "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "nothing came in 60 s: $1$(printf '\n'; tail -n 20 "$work"/*.log 2>/dev/null)"
        sleep 0.2
    done
}

own_server() { # further words of `jupyter server`
    PATH="$here/.venv/bin:$PATH"
    command -v jupyter >/dev/null || fail "no jupyter command: run make lab once, or activate your environment"
    for name in OPENAI_API_KEY ANTHROPIC_API_KEY GEMINI_API_KEY OPENAI_BASE_URL; do unset "$name"; done
    export PATH JUPYTER_CONFIG_DIR="$work/config" JUPYTER_DATA_DIR="$work/data" JUPYTER_RUNTIME_DIR="$work/runtime"
    mkdir -p "$work/project" "$work/data"
    root=
    [ "$(id -u)" != 0 ] || root=--allow-root
    (cd "$work/project" && exec jupyter server --no-browser --ServerApp.ip=127.0.0.1 --ServerApp.port=0 $root "$@") >"$work/server.log" 2>&1 &
    pids=$!
    until_there "$work/runtime/jpserver-$pids.json"
    URL=$(field url <"$work/runtime/jpserver-$pids.json")
    URL=${URL%/}
    TOKEN=$(field token <"$work/runtime/jpserver-$pids.json")
    answering || fail "the server does not answer: $(tail -n 20 "$work/server.log")"
}

answering() {
    curl -sf --retry 30 --retry-delay 1 --retry-connrefused -o "$work/health" -H "Authorization: token $TOKEN" "$URL/mandrake/health/live"
}
