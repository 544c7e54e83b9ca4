#!/usr/bin/env bash
# Takes the figures of docs/performance.md: release builds, a fresh server on free ports for each, nothing left running.
#   loadgen/measure.sh [RUNS] [PART...]      parts: media plain sound curve cameras janus mediasoup hundred chat half burst messages hls films
# All where left out, but mediasoup only where LOADGEN_MEDIASOUP names the folder that it is installed in.
# LOADGEN_FLAGS=--json prints JSON.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-3}
shift || true
parts=${*:-media plain sound curve cameras janus ${LOADGEN_MEDIASOUP:+mediasoup} hundred chat half burst messages hls films}
bin=${LOADGEN_BIN_DIR:-target/release}
secret='a load password'
server=
data=

encoder=

stop() {
    [ -z "$encoder" ] || { kill "$encoder" 2>/dev/null || true; wait "$encoder" 2>/dev/null || true; }
    encoder=
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

# What a program asks for, as JSON; the value of one field of the answer.
ask() { # METHOD PATH BODY FIELD
    curl -sSf -X "$1" "$url$2" -H "authorization: Bearer ${token:-}" -H 'content-type: application/json' ${3:+-d "$3"} |
        sed -n "s/.*\"$4\":\"\([^\"]*\)\".*/\1/p"
}

# A broadcast of 3 Mbit/s and 30 frames a second over RTMP, and players of its HLS.
crowd() {
    token=$(ask POST /api/session '{"name":"loadgen","password":"'"$secret"'","program":true}' token)
    key=$(ask POST /api/rooms/@loadgen/stream-keys '{"label":"load"}' secret)
    rtmp=$(ask GET /api/rooms/@loadgen/stream-keys '' rtmp)
    film=$data/film.flv
    ffmpeg -v error -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=sample_rate=48000 -t 60 \
        -c:v libx264 -preset ultrafast -tune zerolatency -g 60 -b:v 3M -minrate 3M -maxrate 3M -bufsize 3M -x264-params nal-hrd=cbr \
        -pix_fmt yuv420p -c:a aac -b:a 128k -f flv "$film"
    ffmpeg -v error -re -stream_loop -1 -i "$film" -c copy -f flv "$rtmp/$key" 2>"$data/encoder" &
    encoder=$!
    until path=$(ask GET /api/rooms/@loadgen/watch '' hls) && [ -n "$path" ] && curl -sf -o "$data/index" "$url$path"; do
        kill -0 "$encoder" || { cat "$data/encoder" >&2; return 1; }
        sleep 0.5
    done
    before=$(cut -d' ' -f14,15 "/proc/$server/stat" | tr ' ' +)
    sleep 10
    after=$(cut -d' ' -f14,15 "/proc/$server/stat" | tr ' ' +)
    echo "taking, converting the sound and packaging alone: $(( ($after - ($before)) / 10 )) % of a core"
    for players in 1 100 1000; do
        "$bin/loadgen" hls --url "$url" --path "$path" --players $players --server-pid "$server" ${LOADGEN_FLAGS:-} || true
    done
    "$bin/loadgen" hls --url "$url" --path "$path" --players 64 --flood --server-pid "$server" ${LOADGEN_FLAGS:-} || true
}

# A film is uploaded and converted, and its segments are fetched by whoever may.
films() {
    token=$(ask POST /api/session '{"name":"loadgen","password":"'"$secret"'","program":true}' token)
    big=$data/big
    head -c 2G /dev/zero >"$big"
    upload "$big" | sed 's/^/2 GiB: /'
    film=$data/film.mp4
    ffmpeg -v error -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=sample_rate=48000 -t 600 -c:v libx264 \
        -preset ultrafast -g 60 -b:v 2M -maxrate 2M -bufsize 4M -pix_fmt yuv420p -c:a aac -movflags +faststart "$film"
    upload "$film" | sed 's/^/10 minutes of 720p: /'
    video=$(cat "$data/video")
    began=$(date +%s.%N)
    until path=$(ask GET "/api/videos/$video" '' hls) && [ -n "$path" ]; do sleep 0.05; done
    echo "first playable $(echo "$(date +%s.%N) - $began" | bc) s after the end of its upload"
    until curl -sSf "$url/api/videos/$video" -H "authorization: Bearer $token" | grep -q '"state":"ready"'; do sleep 0.5; done
    echo "ready after $(echo "$(date +%s.%N) - $began" | bc) s"
    path=$(ask GET "/api/videos/$video" '' hls)
    "$bin/loadgen" hls --url "$url" --path "$path" --players 64 --flood --server-pid "$server" ${LOADGEN_FLAGS:-} || true
}

# By tus: leaves the name of the film in a file, and says how fast it went and what the server spent.
upload() { # FILE
    told=$(curl -sSf -D - -o /dev/null -X POST "$url/api/uploads" -H "authorization: Bearer $token" -H 'tus-resumable: 1.0.0' \
        -H "upload-length: $(stat -c %s "$1")" | tr -d '\r')
    echo "$told" | sed -n 's/^hearth-video: //p' >"$data/video"
    spent=$(cut -d' ' -f14,15 "/proc/$server/stat" | tr ' ' +)
    curl -sSf -o /dev/null -w '%{speed_upload} bytes/s' -X PATCH "$url$(echo "$told" | sed -n 's/^location: //p')" -T "$1" \
        -H "authorization: Bearer $token" -H 'tus-resumable: 1.0.0' -H 'upload-offset: 0' -H 'content-type: application/offset+octet-stream'
    echo ", $(( $(cut -d' ' -f14,15 "/proc/$server/stat" | tr ' ' +) - ($spent) ))0 ms of CPU"
}

failed=0
for part in $parts; do
    echo "== $part ($(date -u +%H:%M), load $(cut -d' ' -f1 /proc/loadavg))"
    case $part in
    media) start; load media --runs "$runs" ;;
    plain) start HEARTH_MEDIA_BANDWIDTH_ESTIMATION=false; load media --runs "$runs" --no-bwe ;;
    sound) start; load media --runs "$runs" --audio-only --viewers 500 ;;
    curve) # The same from few viewers to many: bursts of two packets, so that the machine carries a thousand.
        for viewers in 10 100 1000; do
            start; load media --runs "$runs" --viewers $viewers --pps 60; stop
        done ;;
    cameras) # A fresh server for each, so that memory is comparable: 25 who see each other, and as many more who only watch.
        for viewers in 0 25; do
            start; load cameras --runs "$runs" --viewers $viewers; stop
        done ;;
    janus) start; load compare --runs "$runs" ;;
    mediasoup) start; load compare --runs "$runs" --against mediasoup ;;
    hundred) start; load compare --runs "$runs" --viewers 100 ;;
    chat) start; load chat --rate 80 ;;
    half) start; load chat --rate 40 --runs "$runs" ;;
    burst) start; load chat --burst 800 ;;
    hls) start HEARTH_RTMP_PORT=$((20000 + RANDOM % 10000)); crowd ;;
    messages) start; load messages ;;
    films) start; films ;;
    *) echo "no such part: $part" >&2; failed=1 ;;
    esac
    stop
done
exit $failed
