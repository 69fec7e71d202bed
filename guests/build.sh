#!/usr/bin/env bash
# Rebuilds every guest program into guests/built and records what it was built from.
#
# Needs Rust's wasm32-wasip1 target (`rustup target add wasm32-wasip1`) and a clang with wasi-libc:
# wasi-sdk's, found through WASI_SDK_PATH, or one on PATH.
# GUEST_RUNNER names a command that each compiler is run through, e.g. one that enters a container.
#
# .wat files are run as they are and need no build.
set -euo pipefail
cd "$(dirname "$0")"

run() { ${GUEST_RUNNER:-} "$@"; }
target=wasm32-wasip1
clang=${WASI_SDK_PATH:+$WASI_SDK_PATH/bin/}clang

rust() { # PROFILE BIN...
  local profile=$1 bin
  shift
  run cargo build --locked --manifest-path rust/Cargo.toml --target-dir target \
    --target "$target" --profile "$profile" "${@/#/--bin=}"
  for bin; do cp "target/$target/$profile/$bin.wasm" built/; done
}

mkdir -p built
rm -f built/*.wasm

named=(panic trap_unreachable)
fast=(ops)
small=()
for source in rust/src/bin/*.rs; do
  bin=$(basename "$source" .rs)
  [[ " ${named[*]} " == *" $bin "* ]] || small+=("$bin")
done
rust release "${small[@]}"
rust named "${named[@]}"
rust fast "${fast[@]}"

for source in c/*.c; do
  run "$clang" --target="$target" -Os -Wall -Wextra -Wl,--strip-all \
    -o "built/$(basename "$source" .c).wasm" "$source"
done

# Hashes of all sources and all results. A test fails when one does not fit: a source was edited
# and not built, or a built file was replaced by hand.
find rust/Cargo.toml rust/Cargo.lock rust/src bench c built -type f \
  \( -name '*.rs' -o -name '*.c' -o -name '*.wasm' -o -name 'Cargo.*' \) -print0 |
  LC_ALL=C sort -z | xargs -0 sha256sum >built/SOURCES.sha256

echo "built:"
wc -c built/*.wasm
