#!/usr/bin/env bash
# Finds or installs what the tests of the whole chain need: an encoder, three browsers and their drivers (WebKitGTK
# with what it decodes with and a screen in memory; Firefox's driver is built, once, into the cache outside the clone), brotli for the size gate, and other players to judge by
# (npm, into a cache outside the clone).
# A second run answers at once.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# program → Debian's package; other systems name it much the same
declare -A package=([ffmpeg]=ffmpeg [ffprobe]=ffmpeg [chromium]=chromium [chromedriver]=chromium-driver [brotli]=brotli [npm]=npm [faketime]=faketime
  [WebKitWebDriver]=webkit2gtk-driver [Xvfb]=xvfb)
missing=()
for program in "${!package[@]}"; do
  has "$program" || missing+=("${package[$program]}")
done
has firefox-esr || has firefox || missing+=(firefox-esr)
# WebKitGTK decodes with GStreamer's plugins, found as files: H.264 and AAC, MPEG-TS and HLS, MP4.
declare -A plugin=([libav]=libav [hls]=plugins-bad [isomp4]=plugins-good)
for name in "${!plugin[@]}"; do
  compgen -G "/usr/lib*/gstreamer-1.0/libgst$name.so" >/dev/null || compgen -G "/usr/lib*/*/gstreamer-1.0/libgst$name.so" >/dev/null \
    || missing+=("gstreamer1.0-${plugin[$name]}")
done
if [ "${#missing[@]}" -gt 0 ]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  apt_ready || die "the tests need: ${missing[*]}" "run: sudo apt-get install ${missing[*]}" \
    "or install them with your system's package manager"
  say "installing ${missing[*]}"
  apt_get "${missing[@]}" || die "${missing[*]} could not be installed" "run: sudo apt-get install ${missing[*]}"
fi

# Some systems have the driver as a package; any version serves.
has geckodriver || install geckodriver geckodriver "$GECKODRIVER_VERSION" --locked

judges=$CACHE/judges
if ! cmp -s "$ROOT/tests/package.json" "$judges/package.json" || [ ! -f "$judges/.complete" ]; then
  say "installing the judges (tests/package.json) into $judges"
  rm -rf "$judges"
  mkdir -p "$judges"
  cp "$ROOT/tests/package.json" "$judges/package.json"
  npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix "$judges" >&2 \
    || die "the players to judge by could not be installed" \
      "run: npm install --prefix $judges (with access to an npm registry)"
  touch "$judges/.complete"
fi
