// <smooth-player>: <smooth-video> with controls: the browser's own, and over them a LIVE button, a menu of
// qualities, sound and captions, and a panel that says what is wrong and what to do about it.

const PLAYER_STYLE = `
:host{display:block;aspect-ratio:16/9;overflow:hidden;line-height:normal;text-align:left;border-radius:var(--smooth-radius,0);
--accent:var(--smooth-accent,#e11d48);--ink:var(--smooth-ink,#fff);--panel:var(--smooth-panel,rgba(16,18,24,.86));
font:500 14px/1.35 var(--smooth-font,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif)}
video{position:absolute;inset:0}
[hidden]{display:none!important}
button{font:inherit;color:inherit;background:none;border:0;margin:0;padding:0;cursor:pointer}
.bar{position:absolute;inset:0 0 auto;display:flex;align-items:flex-start;gap:8px;padding:10px;color:var(--ink);pointer-events:none;
transition:opacity .2s}
.bar>*{pointer-events:auto}
.quiet .bar:not(:focus-within) .fades{opacity:0;pointer-events:none}
.fades{transition:opacity .2s}
.space{flex:1;pointer-events:none}
.pill{display:inline-flex;align-items:center;gap:7px;min-height:32px;padding:0 12px;border-radius:16px;background:var(--panel);
white-space:nowrap;font-variant-numeric:tabular-nums}
.pill:hover,.choice:hover{background:rgba(56,60,72,.95)}
button:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
.dot{width:8px;height:8px;border-radius:50%;background:#9aa0aa}
.live .dot{background:var(--accent)}
.live{letter-spacing:.06em;font-weight:650;cursor:default}
.live:hover{background:var(--panel)}
.menu{position:absolute;top:50px;right:10px;min-width:210px;max-width:calc(100% - 20px);max-height:calc(100% - 110px);overflow:auto;
padding:6px;border-radius:12px;background:var(--panel);color:var(--ink);box-shadow:0 8px 30px rgba(0,0,0,.4);
-webkit-backdrop-filter:blur(12px);backdrop-filter:blur(12px)}
.menu h2{margin:8px 10px 4px;font-size:12px;font-weight:600;opacity:.7}
.choice{display:flex;width:100%;min-height:36px;align-items:center;gap:10px;padding:0 10px;border-radius:8px;text-align:left}
.choice::before{content:"";width:8px;height:8px;border-radius:50%;box-shadow:inset 0 0 0 1.5px currentColor;opacity:.6;flex:none}
.choice[aria-checked=true]::before{background:var(--accent);box-shadow:none;opacity:1}
.choice small{margin-left:auto;padding-left:14px;opacity:.7;font-size:12px}
.panel{position:absolute;inset:0;display:flex;flex-direction:column;align-items:center;justify-content:center;gap:8px;padding:24px;
text-align:center;color:var(--ink);background:rgba(10,11,15,.9)}
.panel.info{background:rgba(10,11,15,.55);pointer-events:none}
.panel b{font-size:17px;font-weight:650;max-width:32em}
.panel span{max-width:38em;opacity:.85}
.panel code{font:12px ui-monospace,Menlo,Consolas,monospace;opacity:.6;overflow-wrap:anywhere;max-width:100%}
.retry{margin-top:8px;min-height:38px;padding:0 20px;border-radius:19px;background:var(--ink);color:#111}
.unmute{position:absolute;left:50%;top:50%;transform:translate(-50%,-50%);min-height:44px;padding:0 20px;border-radius:22px;color:var(--ink)}
.figures{position:absolute;left:10px;top:52px;margin:0;padding:8px 12px;border-radius:8px;background:var(--panel);color:var(--ink);
font:12px/1.5 ui-monospace,Menlo,Consolas,monospace;pointer-events:none}
@media (max-width:480px){.menu{max-height:calc(100% - 60px)}.panel{padding:12px;gap:4px}.panel b{font-size:15px}.panel code{display:none}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
`;

