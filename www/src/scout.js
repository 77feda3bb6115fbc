// Thumbnails and fast play: a second player of the same presentation, of which only key frames of the lowest quality are
// asked for, or the presentation's own film strip.
class Scout {
  constructor(owner) {
    this.owner = owner;
    this.media = null;
    this.player = null;
    this.pictures = new Map();
    this.rate = 0;
  }

  // Loads the presentation, at a position.
  open(position) {
    if (this.media || !this.owner.player) return;
    const { owner } = this;
    this.media = Object.assign(document.createElement("video"), { muted: true, playsInline: true, hidden: true });
    this.media.style.cssText = "position:absolute;inset:0";
    owner.media.after(this.media);
    this.player = new Player(this.media, () => {});
    this.player.load(owner.src, { ...owner.options(), keyFrames: true, maxBitrate: 1, start: position, bufferGoal: 12, backBuffer: 120 });
    this.media.addEventListener("timeupdate", () => { if (this.rate) owner.dispatchEvent(new Event("timeupdate")); });
    this.media.addEventListener("ended", () => this.stop());
  }

  close() {
    if (this.rate) this.halt();
    for (const picture of this.pictures.values()) picture.then((url) => { if (url) URL.revokeObjectURL(url); });
    this.pictures.clear();
    if (!this.media) return;
    this.player.destroy();
    this.media.remove();
    this.media = this.player = null;
  }

  // The address of a picture of what is at a position; null where there is none.
  thumbnail(position) {
    const strip = this.owner.facts && this.owner.facts.streams.find((stream) => stream.subtype === "ZOET");
    const found = strip && this.owner.player.fragmentAt(strip.name, position);
    const key = found ? `${found[0]} ${share(found, position, 100).toFixed()}` : `${Math.round(position)}`;
    if (!this.pictures.has(key)) {
      const picture = (found ? cutStrip(found, position) : this.frame(position)).catch(() => null);
      this.pictures.set(key, picture);
      picture.then((url) => { if (!url) this.pictures.delete(key); });
      if (this.pictures.size > MOST_PICTURES) this.forget(this.pictures.keys().next().value);
    }
    return this.pictures.get(key);
  }

  forget(key) {
    this.pictures.get(key).then((url) => { if (url) URL.revokeObjectURL(url); });
    this.pictures.delete(key);
  }

