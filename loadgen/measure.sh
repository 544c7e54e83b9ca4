#!/usr/bin/env bash
# Takes the figures of docs/performance.md: release builds, a fresh server on free ports for each, nothing left running.
#   loadgen/measure.sh [RUNS] [PART...]      parts: media plain janus hundred chat half burst messages (all where left out)
# LOADGEN_FLAGS=--json prints JSON.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-3}
shift || true
parts=${*:-media plain janus hundred chat half burst messages}
bin=${LOADGEN_BIN_DIR:-target/release}
secret='a load password'
server=
data=

stop() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    [ -z "$data" ] || rm -rf "$data"
    server=; data=
}
trap stop EXIT

# The load comes from one address: its limits are raised, as docs/performance.md says.
start() {
    data=$(mktemp -d)
    printf '%s' "$secret" | "$bin/hearth" user add loadgen --password-stdin --admin --data "$data" >/dev/null
    env HEARTH_LIMITS_SOCKETS_PER_ADDRESS=20000 HEARTH_LIMITS_GUESTS_PER_ADDRESS=1000000 "$@" \
        "$bin/hearth" serve --listen 127.0.0.1:0 --data "$data" >"$data/out" 2>"$data/log" &
    server=$!
    until grep -qs 'Hearth is at' "$data/out"; do
        kill -0 "$server" 2>/dev/null || { cat "$data/log" >&2; exit 1; }
        sleep 0.05
    done
    url=$(sed -n 's/^Hearth is at //p' "$data/out")
}

# A part that loses something is shown with what it lost, and the next goes on.
load() {
    kind=$1
    shift
    "$bin/loadgen" "$kind" --url "$url" --admin "loadgen:$secret" --server-pid "$server" ${LOADGEN_FLAGS:-} "$@" || echo "(not everything arrived)"
}

failed=0
for part in $parts; do
    echo "== $part ($(date -u +%H:%M), load $(cut -d' ' -f1 /proc/loadavg))"
    case $part in
    media) start; load media --runs "$runs" ;;
    plain) start HEARTH_MEDIA_BANDWIDTH_ESTIMATION=false; load media --runs "$runs" --no-bwe ;;
    janus) start; load compare --runs "$runs" ;;
    hundred) start; load compare --runs "$runs" --viewers 100 ;;
    chat) start; load chat --rate 80 ;;
    half) start; load chat --rate 40 --runs "$runs" ;;
    burst) start; load chat --burst 800 ;;
    messages) start; load messages ;;
    *) echo "no such part: $part" >&2; failed=1 ;;
    esac
    stop
done
exit $failed
