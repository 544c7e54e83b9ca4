#!/usr/bin/env bash
# The load generator against the real server, in small: it fails when anything is lost, doubled or not delivered.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${LOADGEN_BIN_DIR:-target/debug}
data=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -rf "$data"' EXIT
printf 'a load password' | "$bin/hearth" user add loadgen --password-stdin --admin --data "$data" >/dev/null
HEARTH_LIMITS_GUESTS_PER_ADDRESS=10000 "$bin/hearth" serve --listen 127.0.0.1:0 --data "$data" >"$data/out" 2>"$data/log" &
server=$!
for _ in $(seq 100); do grep -q 'Hearth is at' "$data/out" && break; sleep 0.1; done
url=$(sed -n 's/^Hearth is at //p' "$data/out")
[ -n "$url" ] || { cat "$data/log" >&2; exit 1; }
"$bin/loadgen" media --url "$url" --admin 'loadgen:a load password' --viewers 3 --seconds 2 --server-pid "$server"
"$bin/loadgen" chat --url "$url" --admin 'loadgen:a load password' --room-members 20 --rate 20 --seconds 2 --server-pid "$server"
