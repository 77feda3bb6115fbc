// <smooth-video>: an HTMLVideoElement that also plays Smooth Streaming. A real <video> stands in its shadow;
// attributes, properties, methods and events pass through.

// Attributes that the inner element has as well. autoplay is ours: see attach().
const PASSED = ["loop", "muted", "controls", "poster", "preload", "playsinline", "crossorigin", "controlslist",
  "disablepictureinpicture", "disableremoteplayback"];
// Attributes that say how to play: on the left as written, on the right the option of the player.
const OPTIONS = { "audio": "audio", "captions": "captions", "start": "start", "max-bitrate": "maxBitrate",
  "buffer-goal": "bufferGoal", "back-buffer": "backBuffer", "live-delay": "liveDelay",
  "target-latency": "targetLatency", "timeout": "timeout",
  "initial-throughput": "initialThroughput", "cap-to-viewport": "capToViewport", "with-credentials": "withCredentials",
  "clip-begin": "clipBegin", "clip-end": "clipEnd" };
const FLAGS = ["cap-to-viewport", "with-credentials"];
const MEDIA_EVENTS = ["abort", "canplay", "canplaythrough", "durationchange", "emptied", "ended",
  "enterpictureinpicture", "leavepictureinpicture", "loadeddata", "loadedmetadata", "loadstart", "pause", "play",
  "playing", "progress", "ratechange", "resize", "seeked", "seeking", "stalled", "suspend", "timeupdate",
  "volumechange", "waiting", "waitingforkey"];

// The colours of WebVTT, which Chromium leaves to the page.
const CUE_STYLE = COLORS
  .map((color) => `::cue(.${color}){color:${color}}::cue(.bg_${color}){background:${color}}`)
  .join("");
const VIDEO_STYLE = `
:host{display:inline-block;position:relative;max-width:100%;line-height:0;background:#000}
:host([hidden]){display:none}
svg.captions{position:absolute;inset:0;width:100%;height:100%;pointer-events:none}
video{width:100%;height:100%;object-fit:var(--smooth-object-fit,contain);background:inherit}
`;

const engine = { ready: null };

// A list that tells of changes, as audioTracks does.
class ChoiceList extends EventTarget {
  constructor() {
    super();
    this.items = [];
  }
  get length() { return this.items.length; }
  [Symbol.iterator]() { return this.items[Symbol.iterator](); }
  getTrackById(id) { return this.items.find((item) => item.id === id) || null; }
  // Internal: what there is to choose from.
  fill(items) {
    for (let i = 0; i < Math.max(items.length, this.items.length); i++) {
      if (i < items.length) this[i] = items[i];
      else delete this[i];
    }
    this.items = items;
  }
}

class RenditionList extends ChoiceList {
  constructor(owner) {
    super();
    this.owner = owner;
    this.chosen = -1;
  }
  // -1: chosen by the player, as the network allows.
  get selectedIndex() { return this.chosen; }
  set selectedIndex(index) {
    this.chosen = index in this.items ? index : -1;
    this.owner.tell((player) => player.selectLevel(this.chosen < 0 ? undefined : this.items[this.chosen].bitrate));
    this.dispatchEvent(new Event("change"));
  }
}

