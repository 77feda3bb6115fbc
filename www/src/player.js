// The hands of the player. The engine (Wasm) decides; this class carries out what it says, by the methods under
// "What the engine says", and tells it what happens. Media bytes stay here, all but the head of each fragment.

// What there are buffers of, and what else a request may be for, as in player/src/web/hands.rs.
const VIDEO = 0, AUDIO = 1, MANIFEST = 3;
// What the engine is told, as in player/src/web/brain.rs.
const TICK = 0, OPENED = 1, APPENDED = 2, APPEND_FAILED = 3, EVICTED = 4, FAILED = 5, RECEIVED = 6, SEEKING = 7,
  SELECT_LEVEL = 8, STREAMING = 9, TARGET_LATENCY = 10, ONLINE = 11, WAITING_FOR_KEY = 12, STOP = 13, VIEWPORT = 14;
// Why a request failed, if not by its status.
const NETWORK = 0, TIMEOUT = 1, MALFORMED = 2;

// What the engine answers to a piece of a body that is not what it should be.
const BROKEN = -1;
// Numbers and switches among the options, in the order in which player/src/web/brain.rs takes them.
const SETTINGS = ["bufferGoal", "backBuffer", "timeout", "liveDelay", "targetLatency", "maxBitrate", "initialThroughput",
  "clipBegin", "clipEnd", "capToViewport", "keyFrames", "changeType"];

const MANAGED = Boolean(window.ManagedMediaSource);
const MediaSourceClass = window.ManagedMediaSource || window.MediaSource;

const PLAYBACK_EVENTS = ["timeupdate", "waiting", "playing", "play", "pause", "seeked", "ratechange", "ended", "seeking",
  "waitingforkey", "loadedmetadata", "loadeddata", "error"];
// Of a media source; the last two come from managed ones.
const SOURCE_EVENTS = ["sourceopen", "startstreaming", "endstreaming"];
const BUFFER_EVENTS = ["updateend", "error"];
// Marks on the page's own timeline: what a viewer waited for.
const MARKS = ["manifest", "first-media-byte", "first-fragment-complete", "first-frame"].map((name) => `silverlane:${name}`);
const MANIFEST_READ = 0, FIRST_BYTE = 1, FIRST_FRAGMENT = 2, FIRST_FRAME = 3;
// The media element's state is told at least this often, in seconds …
const HEARTBEAT = 1;
// … and while it waits for data: before a hole it tells nothing more by itself.
const WAITING = 0.35;
// … and no more often than this for "timeupdate" alone.
const LOOK_AGAIN = 0.6;
// What clocks go apart by when a machine sleeps, in milliseconds; less is one being set.
const NAP = 2000;
// A head is looked for in so many bytes at a time.
const LOOK = 65536;

class Player {
  // `notify(name, detail)` is called with whatever the page may want to know.
  constructor(media, notify) {
    Object.assign(this, { media, notify, engine: null });
  }

  // Plays what is at `url`. `options`: start, bufferGoal, backBuffer, liveDelay, targetLatency, timeout (seconds),
  // maxBitrate, initialThroughput (bits/s), capToViewport, withCredentials, changeType (whether source buffers can),
  // keyFrames (these alone, for thumbnails), clipBegin, clipEnd (seconds), audio, captions (names or languages).
  load(url, options) {
    this.destroy();
    Object.assign(this, {
      credentials: options.withCredentials ? "include" : "same-origin",
      began: performance.now(), wall: Date.now() - performance.now(), slept: 0,
      requests: new Map(), queue: [], notices: [], busy: false,
      source: null, buffers: [], address: null, length: null, ending: false, failed: false,
      tracks: new CaptionTracks(this.media), captions: undefined,
      seek: null, fresh: true, live: null, lookedAt: 0, timer: 0, alarmAt: 0,
    });
    this.engine = new wasm_bindgen.Brain(this, this.media, SETTINGS.map((name) => options[name]), options.audio, options.captions);
    for (const name of PLAYBACK_EVENTS) this.media.addEventListener(name, this);
    this.media.textTracks.addEventListener("change", this);
    addEventListener("online", this);
    this.watchFrames();
    this.tell(() => this.engine.load(url, options.start));
  }

