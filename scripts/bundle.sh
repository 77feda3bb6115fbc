#!/usr/bin/env bash
# Run by trunk after a build: makes classic scripts from wasm-bindgen's glue and www/src/*.js, and gives the
# Wasm the name they look for beside themselves. smooth-player.js is both elements, and fetches smooth-controls.js
# after the first picture; smooth-video.js is the bare element, for pages that bring their own controls. (Not with
# trunk's data-type "main": its loader is a module.)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
stage=${TRUNK_STAGING_DIR:-dist}
glue=$stage/silverlane-player.js
module=$stage/silverlane-player_bg.wasm
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)

# Comments on lines of their own and indentation go; nothing else is rewritten. So in www/src a line
# that starts with // or /* is always a comment, and indentation inside a template means nothing.
squeeze() { sed -e 's/^[[:space:]]*//' -e '/^\/\//d' -e '/^\/\*.*\*\/$/d' -e '/^\/\*/,/\*\/$/d' -e '/^$/d' "$@"; }

# A loader of our own, see there; without perl wasm-bindgen's stays.
if command -v perl >/dev/null; then LOADER=$(cat www/src/loader.js) perl -0777 -pi -e '
  # Every browser that plays here has these (Safari since 14.1): no stand-ins.
  s/\(typeof FinalizationRegistry === .undefined.\)\s*\? \{[^\n]*\}\s*: (?=new FinalizationRegistry)//g;
  s/ *if \(!\(.encodeInto. in \w+\)\) \{.*?\n    \}\n//s;
  s/^ *if \(Symbol\.dispose\).*\n//m;
  s/\w+\.buffer\.detached === true \|\| \((\w+)\.buffer\.detached === undefined && (.*?)\)(?=\) \{)/$2/;
  s/\bptr \/ 1\b/ptr/g;
  s/async function __wbg_load\(.*(?=return Object\.assign\(__wbg_init)/$ENV{LOADER}\n/s
    && s/\(__wbg_init, \{ initSync \}, /(__wbg_init, / or die "wasm-bindgen makes its loader otherwise now\n";
' "$glue"; fi

# The names under which module and glue know each other's functions are long and stand in both: short ones
# take their place. wasm-opt renames its side and prints old and new.
if command -v wasm-opt >/dev/null && command -v perl >/dev/null; then
  features=$(sed -n 's/.*data-wasm-opt-params="\([^"]*\)".*/\1/p' www/index.html)
  # shellcheck disable=SC2086 # several flags
  NAMES=$(wasm-opt $features "$module" -Oz --converge --strip-producers --strip-target-features \
    --minify-imports-and-exports-and-modules -o "$module") perl -0777 -pi -e '
    %imports = $ENV{NAMES} =~ /\["[^"]*", "([^"]+)", "([^"]+)"\]/g;
    %exports = $ENV{NAMES} =~ /\["([^"]+)", "([^"]+)"\]/g;
    s/\bwasm\.(\w+)/"wasm." . ($exports{$1} \/\/ $1)/ge;
    s/(?<![\w.])(__wb\w+)(?=\s*[:(])/$imports{$1} \/\/ $1/ge;
    s/"\.\/silverlane-player_bg\.js"/"a"/g;
  ' "$glue"
fi

# A real minifier saves a quarter more; optional, like wasm-opt (scripts/tools.sh).
minify() { if command -v esbuild >/dev/null; then esbuild --minify --target=es2020 --charset=utf8 --log-level=warning; else cat; fi; }

bundle() { # name, parts…
  local out=$stage/$1
  shift
  {
    printf '(()=>{"use strict";\n'
    printf 'const VERSION="%s",CONTROLS="%s";\n' "$version" "${integrity:-}"
    squeeze www/src/boot.js
    squeeze "$glue"
    printf '\n'
    for part in "$@"; do
      # A folder keeps its names to itself, but for the one that it is there for.
      case $part in
        smooth-player) for file in style log load player; do squeeze "www/src/smooth-player/$file.js"; done ;;
        smf) printf 'const takeOver=(()=>{\n'; squeeze www/src/smf/*.js; printf 'return takeOver})();\n' ;;
        *) squeeze "www/src/$part.js" ;;
      esac
    done
    printf '})();\n'
  } | minify | { printf '/*! Silverlane %s | MIT OR Apache-2.0 */\n' "$version"; cat; } > "$out"
}
# The controls: Media Chrome where npm brought it (scripts/tools.sh); without, they work over the browser's own.
modules=$CACHE/node/node_modules
media_chrome() {
  if command -v node >/dev/null && [ -d "$modules/media-chrome" ] && [ -d "$modules/esbuild" ]; then
    node scripts/media-chrome.mjs "$modules" | squeeze
  else
    echo 'const CHROME=null;'
  fi
}
{
  printf '(()=>{"use strict";\n'
  media_chrome
  for part in format languages words choices preview store style layout menu stats main; do squeeze "www/src/controls/$part.js"; done
  printf '})();\n'
} | minify | { printf '/*! Silverlane %s | MIT OR Apache-2.0 | with parts of Media Chrome, MIT */\n' "$version"; cat; } > "$stage/smooth-controls.js"
sum=$( (sha384sum "$stage/smooth-controls.js" || shasum -a 384 "$stage/smooth-controls.js") 2>/dev/null | cut -d' ' -f1)
integrity=sha384-$(printf '%b' "$(sed 's/../\\x&/g' <<< "$sum")" | base64 | tr -d '\n')

bundle smooth-video.js messages protection data-tracks ttml caption-tracks caption-images buffer player smooth-video start
bundle smooth-player.js messages protection data-tracks ttml caption-tracks caption-images buffer player smooth-video scout smooth-player smf start
# The page of administration: no Wasm, and no other page's names.
{
  printf '(()=>{"use strict";\n'
  for part in dom api actions fields editor watch list details main; do squeeze "www/src/admin/$part.js"; done
  printf '})();\n'
} | minify | { printf '/*! Silverlane %s | MIT OR Apache-2.0 */\n' "$version"; cat; } > "$stage/admin.js"
rm "$glue"
mv "$module" "$stage/smooth-player_bg.wasm"

# The page without trunk's own lines.
sed -e '/data-trunk/d' -e '/<!-- The bundle script/d' www/index.html > "$stage/index.html"
