// What pages reach by document.getElementById(id).Content.<scriptablename>: SMF's JavascriptBridge.

const PLAY_STATES = { Closed: 0, Opening: 1, Buffering: 2, Playing: 3, Paused: 4, Stopped: 5, Individualizing: 6,
  AcquiringLicense: 7, ClipPlaying: 100 };
const REPLAY_SECONDS = 5;

// Puts SMF's behaviour on a player. `settings` are those of readSettings; `onError` is called for what is fatal. Returns the
// scripts' object, and what to call once the player is gone.
function bridge(player, settings, onError) {
  const heard = [];
  // What happened before the page had loaded is told to those who listen from onload on.
  const early = new Map();
  let settled = document.readyState === "complete";
  if (!settled) window.addEventListener("load", () => setTimeout(() => { settled = true; }), { once: true });

  const call = (act, args) => {
    try {
      act.call(it, it, args);
    } catch (error) {
      // A page's fault is the page's.
      setTimeout(() => { throw error; });
    }
  };
  const tell = (event, Result, more) => {
    const args = { Result, ...more };
    if (!settled) early.set(event.toLowerCase(), args);
    if (typeof it[event] === "function") call(it[event], args);
    for (const [wanted, act] of heard.slice()) if (wanted === event.toLowerCase()) call(act, args);
  };

  const positions = new Positions(player, settings.IsStartPositionOffset);
  const playlist = new Playlist(player, settings, tell);
  const timeline = new Timeline(player, positions, tell);
  const speed = new PlaySpeed(player, positions, tell);
  let [stopped, told, volume, position, exceeded] = [false, "Closed", player.volume, NaN, false];

  const state = () => (player.error || !player.hasAttribute("src") ? "Closed" : player.readyState < 1 ? "Opening" : stopped ? "Stopped"
    : player.paused ? "Paused" : player.readyState < 3 ? "Buffering" : "Playing");
  const update = () => {
    if (told === state()) return;
    told = state();
    tell("PlayStateChanged", told);
  };

  const it = {
    Name: settings.ScriptableName,
    get PlaybackPositionSeconds() { return positions.now; },
    get StartPositionSeconds() { return positions.start; },
    get EndPositionSeconds() { return positions.end; },
    get LivePositionSeconds() { return positions.live ? positions.end : null; },
    get PlaybackPositionText() { return timeText(positions.now); },
    get StartPositionText() { return timeText(positions.start); },
    get EndPositionText() { return timeText(positions.end); },
    get PlayState() { return PLAY_STATES[state()]; },
    get PlaySpeedState() { return speed.state; },
    get RetryState() { return retry.state; },
    get IsMediaLive() { return positions.live; },
    get IsPositionLive() { return positions.atLive; },

    get IsControlStripVisible() { return player.controls; },
    set IsControlStripVisible(on) { player.controls = Boolean(on); },
    get IsMuted() { return player.muted; },
    set IsMuted(on) { player.muted = Boolean(on); },

    Play() {
      speed.normal();
      if (playlist.index < 0) {
        settings.AutoPlay = true;
        playlist.go(0);
      } else {
        if (player.error) player.load();
        player.play().catch(() => {});
      }
    },
    Pause() {
      speed.normal();
      player.pause();
    },
    // A broadcast cannot be stopped, only paused.
    Stop() {
      it.Pause();
      retry.cancel();
      if (positions.live || player.readyState < 1) return;
      stopped = true;
      player.currentTime = positions.first;
      update();
    },
    SeekToPosition(seconds) { positions.seek(seconds); },
    SeekToLive() { if (positions.live && (player.paused || !positions.atLive)) player.seekToLive(); },
    Replay() {
      positions.seek(Math.max(positions.start, positions.now - REPLAY_SECONDS));
      if (player.paused) it.Play();
    },
    StartFastForward() { speed.forward(); },
    StopFastForward() { speed.normal(); },
    StartRewind() { speed.rewind(); },
    StopRewind() { speed.normal(); },
    StartSlowMotion() { speed.slow(); },
    StopSlowMotion() { speed.normal(); },
    GetVolume: () => player.volume,
    SetVolume(level) { player.volume = Math.min(1, Math.max(0, Number(level) || 0)); },

    SetPlaylist(list) { playlist.set(listed(list, "PlaylistItem")); },
    GetCurrentPlaylistIndex: () => playlist.index,
    GoToPlaylistItem(index) { playlist.go(index); },
    GoToNextPlaylistItem() { playlist.next(); },
    GoToPreviousPlaylistItem() { playlist.previous(); },
    GoToChapterItem(index) { toChapter(timeline.chapters[index]); },
    GoToNextChapter() { toChapter(chapterBeside(timeline.chapters, positions.now, true)); },
    GoToPreviousChapter() { toChapter(chapterBeside(timeline.chapters, positions.now, false)); },

    CreatePlaylist: makePlaylist,
    CreatePlaylistItem: (MediaSource = "", ThumbSource = "", Title = "", Description = "") => makeItem({ MediaSource, ThumbSource, Title, Description }),
    CreateMarker: makeMarker,
    CreateChapter: makeChapter,
    CreateMetadataCollection: makeMetadata,
    CreateMetadataItem: makeMetadataItem,
    SecondsToText: timeText,
    // There is nothing that could run a .xap.
    BeginAddExternalPlugins(url) { setTimeout(() => tell("AddExternalPluginsFailed", `${url}: plug-ins for Silverlight do not run here`)); },

    addEventListener(event, act) {
      event = String(event).toLowerCase();
      heard.push([event, act]);
      if (!settled && early.has(event)) setTimeout(call, 0, act, early.get(event));
    },
    removeEventListener(event, act) {
      const at = heard.findIndex(([one, other]) => one === String(event).toLowerCase() && other === act);
      if (at >= 0) heard.splice(at, 1);
    },
  };
  for (const name of ["StartMuted", "AutoLoad", "AutoPlay", "EnableCachedComposition", "ContinuousPlay", "RetryDurationSeconds",
    "RetryIntervalSeconds", "EstimatedLiveDurationSeconds"]) {
    Object.defineProperty(it, name, { enumerable: true, get: () => settings[name], set: (value) => { settings[name] = value; } });
  }
  const toChapter = (chapter) => { if (chapter) positions.seek(chapter.Begin); };

  const on = (events, act) => { for (const event of events.split(" ")) player.addEventListener(event, act); };
  on("loadstart emptied loadedmetadata canplay playing pause waiting seeking seeked ended error playlistchange", update);
  on("play", () => { stopped = false; update(); });
  on("playlistchange", () => timeline.set(playlist.current));
  on("loadedmetadata", () => {
    tell("MediaOpened");
    const { StartPosition } = playlist.current || {};
    // The attribute `start` counts from the start, and a file that the browser plays by itself knows none.
    if (StartPosition && (player.progressive || !settings.IsStartPositionOffset)) positions.seek(StartPosition);
  });
  on("seeked", () => tell("SeekCompleted"));
  on("timeupdate seeked", () => {
    if (position === positions.now) return;
    position = positions.now;
    tell("PlaybackPositionChanged", position);
  });
  on("volumechange", () => {
    if (volume === player.volume) return;
    volume = player.volume;
    tell("VolumeLevelChanged", volume);
  });
  on("liveedge", () => {
    tell("TimelineChanged");
    if (exceeded || !settings.EstimatedLiveDurationSeconds || positions.end <= settings.EstimatedLiveDurationSeconds) return;
    exceeded = true;
    tell("EstimatedLiveDurationExceeded");
  });
  // Before the retries of the same error, which may load another item.
  on("error", (event) => {
    const { detail = {} } = event;
    tell("MediaFailed", [detail.message, detail.remedy].filter(Boolean).join(" "));
    if (onError) onError(detail);
  });
  const retry = new Retry(player, positions, playlist, settings, tell);
  let full = false;
  const gone = new AbortController();
  const { signal } = gone;
  document.addEventListener("fullscreenchange", () => {
    const shown = document.fullscreenElement;
    if (full === Boolean(shown && shown.contains(player))) return;
    full = !full;
    tell("FullScreenChanged");
  }, { signal });
  const exit = () => {
    retry.cancel();
    speed.normal();
    tell("ApplicationExit");
    gone.abort();
  };
  window.addEventListener("pagehide", () => tell("ApplicationExit"), { signal });
  streams(player, it, positions, tell, signal);
  data(player, it, positions, timeline, tell);
  keys(player);
  player.playlist = playlist;
  return { it, exit };
}