  // Ends what plays, and lets go of everything.
  destroy() {
    const { engine, media } = this;
    if (!engine) return;
    this.stop();
    this.engine = null;
    for (const id of this.requests.keys()) this.abort(id);
    for (const name of PLAYBACK_EVENTS) media.removeEventListener(name, this);
    media.textTracks.removeEventListener("change", this);
    removeEventListener("online", this);
    clearTimeout(this.timer);
    if (this.frame) media.cancelVideoFrameCallback(this.frame);
    this.tracks.end();
    if (this.source) {
      this.close();
      media.removeAttribute("src");
      media.load();
    }
    engine.free();
  }

  // Asks for nothing more. What is shown stays.
  stop() { this.say(STOP); }

  // One video quality by its bitrate in bits/s, or automatic choice.
  selectLevel(bitrate) { this.say(SELECT_LEVEL, 0, bitrate || 0); }

  // Another stream, by its name: sound, or captions, or no captions.
  select(captions, name) { this.tell(() => this.engine.select(captions, name)); }

  // Goes to the newest position of a broadcast.
  seekToLive() {
    if (this.live !== null) this.media.currentTime = this.live;
  }

  // How far behind the live edge to play, in seconds; undefined for no target.
  setTargetLatency(seconds) { this.say(TARGET_LATENCY, 0, seconds ?? -1); }

  // Takes over the text streams of another manifest, once the presentation's own is read.
  merge(url) { this.tell(() => this.engine.merge(url)); }

  // Size of the picture on the page, in device pixels.
  viewport(width, height) { this.say(VIEWPORT, width, height); }

  // Address, start and duration (in seconds) of the fragment of a stream of data at `position`; else undefined.
  fragmentAt(name, position) { return this.engine ? this.engine.fragmentAt(name, position) : undefined; }

  // Figures; undefined while nothing is loaded.
  get stats() { return this.engine ? this.engine.stats : undefined; }

  // --- What happens

