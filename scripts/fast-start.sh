#!/usr/bin/env bash
# Builds target/release/wayleave so that small programs start as fast as they can: linked as `cargo static` links
# it, and with the functions that such a run goes through side by side. It then touches a few dozen pages of code,
# where they would be hundreds, strewn over 25 MB. The functions themselves are the same.
#
#   scripts/fast-start.sh
#
# Needs what `cargo static` needs, LLVM's linker (which Rust uses on x86-64 Linux) and valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."

type -P valgrind >/dev/null || {
  echo "fast-start.sh: valgrind is missing" >&2
  exit 1
}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
wayleave=$target/release/wayleave
order=$target/start-order.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo static

# Valgrind's processor is another one than the machine's, with compiled code of its own.
export WAYLEAVE_CACHE_DIR=$work/cache
names() { # PROGRAM
  # The first run compiles, the second finds it compiled: as almost all starts do.
  valgrind --quiet --tool=none "$wayleave" run "$1" >/dev/null
  valgrind --quiet --tool=callgrind --callgrind-out-file="$work/calls" --demangle=no \
    --compress-strings=no "$wayleave" run "$1" >/dev/null
  # Each function that was called has a line `fn=NAME`, with 'N behind it where it has called itself.
  sed -n "s/^fn=\([^']*\).*/\1/p" "$work/calls"
}
{ names guests/built/hello.wasm; names guests/built/p2/hello.wasm; } | awk '!seen[$0]++' >"$order"

# Names that are no symbols of the command's own are passed over.
cargo static -C link-arg="-Wl,--symbol-ordering-file=$order" -C link-arg=-Wl,--no-warn-symbol-ordering
echo "$wayleave: $(wc -l <"$order") functions put in order"
