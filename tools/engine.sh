#!/usr/bin/env bash
# Makes a Docker engine answer: the one that runs, else one that is started here (as root on Debian, without systemd; docker.io
# comes from apt where it is missing). Says in one line what it found; exit 0 = an engine answers, 3 = none can be started here.
# ENGINE_SOCKET, ENGINE_DATA and ENGINE_STATE name a second, separate engine (tests that restart one).
set -euo pipefail
socket=${ENGINE_SOCKET:-/var/run/docker.sock}
data=${ENGINE_DATA:-/var/lib/docker}
state=${ENGINE_STATE:-/var/run/docker}
log=${ENGINE_LOG:-/var/log/mandrake-dockerd.log}
pidfile=${socket%.sock}.pid

answers() { curl -fsS --max-time 3 --unix-socket "$socket" http://docker/_ping >/dev/null 2>&1; }
says() { printf 'docker: %s\n' "$*"; }

exec 9>"$pidfile.lock"
flock -w 120 9 # of two who ask at once, the second finds what the first one started
answers && { says "an engine answers on $socket"; exit 0; }
[ "$(id -u)" = 0 ] || { says "no engine answers on $socket, and only root can start one"; exit 3; }
if ! command -v dockerd >/dev/null; then
    command -v apt-get >/dev/null || { says "no engine answers on $socket, and there is no apt-get to install one"; exit 3; }
    export DEBIAN_FRONTEND=noninteractive
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then # the package must not start an engine of its own beside this one
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    install() { apt-get install -y -qq --no-install-recommends docker.io iptables >/dev/null 2>&1; }
    install || { apt-get update -qq >/dev/null 2>&1 && install; } || { says "docker.io could not be installed"; exit 3; }
fi
if ! mountpoint -q /sys/fs/cgroup; then
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    for group in $(awk '!/^#/ && $4 == 1 {print $1}' /proc/cgroups); do
        mkdir -p "/sys/fs/cgroup/$group"
        mount -t cgroup -o "$group" cgroup "/sys/fs/cgroup/$group" || rmdir "/sys/fs/cgroup/$group"
    done
fi
# What a killed engine leaves would keep the next one waiting for its containerd for 15 s.
left=$(cat "$state/containerd/containerd.pid" 2>/dev/null || true)
for _ in {1..50}; do
    [ -n "$left" ] && grep -qa "$state" "/proc/$left/cmdline" 2>/dev/null || break
    kill "$left" 2>/dev/null || true
    sleep 0.1
done
rm -f "$state/containerd/containerd.pid" "$pidfile"
mkdir -p "$data" "$state" "$(dirname "$socket")" "$(dirname "$log")"
apart=() network=()
if [ -n "${ENGINE_SOCKET:-}" ]; then # an engine without a bridge takes that of the first one away, unless it can't see it
    apart=(unshare --net) network=(--bridge=none --iptables=false --ip-masq=false)
fi
setsid nohup "${apart[@]}" dockerd -H "unix://$socket" --data-root "$data" --exec-root "$state" --pidfile "$pidfile" \
    "${network[@]}" >>"$log" 2>&1 </dev/null 9>&- &
engine=$!
for _ in {1..600}; do
    answers && { says "started an engine on $socket (log: $log)"; exit 0; }
    kill -0 $engine 2>/dev/null || break
    sleep 0.1
done
says "an engine was started and did not answer; the end of $log:"
tail -n 20 "$log"
exit 1
