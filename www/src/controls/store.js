// What Media Chrome is told of the player, and what becomes of what it asks for: its own mediator, less what is shown
// otherwise here (renditions, sounds, errors), and with a broadcast's window, live edge and captions as the player knows them.

const STATES = ["mediaPaused", "mediaHasPlayed", "mediaEnded", "mediaPlaybackRate", "mediaMuted", "mediaVolume", "mediaVolumeLevel",
  "mediaCurrentTime", "mediaDuration", "mediaLoading", "mediaBuffered", "mediaStreamType", "mediaTargetLiveWindow", "mediaIsPip",
  "mediaIsFullscreen", "mediaIsAirplaying", "mediaFullscreenUnavailable", "mediaPipUnavailable", "mediaVolumeUnavailable",
  "mediaAirplayUnavailable", "mediaLang"];

function storeOf(player, words, previewed) {
  const { createMediaStore, stateMediator, requestMap } = CHROME;
  const states = Object.fromEntries(STATES.map((name) => [name, stateMediator[name]]));
  states.mediaSeekable = {
    get: () => windowOf(player),
    mediaEvents: ["loadedmetadata", "durationchange", "emptied", "progress", "liveedge", "streamtypechange"],
  };
  states.mediaTimeIsLive = {
    get: () => !player.behind,
    mediaEvents: ["playing", "pause", "timeupdate", "seeked", "liveedge", "emptied"],
  };
  const captions = () => captionChoices(player, words.lang);
  const listed = (list) => list.map(({ label, language }) => ({ kind: "captions", label, language }));
  states.mediaSubtitlesList = {
    get: () => listed(captions()), mediaEvents: ["streamtypechange", "emptied"], textTracksEvents: ["addtrack", "removetrack"],
  };
  states.mediaSubtitlesShowing = {
    get: () => listed(captions().filter((one) => one.on)), mediaEvents: ["streamtypechange", "streamchange", "emptied"],
    textTracksEvents: ["addtrack", "removetrack", "change"],
  };
  // Cues come and go without an event: the list is made anew only if it is another.
  let chapters = [];
  states.mediaChaptersCues = {
    get: () => {
      const now = cuesOf(player, "chapters").map((cue) => ({ text: plain(cue), startTime: cue.startTime, endTime: cue.endTime }));
      if (JSON.stringify(now) !== JSON.stringify(chapters)) chapters = now;
      return chapters;
    },
    mediaEvents: ["loadedmetadata", "durationchange", "emptied", "timelinechange", "timeupdate"],
  };
  const preview = new Preview(player, previewed);
  const requests = {
    ...requestMap,
    mediapreviewrequest: (_, __, { detail }) => preview.at(detail, chapters),
    mediaseektoliverequest: () => { player.seekToLive(); },
    // Without a detail it is the viewer's; Media Chrome's own come when it leaves the page.
    mediatogglesubtitlesrequest: (_, __, { detail }) => { if (typeof detail !== "boolean") toggleCaptions(captions()); },
  };
  return createMediaStore({
    media: player, fullscreenElement: player, documentElement: document, stateMediator: states, requestMap: requests,
    options: { noVolumePref: true, noMutedPref: true, noSubtitlesLangPref: true, noAutoSeekToLive: true, mediaLang: words.lang },
  });
}

// Start and end of what can be sought, in seconds: of a broadcast, its DVR window.
function windowOf(player) {
  const { edge, seekable } = player;
  if (edge) return [edge.start, Math.max(edge.target, player.currentTime)].map((seconds) => Math.round(seconds * 1000) / 1000);
  return seekable.length ? [seekable.start(0), seekable.end(seekable.length - 1)] : undefined;
}

// Seconds behind the live position; two thresholds, or the button would flicker.
function lateness(player) {
  const { edge } = player;
  if (!edge) return 0;
  const late = edge.target - player.currentTime;
  if (!player.media.seeking) player.behind = late > (player.behind ? 2.7 : 3.3) + (player.paused ? 0 : 1);
  return player.behind ? late : 0;
}

function toggleCaptions(list) {
  const on = list.find((one) => one.on);
  if (on) return on.act(false);
  const wanted = navigator.language.split("-")[0];
  const one = list.find(({ language }) => (language || "").startsWith(wanted)) || list[0];
  if (one) one.act(true);
}