  // The key frame before a position. A later call takes the place of one that is waiting.
  async frame(position) {
    this.open(position);
    if (!this.media || this.rate) return null;
    const { media } = this;
    const turn = (this.turn = {});
    if (media.readyState < 1) await once(media, "loadedmetadata");
    if (this.turn !== turn) return null;
    const arrived = media.requestVideoFrameCallback ? new Promise((resolve) => media.requestVideoFrameCallback(resolve)) : once(media, "seeked");
    media.currentTime = position;
    await Promise.race([arrived, once(media, "seeked").then(() => pause(PAINTED))]);
    if (this.turn !== turn || !media.videoWidth) return null;
    const canvas = document.createElement("canvas");
    canvas.width = THUMBNAIL_WIDTH;
    canvas.height = Math.round((THUMBNAIL_WIDTH * media.videoHeight) / media.videoWidth);
    canvas.getContext("2d").drawImage(media, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
    return blob && URL.createObjectURL(blob);
  }

  // Plays fast, forwards or backwards: what the viewer sees is the scout's picture.
  async play(rate) {
    const { owner } = this;
    const from = owner.currentTime;
    this.open(from);
    if (!this.media) return;
    const { media } = this;
    this.turn = {};
    const begun = !this.rate;
    this.rate = rate;
    clearInterval(this.timer);
    if (begun) this.resumes = !owner.media.paused;
    owner.media.pause();
    if (media.readyState < 1) await once(media, "loadedmetadata");
    if (this.rate !== rate || this.media !== media) return;
    if (begun) media.currentTime = from;
    media.hidden = false;
    if (rate > 0) {
      media.playbackRate = Math.min(rate, 16);
      media.play().catch(() => {});
    } else {
      media.pause();
      let position = media.currentTime;
      this.timer = setInterval(() => {
        position += (rate * STEP_MS) / 1000;
        const { seekable } = owner.media;
        const start = seekable.length ? seekable.start(0) : 0;
        if (position <= start) return this.stop(start);
        // One seek at a time: a slow network costs pictures, not speed.
        if (!media.seeking) media.currentTime = position;
        this.position = position;
        owner.dispatchEvent(new Event("timeupdate"));
      }, STEP_MS);
    }
    owner.dispatchEvent(new CustomEvent("fastplaychange", { detail: { rate } }));
  }

  get currentTime() { return this.rate < 0 && this.position !== undefined ? this.position : this.media.currentTime; }

  // Back to the owner's picture, from where fast play has come to.
  stop(position = this.currentTime) {
    if (!this.rate) return;
    this.halt();
    this.owner.media.currentTime = position;
    if (this.resumes) this.owner.media.play().catch(() => {});
    this.owner.dispatchEvent(new CustomEvent("fastplaychange", { detail: { rate: 0 } }));
  }

  halt() {
    this.rate = 0;
    this.position = undefined;
    clearInterval(this.timer);
    const { media } = this;
    media.pause();
    media.playbackRate = 1;
    // Until the owner's picture is there.
    once(this.owner.media, "seeked").then(() => { if (!this.rate) media.hidden = true; });
  }
}

const STEP_MS = 250;
const PAINTED = 100;
const MOST_PICTURES = 100;
const THUMBNAIL_WIDTH = 240;

const once = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// How far a position is into a fragment, of `whole`.
function share([, start, duration], position, whole) {
  return Math.max(0, Math.min(whole - 1, Math.floor(((position - start) / (duration || 1)) * whole)));
}

// The picture for a position out of a fragment of a film strip: JPEGs one after the other.
async function cutStrip(fragment, position) {
  const response = await fetch(fragment[0]);
  if (!response.ok) return null;
  const bytes = new Uint8Array(await response.arrayBuffer());
  const starts = [];
  for (let i = bytes.indexOf(0xff); i >= 0; i = bytes.indexOf(0xff, i + 1)) {
    // Start of an image, and the marker after it; inside a picture no two such follow each other.
    if (bytes[i + 1] === 0xd8 && bytes[i + 2] === 0xff) starts.push(i);
  }
  if (!starts.length) return null;
  const index = share(fragment, position, starts.length);
  return URL.createObjectURL(new Blob([bytes.subarray(starts[index], starts[index + 1])], { type: "image/jpeg" }));
}

// What it adds to the element.
const passedTime = Object.getOwnPropertyDescriptor(SmoothVideo.prototype, "currentTime");
Object.defineProperties(SmoothVideo.prototype, {
  scout: {
    get() {
      const scout = new Scout(this);
      this.addEventListener("emptied", () => scout.close());
      Object.defineProperty(this, "scout", { value: scout });
      return scout;
    },
  },
  // -8, -4, 4, 8 as Silverlight had them; 0: it does not play fast.
  fastRate: { get() { return this.scout.rate; } },
  fastForward: { value(rate = 4) { return this.scout.play(Math.abs(rate)); } },
  rewind: { value(rate = 4) { return this.scout.play(-Math.abs(rate)); } },
  stopFastPlay: { value() { this.scout.stop(); } },
  thumbnailAt: { value(position) { return this.scout.thumbnail(position); } },
  currentTime: {
    ...passedTime,
    get() { return this.scout.rate ? this.scout.currentTime : passedTime.get.call(this); },
    set(position) {
      if (this.scout.rate) this.scout.stop(position);
      else passedTime.set.call(this, position);
    },
  },
});
const passedPlay = SmoothVideo.prototype.play;
SmoothVideo.prototype.play = function () {
  if (this.scout.rate) this.scout.stop();
  return passedPlay.call(this);
};
