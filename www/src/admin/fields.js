// Input fields, by the kind of a setting. Each has `element`, `value()`, `check()` (a sentence, if the value will
// not do), `fault(text)`, `enable(on)` and `focus()`.

function makeField(setting, value) {
  const kind = { switch: switchField, choice: choiceField, length: lengthField, publishingPoints: urlsField }[setting.kind] || inputField;
  const field = kind(setting, value, `set-${setting.name}`);
  const controls = () => field.element.querySelectorAll("input, select, button");
  return {
    setting,
    check: () => "",
    enabled: true,
    focus: () => field.element.querySelector("input:not(:disabled), select, button")?.focus(),
    ...field,
    enable(on) {
      if (this.enabled === on) return;
      this.enabled = on;
      for (const control of controls()) control.disabled = !on;
      field.element.classList.toggle("dim", !on);
      if (on) field.arrange?.();
    },
  };
}

// Label, control, help and fault, tied together for screen readers.
function framed(setting, id, control, ...rest) {
  const help = setting.help && h("span", { className: "help", id: `${id}-help` }, setting.help);
  const fault = h("span", { className: "fault", id: `${id}-fault` });
  const target = control.matches("input, select") ? control : control.querySelector("input");
  target.id = id;
  target.setAttribute("aria-describedby", `${id}-help ${id}-fault`);
  const element = h("div", { className: "field" }, h("label", { for: id }, setting.label), control, ...rest, help, fault);
  const show = (text) => {
    say(fault, text);
    if (text) target.setAttribute("aria-invalid", "true");
    else target.removeAttribute("aria-invalid");
  };
  return { element, fault: show, target };
}

// A line of text, a number, a duration, or a key.
function inputField(setting, value, id) {
  const scale = setting.scale || 1;
  const number = setting.kind === "number";
  const written = { number: () => String(value / scale), duration: () => span(value) }[setting.kind] || (() => value ?? "");
  const input = h("input", { type: number ? "number" : "text", value: written(), placeholder: setting.placeholder || "",
    autocomplete: "off", spellcheck: setting.name === "title" });
  if (number) {
    input.min = setting.min / scale;
    if (setting.max) input.max = setting.max / scale;
    input.step = 1;
  }
  if (setting.kind === "duration") input.className = "wide";
  const generate = setting.kind === "key" && h("button", { type: "button", onclick: () => {
    input.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  } }, "Generate");
  const control = setting.unit || setting.kind === "duration"
    ? h("div", { className: "unit" }, input, h("span", { className: "soft" }, setting.unit || "d.hh:mm:ss"))
    : generate ? h("div", { className: "unit" }, input, generate) : input;
  if (generate) input.style.width = "100%";
  const frame = framed(setting, id, control);
  const read = {
    number: () => Math.round(Number(input.value) * scale),
    duration: () => readSpan(input.value),
  }[setting.kind] || (() => input.value.trim());
  const check = () => {
    const now = read();
    if (number && (input.value.trim() === "" || Number.isNaN(now))) return "This must be a number.";
    if (number && now < setting.min) return `This must be at least ${setting.min / scale}.`;
    if (number && setting.max && now > setting.max) return `This must be at most ${setting.max / scale}.`;
    if (setting.kind === "duration" && now === null) return "Write it as days.hours:minutes:seconds, for example 0.02:30:00.";
    if (setting.kind === "key" && !/^[0-9a-f]{32}$/i.test(now)) return "A key has 32 hexadecimal digits.";
    return "";
  };
  return { ...frame, value: read, check, focus: () => input.focus() };
}

function switchField(setting, value, id) {
  const input = h("input", { type: "checkbox", id, checked: Boolean(value), "aria-describedby": `${id}-help` });
  const fault = h("span", { className: "fault" });
  const element = h("div", { className: "field" }, h("label", { className: "check" }, input, setting.label,
    setting.help && h("span", { className: "help", id: `${id}-help` }, setting.help)), fault);
  return { element, value: () => input.checked, fault: (text) => say(fault, text) };
}

function choiceField(setting, value, id) {
  const select = h("select", {}, setting.options.map(([key, label]) => h("option", { value: key, selected: key === value }, label)));
  const frame = framed(setting, id, select);
  return { ...frame, value: () => select.value };
}

