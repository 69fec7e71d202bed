#!/usr/bin/env bash
# What grants promise, shown on programs that others have made (CPython and Ruby, as
# scripts/programs.sh gets them), on each engine:
#
#   - `--learn` writes a manifest under which the same run does the same, and which is what it should be;
#   - `--deterministic` gives the same bytes and exit code in each run, on both engines;
#   - a recording gives them as well, on either engine, with its folder gone; one with a bit changed is
#     refused.
#
# Needs what scripts/programs.sh needs. WAYLEAVE names the binary to use; without it
# target/release/wayleave is built.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

export WAYLEAVE=${WAYLEAVE:-$PWD/target/release/wayleave}
[ -e "$WAYLEAVE" ] || cargo build --release --package wayleave-cli
if [ -z "${PROGRAMS_READY:-}" ]; then RUNNERS=wayleave scripts/programs.sh python ruby >&2; fi

input=$PWD/scripts/grants
python=$PWD/target/programs/python/dist/python.wasm
ruby=$PWD/target/programs/runno/dist/langs/ruby-3.2.0.wasm
work=$PWD/target/programs/grants # what the programs are given
kept=$PWD/target/programs/grants-kept # what they have printed

fail() {
  echo "grants.sh: $*" >&2
  exit 1
}

fresh() { # a folder with the scripts and some data
  rm -rf "$work" "$kept"
  mkdir -p "$work/data" "$kept"
  cp "$input"/* "$work"
  printf 'to be or not to be\n' >"$work/data/in.txt"
  cd "$work"
}

same() { # WHAT FILE FILE, of what was kept
  cmp -s "$kept/$2" "$kept/$3" || {
    diff "$kept/$2" "$kept/$3" >&2 || true
    fail "$1 differ"
  }
}

learns() { # ENGINE PROGRAM SCRIPT GRANTS: the lines of the manifest under [grants] but for the program's own
  fresh
  "$WAYLEAVE" run --engine "$1" --learn needed.toml "$2" "$3" data >"$kept/first.out"
  [ ! -e data/out.json ] || fail "--learn has changed the folder"
  "$WAYLEAVE" run --engine "$1" --manifest needed.toml "$2" "$3" data >"$kept/second.out"
  same "what $3 prints under --learn and under what that wrote" first.out second.out
  [ -s data/out.json ] || fail "under the manifest, $3 wrote nothing"
  local granted
  granted=$(tr -d '\n' <needed.toml | sed 's/\[grants\]/\n/; s/,]/]/g; s/]\([a-z]\)/] \1/g; s/  */ /g; s/\[ /[/g' | tail -1)
  [ "$granted" = "$4" ] || fail "$3 is granted $granted, not $4"
  echo "$3 on $1: learned $granted"
}

outcome() { # NAME COMMAND...: keeps what it printed, and how it ended
  local name=$1 code=0
  shift
  "$@" >"$kept/$name.out" 2>"$kept/$name.err" </dev/stdin || code=$?
  echo "exit code $code" >>"$kept/$name.out"
}

deterministic() {
  fresh
  local run
  for run in 1 2; do
    for engine in wasmtime wasmi; do
      touch data/in.txt
      echo typed | outcome "$engine-$run" "$WAYLEAVE" run --deterministic --engine "$engine" \
        --dir . --env WHO=you "$python" chance.py
      grep -q 'exit code 7' "$kept/$engine-$run.out" || fail "$(cat "$kept/$engine-$run.err")"
      mv data/out.txt "$kept/$engine-$run.file"
      for kind in out err file; do
        same "two deterministic runs ($kind)" wasmtime-1.$kind "$engine-$run.$kind"
      done
    done
  done
  echo typed | outcome seeded "$WAYLEAVE" run --deterministic --random seed:7 --dir . --env WHO=you \
    "$python" chance.py
  ! cmp -s "$kept/wasmtime-1.out" "$kept/seeded.out" || fail "another seed makes no difference"
  echo "chance.py: the same bytes in two runs on each engine, others with another seed"
}

replays() {
  for engine in wasmtime wasmi; do
    fresh
    echo typed | outcome recorded "$WAYLEAVE" run --record "$kept/run.rec" --engine "$engine" \
      --dir data --dir .::.::ro --env WHO=you "$python" chance.py
    grep -q 'exit code 7' "$kept/recorded.out" || fail "$(cat "$kept/recorded.err")"
    rm -r data
    for other in wasmtime wasmi; do
      outcome replayed "$WAYLEAVE" replay --engine "$other" "$kept/run.rec" "$python" </dev/null
      same "a run on $engine and its replay on $other" recorded.out replayed.out
      same "the errors of a run on $engine and its replay on $other" recorded.err replayed.err
    done
    local size bit
    size=$(stat -c %s "$kept/run.rec")
    for bit in 0 1 2 3 4 5 6 7 8 9; do
      python3 - "$kept" "$((size * bit / 10))" <<'PY'
import sys

folder, place = sys.argv[1], int(sys.argv[2])
recording = bytearray(open(f"{folder}/run.rec", "rb").read())
recording[place] ^= 1
open(f"{folder}/bad.rec", "wb").write(recording)
PY
      ! "$WAYLEAVE" replay "$kept/bad.rec" "$python" >"$kept/bad.out" 2>"$kept/bad.err" ||
        fail "a recording with a bit changed was replayed"
      [ ! -s "$kept/bad.out" ] || fail "a damaged recording was shown"
    done
  done
  echo "chance.py: recorded on each engine, replayed on each; ten damaged recordings of each refused"
}

for engine in wasmtime wasmi; do
  learns "$engine" "$python" count.py 'dir = [".::ro", "data"]'
  learns "$engine" "$ruby" count.rb 'dir = ["data"] file = ["count.rb::ro"]'
done
deterministic
replays
cd ..
rm -rf "$work" "$kept"
