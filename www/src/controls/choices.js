// What a viewer can choose from: lists of { label, note, on, act }.

function qualityChoices(player, say) {
  const { renditions } = player;
  const active = [...renditions].find((rendition) => rendition.active);
  const levels = [...renditions].map((level, i) => ({ label: quick(level), note: rate(level.bitrate),
    on: renditions.selectedIndex === i, act: () => { renditions.selectedIndex = i; } }));
  if (levels.length < 2) return [];
  return [{ label: say("Auto"), note: active ? quick(active) : "", on: renditions.selectedIndex < 0,
    act: () => { renditions.selectedIndex = -1; } }, ...levels.reverse()];
}

function soundChoices(player, lang) {
  const tracks = [...player.audioTracks];
  if (tracks.length < 2) return [];
  return tracks.map((track) => ({ label: languageName(track.language, lang) || track.label, note: languageName(track.language, lang) && track.label,
    on: track.enabled, act: () => { track.enabled = true; } }));
}

// Of the presentation; of a file, the tracks that the page gave.
function captionChoices(player, lang) {
  const tracks = [...player.textTracks].filter(({ kind }) => kind === "captions" || kind === "subtitles");
  if (!player.facts) {
    return tracks.map((track) => ({ label: track.label || languageName(track.language, lang), note: "", on: track.mode === "showing",
      act: (on) => { for (const one of tracks) one.mode = on && one === track ? "showing" : "disabled"; } }));
  }
  const shown = (name) => tracks.some((track) => track.mode === "showing" && track.label === name);
  return player.facts.streams.filter(({ kind }) => kind === "text").map(({ name, language }) => ({
    label: languageName(language, lang) || name, note: languageName(language, lang) && name, language, on: player.captions === name || shown(name),
    act: (on) => player.selectCaptions(on ? name : null),
  }));
}

const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

// At the live edge there is nothing to play faster.
function speedChoices(player, say, live) {
  return RATES.filter((speed) => speed <= 1 || !live)
    .map((speed) => ({ label: speed === 1 ? say("Normal") : `${speed}×`, note: speed < 1 && speed === RATES[0] ? say("Slow motion") : "",
      on: Math.abs(player.playbackRate - speed) < 0.12, act: () => { player.playbackRate = speed; } }));
}

// The first track of a kind that holds something: the page's, the presentation's, or those of a Silverlight page's script.
function cuesOf(player, kind, label) {
  const fits = (track) => track.kind === kind && (!label || track.label === label) && track.cues && track.cues.length;
  const track = [...player.textTracks].find(fits);
  return track ? [...track.cues] : [];
}

const plain = (cue) => cue.text.replace(/<[^>]*>/g, "");

function chapterChoices(player) {
  const now = player.currentTime;
  return cuesOf(player, "chapters").map((cue) => ({ label: plain(cue), note: clock(cue.startTime), on: cue.startTime <= now && now < cue.endTime,
    act: () => { player.currentTime = cue.startTime; } }));
}
