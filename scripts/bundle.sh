#!/usr/bin/env bash
# Run by trunk after a build: makes smooth-player.js, ONE classic script, from wasm-bindgen's glue and
# www/src/*.js, and gives the Wasm the name the script looks for beside itself. (Not with trunk's
# data-type "main": its loader is a module.)
set -euo pipefail
cd "$(dirname "$0")/.."
stage=${TRUNK_STAGING_DIR:-dist}
glue=$stage/silverlane-player.js
out=$stage/smooth-player.js
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)

# Comments on lines of their own and indentation go; nothing else is rewritten. So in www/src a line
# that starts with // or /* is always a comment, and indentation inside a template means nothing.
squeeze() { sed -e 's/^[[:space:]]*//' -e '/^\/\//d' -e '/^\/\*.*\*\/$/d' -e '/^\/\*/,/\*\/$/d' -e '/^$/d' "$@"; }

{
  printf '/*! Silverlane %s smooth-player.js | MIT OR Apache-2.0 */\n' "$version"
  printf '(()=>{"use strict";\n'
  printf 'const VERSION="%s";\n' "$version"
  squeeze www/src/boot.js
  squeeze "$glue"
  printf '\n'
  for part in messages smooth-video smooth-player smf start; do squeeze "www/src/$part.js"; done
  printf '})();\n'
} > "$out"
rm "$glue"
wasm=$stage/smooth-player_bg.wasm
mv "$stage/silverlane-player_bg.wasm" "$wasm"

# Each import's name ends in a hash, which cannot be compressed, in both files. Numbers of the same length
# take their place.
if command -v perl >/dev/null; then
  numbers=$(grep -oE '_[0-9a-f]{16}\b' "$out" | sort -u | awk '{ printf "%s _%016d\n", $1, NR }')
  NUMBERS=$numbers perl -0777 -pi -e \
    'BEGIN { %n = split /\s+/, $ENV{NUMBERS} } s/(_[0-9a-f]{16})(?![0-9a-f])/exists $n{$1} ? $n{$1} : $1/ge' "$out" "$wasm"
fi

# The page without trunk's own lines.
sed -e '/data-trunk/d' -e '/<!-- The bundle script/d' www/index.html > "$stage/index.html"
