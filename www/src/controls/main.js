// Puts the controls into a <smooth-player>, between the picture and its panel.
const NARROW = 560;
const THIN = 430;

class Controls {
  constructor(player) {
    this.player = player;
    this.words = new Words(player);
    this.say = (text, code) => this.words.say(text, code);
    this.ended = new AbortController();
    this.style = document.createElement("style");
    this.style.textContent = CONTROLS_STYLE;
    player.sizing.before(this.style);
    const { box } = player.ui;
    this.frame = document.createElement(CHROME ? "media-controller" : "div");
    this.build();
    this.gear = this.frame.querySelector(".gear");
    this.menu = new Menu(this, this.gear);
    this.figures = new Figures(this);
    box.prepend(this.frame, this.figures.box, this.menu.box);
    this.connected();
    this.listen();
    this.attribute("nocontrols");
    this.failed(!box.querySelector(".panel").hidden && !box.querySelector(".panel").classList.contains("info"));
    this.quality();
    this.time();
  }

  build() {
    const { frame, player, words } = this;
    if (!CHROME) {
      frame.className = "bar";
      frame.innerHTML = BARE_LAYOUT;
      this.live = frame.querySelector(".golive");
      this.live.addEventListener("click", () => player.seekToLive());
      return;
    }
    frame.setAttribute("part", "controls");
    frame.setAttribute("lang", words.lang);
    frame.setAttribute("hotkeys", "noshift+/");
    frame.setAttribute("keyboardupvolumestep", "0.05");
    frame.setAttribute("keyboarddownvolumestep", "0.05");
    frame.autohide = AUTOHIDE;
    frame.innerHTML = CHROME_LAYOUT;
    frame.fullscreenElement = player;
    const [title, when] = frame.querySelector(".when").children;
    frame.mediaStore = storeOf(player, words, (...texts) => { [when.textContent, title.textContent] = texts; });
    frame.addEventListener("dblclick", (event) => {
      if (event.target === frame) frame.querySelector("media-fullscreen-button").click();
    });
  }

  listen() {
    const { player } = this;
    const { signal } = this.ended;
    const hear = (target, names, act) => { for (const name of names) target.addEventListener(name, act, { signal }); };
    hear(player, ["timeupdate", "durationchange", "seeked", "seeking", "liveedge", "streamtypechange", "emptied", "timelinechange"], () => this.time());
    hear(player, ["streamtypechange", "renditionchange", "streamchange", "resize", "ratechange", "loadedmetadata"], () => this.quality());
    for (const list of [player.renditions, player.audioTracks, player.media.textTracks]) hear(list, ["change"], () => this.quality());
    // Faster than live is over when the edge is reached.
    hear(player, ["liveedge"], () => { if (!player.behind && player.playbackRate > 1.12) player.playbackRate = 1; });
    // Captions make room for the bar.
    const lift = () => player.media.classList.toggle("lift", CHROME !== null && player.controls && (player.paused || !this.frame.hasAttribute("userinactive")));
    hear(player, ["play", "pause", "emptied"], lift);
    hear(this.frame, ["userinactivechange"], lift);
    const width = new ResizeObserver(([{ contentRect }]) => {
      player.ui.box.classList.toggle("narrow", contentRect.width < NARROW);
      player.ui.box.classList.toggle("thin", contentRect.width < THIN);
    });
    width.observe(player);
    signal.addEventListener("abort", () => width.disconnect());
  }

  // Leaves the player as it was: others, in another language, take its place.
  end() {
    this.ended.abort();
    this.figures.show(false);
    for (const part of [this.style, this.frame, this.figures.box, this.menu.box]) part.remove();
  }

  // Also when the player is back on the page.
  connected() {
    this.figures.show(this.player.figures);
    // Media Chrome says whether captions are on as switches do, but calls it a button.
    const captions = this.frame.querySelector("media-captions-button");
    if (captions) captions.setAttribute("role", "switch");
  }

  attribute(name) {
    const { player } = this;
    if (name === "figures") this.figures.show(player.figures);
    if (name === "nocontrols") {
      this.frame.hidden = !player.controls;
      if (!CHROME) player.media.controls = player.controls;
      if (!player.controls) this.menu.toggle(false);
    }
  }

  // Where the time stands, and how far behind live.
  time() {
    const { player, frame } = this;
    const late = lateness(player);
    if (this.live) {
      this.live.hidden = !player.edge;
      this.live.textContent = player.behind ? `${this.say("Go live")} −${clock(late)}` : this.say("Live").toUpperCase();
      return;
    }
    this.marks();
    const box = frame.querySelector(".time");
    const live = player.streamType === "live";
    const now = live ? (late >= 1 ? `−${clock(late)}` : "") : player.readyState ? clock(player.currentTime) : "";
    const end = !live && isFinite(player.duration) ? ` / ${clock(player.duration)}` : "";
    if (box.dataset.text === now + end) return;
    box.dataset.text = now + end;
    box.textContent = now;
    const rest = document.createElement("span");
    rest.textContent = end;
    box.append(rest);
  }

  // Marks of the timeline, where the window holds them.
  marks() {
    const range = windowOf(this.player);
    const box = this.frame.querySelector(".marks");
    const cues = range ? cuesOf(this.player, "metadata", "markers").filter(({ startTime }) => startTime >= range[0] && startTime <= range[1]) : [];
    while (box.children.length > cues.length) box.lastChild.remove();
    cues.forEach((cue, i) => {
      const mark = box.children[i] || box.appendChild(document.createElement("i"));
      mark.style.left = `${(100 * (cue.startTime - range[0])) / (range[1] - range[0])}%`;
    });
  }

  quality() {
    const { player, gear, say } = this;
    const active = [...player.renditions].find((rendition) => rendition.active);
    const badge = gear.querySelector("small");
    const height = player.videoHeight;
    badge.hidden = height < 720;
    badge.textContent = height >= 2160 ? "4K" : "HD";
    const chosen = player.renditions.selectedIndex >= 0 ? "" : say("Auto");
    gear.setAttribute("aria-label", `${say("Settings")}${active ? `. ${say("Quality")}: ${[chosen, quick(active)].filter(Boolean).join(" ")}` : ""}`);
    this.menu.refresh();
  }

  // Controls stay while a menu is open.
  hold(on) {
    if (!CHROME) return;
    this.frame.autohide = on ? -1 : AUTOHIDE;
    this.frame.dispatchEvent(new KeyboardEvent("keyup"));
  }

  failed(fatal) {
    if (fatal) this.menu.toggle(false);
    this.frame.inert = Boolean(fatal);
    this.frame.style.visibility = fatal ? "hidden" : "";
  }

  unloaded() {
    this.menu.toggle(false);
    this.figures.samples = [];
  }

  focused() { return this.player.shadowRoot.activeElement; }
  focus() { this.gear.focus(); }
}

// Seconds without a move until the controls go.
const AUTOHIDE = 3;

window.Silverlane.controls = (player) => new Controls(player);
