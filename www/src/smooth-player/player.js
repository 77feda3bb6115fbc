// <smooth-player>: <smooth-video> with controls, and a panel that says what is wrong and what to do about it.

class SmoothPlayer extends SmoothVideo {
  static get observedAttributes() {
    return [...super.observedAttributes, "figures", "nocontrols", "lang"];
  }

  constructor() {
    super();
    const style = document.createElement("style");
    style.textContent = PLAYER_STYLE;
    this.sizing.before(style);
    const box = document.createElement("div");
    box.innerHTML = PLAYER_PARTS;
    this.shadowRoot.append(box);
    const part = (name) => box.querySelector(`.${name}`);
    // Internal, as all of this: where the controls put themselves, and what they replace.
    this.ui = { box, panel: part("panel"), unmute: part("unmute"), told: null, controls: null };
    this.log = new SessionLog(this);
    this.captions = null;
    this.media.playsInline = true;
    this.words();
    this.listen();
  }

  attributeChangedCallback(name, before, value) {
    if (name === "figures" || name === "nocontrols" || name === "lang") {
      if (this.ui.controls && name === "lang") {
        this.ui.controls.end();
        this.dress();
      } else if (this.ui.controls) this.ui.controls.attribute(name);
      else if (this.bare) this.media.controls = this.controls;
      else if (name !== "lang" && this.isConnected) this.wantControls();
      return;
    }
    // Controls are on unless told otherwise; the attribute is here for the sake of the contract.
    if (name === "controls") return;
    super.attributeChangedCallback(name, before, value);
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.ui.controls) this.ui.controls.connected();
    else if (this.readyState >= 2) this.wantControls();
    // Where no picture is to come by itself there is none to delay. Pages set src and autoplay a little later, too.
    else setTimeout(() => {
      if (this.isConnected && (!this.hasAttribute("src") || (!this.autoplay && this.preload === "none"))) this.wantControls();
    }, 300);
  }

  listen() {
    const { unmute, panel } = this.ui;
    // The first picture is on the screen a moment after its data is there; of sound alone there is none.
    this.addEventListener("loadeddata", () => {
      if (this.videoWidth && this.media.requestVideoFrameCallback) this.media.requestVideoFrameCallback(() => this.wantControls());
      else this.wantControls();
    });
    for (const name of ["error", "pointermove", "pointerdown", "keydown", "focusin"]) this.addEventListener(name, () => this.wantControls());
    this.addEventListener("manifestready", () => {
      // Of a network that was not there, for one.
      this.hidePanel();
      if (!this.autoplay && this.paused) this.wantControls();
    });
    this.addEventListener("error", (event) => this.showPanel(event.detail));
    this.addEventListener("warning", (event) => {
      if (!/^(not-started|manifest-)/.test(event.detail.code) || this.readyState >= 2) return;
      this.showPanel(event.detail);
      // No picture is near, and the controls know the viewer's language.
      this.wantControls();
    });
    this.addEventListener("silence", () => {
      this.showPanel({ severity: "info", code: "silence", message: "The broadcast has stopped for now.", remedy: "It goes on here by itself.", url: "" });
    });
    for (const name of ["playing", "emptied", "silenceended", "loadeddata"]) this.addEventListener(name, () => this.hidePanel(name));
    this.addEventListener("autoplayrefused", () => {
      this.media.muted = true;
      unmute.hidden = false;
      this.media.play().catch(() => { unmute.hidden = true; });
    });
    this.addEventListener("volumechange", () => { if (!this.media.muted) unmute.hidden = true; });
    unmute.addEventListener("click", () => {
      this.media.muted = false;
      unmute.hidden = true;
      this.media.play().catch(() => {});
    });
    panel.querySelector("button").addEventListener("click", () => {
      this.hidePanel();
      this.load();
      this.play().catch(() => {});
    });
  }

  // The controls, once; where there are none, those of the browser.
  wantControls() {
    if (this.asked || this.hasAttribute("nocontrols") && !this.hasAttribute("figures")) return;
    this.asked = true;
    loadControls().then(() => this.dress(), () => {
      this.bare = true;
      this.media.controls = this.controls;
    });
  }

  dress() {
    this.ui.controls = window.Silverlane.controls(this);
    this.words();
  }

  // In the viewer's language, once the controls are there and know it.
  say(text, code) { return this.ui.controls ? this.ui.controls.say(text, code) : text; }

  words() {
    const { unmute, panel, told } = this.ui;
    unmute.lastChild.textContent = this.say("Turn the sound on");
    panel.lastChild.textContent = this.say("Try again");
    if (told) this.showPanel(told);
  }

  unload() {
    super.unload();
    if (!this.ui) return;
    this.captions = null;
    // What did not come may come with the next presentation.
    if (this.bare) this.asked = false;
    this.hidePanel();
    this.log.restart();
    if (this.ui.controls) this.ui.controls.unloaded();
  }

  notice(name, detail) {
    if (name === "streamchange" && detail.kind === "text") this.captions = detail.name || null;
    if (name !== "liveedge" && name !== "problem") this.log.add(name, detail);
    super.notice(name, detail);
  }

  showPanel(problem) {
    const { severity, message, remedy, code, status, url } = problem;
    const { panel, unmute } = this.ui;
    const fatal = severity === "fatal";
    const [title, text, small, button] = panel.children;
    title.textContent = this.say(message, `${code}`);
    text.textContent = this.say(remedy, `${code}?`);
    small.textContent = fatal ? [code, status || "", url].filter(Boolean).join(" · ") : "";
    button.hidden = !fatal;
    panel.classList.toggle("info", !fatal);
    panel.hidden = false;
    this.ui.told = problem;
    if (fatal) unmute.hidden = true;
    if (this.ui.controls) this.ui.controls.failed(fatal);
  }

  hidePanel(because) {
    const { panel, controls } = this.ui;
    // A fatal error stays until something is loaded anew.
    if (because && !panel.classList.contains("info")) return;
    panel.hidden = true;
    this.ui.told = null;
    if (controls) controls.failed(false);
  }

  // What happened, as text to send to whoever runs the service.
  sessionLog() { return this.log.text(); }

  // Chapters and markers of the timeline, beside those of <track> elements and of the presentation.
  get chapters() { return this.chapterList || []; }
  set chapters(list) {
    this.chapterList = list.map(({ start, end, title }, i) => ({ start, end: end || (list[i + 1] ? list[i + 1].start : Infinity), title }));
    this.timeline("chapters", "", this.chapterList.map(({ start, end, title }) => [start, end, title]));
  }
  get markers() { return this.markerList || []; }
  set markers(list) {
    this.markerList = list.map(({ time, text }) => ({ time, text }));
    this.timeline("metadata", "markers", list.map(({ time, text }) => [time, time + 0.25, text]));
  }

  timeline(kind, label, entries) {
    const name = `${kind}Track`;
    const track = (this[name] = this[name] || this.media.addTextTrack(kind, label));
    track.mode = "hidden";
    while (track.cues.length) track.removeCue(track.cues[0]);
    // Cues end at a finite time in browsers that follow the older text of the standard.
    for (const [start, end, text] of entries) track.addCue(new VTTCue(start, isFinite(end) ? end : 1e7, text));
    this.dispatchEvent(new Event("timelinechange"));
  }

  get controls() { return !this.hasAttribute("nocontrols"); }
  set controls(on) { this.toggleAttribute("nocontrols", !on); }
  get figures() { return this.hasAttribute("figures"); }
  set figures(on) { this.toggleAttribute("figures", Boolean(on)); }
}
