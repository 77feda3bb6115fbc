// For pages with several players, each with an id: what they tell, and what a person sees of them.
window.told = {};
for (const player of document.querySelectorAll("smooth-player")) {
  const events = (told[player.id] = []);
  for (const name of ["warning", "error", "gapjump", "silence", "silenceended", "ratecontrol", "ratechange", "stall",
    "stallended", "broadcastended", "seeking", "seeked", "manifestready"]) {
    player.addEventListener(name, ({ detail }) => {
      const { time, ...rest } = detail ?? {};
      events.push({ name, ...rest });
    });
  }
}
// Whether a person reads it over the picture.
window.reads = ({ ui: { panel } }, text) => !panel.hidden && panel.textContent.includes(text);
// The time that plays, in seconds of the broadcast.
window.timeOf = (player) => player.currentTime + Number(player.presentationStart) / Number(player.presentationTimescale);
// Whether the picture is the one of that time: the encoder paints its seconds.
window.inStep = (player) => window.__probe.inStep(player.currentTime - timeOf(player), player.media);
// What was played without a jump: ranges of positions. Chromium joins what a seek to the same place parts.
window.played = ({ played }) => Array.from(played, (_, i) => [played.start(i), played.end(i)]);
// Where it is now, to compare with later.
window.glance = (player) => ({
  position: player.currentTime, paused: player.paused, frames: player.getVideoPlaybackQuality().totalVideoFrames,
  sound: player.media.webkitAudioDecodedByteCount, edge: player.edge, buffered: player.buffered.length ? player.buffered.end(player.buffered.length - 1) : 0,
});
