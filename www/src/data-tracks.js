// What a presentation tells beside picture, sound and captions, as text tracks: events and script commands of kind
// metadata, chapters of kind chapters. One track for each stream; its cues have what was sent as their value.
class DataTracks {
  constructor(media) {
    this.media = media;
    this.tracks = new Map();
  }

  // The track of a stream. One made by addTextTrack cannot be removed: it serves every presentation with such a stream.
  track({ name, subtype, language = "" }) {
    let track = this.tracks.get(name);
    if (!track) {
      track = this.media.addTextTrack(subtype === "CHAP" ? "chapters" : "metadata", name, language);
      this.tracks.set(name, track);
    }
    if (track.mode === "disabled") track.mode = "hidden";
    return track;
  }

  // Makes a cue of an event. What does not say how long it lasts: a chapter until the next, anything else one second.
  add({ stream, subtype, position, duration, value, text }) {
    const track = this.track({ name: stream, subtype });
    const chapter = track.kind === "chapters" && !duration;
    const whole = this.media.duration;
    const last = whole > position && whole < Infinity ? whole : 1e9;
    const cue = new VTTCue(position, duration ? position + duration : chapter ? last : position + 1, text);
    cue.value = value;
    if (chapter) {
      for (const other of track.cues) {
        if (other.startTime < position && other.endTime > position) other.endTime = position;
      }
    }
    track.addCue(cue);
    if (track.cues.length > MOST_CUES) track.removeCue(track.cues[0]);
  }

  clear() {
    for (const track of this.tracks.values()) {
      track.mode = "hidden";
      while (track.cues.length) track.removeCue(track.cues[0]);
      track.mode = "disabled";
    }
  }
}

// In a track at a time: a broadcast may go on for days.
const MOST_CUES = 2000;

// The text that a sample is; empty if it is none.
function wording(value) {
  if (!(value instanceof Uint8Array)) return value;
  const wide = value[0] === 0xff && value[1] === 0xfe;
  try {
    return new TextDecoder(wide ? "utf-16le" : "utf-8", { fatal: true }).decode(value);
  } catch {
    return "";
  }
}
