#!/bin/sh
# An idle chat is culled and comes back whole, in real seconds: an idle timeout of 5 s, a look every second.
# It starts its own Jupyter server in a temporary folder, waits on the stream of events, shows what each step promises, and ends it.
set -eu
cd "$(dirname "$0")/.."
. docs/own_server.sh

own_server --SessionCuller.cull_idle_timeout=5 --SessionCuller.cull_interval=1
CHATS=$URL/mandrake/workspaces/default/sessions
ask() { curl -sf -H "Authorization: token $TOKEN" -H "Content-Type: application/json" "$@"; }
running() { ask "$URL/mandrake/sessions" | grep -o '"phase": *"ready"' | wc -l | tr -d ' '; }

printf '\n1. A chat with a message and its answer\n'
CHAT=$(ask -d '{"name": "Soon idle"}' "$CHATS" | field id)
ask -d '{"content": "/tool jupyter list_files"}' "$CHATS/$CHAT/messages" >"$work/answer"
grep -q '"status": *"complete"' "$work/answer" || fail "no complete answer: $(cat "$work/answer")"
ask "$CHATS/$CHAT/messages" >"$work/before"
echo "$(grep -o '"role":' "$work/before" | wc -l | tr -d ' ') messages; chats that are open: $(running)"
[ "$(running)" = 1 ] || fail "the chat is not open"

printf '\n2. Nobody uses it: the event, with its reason\n'
mkfifo "$work/events"
curl -sN --max-time 60 -H "Authorization: token $TOKEN" "$URL/mandrake/events?after=0" >"$work/events" &
pids="$pids $!"
while IFS= read -r line; do
    case $line in *'"type": "culled"'*"$CHAT"*) echo "$line" | tee "$work/culled" ;; esac
    case $line in *'"type": "moved"'*"$CHAT"*'"new": "stopped"'*) break ;; esac
done <"$work/events"
grep -q '"why": "idle"' "$work/culled" || fail "no culled event in 60 s"

printf '\n3. The line in the log of Jupyter\n'
grep "Culling 'idle' chat" "$work/server.log" || fail "no line in the log"

printf '\n4. What is open now, and what is said of the chat\n'
ask "$CHATS/$CHAT" | tee "$work/chat"
printf '\nchats that are open: %s\n' "$(running)"
[ "$(running)" = 0 ] || fail "something is still open"
grep -q '"phase": *"stopped"' "$work/chat" || fail "the chat is not stopped"

printf '\n5. The next use brings it back, with all that was in it\n'
ask "$CHATS/$CHAT/messages" | tee "$work/after"
cmp -s "$work/before" "$work/after" || fail "the history is another one"
printf '\nchats that are open: %s\n' "$(running)"
[ "$(running)" = 1 ] || fail "the chat is not open again"
printf '\nCulled when it was idle, and back whole when it was used.\n'
