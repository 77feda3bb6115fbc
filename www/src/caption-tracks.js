// The text tracks of captions, for the engine: it says what to read, and where the times lie.
//
// A track made by addTextTrack cannot be removed. So an ended session leaves its tracks empty and disabled, and the next one
// takes over those of the same label and language.
class CaptionTracks {
  constructor(video) {
    this.video = video;
    this.tracks = new Map();
  }

  // Adds the track `id` of a stream, hidden from the viewer until it is chosen.
  add(id, name, label, language) {
    const left = [...this.video.textTracks].find((track) =>
      track.kind === "captions" && track.label === label && track.language === language && track.mode === "disabled" &&
      ![...this.tracks.values()].some(({ target }) => target === track));
    const target = left || this.video.addTextTrack("captions", label, language);
    target.mode = "disabled";
    this.tracks.set(id, { name, target, cues: new Map(), relative: false });
  }

  // Adds the cues of a document, each once. It came in a fragment at `start`, that lasts `duration` (0 if that is not known);
  // absolute times count from `zero`, which is position 0. All in milliseconds. False if it cannot be read.
  read(id, bytes, start, duration, zero) {
    const track = this.tracks.get(id);
    let cues;
    try {
      cues = readCaptions(bytes);
    } catch {
      return false;
    }
    track.relative = track.relative || timesAreRelative(cues, start, duration);
    for (const { begin, end, text, look } of placeCues(cues, start, duration, track.relative)) {
      const [from, to] = [begin, end].map((time) => Math.max(0, time - zero) / 1000);
      // Of a picture its length and its end tell enough.
      const key = `${from} ${to} ${look.image ? look.image.length + look.image.slice(-99) : text}`;
      if (from >= to || track.cues.has(key)) continue;
      if (track.cues.size >= MOST_CAPTIONS) this.clear(id, Infinity);
      const cue = Object.assign(new VTTCue(from, to, text), look);
      track.target.addCue(cue);
      track.cues.set(key, cue);
    }
    return true;
  }

  // Removes the cues that end at `before` or earlier, in seconds.
  clear(id, before) {
    const { target, cues } = this.tracks.get(id);
    for (const [key, cue] of cues) {
      if (cue.endTime > before) continue;
      // The page may have removed it.
      attempt(() => target.removeCue(cue));
      cues.delete(key);
    }
  }

  // Shows the track of this name and no other.
  show(shown) {
    for (const { name, target } of this.tracks.values()) {
      const mode = name === shown ? "showing" : "disabled";
      if (target.mode !== mode) target.mode = mode;
    }
  }

  // Name of the stream whose track the viewer has chosen, in the browser's own menu or by script.
  get chosen() {
    const on = (mode) => [...this.tracks.values()].find(({ target }) => target.mode === mode);
    return (on("showing") || on("hidden"))?.name;
  }

  end() {
    for (const [id, { target }] of this.tracks) {
      this.clear(id, Infinity);
      target.mode = "disabled";
    }
    this.tracks.clear();
  }
}

// Of one track; then it starts anew.
const MOST_CAPTIONS = 20000;

// Whether times count from the start of the fragment, and not from zero of the presentation: packagers do either (IIS and Azure
// the first), and nothing says which. They do if every cue would be over before the fragment begins, and begins within it.
// What has no end speaks for neither. Packagers do not change their mind: the first yes holds for the rest of the stream.
function timesAreRelative(cues, start, duration) {
  const within = ({ begin, end }) => (!duration || begin < duration) && (end <= start || end === OPEN);
  return start > 0 && cues.length > 0 && cues.every(within);
}

// Puts cues on the time of the presentation; those that nothing ends end with the fragment, if its duration is known.
function placeCues(cues, start, duration, relative) {
  const offset = relative ? start : 0;
  const placed = cues.map((cue) => ({
    ...cue,
    begin: cue.begin + offset,
    end: cue.end < OPEN ? cue.end + offset : duration ? start + duration : OPEN,
  }));
  return placed.filter(({ begin, end }) => begin < end);
}