class SmoothVideo extends HTMLElement {
  static get observedAttributes() {
    return ["src", "autoplay", "width", "height", "target-latency", ...PASSED];
  }

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.innerHTML = `<style>${VIDEO_STYLE}${CUE_STYLE}</style><style></style><video part="video"></video><slot></slot>`;
    this.media = root.querySelector("video");
    this.sizing = root.querySelectorAll("style")[1];
    this.player = null;
    this.merging = [];
    this.data = new DataTracks(this.media);
    drawCaptionImages(this.media);
    // The page's <track> elements are read by the inner element, from copies.
    const slot = root.querySelector("slot");
    slot.addEventListener("slotchange", () => {
      const given = slot.assignedElements().filter(({ localName }) => localName === "track");
      for (const old of [...this.media.children]) old.remove();
      this.media.append(...given.map((track) => track.cloneNode()));
      // What is not shown as text is read all the same: chapters, markers, thumbnails.
      for (const { track } of this.media.children) if (/chapters|metadata/.test(track.kind) && track.mode === "disabled") track.mode = "hidden";
    });
    // How to get keys of protected content, see docs/protected.md; a page may have set it before this script came.
    if (!("protection" in this)) this.protection = null;
    this.reset();
    this.renditions = new RenditionList(this);
    this.sounds = new ChoiceList();
    for (const name of MEDIA_EVENTS) {
      this.media.addEventListener(name, (event) => {
        // The rate that keeps the distance from the live edge is not the page's affair, nor is its end.
        if (name === "ratechange" && this.paced) {
          this.paced = false;
          return;
        }
        this.dispatchEvent(new Event(event.type));
      });
    }
    this.media.addEventListener("loadstart", () => this.attached());
    this.media.addEventListener("encrypted", (event) => this.dispatchEvent(new MediaEncryptedEvent(event.type, event)));
    this.media.addEventListener("error", () => {
      // Of Smooth Streaming, the player tells itself.
      if (!this.player && this.media.error) {
        this.fail(problem("native", { url: this.media.currentSrc, mediaError: this.media.error }));
      }
    });
    // Properties set before the element was upgraded.
    for (const name of ["src", "muted", "volume", "currentTime", "playbackRate", "autoplay", "controls", "loop", "poster"]) {
      if (Object.prototype.hasOwnProperty.call(this, name)) {
        const value = this[name];
        delete this[name];
        queueMicrotask(() => { this[name] = value; });
      }
    }
  }

  reset() {
    if (this.keys) this.keys.close();
    this.keys = null;
    this.failure = null;
    this.facts = null;
    this.edge = null;
    this.smooth = false;
    this.isAttached = false;
    this.plays = [];
    this.bitrate = 0;
    this.pace = 1;
    this.paced = false;
  }

  connectedCallback() {
    if (this.left) {
      this.left = false;
      return;
    }
    if (!this.player && this.hasAttribute("src")) this.schedule();
  }

  disconnectedCallback() {
    // A move within the page is a removal at first.
    this.left = true;
    queueMicrotask(() => {
      if (this.left) {
        this.left = false;
        this.unload();
      }
    });
  }

  attributeChangedCallback(name, before, value) {
    if (name === "src") {
      if (value !== null) this.schedule();
      else if (before !== null) this.unload();
    } else if (name === "width" || name === "height") {
      this.size();
    } else if (name === "target-latency") {
      this.tell((player) => player.setTargetLatency(this.targetLatency ?? undefined));
    } else if (name === "autoplay") {
      if (value !== null && this.isAttached && this.media.paused) this.autoplays();
    } else if (PASSED.includes(name)) {
      if (value === null) this.media.removeAttribute(name);
      else this.media.setAttribute(name, value);
      if (name === "muted" && before === null) this.media.muted = true;
    }
  }

  // The attributes width and height, as hints that a page's style sheet overrides.
  size() {
    const read = (name) => /^\s*(\d+(?:\.\d+)?)(%|px)?\s*$/.exec(this.getAttribute(name) || "");
    const [width, height] = [read("width"), read("height")];
    const css = (match) => match[1] + (match[2] || "px");
    let rule = "";
    if (width) rule += `width:${css(width)};`;
    if (height && width && width[2] !== "%" && height[2] !== "%") rule += `aspect-ratio:${width[1]}/${height[1]};height:auto;`;
    else if (height) rule += `height:${css(height)};`;
    this.sizing.textContent = rule ? `:host{${rule}}` : "";
  }

  // Loads once, however many attributes are set in one go.
  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      if (this.isConnected && this.hasAttribute("src")) this.load();
    });
  }

  load() {
    const waiting = this.plays;
    this.unload();
    this.plays = waiting;
    const address = (this.getAttribute("src") || "").trim();
    if (!address) return;
    const url = new URL(address, document.baseURI).href;
    const turn = (this.turn = {});
    if (this.progressive || !isSmooth(url)) return this.native(url);
    if (!window.MediaSource && !window.ManagedMediaSource) {
      if (this.media.canPlayType("application/vnd.apple.mpegurl")) return this.native(appleUrl(url));
      return this.fail(problem("no-media-source", { url }));
    }
    this.smooth = true;
    engine.ready.then(() => {
      if (this.turn !== turn) return;
      this.player = new Player(this.media, (name, detail) => {
        if (this.turn === turn) this.notice(name, detail);
      });
      this.player.load(url, this.options());
    }, () => {
      if (this.turn === turn) this.fail(problem("no-wasm", { url: String(new URL("smooth-player_bg.wasm", SCRIPT)) }));
    });
  }

  native(url) {
    this.media.src = url;
  }

  unload() {
    this.turn = null;
    const player = this.player;
    this.player = null;
    if (player) {
      player.destroy();
    } else if (this.media.hasAttribute("src")) {
      this.media.removeAttribute("src");
      this.media.load();
    }
    for (const { reject } of this.plays) reject(new DOMException("The presentation was unloaded.", "AbortError"));
    const told = this.facts;
    this.data.clear();
    this.reset();
    this.renditions.fill([]);
    this.renditions.chosen = -1;
    this.audioTracks.fill([]);
    if (told) this.dispatchEvent(new Event("streamtypechange"));
  }

  options() {
    // WebKitGTK cannot change the type of a buffer.
    const buffer = window.SourceBuffer || window.ManagedSourceBuffer;
    const options = { changeType: Boolean(buffer && buffer.prototype.changeType) };
    for (const [name, key] of Object.entries(OPTIONS)) {
      const value = this.getAttribute(name);
      if (value === null) continue;
      if (FLAGS.includes(name)) options[key] = true;
      else if (name === "audio" || name === "captions") options[key] = value || undefined;
      else options[key] = Number(value);
    }
    return options;
  }

  // The inner element has its source now: what waited for it can go on.
  attached() {
    if (this.isAttached) return;
    this.isAttached = true;
    const plays = this.plays;
    this.plays = [];
    for (const { resolve, reject } of plays) this.media.play().then(resolve, reject);
    if (!plays.length && this.autoplay) this.autoplays();
  }

  // Not left to the inner element's own autoplay, which waits until far more is buffered.
  autoplays() {
    this.media.play().catch((error) => {
      if (error.name === "NotAllowedError") this.refused();
    });
  }

  // The browser does not let the page play with sound before the viewer has touched it.
  refused() {
    this.dispatchEvent(new Event("autoplayrefused"));
  }

  play() {
    if (this.isAttached || !this.hasAttribute("src")) return this.media.play();
    return new Promise((resolve, reject) => this.plays.push({ resolve, reject }));
  }

  pause() {
    for (const { reject } of this.plays) reject(new DOMException("Playback was paused.", "AbortError"));
    this.plays = [];
    this.media.pause();
  }

  tell(act) {
    if (this.player) act(this.player);
  }

  notice(name, detail) {
    if (name === "manifestready") {
      this.facts = detail;
      this.failure = null;
      this.offer(detail.streams);
      for (const url of this.merging.splice(0)) this.mergeManifest(url);
      this.dispatchEvent(new Event("streamtypechange"));
      this.dispatchEvent(new Event("targetlivewindowchange"));
    } else if (name === "datareceived") {
      detail.text = wording(detail.value);
      this.data.add(detail);
    } else if (name === "ratecontrol") {
      this.pace = detail.rate;
      this.paced = true;
    } else if (name === "keysneeded" && this.protection !== false) {
      if (!this.keys) this.keys = new Protection(this);
      this.keys.need(detail);
    } else if (name === "liveedge") {
      this.edge = detail;
    } else if (name === "broadcastended") {
      if (this.facts) this.facts.live = false;
      this.edge = null;
      this.dispatchEvent(new Event("streamtypechange"));
    } else if (name === "renditionchange" && detail.kind === "video") {
      this.bitrate = detail.to;
      for (const rendition of this.renditions) rendition.active = rendition.bitrate === detail.to;
    } else if (name === "streamchange" && detail.kind === "audio") {
      for (const track of this.audioTracks) track.on = track.id === detail.name;
      this.audioTracks.dispatchEvent(new Event("change"));
    } else if (name === "problem") {
      const { code, fatal, ...rest } = detail;
      const told = problem(code, { ...rest, severity: fatal ? "fatal" : "recovered" });
      if (fatal) this.fail(told);
      else this.dispatchEvent(new CustomEvent("warning", { detail: told }));
      return;
    }
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  offer(streams) {
    for (const stream of streams) if (stream.kind === "data" && stream.subtype !== "ZOET") this.data.track(stream);
    const video = streams.find((stream) => stream.kind === "video");
    const levels = video ? video.levels : [];
    this.renditions.fill(levels.map((level, i) => ({ id: String(i), ...level, active: level.bitrate === this.bitrate })));
    const owner = this;
    this.audioTracks.fill(streams.filter((stream) => stream.kind === "audio").map((stream, i) => ({
      id: stream.name, kind: i ? "alternative" : "main", label: stream.name, language: stream.language, on: stream.selected,
      get enabled() { return this.on; },
      set enabled(on) { if (on) owner.tell((player) => player.select(false, this.id)); },
    })));
    this.renditions.dispatchEvent(new Event("addrendition"));
    this.audioTracks.dispatchEvent(new Event("addtrack"));
  }

  fail(detail) {
    this.failure = detail;
    for (const { reject } of this.plays) reject(new DOMException(detail.message, "NotSupportedError"));
    this.plays = [];
    this.dispatchEvent(new CustomEvent("error", { detail }));
  }

  // As HTMLMediaElement.error: code 2 network, 3 decoding, 4 not supported; and all that is known beside it.
  get error() {
    const failure = this.failure;
    if (!failure) return null;
    const code = failure.code === "decode-failed" ? 3
      : /unreachable|lost|failed|not-found|refused/.test(failure.code) ? 2 : 4;
    return { code: failure.mediaError ? failure.mediaError.code : code, message: `${failure.message} ${failure.remedy}`, detail: failure };
  }

  get src() { return this.hasAttribute("src") ? new URL(this.getAttribute("src").trim(), document.baseURI).href : ""; }
  set src(url) { this.setAttribute("src", url); }
  get currentSrc() { return this.smooth ? this.src : this.media.currentSrc; }
  get paused() { return this.plays.length ? false : this.media.paused; }

  get videoRenditions() { return this.renditions; }
  // WebKit's media elements have such a list themselves, without what is chosen here.
  get audioTracks() { return this.sounds; }
  // "live", "on-demand" or "unknown".
  get streamType() { return this.facts ? (this.facts.live ? "live" : "on-demand") : "unknown"; }
  // Infinity: the viewer can go back; NaN: not live.
  get targetLiveWindow() { return this.facts && this.facts.live ? Infinity : NaN; }
  // Positions from here on count as live.
  get liveEdgeStart() { return this.edge ? this.edge.target - 3 : NaN; }
  // Seconds behind the live edge to keep, by a rate that is not heard; null for none.
  get targetLatency() {
    const seconds = parseFloat(this.getAttribute("target-latency"));
    return seconds >= 0 ? seconds : null;
  }
  set targetLatency(seconds) {
    if (seconds === null) this.removeAttribute("target-latency");
    else this.setAttribute("target-latency", seconds);
  }
  // The viewer's; beside it there is stats.rate.
  get playbackRate() { return this.media.playbackRate === this.pace ? 1 : this.media.playbackRate; }
  set playbackRate(rate) { this.media.playbackRate = rate; }
  // Absolute time of position 0: a BigInt, in ticks of presentationTimescale per second.
  get presentationStart() { return this.facts ? this.facts.presentationStart : null; }
  get presentationTimescale() { return this.facts ? this.facts.timescale : null; }
  get stats() { return this.player ? this.player.stats : undefined; }
  seekToLive() {
    this.tell((player) => player.seekToLive());
    if (this.paused) this.play().catch(() => {});
  }
  // Takes over the captions and data of another manifest.
  mergeManifest(url) {
    if (this.facts) this.tell((player) => player.merge(new URL(url, document.baseURI).href));
    else this.merging.push(url);
  }
  // What can be played: of a clip, no more than that.
  get seekable() {
    const { seekable } = this.media;
    const begin = Number(this.getAttribute("clip-begin")) || 0;
    const end = Number(this.getAttribute("clip-end")) || Infinity;
    if (!this.facts || this.facts.live || !seekable.length || (!begin && end === Infinity)) return seekable;
    return { length: 1, start: () => begin, end: () => Math.min(end, seekable.end(0)) };
  }
  // Captions by name of their stream; null for none.
  selectCaptions(name) { this.tell((player) => player.select(true, name === null ? undefined : name)); }
}

