// Seconds as SMF wrote them: "hh:mm:ss".
function timeText(seconds) {
  const whole = Math.floor(Math.abs(seconds) || 0);
  const two = (number) => String(number).padStart(2, "0");
  const text = [whole / 3600, (whole / 60) % 60, whole % 60].map((part) => two(Math.floor(part))).join(":");
  return seconds < 0 && whole ? `-${text}` : text;
}

// Seconds from a number, from text that holds one, or from a .NET TimeSpan: "[d.]hh:mm[:ss[.fff]]". NaN for what is none.
function readSeconds(value) {
  const match = /^\s*(-?)(?:(\d+)\.)?(\d+):(\d+)(?::(\d+(?:\.\d+)?))?\s*$/.exec(value);
  if (!match) return value === "" || value === null || value === undefined ? NaN : Number(value);
  const [sign, days, hours, minutes, seconds] = match.slice(1);
  const sum = (((days || 0) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds || 0);
  return sign ? -sum : sum;
}
