// What happened in a session, for those who have to find out why: the newest entries, with the seconds since it began.
const LOG_LENGTH = 400;
const LOGGED = ["play", "playing", "pause", "seeking", "waiting", "ended", "ratechange", "enterpictureinpicture", "autoplayrefused"];

class SessionLog {
  constructor(player) {
    this.player = player;
    this.restart();
    for (const name of LOGGED) player.addEventListener(name, () => this.add(name, { at: player.currentTime }));
    for (const name of ["warning", "error"]) player.addEventListener(name, (event) => this.add(name, event.detail));
  }

  restart() {
    this.began = performance.now();
    this.entries = [];
  }

  add(name, detail) {
    this.entries.push({ seconds: (performance.now() - this.began) / 1000, name, detail });
    if (this.entries.length > LOG_LENGTH) this.entries.shift();
  }

  // Without the queries of addresses: tokens stand there.
  text() {
    const { player } = this;
    const tell = (value) => JSON.stringify(value, (_, one) => (typeof one === "bigint" ? Number(one)
      : typeof one === "number" ? Math.round(one * 1000) / 1000 : one === null || one === "" ? undefined : one));
    const { videoWidth, videoHeight } = player.media;
    const frames = player.media.getVideoPlaybackQuality();
    return [
      `Silverlane ${VERSION}  ${player.currentSrc}`,
      navigator.userAgent,
      tell({ ...player.stats, videoWidth, videoHeight, frames: frames.totalVideoFrames, dropped: frames.droppedVideoFrames }),
      ...this.entries.map(({ seconds, name, detail }) => `${seconds.toFixed(2).padStart(8)}  ${name}  ${tell(detail) || ""}`),
    ].join("\n").replace(/\?[^\s"]+/g, "?…");
  }
}