// All of it, or so many minutes.
function lengthField(setting, value, id) {
  const [whole, part] = setting.options.map(([, label]) => label);
  const radio = (checked, label) => {
    const input = h("input", { type: "radio", name: id, checked });
    return { input, label: h("label", { className: "check" }, input, h("span", {}, label)) };
  };
  const [all, some] = [radio(!value, whole), radio(Boolean(value), part)];
  const minutes = h("input", { type: "number", min: 1, step: "any", value: value ? value / 60 : setting.placeholder || 10, "aria-label": `${setting.label}, in minutes` });
  const fault = h("span", { className: "fault", id: `${id}-fault` });
  minutes.setAttribute("aria-describedby", fault.id);
  const inner = h("div", { className: "unit inner" }, minutes, h("span", { className: "soft" }, "minutes"));
  const element = h("div", { className: "field", role: "group", "aria-label": setting.label },
    h("div", { className: "choices" }, all.label, some.label), inner,
    setting.help && h("span", { className: "help" }, setting.help), fault);
  const arrange = () => { inner.hidden = all.input.checked; };
  element.addEventListener("change", arrange);
  arrange();
  const read = () => (all.input.checked ? 0 : Math.round(Number(minutes.value) * 60));
  return {
    element, arrange, value: read,
    check: () => (some.input.checked && !(read() >= 1) ? "Give the length in minutes." : ""),
    fault: (text) => { say(fault, text); minutes.setAttribute("aria-invalid", Boolean(text)); },
  };
}

// Addresses of other publishing points, each with the name of its credentials.
function urlsField(setting, value, id) {
  const list = h("div", { className: "urls" });
  const fault = h("span", { className: "fault", id: `${id}-fault` });
  const add = (url, credential, focus) => {
    const address = h("input", { type: "url", value: url, placeholder: "http://server/LiveSmoothStream.isml", "aria-label": "Address" });
    const name = h("input", { value: credential || "", placeholder: "Credential", "aria-label": "Credential name", autocomplete: "off" });
    const remove = h("button", { type: "button", className: "icon plain", "aria-label": "Remove this address", onclick: () => {
      line.remove();
      more.focus();
    } }, icon("close"));
    const line = h("div", { className: "line" }, address, name, remove);
    list.append(line);
    if (focus) address.focus();
  };
  for (const { url, credential } of value || []) add(url, credential);
  const more = h("button", { type: "button", className: "small", onclick: () => add("", "", true) }, icon("plus"), "Add address");
  const element = h("div", { className: "field", role: "group", "aria-label": setting.label }, h("span", { className: "label" }, setting.label),
    list, more, setting.help && h("span", { className: "help" }, setting.help), fault);
  const read = () => [...list.children].map((line) => {
    const [url, credential] = [...line.querySelectorAll("input")].map((input) => input.value.trim());
    return credential ? { url, credential } : { url };
  }).filter(({ url }) => url);
  return {
    element, value: read,
    check: () => (read().some(({ url }) => !/^https?:\/\/[^/]+\/.*\.isml$/i.test(url))
      ? "Each address is that of a publishing point, such as http://server/LiveSmoothStream.isml." : ""),
    fault: (text) => say(fault, text),
    focus: () => (list.querySelector("input") || more).focus(),
  };
}

// The name of a new publishing point: a path below the root.
function fileField() {
  const setting = { name: "path", label: "File name", help: "Its address on this server, with folders if you wish: LiveSmoothStream.isml or sports/final.isml." };
  const input = h("input", { value: "LiveSmoothStream.isml", autocomplete: "off", spellcheck: false });
  const frame = framed(setting, "set-path", input);
  const value = () => {
    const name = input.value.trim().replace(/^\/+/, "");
    return `/${/\.isml$/i.test(name) ? name : `${name}.isml`}`;
  };
  const check = () => (/^(\/[^/.\\:?#%][^/\\:?#%]*)+\.isml$/i.test(value()) ? "" : "A file name, without \\ : ? # %, and not beginning with a dot.");
  const focus = () => { input.focus(); input.setSelectionRange(0, Math.max(0, input.value.length - ".isml".length)); };
  return { ...frame, setting, value, check, focus };
}