  // Does `act`, which tells the engine something; at once, or after what is under way.
  tell(act) {
    this.queue.push(act);
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.engine && this.queue.length) {
        this.queue.shift()();
        this.work();
      }
    } finally {
      this.busy = false;
    }
    if (this.engine) this.setTimer();
    while (this.engine && this.notices.length) this.pass(...this.notices.shift());
  }

  // Passes a notice on to the page.
  pass(name, detail) {
    if (name === "streamchange" && detail.kind === "text") {
      this.captions = detail.name;
      this.tracks.show(detail.name);
    } else if (name === "liveedge") this.live = detail.target;
    else if (name === "broadcastended") this.live = null;
    // What the page throws is its own affair.
    attempt(() => this.notify(name, detail));
  }

  say(...words) { this.tell(() => this.engine.tell(...words)); }

  handleEvent({ type, target }) {
    const { media } = this;
    const buffer = this.buffers.find((buffer) => buffer.target === target);
    if (type === "error") this.refused(buffer || this.buffer(VIDEO) || this.buffer(AUDIO));
    else if (type === "updateend") this.updated(buffer);
    else if (type === "sourceopen") this.opened();
    else if (type === "startstreaming" || type === "endstreaming") this.say(STREAMING, 0, type === "startstreaming");
    else if (type === "online") this.say(ONLINE);
    else if (type === "waitingforkey") this.say(WAITING_FOR_KEY);
    else if (type === "seeking") {
      // Ours is under way, or somebody else was first.
      this.seek = null;
      this.say(SEEKING);
    } else if (type === "change") this.captionsChosen();
    else {
      if (type === "loadeddata" && !this.frame) this.mark(FIRST_FRAME);
      // While all is well it comes more often than it has anything to say.
      if (type === "timeupdate" && media.readyState > 2 && !media.seeking && this.now() - this.lookedAt < LOOK_AGAIN) return;
      this.arrive();
      this.tell(() => this.look());
    }
  }

  // It comes again whenever data is appended after the end.
  opened() {
    if (!this.address) return;
    URL.revokeObjectURL(this.address);
    this.address = null;
    this.say(OPENED);
  }

  // The viewer chose in the browser's own menu, or the page by a track's mode.
  captionsChosen() {
    const chosen = this.tracks.chosen;
    if (this.captions === chosen) return;
    this.captions = chosen;
    this.select(true, chosen);
  }

  // Tells how the media element is.
  look() {
    const { media } = this;
    const frames = media.getVideoPlaybackQuality();
    const facts = [media.currentTime, media.playbackRate, media.readyState, media.paused, media.ended, media.seeking,
      frames.totalVideoFrames, frames.droppedVideoFrames, 0];
    // Plain loops here and in the timer: they run several times a second.
    for (let kind = VIDEO; kind <= AUDIO; kind += 1) {
      const ranges = this.ranges(kind);
      const count = ranges ? ranges.length : 0;
      for (let i = 0; i < count; i += 1) facts.push(ranges.start(i), ranges.end(i));
      if (kind === VIDEO) facts[8] = 2 * count;
    }
    this.lookedAt = this.now();
    this.engine.look(facts);
  }

  // What is buffered of a kind; undefined if nothing is.
  ranges(kind) {
    const buffer = this.buffer(kind);
    return buffer && attempt(() => buffer.target.buffered);
  }

  // A buffer has done what it was told. Not to be believed while it is at work again, as it is after a reset.
  updated(buffer) {
    if (buffer.target.updating) return;
    const { evicting } = buffer;
    buffer.evicting = false;
    this.arrive();
    this.tell(() => this.look());
    if (evicting) this.say(EVICTED, buffer.kind);
  }

  // A buffer or the element cannot decode: told once, for the one follows the other.
  refused(buffer) {
    if (!buffer) return;
    buffer.clear();
    if (this.failed) return;
    this.failed = true;
    this.say(APPEND_FAILED, buffer.kind, DECODE);
  }

  // Lets the source and its buffers work, and tells what comes of it.
  work() {
    const { source, buffers } = this;
    if (!source) return;
    if (this.length !== null) {
      if (buffers.some(({ target }) => target.updating)) return;
      const seconds = this.length;
      this.length = null;
      // Refused if media beyond it is buffered, or if the source is closed: nothing is lost by it.
      attempt(() => { source.duration = seconds; });
    }
    for (const buffer of buffers) {
      for (let outcome; (outcome = buffer.work());) {
        const words = outcome;
        this.tell(() => this.look());
        this.say(...words);
      }
    }
    if (this.ending && source.readyState === "open" && buffers.every((buffer) => buffer.idle())) {
      this.ending = false;
      attempt(() => source.endOfStream());
    }
  }

  // Seconds since it was loaded.
  now() {
    const now = performance.now();
    // That clock stands still while some machines sleep; the one on the wall does not.
    const wall = Date.now() - now;
    if (wall - this.wall > NAP) this.slept += wall - this.wall;
    this.wall = wall;
    return (now - this.began + this.slept) / 1000;
  }

  beat() { return this.media.readyState < 3 && !this.media.paused ? WAITING : HEARTBEAT; }

  // Sets the alarm to the next time at which there is something to do.
  setTimer() {
    let next = this.engine.deadline;
    for (const request of this.requests.values()) if (request.deadline < next) next = request.deadline;
    if (this.source) next = Math.min(next, this.lookedAt + this.beat());
    if (next === Infinity || (this.timer && this.alarmAt <= next)) return;
    clearTimeout(this.timer);
    this.alarmAt = next;
    // Browsers cut milliseconds off, and know no more of them than 32 bits; a tick that comes early would come again.
    this.timer = setTimeout(() => this.alarm(), Math.min(Math.max(next - this.now(), 0) * 1000 + 1, 1e9));
  }

  alarm() {
    this.timer = 0;
    const now = this.now();
    for (const [id, { deadline }] of this.requests) if (deadline <= now) this.fail(id, TIMEOUT);
    if (this.source && now - this.lookedAt >= this.beat()) this.tell(() => this.look());
    if (!this.engine) return;
    if (this.engine.deadline <= now) this.say(TICK);
    else this.setTimer();
  }

  buffer(kind) { return this.buffers.find((buffer) => buffer.kind === kind); }

  // Sets a mark, once.
  mark(which) {
    if (this.marked[which]) return;
    this.marked[which] = true;
    performance.mark(MARKS[which]);
  }

  watchFrames() {
    this.marked = [];
    this.frame = 0;
    for (const name of MARKS) performance.clearMarks(name);
    const { media } = this;
    if (media.requestVideoFrameCallback) this.frame = media.requestVideoFrameCallback(() => this.mark(FIRST_FRAME));
  }

  // --- Requests

  // Sends a request and hands its answer on, piece by piece.
  async fetch(id, url, purpose, timeout) {
    const request = { controller: new AbortController(), deadline: this.now() + timeout, total: 0, flows: false };
    this.requests.set(id, request);
    // Given up, or failed: nothing of it is told any more.
    const gone = () => this.requests.get(id) !== request;
    const { credentials } = this;
    const init = { signal: request.controller.signal, cache: purpose === MANIFEST ? "no-store" : "default", credentials };
    const response = await fetch(url, init).catch(() => null);
    if (gone()) return;
    if (!response) return void this.fail(id, NETWORK);
    // An origin that was asked to wait says "not yet" without an error status.
    if (response.status === 204) return void this.fail(id, 412);
    if (!response.ok) return void this.fail(id, response.status);
    request.deadline = this.now() + timeout;
    this.tell(() => this.engine.started(id, response.headers.get("content-type") || ""));
    const reader = response.body && response.body.getReader();
    while (!gone()) {
      const piece = reader ? await reader.read().catch(() => null) : { done: true };
      if (gone()) return;
      request.deadline = this.now() + timeout;
      if (!piece) this.fail(id, NETWORK);
      else if (piece.done) this.finish(id, purpose, response.url);
      else this.tell(() => this.accept(id, purpose, piece.value));
    }
  }

  // Takes in a piece of a body.
  accept(id, purpose, bytes) {
    const request = this.requests.get(id);
    if (!request) return;
    request.total += bytes.length;
    if (purpose <= AUDIO) this.mark(FIRST_BYTE);
    // The engine keeps the body, or looks for the head of a fragment. When that is whole it says what to append in its
    // place, and where the media begins.
    while (bytes.length && !request.flows) {
      const begins = this.engine.piece(id, bytes.subarray(0, LOOK));
      if (begins === BROKEN) return void this.fail(id, MALFORMED);
      request.flows = begins >= 0;
      bytes = bytes.subarray(request.flows ? begins : LOOK);
    }
    const body = this.body(id);
    if (body && bytes.length) body.pieces.push(bytes);
    if (this.requests.has(id)) this.engine.tell(RECEIVED, id, request.total);
  }

  // A body has arrived to its end.
  finish(id, purpose, url) {
    this.requests.delete(id);
    if (purpose === MANIFEST) this.mark(MANIFEST_READ);
    if (purpose === VIDEO) this.mark(FIRST_FRAGMENT);
    this.tell(() => {
      const body = this.body(id);
      if (body) body.whole = true;
      this.engine.finished(id, url);
    });
  }

  fail(id, failure) {
    this.abort(id);
    this.say(FAILED, id, failure);
  }

  // Where the pieces of a body wait for their buffer.
  body(id) {
    for (const { tasks } of this.buffers) {
      const body = tasks.find(({ request }) => request === id);
      if (body) return body;
    }
    return undefined;
  }

  // --- What the engine says: player/src/web/hands.rs. Nothing here throws.

  abort(id) {
    const request = this.requests.get(id);
    if (!request) return;
    this.requests.delete(id);
    request.controller.abort();
    for (const buffer of this.buffers) buffer.forget(id);
  }

  // A new media source in the element, in place of any other: a managed one where there is one, as on Apple's devices, for
  // it says when to load and so spares the battery (iPhones have no other).
  open() {
    this.close();
    const { media } = this;
    try {
      const source = new MediaSourceClass();
      // Without this a managed source never opens where AirPlay could take over.
      if (MANAGED) media.disableRemotePlayback = true;
      for (const name of SOURCE_EVENTS) source.addEventListener(name, this);
      Object.assign(this, { source, address: URL.createObjectURL(source), length: null, ending: false, failed: false, fresh: true });
      media.src = this.address;
    } catch {
      this.say(APPEND_FAILED, VIDEO, CLOSED);
    }
  }

  // Lets go of the media source.
  close() {
    const { source, buffers, address } = this;
    if (address) URL.revokeObjectURL(address);
    if (source) for (const name of SOURCE_EVENTS) source.removeEventListener(name, this);
    for (const { target } of buffers) for (const name of BUFFER_EVENTS) target.removeEventListener(name, this);
    Object.assign(this, { source: null, buffers: [], address: null });
  }

  plays(mime) { return MediaSourceClass.isTypeSupported(mime); }

  create(kind, mime, until) {
    try {
      const target = this.source.addSourceBuffer(mime);
      target.appendWindowEnd = until;
      for (const name of BUFFER_EVENTS) target.addEventListener(name, this);
      this.buffers.push(new Buffer(kind, target));
    } catch {
      this.say(APPEND_FAILED, kind, DECODE);
    }
  }

  changeType(kind, mime) { this.push(kind, { mime }); }

  // Of a fragment these are the head's; its media follows as it arrives.
  append(kind, bytes, request) {
    this.ending = false;
    this.push(kind, { bytes: bytes.slice() });
    if (request) this.push(kind, { request, pieces: [], whole: false });
  }

  evict(kind, start, end) { this.push(kind, { remove: [start, end] }); }

  push(kind, task) {
    const buffer = this.buffer(kind);
    if (buffer) buffer.tasks.push(task);
  }

  // What is appended next is the start of a segment.
  reset(kind) {
    const buffer = this.buffer(kind);
    if (!buffer) return;
    buffer.clear();
    buffer.tasks.unshift({ reset: true });
  }

  // As soon as it may be set.
  setDuration(seconds) { this.length = seconds; }

  setLiveSeekable(start, end) {
    attempt(() => this.source.setLiveSeekableRange(Math.max(start, 0), Math.max(end, start, 0)));
  }

  // As soon as nothing is queued.
  endOfStream() { this.ending = true; }

  seekTo(position) {
    const { media } = this;
    const ahead = position - media.currentTime;
    // Before there is a picture WebKitGTK plays across so little by itself.
    this.seek = MANAGED && media.readyState < 2 && ahead >= 0 && ahead < 0.08 ? null : position;
    this.arrive();
  }

  // Seeks where it was told to, once the element can: with metadata. WebKitGTK can not while it makes its first picture,
  // of what is buffered where it stands, and then only where a little is buffered: it would stand still for ever, the page too.
  arrive() {
    const { media, seek } = this;
    const { readyState, currentTime } = media;
    if (seek === null || !readyState) {
      if (readyState > 1) this.fresh = false;
      return;
    }
    if (MANAGED && this.fresh) {
      const ranges = this.buffers.map(({ target }) => attempt(() => target.buffered));
      const all = (test) => ranges.every((range) => range && range.length && test(range));
      const elsewhere = all((range) => range.start(0) > currentTime + 0.1);
      const ahead = readyState > 1 && all((range) => range.end(range.length - 1) > seek + 0.2);
      if (!elsewhere && !ahead) return;
    }
    this.fresh = false;
    this.seek = null;
    media.currentTime = seek;
  }

  addTextTrack(id, name, language, label) { this.tracks.add(id, name, label, language); }

  readCaptions(...document) { return this.tracks.read(...document); }

  clearCues(id, before) { this.tracks.clear(id, before); }

  // The page hears of it when all is done.
  notice(name, detail) { this.notices.push([name, detail]); }
}