const PLAYER_PARTS = `
<div class="bar">
<button class="pill golive" part="live" hidden><i class="dot"></i><span></span></button>
<span class="space"></span>
<button class="pill fades quality" part="quality" aria-haspopup="menu" aria-expanded="false" hidden></button>
</div>
<div class="menu" part="menu" role="menu" aria-label="Settings" hidden></div>
<pre class="figures" part="figures" hidden></pre>
<button class="pill unmute" part="unmute" hidden>
<svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"
 stroke-linejoin="round" aria-hidden="true"><path d="M11 5 6 9H3v6h3l5 4zM16 9l5 6M21 9l-5 6"/></svg>Turn the sound on</button>
<div class="panel" part="panel" role="alert" hidden><b></b><span></span><code></code><button class="retry">Try again</button></div>
`;

class SmoothPlayer extends SmoothVideo {
  static get observedAttributes() {
    return [...super.observedAttributes, "figures"];
  }

  constructor() {
    super();
    const box = document.createElement("div");
    box.innerHTML = PLAYER_PARTS;
    const style = document.createElement("style");
    style.textContent = PLAYER_STYLE;
    this.sizing.before(style);
    this.shadowRoot.append(box);
    const part = (name) => box.querySelector(`.${name}`);
    this.ui = { box, live: part("golive"), quality: part("quality"), menu: part("menu"), panel: part("panel"),
      unmute: part("unmute"), figures: part("figures") };
    this.media.controls = !this.hasAttribute("nocontrols");
    this.media.playsInline = true;
    this.behind = false;
    this.listen();
  }

  attributeChangedCallback(name, before, value) {
    if (name === "figures") return this.showFigures(value !== null);
    // Controls are on unless told otherwise; the attribute is here for the sake of the contract.
    if (name === "controls") return;
    super.attributeChangedCallback(name, before, value);
  }

  listen() {
    const { ui } = this;
    for (const name of ["timeupdate", "pause", "play", "seeked", "liveedge", "streamtypechange"]) {
      this.addEventListener(name, () => this.showLive());
    }
    for (const name of ["streamtypechange", "renditionchange", "streamchange", "resize"]) {
      this.addEventListener(name, () => this.showQuality());
    }
    this.renditions.addEventListener("change", () => this.showQuality());
    this.media.textTracks.addEventListener("change", () => { if (!ui.menu.hidden) this.fillMenu(); });
    this.addEventListener("error", (event) => this.showPanel(event.detail));
    this.addEventListener("warning", (event) => {
      if (/^(not-started|manifest-)/.test(event.detail.code) && this.readyState < 2) this.showPanel(event.detail);
    });
    this.addEventListener("silence", () => {
      this.showPanel({ severity: "info", message: "The broadcast has stopped for now.", remedy: "It goes on here by itself.", url: "" });
    });
    for (const name of ["playing", "emptied", "silenceended", "loadeddata"]) this.addEventListener(name, () => this.hidePanel(name));
    this.addEventListener("autoplayrefused", () => {
      this.media.muted = true;
      ui.unmute.hidden = false;
      this.media.play().catch(() => { ui.unmute.hidden = true; });
    });
    this.addEventListener("volumechange", () => { if (!this.media.muted) ui.unmute.hidden = true; });
    ui.unmute.addEventListener("click", () => {
      this.media.muted = false;
      ui.unmute.hidden = true;
      this.media.play().catch(() => {});
    });
    ui.live.addEventListener("click", () => { if (this.behind) this.seekToLive(); });
    ui.quality.addEventListener("click", () => this.toggleMenu(ui.menu.hidden));
    ui.panel.querySelector("button").addEventListener("click", () => {
      this.hidePanel();
      this.load();
      this.play().catch(() => {});
    });
    ui.menu.addEventListener("keydown", (event) => this.menuKey(event));
    ui.menu.addEventListener("focusout", (event) => {
      if (!ui.menu.contains(event.relatedTarget) && event.relatedTarget !== ui.quality) this.toggleMenu(false);
    });
    // What lies over the picture goes when the browser's own controls go.
    let timer = 0;
    const stir = () => {
      clearTimeout(timer);
      ui.box.classList.remove("quiet");
      timer = setTimeout(() => { if (!this.paused && ui.menu.hidden) ui.box.classList.add("quiet"); }, 3000);
    };
    for (const name of ["pointermove", "pointerdown", "keydown", "focusin", "play", "pause"]) this.addEventListener(name, stir);
  }

