#!/usr/bin/env bash
# Asks `wayleave serve` with the clients that others use: curl, openssl, nghttp, h2load and wrk; by HTTP/1.1
# and HTTP/2, in clear text and by TLS, under load, while its component changes, and after it was killed.
#
#   scripts/peers.sh [ENGINE...]
#
# Needs curl, openssl, nghttp and h2load (Debian: nghttp2-client), wrk and python3. WAYLEAVE names the binary to use;
# without it target/release/wayleave is built. REQUESTS is how many the memory is watched over.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "peers.sh: $*" >&2
  exit 1
}

for tool in curl openssl nghttp h2load wrk python3; do
  type -P "$tool" >/dev/null || fail "$tool is missing"
done
wayleave=${WAYLEAVE:-$PWD/target/release/wayleave}
[ -n "${WAYLEAVE:-}" ] || cargo build --release --package wayleave-cli

work=$(mktemp -d)
cp guests/built/components/http_web.wasm "$work/web.wasm"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
  -subj /CN=localhost -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null

server=
# Ends what is served, and says whether that went well.
stop() {
  [ -z "$server" ] && return
  kill "$server"
  wait "$server" || fail "the server did not end well"
  server=
}
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null; rm -rf "$work"' EXIT

port=8470
start() { # OPTIONS...
  port=$((port + 1))
  "$wayleave" serve --engine "$engine" --addr "127.0.0.1:$port" --timeout 30s "$@" "$work/web.wasm" \
    2>"$work/errors" &
  server=$!
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
    kill -0 "$server" 2>/dev/null || { cat "$work/errors" >&2; fail "no server"; }
    sleep 0.1
  done
  fail "the server does not listen"
}

resident() { awk '/^VmRSS:/ {print $2}' "/proc/$server/status"; }

expect() { # WHAT WANTED FOUND
  [ "$2" = "$3" ] || fail "$engine: $1: $3 instead of $2"
  printf 'ok  %-8s %s\n' "$engine" "$1"
}

plain() {
  local url=http://127.0.0.1:$port
  start
  expect "curl, HTTP/1.1" "Hello, world! 1.1" "$(curl -sf -w '%{http_version}' "http://127.0.0.1:$port/hello" | tr '\n' ' ')"
  url=http://127.0.0.1:$port
  expect "curl, HTTP/2 without TLS" "Hello, world! 2" \
    "$(curl -sf --http2-prior-knowledge -w '%{http_version}' "$url/hello" | tr '\n' ' ')"
  head -c 3000000 /dev/urandom >"$work/body"
  expect "a body there and back, HTTP/2" "$(sha256sum <"$work/body")" \
    "$(curl -sf --http2-prior-knowledge --data-binary "@$work/body" "$url/echo" | sha256sum)"
  expect "a body in pieces, HTTP/1.1" "$(sha256sum <"$work/body")" \
    "$(curl -sf -H 'transfer-encoding: chunked' --data-binary "@$work/body" "$url/echo" | sha256sum)"
  expect "nghttp, two streams" 2 "$(nghttp "$url/hello" "$url/hello?2" | grep -c 'Hello, world!')"
  expect "h2load, 10,000 requests" "10000 2xx, 0 3xx, 0 4xx, 0 5xx" \
    "$(h2load -n 10000 -c 16 -m 8 "$url/hello" | sed -n 's/^status codes: //p')"
  # The component is written again and again: none of the requests is lost.
  (for _ in $(seq 8); do
    sleep 0.4
    cp guests/built/components/http_web.wasm "$work/new.wasm"
    mv "$work/new.wasm" "$work/web.wasm"
  done) &
  local writer=$! lost
  lost=$(wrk -t1 -c16 -d4s "$url/hello" | grep -cE "Non-2xx|Socket errors" || true)
  wait "$writer"
  expect "wrk, while the component changes" 0 "$lost"
  stop
}

encrypted() {
  start --tls-cert "$work/cert.pem" --tls-key "$work/key.pem"
  local url=https://localhost:$port trust=(--cacert "$work/cert.pem")
  expect "curl, TLS, HTTP/2" "Hello, world! 2" \
    "$(curl -sf "${trust[@]}" -w '%{http_version}' "$url/hello" | tr '\n' ' ')"
  expect "curl, TLS, HTTP/1.1" "Hello, world! 1.1" \
    "$(curl -sf --http1.1 "${trust[@]}" -w '%{http_version}' "$url/hello" | tr '\n' ' ')"
  expect "openssl, TLS 1.3, ALPN" "TLSv1.3 h2" "$(openssl s_client -connect "localhost:$port" -alpn h2 \
    -CAfile "$work/cert.pem" -verify_return_error -brief </dev/null 2>&1 |
    sed -n 's/^Protocol version: //p' | head -1) $(openssl s_client -connect "localhost:$port" -alpn h2 \
    -CAfile "$work/cert.pem" </dev/null 2>/dev/null | sed -n 's/^ALPN protocol: //p')"
  expect "openssl, TLS 1.1 is refused" "" "$(openssl s_client -connect "localhost:$port" -tls1_1 \
    </dev/null 2>/dev/null | sed -n 's/^    Protocol *: TLSv1.1.*Cipher is [^(].*/spoken/p')"
  expect "h2load, TLS, 5,000 requests" "5000 2xx, 0 3xx, 0 4xx, 0 5xx" \
    "$(h2load -n 5000 -c 16 -m 8 "https://127.0.0.1:$port/hello" | sed -n 's/^status codes: //p')"
  stop
}

# Killed, it leaves its socket behind; the next one takes it.
killed() {
  start --addr "unix:$work/socket"
  curl -sf -o /dev/null --unix-socket "$work/socket" http://a/hello || fail "$engine: no answer by the socket"
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  start --addr "unix:$work/socket"
  expect "a new start after kill -9" "Hello, world!" "$(curl -sf --unix-socket "$work/socket" http://a/hello)"
  stop
}

# As systemd does it: the socket is open already, as descriptor 3.
activated() {
  port=$((port + 1))
  python3 - "$port" "$wayleave" serve --engine "$engine" "$work/web.wasm" 2>"$work/errors" <<'END' &
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
listener.fileno() == 3 or os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
END
  server=$!
  # Who comes before the server is ready waits in the socket.
  expect "a socket that systemd has opened" "Hello, world!" \
    "$(curl -sf --retry 9 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/hello")"
  stop
}

memory() {
  local all=${REQUESTS:-1000000} done=0 first=0 last
  start
  wrk -t1 -c32 -d3s "http://127.0.0.1:$port/hello" >/dev/null
  while [ "$done" -lt "$all" ]; do
    [ "$first" -eq 0 ] && [ "$done" -ge $((all / 10)) ] && first=$(resident)
    done=$((done + $(wrk -t1 -c32 -d2s "http://127.0.0.1:$port/hello" | awk '/requests in/ {print $1}')))
  done
  last=$(resident)
  echo "    $engine: $done requests; resident after a tenth of them $first KiB, in the end $last KiB"
  [ $((last * 100)) -le $((first * 102)) ] || fail "$engine: memory grew by more than 2 %"
  stop
}

engines=("$@")
[ $# -gt 0 ] || engines=(wasmtime wasmi)
for engine in "${engines[@]}"; do
  plain
  encrypted
  killed
  activated
  memory
done
