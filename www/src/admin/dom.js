// Elements, icons, and values as people read them.

// An element: h("td", { className: "right", onclick }, "text", child, …). Attributes that are no properties
// have a dash in their name, or are listed here.
const ATTRIBUTES = new Set(["for", "role", "popover", "list"]);
function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined) continue;
    if (name.includes("-") || ATTRIBUTES.has(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const ICONS = {
  plus: "M8 3v10M3 8h10",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  back: "M10 3 5 8l5 5",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  done: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  play: "M5 3.2v9.6L12.6 8z",
  stop: "M4 4h8v8H4z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const set = (attributes) => { for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value); };
  set({ viewBox: "0 0 16 16", width: 16, height: 16, fill: "none", stroke: "currentColor", "stroke-width": name === "more" ? 2.4 : 1.6,
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" });
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

// Sets what an element says, if it says something else: screen readers hear what changes only.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Samples of the server's history: two minutes.
const SAMPLES = 60;

// A small curve over them; `show` takes its values, oldest first.
function sparkline(width, height) {
  const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const svg = make("svg");
  const [area, line] = [make("path"), make("path")];
  area.setAttribute("class", "area");
  for (const [key, value] of Object.entries({ class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  svg.append(area, line);
  const show = (values) => {
    const top = Math.max(...values, 0) * 1.1 || 1;
    // Before there was anything, there was nothing.
    const all = values.length ? [...Array(Math.max(0, SAMPLES - values.length)).fill(0), ...values] : [];
    const step = width / Math.max(all.length - 1, 1);
    const points = all.map((value, at) => `${(at * step).toFixed(1)} ${(height - 1 - (value / top) * (height - 3)).toFixed(1)}`);
    const curve = points.length ? `M${points.join("L")}` : "";
    line.setAttribute("d", curve);
    area.setAttribute("d", curve && `${curve}V${height}H0Z`);
  };
  return { svg, show };
}

const round = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

// Bits per second as a number and its unit.
function bitrate(value) {
  if (value >= 1e6) return [round(value / 1e6, value >= 1e8 ? 0 : 2), "Mbit/s"];
  return [round(value / 1e3, 0), "kbit/s"];
}
const rate = (value) => bitrate(value).join(" ");

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (value >= 1000 && at < units.length - 1) { value /= 1000; at += 1; }
  return `${round(value, at === 0 || value >= 100 ? 0 : 1)} ${units[at]}`;
}

// Seconds as h:mm:ss.
function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

// A time on the broadcast's clock. Encoders count from the Unix epoch, or from their start.
function mediaTime(seconds) {
  const LATER = 978307200; // 2001
  if (seconds < LATER) return `${clock(seconds)}.${Math.floor((seconds % 1) * 10)}`;
  return new Date(seconds * 1000).toISOString().slice(11, 21);
}

// Seconds as d.hh:mm:ss, and back; null for what is none.
function span(seconds) {
  const days = Math.floor(seconds / 86400);
  return `${days}.${clock(seconds % 86400).padStart(8, "0")}`;
}
function readSpan(text) {
  const match = /^\s*(?:(\d+)[.:])?(\d{1,2}):(\d{1,2}):(\d{1,2})\s*$/.exec(text);
  if (!match) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part || 0));
  return hours < 24 && minutes < 60 && seconds < 60 ? ((days * 24 + hours) * 60 + minutes) * 60 + seconds : null;
}

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

// A button that opens a menu over the page: entries of [label, action, className], or null for a line.
function menuButton(label, entries) {
  const button = h("button", { type: "button", className: "icon", "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false" }, icon("more"));
  button.addEventListener("click", () => {
    const menu = h("div", { className: "menu", role: "menu", popover: "auto", "aria-label": label });
    for (const entry of entries()) {
      if (!entry) { menu.append(h("hr", { role: "separator" })); continue; }
      const [text, act, className] = entry;
      menu.append(h("button", { type: "button", role: "menuitem", tabIndex: -1, className: className || "",
        onclick: () => { menu.hidePopover(); act(); } }, text));
    }
    const items = [...menu.querySelectorAll("button")];
    menu.addEventListener("keydown", (event) => {
      const at = items.indexOf(document.activeElement);
      const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at + items.length - 1) % items.length, Home: 0, End: items.length - 1 }[event.key];
      if (event.key === "Tab") menu.hidePopover();
      if (to === undefined) return;
      event.preventDefault();
      items[to].focus();
    });
    menu.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      button.setAttribute("aria-expanded", "false");
      if (menu.contains(document.activeElement) || document.activeElement === document.body) button.focus();
      menu.remove();
    });
    document.querySelector("main").append(menu);
    menu.showPopover();
    const place = button.getBoundingClientRect();
    const below = place.bottom + 6 + menu.offsetHeight < innerHeight;
    menu.style.left = `${Math.max(8, place.right - menu.offsetWidth)}px`;
    menu.style.top = `${below ? place.bottom + 6 : Math.max(8, place.top - 6 - menu.offsetHeight)}px`;
    button.setAttribute("aria-expanded", "true");
    items[0]?.focus();
  });
  return button;
}
