// After a fatal error: the same item again at the same place, every RetryInterval for RetryDuration seconds, and then
// the next item. RetryDuration 0: not at all.
class Retry {
  constructor(player, positions, playlist, settings, tell) {
    Object.assign(this, { player, positions, playlist, settings, tell, timer: 0, until: 0, place: null, state: "NotRetrying" });
    player.addEventListener("loadedmetadata", () => this.opened());
    player.addEventListener("error", () => this.failed());
    for (const event of ["timeupdate", "seeked"]) player.addEventListener(event, () => this.remember());
    player.addEventListener("playlistchange", () => { if (this.state === "Retrying") this.cancel(); });
  }

  // Absolute, because position 0 of a broadcast is another one when it is loaded anew.
  remember() {
    if (this.state !== "Retrying" && this.player.readyState > 0) this.place = this.positions.zero + this.player.currentTime;
  }

  failed() {
    const { settings } = this;
    if (this.state === "Retrying") {
      this.tell("RetryAttemptFailed");
    } else {
      if (!(settings.RetryDurationSeconds > 0)) {
        if (settings.ContinuousPlay) this.playlist.skip();
        return;
      }
      this.state = "Retrying";
      this.plays = !this.player.paused;
      this.until = performance.now() + settings.RetryDurationSeconds * 1000;
      this.tell("RetryStarted");
    }
    const left = this.until - performance.now();
    if (left > 0) {
      this.timer = setTimeout(() => this.attempt(), Math.min(settings.RetryIntervalSeconds * 1000, left));
    } else {
      this.end("RetryFailed");
      this.playlist.skip();
    }
  }

  attempt() {
    this.player.load();
    if (this.plays) this.player.play().catch(() => {});
  }

  opened() {
    const { player, positions, place } = this;
    if (this.state !== "Retrying") {
      this.place = null;
      return;
    }
    if (place !== null) {
      const to = place - positions.zero;
      if (to > positions.first && to < positions.last) player.currentTime = to;
    }
    this.end("RetrySuccessful");
  }

  cancel() {
    if (this.state === "Retrying") this.end("RetryCancelled");
  }

  end(event) {
    clearTimeout(this.timer);
    this.state = event === "RetryFailed" ? "RetryFailed" : "NotRetrying";
    this.tell(event);
  }
}
