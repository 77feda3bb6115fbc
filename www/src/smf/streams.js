// Sound, captions and qualities as scripts see them, and the log.

const LOGGED = { error: "Error", warning: "Warning", streamskipped: "Warning", chunkskipped: "Warning", stall: "Warning", gapjump: "Warning",
  silence: "Warning", manifestready: "Information", renditionchange: "Information", streamchange: "Information",
  stallended: "Information", silenceended: "Information", broadcastended: "Information" };

function streams(player, it, positions, tell, signal) {
  let found = [];
  let bitrates = [];
  const chosen = { audio: null, text: null };
  const of = (kind) => found.filter((stream) => stream.kind === kind).map(described).sort((a, b) => (a.Name < b.Name ? -1 : 1));
  const described = ({ name, language }) => ({ Name: name, Language: language });
  const named = (kind, name) => of(kind).find((stream) => stream.Name === name) || null;
  const members = {
    AvailableCaptionStreams: () => of("text"),
    AvailableAudioStreams: () => of("audio"),
    SelectedCaptionStream: () => named("text", chosen.text),
    SelectedAudioStream: () => named("audio", chosen.audio),
  };
  for (const [name, get] of Object.entries(members)) Object.defineProperty(it, name, { enumerable: true, get });
  it.SelectCaptionStream = (stream) => player.selectCaptions(nameOf(stream));
  it.SelectAudioStream = (stream) => {
    const track = [...player.audioTracks].find(({ id }) => same(id, nameOf(stream)));
    if (track) track.enabled = true;
  };

  player.addEventListener("manifestready", ({ detail }) => {
    found = detail.streams;
    for (const kind of ["audio", "text"]) chosen[kind] = (found.find((stream) => stream.kind === kind && stream.selected) || {}).name || null;
    both(player, it, found);
    tell("AvailableAudioStreamsChanged", of("audio"));
  });
  player.addEventListener("streamchange", ({ detail: { kind, name } }) => {
    if (chosen[kind] === (name || null)) return;
    chosen[kind] = name || null;
    tell(kind === "audio" ? "AudioStreamChanged" : "CaptionStreamChanged", named(kind, name));
  });
  player.addEventListener("renditionchange", ({ detail: { kind, to, position } }) => {
    if (kind !== "video") return;
    tell("DownloadBitrateChanged", to);
    bitrates.push([position, to]);
  });
  player.addEventListener("timeupdate", () => {
    // Once it is on the screen.
    const due = bitrates.filter(([position]) => position <= player.currentTime);
    if (!due.length) return;
    bitrates = bitrates.filter((one) => !due.includes(one));
    tell("PlaybackBitrateChanged", due[due.length - 1][1]);
  });
  player.addEventListener("emptied", () => { [found, bitrates] = [[], []]; });

  const ahead = () => {
    const { buffered, currentTime } = player;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime) return buffered.end(i);
    }
    return currentTime;
  };
  player.addEventListener("progress", () => {
    const { first, last } = positions;
    if (last > first) tell("DownloadProgressChanged", Math.min(1, (ahead() - first) / (last - first)));
  });
  player.addEventListener("waiting", () => tell("BufferingProgressChanged", 0));
  player.addEventListener("canplay", () => tell("BufferingProgressChanged", 1));

  const cues = new Set();
  const watch = (track) => {
    if (!/^(captions|subtitles)$/.test(track.kind) || track.watched) return;
    track.watched = true;
    track.addEventListener("cuechange", () => {
      const active = track.mode === "showing" ? [...(track.activeCues || [])] : [];
      const change = (event, { id, startTime, endTime, text }) => tell(event,
        { Id: id, Begin: startTime - positions.origin, End: endTime - positions.origin, Content: text });
      for (const cue of cues) if (!active.includes(cue) && cues.delete(cue)) change("CaptionLeft", cue);
      for (const cue of active) if (!cues.has(cue) && cues.add(cue)) change("CaptionReached", cue);
    });
  };
  [...player.textTracks].forEach(watch);
  player.textTracks.addEventListener("addtrack", ({ track }) => watch(track));

  for (const [event, Severity] of Object.entries(LOGGED)) {
    player.addEventListener(event, ({ detail }) => tell("LogEntryReceived",
      { Type: event, Severity, Message: (detail && detail.message) || event, TimeStamp: new Date(), SenderName: "Silverlane" }));
  }

  // Seeks under a pressed pointer.
  let [pressed, scrubbing] = [false, false];
  player.addEventListener("pointerdown", () => { pressed = true; });
  player.addEventListener("seeking", () => {
    if (!pressed) return;
    tell(scrubbing ? "Scrubbing" : "ScrubbingStarted", positions.now);
    scrubbing = true;
  });
  for (const event of ["pointerup", "pointercancel"]) {
    window.addEventListener(event, () => {
      if (scrubbing) tell("ScrubbingCompleted", positions.now);
      [pressed, scrubbing] = [false, false];
    }, { signal });
  }
}

const same = (a, b) => String(a).toLowerCase() === String(b).toLowerCase();
const nameOf = (stream) => (stream && typeof stream === "object" ? stream.Name : stream || null);

// An item may ask for name and language: then both must fit.
function both(player, it, found) {
  const item = player.playlist.current;
  if (!item) return;
  for (const [kind, role] of [["text", "Caption"], ["audio", "Audio"]]) {
    const [name, language] = [item[`Selected${role}StreamName`], item[`Selected${role}StreamLanguage`]];
    if (!name || !language || found.some((stream) => stream.kind === kind && same(stream.name, name) && same(stream.language, language))) continue;
    if (kind === "text") player.selectCaptions(null);
    else it.SelectAudioStream((found.find((stream) => stream.kind === kind) || {}).name);
  }
}
