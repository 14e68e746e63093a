#!/usr/bin/env bash
# Has PostgreSQL's programs here for the tests, which run a cluster of their own: those that are installed, else Debian's (as root).
# Says in its last line the folder they are in; exit 0 = there they are, 3 = none, and none can be had here.
set -euo pipefail

folder() { # the newest of those that are installed
    for bin in ${MANDRAKE_POSTGRES_BIN:-} $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
        "$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")"; do
        [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && { echo "$bin"; return; }
    done
    return 1
}

folder && exit 0
[ "$(id -u)" = 0 ] || { echo "PostgreSQL is not installed, and only root can install it"; exit 3; }
command -v apt-get >/dev/null || { echo "PostgreSQL is not installed, and there is no apt-get to install it"; exit 3; }
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then # the package must not start a cluster of its own
    printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
install() { apt-get install -y -qq --no-install-recommends postgresql >/dev/null 2>&1; }
install || { apt-get update -qq >/dev/null 2>&1 && install; } || { echo "postgresql could not be installed"; exit 3; }
folder || { echo "postgresql was installed, but its initdb is nowhere"; exit 3; }
