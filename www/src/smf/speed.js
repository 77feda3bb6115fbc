// Fast forward, rewind and slow motion. A rate that the browser cannot play, as every one below zero, is faked by
// jumps through the window: 5 s every 750 ms.
const FAST_RATES = [4, 8];
const SLOW_RATE = 0.5;
const JUMP = { seconds: 5, every: 750 };

class PlaySpeed {
  constructor(player, positions, tell) {
    Object.assign(this, { player, positions, tell, jumps: 0, timer: 0, told: "NormalPlayback" });
    player.addEventListener("ratechange", () => this.update());
    player.addEventListener("timeupdate", () => {
      // Nothing is faster than a broadcast.
      if (this.state === "FastForwarding" && positions.live && positions.behind < 1) this.normal();
    });
    for (const event of ["ended", "emptied"]) player.addEventListener(event, () => this.normal());
  }

  // Small corrections that hold a broadcast in step are no fast forward.
  get state() {
    const rate = this.jumps || this.player.playbackRate;
    return rate < 0 ? "Rewinding" : rate > 1.1 ? "FastForwarding" : rate < 0.9 ? "SlowMotion" : "NormalPlayback";
  }

  update() {
    if (this.state === this.told) return;
    this.told = this.state;
    this.tell("PlaySpeedStateChanged", this.told);
  }

  // Again, it goes faster.
  forward() {
    const next = FAST_RATES.find((rate) => rate > this.player.playbackRate) || FAST_RATES[FAST_RATES.length - 1];
    // Sound alone knows no other rate.
    if (this.player.videoWidth && this.rate(next)) this.go();
    else this.fake(1);
  }
  rewind() { this.fake(-1); }
  slow() { if (this.rate(SLOW_RATE)) this.go(); }

  normal() {
    this.rate(1);
    this.update();
  }

  rate(rate) {
    clearInterval(this.timer);
    this.jumps = 0;
    try {
      if (this.player.playbackRate !== rate) this.player.playbackRate = rate;
      return true;
    } catch {
      return false;
    }
  }

  go() {
    if (this.player.paused) this.player.play().catch(() => {});
    this.update();
  }

  fake(direction) {
    this.rate(1);
    this.jumps = 2 * direction;
    this.timer = setInterval(() => {
      const { player, positions } = this;
      if (player.seeking) return;
      const to = player.currentTime + direction * JUMP.seconds;
      player.currentTime = Math.min(Math.max(to, positions.first), positions.last);
      if (to <= positions.first || to >= positions.last) this.normal();
    }, JUMP.every);
    this.update();
  }
}
