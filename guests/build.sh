#!/usr/bin/env bash
# Rebuilds every guest program into guests/built and records what it was built from.
#
# Needs Rust's targets for WASI 0.1, 0.2 and none (`rustup target add wasm32-wasip1 wasm32-wasip2
# wasm32-unknown-unknown`), and a clang with wasi-libc: wasi-sdk's, found through WASI_SDK_PATH, or
# one on PATH. Compositions are made by `wac` (`cargo install wac-cli`).
# GUEST_RUNNER names a command that each compiler is run through, e.g. one that enters a container.
#
# .wat files are run as they are and need no build.
set -euo pipefail
cd "$(dirname "$0")"

run() { ${GUEST_RUNNER:-} "$@"; }
clang=${WASI_SDK_PATH:+$WASI_SDK_PATH/bin/}clang

rust() { # TARGET FOLDER PROFILE BIN...
  local target=$1 folder=$2 profile=$3 bin
  shift 3
  run cargo build --locked --manifest-path rust/Cargo.toml --target-dir target \
    --target "$target" --profile "$profile" "${@/#/--bin=}"
  for bin; do cp "target/$target/$profile/$bin.wasm" "$folder/"; done
}

c() { # TARGET FOLDER
  local source
  for source in c/*.c; do
    run "$clang" --target="$1" -Os -Wall -Wextra -Wl,--strip-all \
      -o "$2/$(basename "$source" .c).wasm" "$source"
  done
}

# Components that import nothing but what their WIT says. For wasm32-wasip2, the standard library would
# import a good deal of WASI; without a system it imports nothing, and that target's linker makes a
# component of it all the same.
component() { # NAME...
  local target=wasm32-unknown-unknown name
  run cargo build --locked --manifest-path rust/Cargo.toml --target-dir target --target "$target" \
    --config "target.$target.linker='wasm-component-ld'" --profile release "${@/#/--example=}"
  for name; do cp "target/$target/release/examples/$name.wasm" built/components/; done
}

mkdir -p built/p2 built/components
rm -f built/*.wasm built/p2/*.wasm built/components/*.wasm

named=(panic trap_unreachable)
fast=(ops)
# 0.1 opens no sockets.
networked=(network)
small=()
for source in rust/src/bin/*.rs; do
  bin=$(basename "$source" .rs)
  [[ " ${named[*]} ${networked[*]} " == *" $bin "* ]] || small+=("$bin")
done
rust wasm32-wasip1 built release "${small[@]}"
rust wasm32-wasip1 built named "${named[@]}"
rust wasm32-wasip1 built fast "${fast[@]}"

# The same programs as components. A listener that is open from the start is a thing of 0.1.
components=("${networked[@]}")
for bin in "${small[@]}"; do
  [[ $bin == tcp_echo ]] || components+=("$bin")
done
rust wasm32-wasip2 built/p2 release "${components[@]}"
rust wasm32-wasip2 built/p2 named "${named[@]}"
rust wasm32-wasip2 built/p2 fast "${fast[@]}"

c wasm32-wasip1 built
c wasm32-wasip2 built/p2

component calculator driver fixed_clocks lender one_file store

# Programs that call WASI 0.2 through bindings of their own.
bound() { # FOLDER PROFILE NAME...
  local target=wasm32-wasip2 folder=$1 profile=$2 name
  shift 2
  run cargo build --locked --manifest-path rust/Cargo.toml --target-dir target --target "$target" \
    --profile "$profile" "${@/#/--example=}"
  for name; do cp "target/$target/$profile/examples/$name.wasm" "$folder/"; done
}
# Components that answer HTTP requests, and two that send them; one that calls what it is told.
bound built/components release http_hello http_web http_wstd http_fetch http_many calls
bound built/p2 fast ops_direct

# Two components in one: what the first imports, the second provides as far as it can.
compose() { # NAME FIRST SECOND
  wac plug "built/$2.wasm" --plug "built/$3.wasm" --output "built/components/$1.wasm"
}
compose driver_store components/driver components/store
compose lender_driver components/lender components/driver
compose lender_driver_store components/lender_driver components/store
rm built/components/lender_driver.wasm
compose clocks_fixed p2/clocks components/fixed_clocks
compose cat_one_file p2/cat components/one_file

# Hashes of all sources and all results. A test fails when one does not fit: a source was edited
# and not built, or a built file was replaced by hand.
find rust/Cargo.toml rust/Cargo.lock rust/src bench c components http built -type f \
  \( -name '*.rs' -o -name '*.c' -o -name '*.wit' -o -name '*.wasm' -o -name 'Cargo.*' \) -print0 |
  LC_ALL=C sort -z | xargs -0 sha256sum >built/SOURCES.sha256

echo "built:"
wc -c built/*.wasm built/*/*.wasm
