// The preview, and the addresses to copy.

let player = null;
// Loads the player's script once, and only when someone wants to watch.
function loadPlayer() {
  player ||= new Promise((resolve, reject) => {
    const script = h("script", { src: "../player/smooth-player.js" });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => {
      player = null;
      script.remove();
      reject(new Error("The player could not be loaded."));
    });
    document.head.append(script);
  });
  return player;
}

function previewCard() {
  const text = h("p");
  const stage = h("div", { className: "stage" }, text);
  const open = h("button", { type: "button", className: "small" }, icon("play"), "Watch");
  const shut = h("button", { type: "button", className: "small", hidden: true }, "Close");
  const element = h("section", { className: "card preview" },
    h("div", { className: "title" }, h("h2", {}, "Preview"), h("span", { className: "row end" }, open, shut)), stage);
  let [address, serves] = ["", false];
  const close = () => {
    stage.replaceChildren(text);
    open.hidden = false;
    shut.hidden = true;
  };
  open.addEventListener("click", async () => {
    say(text, "Loading the player…");
    try {
      await loadPlayer();
    } catch (error) {
      say(text, error.message);
      return;
    }
    const video = h("smooth-player", { "aria-label": "Preview" });
    video.setAttribute("muted", "");
    video.setAttribute("autoplay", "");
    video.setAttribute("src", address);
    stage.replaceChildren(video);
    open.hidden = true;
    shut.hidden = false;
    shut.focus();
  });
  shut.addEventListener("click", () => { close(); describe(); open.focus(); });
  const describe = () => {
    open.disabled = !serves;
    say(text, serves ? "Watch the broadcast as viewers see it." : "There is nothing to watch yet.");
  };
  const show = (point) => {
    address = new URL(point.urls.smooth, location.href).href;
    const serving = point.state === "Started" || point.state === "Stopped";
    if (serving !== serves || !text.textContent) {
      serves = serving;
      if (!serves && stage.firstChild !== text) close();
      if (stage.firstChild === text) describe();
    }
  };
  return { element, show, close };
}

// Addresses of the publishing point; each with a button that copies it.
function addressCard() {
  const lines = new Map();
  const body = h("div", { className: "body copyable" });
  const element = h("section", { className: "card" }, h("h2", {}, "Addresses"), body);
  const show = (point) => {
    const absolute = (address) => new URL(address, location.origin).href;
    const smooth = absolute(point.urls.smooth);
    const entries = [
      ["ingest", "Encoders send to", absolute(point.urls.ingest)],
      ["smooth", "Smooth Streaming", smooth],
      ["hls", "HTTP Live Streaming", point.urls.hls && absolute(point.urls.hls)],
      ["apple", "Apple devices (MPEG-2 TS)", point.urls.apple && absolute(point.urls.apple)],
      ["dash", "DASH", point.urls.dash && absolute(point.urls.dash)],
      ["embed", "On your page", `<script src="${absolute("/player/smooth-player.js")}"></script>\n<smooth-player src="${smooth}" autoplay></smooth-player>`],
    ];
    for (const [key, label, value] of entries) {
      const line = lines.get(key);
      if (!value) {
        line?.element.remove();
        lines.delete(key);
      } else if (line) {
        if (line.input.value !== value) line.input.value = value;
      } else {
        lines.set(key, copyLine(key, label, value));
        body.append(lines.get(key).element);
      }
    }
  };
  return { element, show };
}

function copyLine(key, label, value) {
  const id = `copy-${key}`;
  const input = key === "embed"
    ? h("textarea", { id, readOnly: true, rows: 3, wrap: "off", value, spellcheck: false })
    : h("input", { id, readOnly: true, value, spellcheck: false });
  input.addEventListener("focus", () => input.select());
  const button = h("button", { type: "button", className: "icon small", "aria-label": `Copy: ${label}` }, icon("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(input.value);
    } catch {
      // Without https the browser has no clipboard for pages: mark the text, and copy it the old way.
      input.select();
      document.execCommand("copy");
      button.focus();
    }
    announce(`Copied: ${label}.`);
    button.replaceChildren(icon("done"));
    setTimeout(() => button.replaceChildren(icon("copy")), 1500);
  });
  const element = h("div", {}, h("label", { for: id }, label), h("div", { className: "line" }, input, button));
  return { element, input };
}
