// Figures for people.
const quick = ({ height, bitrate }) => (height ? `${height}p` : rate(bitrate));

const rate = (bits) => (bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1e3)} kbit/s`);

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds) || 0);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

// The name of a language in the viewer's own; nothing for none.
function languageName(code, lang) {
  if (!code || code === "und") return "";
  try {
    const name = new Intl.DisplayNames([lang, "en"], { type: "language" }).of(code);
    return name.charAt(0).toUpperCase() + name.slice(1);
  } catch {
    return code;
  }
}
