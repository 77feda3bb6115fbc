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
mv "$stage/silverlane-player_bg.wasm" "$stage/smooth-player_bg.wasm"

# The page without trunk's own lines.
sed -e '/data-trunk/d' -e '/<!-- The bundle script/d' www/index.html > "$stage/index.html"
