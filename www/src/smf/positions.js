// Positions closer than this to the newest one are live (SMF's PositionLiveBuffer).
const LIVE_SECONDS = 3;

// Positions as SMF's scripts know them, in seconds: counted from the start of the window, or absolute media time.
class Positions {
  constructor(player, offset) {
    Object.assign(this, { player, offset, edge: null, wasLive: false });
    player.addEventListener("liveedge", ({ detail }) => { this.edge = detail; });
    for (const event of ["emptied", "broadcastended"]) player.addEventListener(event, () => { this.edge = null; });
  }

  // Of the element, as currentTime counts.
  get first() { return this.player.seekable.length ? this.player.seekable.start(0) : 0; }
  get last() {
    const { duration, seekable } = this.player;
    return this.edge ? this.edge.target : isFinite(duration) ? duration : seekable.length ? seekable.end(seekable.length - 1) : 0;
  }
  // Absolute media time of the element's position 0.
  get zero() {
    const { presentationStart, presentationTimescale } = this.player;
    return presentationStart === null ? 0 : Number(presentationStart) / presentationTimescale;
  }

  // currentTime of what scripts call 0.
  get origin() { return this.offset ? this.first : -this.zero; }
  get now() { return this.player.currentTime - this.origin; }
  get start() { return this.first - this.origin; }
  get end() { return this.last - this.origin; }
  get live() { return this.player.streamType === "live"; }
  get behind() { return this.live ? this.last - this.player.currentTime : NaN; }
  // Within 3 s of the newest position: a tenth more once it is, a tenth less before, or it would flicker.
  get atLive() { return (this.wasLive = this.behind < LIVE_SECONDS * (this.wasLive ? 1.1 : 0.9)); }

  // Nothing happens beyond the window, or while there is none.
  seek(seconds) {
    const to = Number(seconds) + this.origin;
    const { readyState, seekable } = this.player;
    if (readyState < 1 || !seekable.length || !(to >= this.first - 0.001 && to <= this.last + 0.001)) return false;
    this.player.currentTime = to;
    return true;
  }
}