  seekToLive() {
    super.seekToLive();
    this.behind = false;
    this.showLive();
  }

  unload() {
    super.unload();
    if (this.ui) {
      this.toggleMenu(false);
      this.hidePanel();
      this.ui.quality.hidden = true;
    }
  }

  showLive() {
    const { live } = this.ui;
    live.hidden = !this.edge;
    if (!this.edge) return;
    // Two thresholds, or the button would flicker.
    const late = this.edge.target - this.currentTime;
    if (this.media.seeking) return;
    this.behind = late > (this.behind ? 2.7 : 3.3) + (this.paused ? 0 : 1);
    live.className = `pill golive${this.behind ? "" : " live fades"}`;
    live.setAttribute("aria-disabled", String(!this.behind));
    live.title = this.behind ? "Go to the live broadcast" : "";
    const text = this.behind ? (late < 5 ? "Go live" : `Go live  −${clock(late)}`) : "LIVE";
    if (live.lastChild.textContent !== text) live.lastChild.textContent = text;
  }

  showQuality() {
    const { quality, menu } = this.ui;
    quality.hidden = !this.facts || !(this.renditions.length || this.audioTracks.length > 1);
    const active = [...this.renditions].find((rendition) => rendition.active);
    const chosen = this.renditions.selectedIndex >= 0;
    quality.textContent = `${chosen ? "" : "Auto"}${active ? `${chosen ? "" : " · "}${quick(active)}` : ""}` || "Settings";
    quality.setAttribute("aria-label", `Settings. Quality: ${quality.textContent}`);
    if (!menu.hidden) this.fillMenu();
  }

  fillMenu() {
    const { menu } = this.ui;
    const focused = [...menu.querySelectorAll("button")].indexOf(this.shadowRoot.activeElement);
    menu.textContent = "";
    const section = (title, choices) => {
      if (choices.length < 2) return;
      const head = document.createElement("h2");
      head.textContent = title;
      menu.append(head);
      for (const { label, note, on, act } of choices) {
        const button = document.createElement("button");
        button.className = "choice";
        button.setAttribute("role", "menuitemradio");
        button.setAttribute("aria-checked", String(on));
        button.tabIndex = -1;
        button.textContent = label;
        if (note) {
          const small = document.createElement("small");
          small.textContent = note;
          button.append(small);
        }
        button.addEventListener("click", () => {
          act();
          this.toggleMenu(false);
          this.ui.quality.focus();
        });
        menu.append(button);
      }
    };
    const { renditions, audioTracks } = this;
    const active = [...renditions].find((rendition) => rendition.active);
    const levels = [...renditions].map((level, i) => ({ label: quick(level), note: rate(level.bitrate),
      on: renditions.selectedIndex === i, act: () => { renditions.selectedIndex = i; } }));
    section("Quality", [{ label: "Auto", note: active ? quick(active) : "", on: renditions.selectedIndex < 0,
      act: () => { renditions.selectedIndex = -1; } }, ...levels.reverse()]);
    section("Sound", [...audioTracks].map((track) => ({ label: track.label, note: track.language, on: track.enabled,
      act: () => { track.enabled = true; } })));
    const texts = this.facts ? this.facts.streams.filter((stream) => stream.kind === "text") : [];
    const tracks = [...this.media.textTracks];
    const shown = (stream) => tracks.some((track) => track.mode === "showing" && track.label === (stream.label || stream.name));
    const captions = texts.map((stream) => ({ label: stream.name, note: stream.language, on: this.captions === stream.name || shown(stream),
      act: () => this.selectCaptions(stream.name) }));
    if (captions.length) section("Captions", [{ label: "Off", on: !captions.some((one) => one.on), act: () => this.selectCaptions(null) }, ...captions]);
    const buttons = menu.querySelectorAll("button");
    if (focused >= 0 && buttons[focused]) buttons[focused].focus();
  }

