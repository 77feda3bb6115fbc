// Which markers a move from one position to another enters, leaves and jumps over: [event, marker, whether a jump led
// into it]. `inside` is the set of markers that hold the position, and is kept up to date here.
function crossings(markers, inside, from, to, jumped) {
  const holds = ({ Begin, End }) => Begin <= to && to < Math.max(End, Begin + 0.001);
  const told = [];
  for (const marker of inside) {
    if (holds(marker) && markers.includes(marker)) continue;
    inside.delete(marker);
    told.push(["MarkerLeft", marker]);
  }
  for (const marker of markers) {
    if (inside.has(marker)) continue;
    if (holds(marker)) {
      inside.add(marker);
      told.push(["MarkerReached", marker, jumped]);
    } else if (jumped && Math.min(from, to) < marker.Begin && marker.Begin < Math.max(from, to) && !told.some(([, one]) => one === marker)) {
      told.push(["MarkerSkipped", marker]);
    } else if (!jumped && from < marker.Begin && marker.Begin <= to) {
      // Shorter than the time between two looks.
      told.push(["MarkerReached", marker, false], ["MarkerLeft", marker]);
    }
  }
  return told;
}

// The chapter to go to: the next after `position`, or the one before, which is the current one unless it has just begun.
function chapterBeside(chapters, position, forward) {
  return forward ? chapters.find(({ Begin }) => Begin > position)
    : chapters.filter(({ Begin }) => Begin < position - 2).pop() || chapters[0];
}

// Follows the markers of the current item, and puts markers and chapters where controls look for them: into text
// tracks of the kinds "metadata" (labelled "markers") and "chapters".
class Timeline {
  constructor(player, positions, tell) {
    Object.assign(this, { player, positions, tell, inside: new Set(), markers: [], given: [], chapters: [], last: -1, jumped: false, tracks: {} });
    player.addEventListener("seeking", () => { this.jumped = true; });
    for (const event of ["timeupdate", "seeked", "playing"]) player.addEventListener(event, () => this.look());
    player.addEventListener("loadedmetadata", () => this.show());
  }

  // Another item.
  set(item) {
    this.markers = timelineOf(listed(item, "Marker"));
    this.given = timelineOf(listed(item, "Chapter"));
    this.chapters = this.given;
    this.inside.clear();
    this.last = -1;
    this.jumped = false;
    this.show();
  }

  // A chapter of the presentation itself.
  add(chapter) {
    this.chapters = timelineOf([...this.chapters.filter(({ Begin }) => Begin !== chapter.Begin), chapter]);
  }

  look() {
    if (this.player.readyState < 1) return;
    const { now } = this.positions;
    const jumped = this.jumped;
    this.jumped = this.player.seeking;
    for (const [event, marker, into] of crossings(this.markers, this.inside, this.last, now, jumped)) {
      this.tell(event, marker, { SkippedInto: Boolean(into) });
    }
    this.last = now;
  }

  show() {
    const seekable = this.markers.filter(({ AllowSeek }) => AllowSeek !== false);
    this.fill("metadata", "markers", seekable.map((one) => [one, one.Content || one.Id]));
    this.fill("chapters", "", this.given.map((one) => [one, one.Title]));
  }

  fill(kind, label, entries) {
    let track = this.tracks[kind];
    if (!track && !entries.length) return;
    track = this.tracks[kind] = track || this.player.addTextTrack(kind, label);
    track.mode = "hidden";
    while (track.cues.length) track.removeCue(track.cues[0]);
    const { origin, end } = this.positions;
    entries.forEach(([{ Begin, End, Id }, text], i) => {
      // A chapter lasts to the next one; a marker without a duration just long enough to be seen.
      const next = kind === "chapters" ? (entries[i + 1] ? entries[i + 1][0].Begin : end) : Begin + 0.25;
      const cue = new VTTCue(Begin + origin, Math.max(End > Begin ? End : next, Begin) + origin, text);
      cue.id = Id;
      track.addCue(cue);
    });
  }
}
