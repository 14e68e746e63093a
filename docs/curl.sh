#!/bin/sh
# The README's four curl lines, run for real, with a check of what each of them promises.
# Against a server of yours: URL=http://localhost:8888 TOKEN=... sh docs/curl.sh
# Without URL it starts its own Jupyter server in a temporary folder, with the demo model if it was fetched, else with a
# scripted model on loopback, and stops both at the end.
set -eu
cd "$(dirname "$0")/.."
. docs/own_server.sh

choose_model() {
    models=$URL/mandrake/workspaces/default/models
    for data in "$here/.lab/data" "$here/.cache/data"; do
        [ -d "$data/mandrake/models" ] && mkdir -p "$work/data/mandrake" && ln -sfn "$data/mandrake/models" "$work/data/mandrake/models" && break
    done
    if curl -s -H "Authorization: token $TOKEN" "$models" | grep -q '"demo": *{"state": *"ready"'; then
        curl -sf -X PATCH -H "Authorization: token $TOKEN" -d '{"active": "demo/smollm2-135m-instruct"}' "$models" >"$work/models"
        echo "Model: the demo model"
    else
        python -m tests.support.scripted_openai --delay 0.1 >"$work/model-url" 2>"$work/model.log" &
        pids="$pids $!"
        until_there "$work/model-url"
        address=$(sed -n "s/^listening on //p" "$work/model-url")
        curl -sf -H "Authorization: token $TOKEN" "$models" \
            -d "{\"provider\": \"openai-compatible\", \"model\": \"scripted\", \"url\": \"$address\"}" >"$work/models"
        echo "Model: a scripted one at $address"
    fi
}

[ -n "${URL:-}" ] || { own_server && choose_model; }
URL=${URL%/}
: "${TOKEN:?set TOKEN too: jupyter server list shows it}"
CHATS=$URL/mandrake/workspaces/default/sessions

printf '\n1. A new chat: 201, with its address\n'
curl -si -H "Authorization: token $TOKEN" -d '{}' "$CHATS" | tee "$work/1"
grep -q '^HTTP/1.1 201' "$work/1" || fail "no 201"
CHAT=$(field id <"$work/1")

printf '\n\n2. A message, streamed: one event a line, with the time of its arrival in front\n'
curl -siN -H "Authorization: token $TOKEN" -H "Accept: application/x-ndjson" -d '{"content": "Tell me about the moon, then count to 20."}' "$CHATS/$CHAT/messages" |
    while IFS= read -r line; do printf '%s %s\n' "$(date +%T)" "$line"; done | tee "$work/2"
grep -qi 'transfer-encoding: chunked' "$work/2" || fail "not chunked"
grep -qi 'content-type: application/x-ndjson' "$work/2" || fail "not NDJSON"
grep -q '"type": *"token"' "$work/2" || fail "no token"
[ "$(grep -c '"type": *"complete"' "$work/2")" = 1 ] || fail "not exactly one complete"
grep -o '"seq": *[0-9]*' "$work/2" | sed 's/.*: *//' | awk '$1 <= last { exit 1 } { last = $1 }' || fail "seq does not rise"
RUN=$(field run_id <"$work/2")

printf '\n3. The same answer again, from its third event on\n'
curl -sN -H "Authorization: token $TOKEN" "$CHATS/$CHAT/runs/$RUN/events?after=3" | tee "$work/3"
[ "$(grep -c '"type": *"complete"' "$work/3")" = 1 ] || fail "the replay has no complete"

printf '\n4. A message, answered as one JSON object\n'
curl -s -H "Authorization: token $TOKEN" -H "Accept: application/json" -d '{"content": "Thank you."}' "$CHATS/$CHAT/messages" | tee "$work/4"
grep -q '"status": *"complete"' "$work/4" || fail "no complete answer"
printf '\n\nAll four answered as they should.\n'