// The rest of HTMLVideoElement: attributes that a property stands for are set here, all else there.
for (const name of ["autoplay", "loop", "controls", "playsInline", "disablePictureInPicture", "disableRemotePlayback"]) {
  Object.defineProperty(SmoothVideo.prototype, name, {
    configurable: true, enumerable: true,
    get() { return this.hasAttribute(name); },
    set(on) { this.toggleAttribute(name.toLowerCase(), Boolean(on)); },
  });
}
for (const name of ["poster", "preload", "crossOrigin", "width", "height"]) {
  Object.defineProperty(SmoothVideo.prototype, name, {
    configurable: true, enumerable: true,
    get() { return name === "width" || name === "height" ? parseInt(this.getAttribute(name), 10) || 0 : this.media[name]; },
    set(value) {
      if (value === null) this.removeAttribute(name);
      else this.setAttribute(name, value);
    },
  });
}
for (const type of [window.HTMLVideoElement, window.HTMLMediaElement]) {
  for (const [name, found] of Object.entries(Object.getOwnPropertyDescriptors(type.prototype))) {
    if (name in SmoothVideo.prototype) continue;
    const passed = { configurable: true, enumerable: true };
    if (found.get) {
      passed.get = function () { return this.media[name]; };
      if (found.set) passed.set = function (value) { this.media[name] = value; };
    } else if (typeof found.value === "function") {
      passed.value = function (...args) { return this.media[name](...args); };
    } else {
      passed.value = found.value;
    }
    Object.defineProperty(SmoothVideo.prototype, name, passed);
  }
}

// What a browser plays by itself is left to it; everything else is taken for a presentation.
function isSmooth(url) {
  return !/^(data|blob):/.test(url) && !/\.(mp4|m4[av]|mov|webm|og[gva]|mp3|aac|wav|flac|m3u8|ts)$|\(format=m3u8/i.test(url.replace(/[?#].*/, ""));
}

// The same presentation for devices that play HLS and nothing else.
function appleUrl(url) {
  const [path, query] = url.split(/(?=\?)/);
  return `${path.replace(/\/manifest$/i, "").replace(/\/$/, "")}/manifest(format=m3u8-aapl).m3u8${query || ""}`;
}
