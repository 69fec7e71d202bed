#!/usr/bin/env bash
# Serves HTTP handlers that others' tools make of Python and JavaScript, on each engine, and compares what
# curl gets from them.
#
#   scripts/handlers.sh
#
# Builds guests/python/handler.py and guests/javascript/handler.js in target/programs (once), prints how
# long a request took on a fresh instance: the median of twenty. Needs curl, npm, and Python with pip and
# venv. WAYLEAVE names the binary to use; without it target/release/wayleave is built.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD/target/programs

fail() {
  echo "handlers.sh: $*" >&2
  exit 1
}

# shellcheck source=scripts/components.sh
. scripts/components.sh
python_components python_handler handler:handler
javascript_components javascript_handler fetch-event handler:handler

wayleave=${WAYLEAVE:-$PWD/target/release/wayleave}
[ -n "${WAYLEAVE:-}" ] || cargo build --release --package wayleave-cli

socket=$(mktemp -d)/socket
server=
# It ends what it serves, and takes its socket away.
stop() { [ -z "$server" ] || { kill "$server" && wait "$server"; } || true; server=; }
trap stop EXIT

get() { curl --silent --show-error --fail --unix-socket "$socket" "$@"; }

expect() { # ANSWER CURL-ARGUMENTS...
  local answer
  answer=$(get "${@:2}") || fail "no answer to ${*:2}"
  [ "$answer" = "$1" ] || fail "${*:2}: answered $answer instead of $1"
}

printf '| handler | engine | a request |\n|---|---|---:|\n'
for language in python javascript; do
  for engine in wasmtime wasmi; do
    "$wayleave" serve --engine "$engine" --addr "unix:$socket" --timeout 60s \
      "$home/${language}_handler/handler.wasm" 2>"$home/errors" &
    server=$!
    for _ in $(seq 600); do
      [ -S "$socket" ] && break
      kill -0 "$server" 2>/dev/null || { cat "$home/errors" >&2; fail "no server"; }
      sleep 0.1
    done
    expect '{"hello":"world","words":3}' --data "one two three" http://localhost/world
    expect '{"hello":"nobody","words":0}' http://localhost/
    words=$(for ((i = 0; i < 100000; i++)); do echo "word $i"; done)
    expect '{"hello":"many","words":200000}' --data-binary @- http://localhost/many <<<"$words"
    times=$(for _ in $(seq 20); do get --output /dev/null --write-out '%{time_total}\n' http://localhost/; done)
    median=$(sort -n <<<"$times" | sed -n 10p)
    printf '| %s | %s | %s s |\n' "$language" "$engine" "$median"
    stop
  done
done
