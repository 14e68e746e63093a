#!/usr/bin/env bash
# Builds the images that the tests run, without a registry: a small file system out of this machine's own busybox and Python
# with the libraries they load, handed to the engine by `docker import`. What is built from the same inputs is kept.
# usage: images.sh PYTHON (the one whose standard library goes in, with pip)
set -euo pipefail
python=${1:-python3}
packages="mcp-server-time"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skeleton() { # ROOT: the paths that any program expects, and a user 1000 with a home
    mkdir -p "$1"/{bin,etc,tmp,proc,sys,dev,work,root,usr/local/bin,usr/local/lib}
    chmod 1777 "$1/tmp"
    chown 1000:1000 "$1/work"
    printf 'root:x:0:0::/root:/bin/sh\nmcp:x:1000:1000::/work:/bin/sh\n' >"$1/etc/passwd"
    printf 'root:x:0:\nmcp:x:1000:\n' >"$1/etc/group"
    cp "$(command -v busybox)" "$1/bin/busybox"
    for applet in sh sleep cat kill ps true yes head nc mount; do ln -sf busybox "$1/bin/$applet"; done
}
libraries() { # ROOT: every shared library that its programs need, at the path where the loader looks; until none is new
    local before=-1 now=0
    while [ "$before" != "$now" ]; do
        before=$now
        { find "$1" -type f \( -name '*.so*' -o -perm -u+x \) -exec ldd {} + 2>/dev/null || true; } |
            sed -nE 's#^(.* => |\s+)(/[^ ]+) .*#\2#p' | sort -u | while read -r library; do
            case $library in "$1"/* | */libpython*) ;; *) [ -e "$1$library" ] || install -D -m 755 "$(readlink -f "$library")" "$1$library" ;; esac
        done
        now=$(find "$1" -name '*.so*' | wc -l)
    done
}
known() { [ "$(docker image inspect -f '{{index .Config.Labels "inputs"}}' "$1" 2>/dev/null)" = "$2" ]; }
import() { # ROOT NAME INPUTS INSTRUCTION…
    local root=$1 name=$2 inputs=$3 changes=()
    shift 3
    for change in "LABEL inputs=$inputs" "$@"; do changes+=(-c "$change"); done
    tar -C "$root" --sort=name --numeric-owner -c . | docker import "${changes[@]}" - "$name" >/dev/null
    printf 'docker: made %s\n' "$name"
}
inputs() { { cat "$0"; printf '%s\n' "$@"; } | sha256sum | cut -c1-16; }

command -v busybox >/dev/null || apt-get install -y -qq busybox-static >/dev/null 2>&1 ||
    { apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq busybox-static >/dev/null 2>&1; }

name=mandrake-test/tiny:latest of=$(inputs tiny)
if ! known $name "$of"; then
    skeleton "$work/tiny"
    import "$work/tiny" $name "$of" 'ENTRYPOINT ["/bin/sh"]'
fi
name=mandrake-test/python:latest of=$(inputs python "$packages" "$($python -VV)")
if ! known $name "$of"; then
    root=$work/python
    skeleton "$root"
    base=$($python -c 'import sys; print(sys.base_prefix)')
    version=$($python -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    cp "$(readlink -f "$base/bin/$version")" "$root/usr/local/bin/python3"
    cp -a "$base"/lib/libpython*.so* "$root/usr/local/lib/" 2>/dev/null || true
    tar -C "$base/lib" --exclude='*/site-packages/*' --exclude='*/test' --exclude='*/idlelib' --exclude='*/tkinter' \
        --exclude='*/ensurepip' --exclude='*/config-3*' --exclude='*/lib2to3' --exclude='*/turtledemo' -c "$version" | tar -C "$root/usr/local/lib" -x
    $python -m pip install -q --disable-pip-version-check --target "$root/srv/site" $packages
    libraries "$root"
    import "$root" $name "$of" 'WORKDIR /work' 'ENTRYPOINT ["/usr/local/bin/python3"]' 'CMD ["-m", "mcp_server_time", "--local-timezone=UTC"]' \
        'ENV PYTHONPATH=/srv/site PATH=/srv/site/bin:/usr/local/bin:/bin LD_LIBRARY_PATH=/usr/local/lib PYTHONDONTWRITEBYTECODE=1'
fi