  notice(name, detail) {
    if (name === "streamchange" && detail.kind === "text") this.captions = detail.name || null;
    super.notice(name, detail);
  }

  toggleMenu(open) {
    const { menu, quality } = this.ui;
    if (menu.hidden === !open) return;
    if (open) this.fillMenu();
    menu.hidden = !open;
    this.ui.box.classList.remove("quiet");
    quality.setAttribute("aria-expanded", String(open));
    if (open) (menu.querySelector("[aria-checked=true]") || menu.querySelector("button")).focus();
  }

  menuKey(event) {
    const buttons = [...this.ui.menu.querySelectorAll("button")];
    const at = buttons.indexOf(this.shadowRoot.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (event.key === "Escape") {
      this.toggleMenu(false);
      this.ui.quality.focus();
    } else if (to !== undefined) {
      buttons[(to + buttons.length) % buttons.length].focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  showPanel({ severity, message, remedy, code, status, url }) {
    const { panel, unmute } = this.ui;
    const fatal = severity === "fatal";
    const [title, text, small, button] = panel.children;
    title.textContent = message;
    text.textContent = remedy;
    small.textContent = fatal ? [code, status || "", url].filter(Boolean).join(" · ") : "";
    button.hidden = !fatal;
    panel.classList.toggle("info", !fatal);
    panel.hidden = false;
    if (fatal) unmute.hidden = true;
  }

  hidePanel(because) {
    const { panel } = this.ui;
    // A fatal error stays until something is loaded anew.
    if (because && !panel.classList.contains("info")) return;
    panel.hidden = true;
  }

  // Figures over the picture, for those who run the service.
  showFigures(on) {
    clearInterval(this.ticking);
    this.ui.figures.hidden = !on;
    if (!on) return;
    this.ticking = setInterval(() => {
      const stats = this.isConnected && this.stats;
      if (!stats) return;
      const quality = this.media.getVideoPlaybackQuality();
      this.ui.figures.textContent = [
        `picture   ${this.media.videoWidth}×${this.media.videoHeight}  ${rate(stats.videoBitrate)}`,
        `network   ${rate(stats.throughput)}`,
        `buffered  ${stats.buffered.toFixed(1)} s`,
        `behind    ${stats.latency.toFixed(1)} s`,
        `frames    ${quality.totalVideoFrames}, ${quality.droppedVideoFrames} dropped`,
        `stalls    ${stats.stalls}, ${stats.stalled.toFixed(1)} s`,
        `requests  ${stats.manifestRequests} + ${stats.fragmentRequests}, ${stats.notYet} too early`,
      ].join("\n");
    }, 500);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.ticking);
  }

  connectedCallback() {
    super.connectedCallback();
    this.media.controls = !this.hasAttribute("nocontrols");
    if (this.hasAttribute("figures")) this.showFigures(true);
  }

  get controls() { return this.media.controls; }
  set controls(on) {
    this.toggleAttribute("nocontrols", !on);
    this.media.controls = Boolean(on);
  }
}

function quick({ height, bitrate }) {
  return height ? `${height}p` : rate(bitrate);
}

function rate(bits) {
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1e3)} kbit/s`;
}

function clock(seconds) {
  const whole = Math.round(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
