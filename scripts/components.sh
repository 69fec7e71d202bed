# shellcheck shell=bash
# Components of guests/python and guests/javascript, for the scripts here. They are built in a copy of the
# sources, beside which the tools may leave what they like. `home` is the folder for it all.
: "${home:?}"

guests=$PWD/guests

sources() { # FOLDER LANGUAGE: fails when what is there was built of the sources as they are
  if [ -e "$home/$1/.complete" ] && diff -r "$guests/$2" "$home/$1/source" >/dev/null &&
    diff "$guests/script.wit" "$home/$1/wit/script.wit" >/dev/null; then
    return 1
  fi
  echo "building $1" >&2
  rm -rf "${home:?}/$1"
  mkdir -p "$home/$1/wit"
  cp -r "$guests/$2" "$home/$1/source"
  cp -r "$guests/script.wit" "$guests/../wit/0.2/deps" "$home/$1/wit"
}

python_components() { # FOLDER SCRIPT:WORLD...
  local to=$home/$1 name
  sources "$1" python || return 0
  python3 -m venv "$to/tool"
  "$to/tool/bin/pip" install --quiet componentize-py==0.25.1
  cp -r "$to/source" "$to/build"
  for name in "${@:2}"; do
    "$to/tool/bin/componentize-py" --quiet --wit-path "$to/wit" --world "${name#*:}" \
      componentize --python-path "$to/build" "${name%:*}" --output "$to/${name#*:}.wasm"
  done
  touch "$to/.complete"
}

javascript_components() { # FOLDER "LEFT-OUT..." SCRIPT:WORLD...
  local to=$home/$1 name left_out
  sources "$1" javascript || return 0
  read -ra left_out <<<"$2"
  npm install --silent --prefix "$to/tool" @bytecodealliance/componentize-js@0.23.0
  for name in "${@:3}"; do
    "$to/tool/node_modules/.bin/componentize-js" "$to/source/${name%:*}.js" --wit "$to/wit" \
      --world-name "${name#*:}" --out "$to/${name#*:}.wasm" --disable "${left_out[@]}" >&2
  done
  touch "$to/.complete"
}
