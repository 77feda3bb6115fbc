// Pages of the Silverlight Media Framework: their <object> becomes a <smooth-player> with its settings.

// "key=value,key=value", split at the first "="; keys in any letter case. A comma inside an address is
// tolerated: what does not begin with a word and "=" belongs to the value before it.
function readInitParams(text) {
  const found = {};
  let last = null;
  for (const piece of text.split(",")) {
    const match = /^\s*([a-z]+)\s*=([^]*)$/i.exec(piece);
    if (match) {
      last = match[1].toLowerCase();
      found[last] = match[2].trim();
    } else if (last) {
      found[last] += `,${piece.trim()}`;
    }
  }
  return found;
}

const isTrue = (text, otherwise) => (/^(true|false)$/i.test(text || "") ? /^true$/i.test(text) : otherwise);

function replaceObject(object) {
  const param = [...object.querySelectorAll("param")].find((one) => /^initparams$/i.test(one.name));
  const settings = readInitParams((param && param.value) || object.getAttribute("initparams") || "");
  if (!settings.mediaurl) return;
  const player = document.createElement("smooth-player");
  for (const name of ["id", "class", "style", "title", "tabindex", "width", "height"]) {
    if (object.hasAttribute(name)) player.setAttribute(name, object.getAttribute(name));
  }
  if (settings.title) {
    player.title = settings.title;
    player.setAttribute("aria-label", settings.title);
  }
  if (settings.thumbnailurl) player.setAttribute("poster", settings.thumbnailurl);
  if (settings.selectedcaptionstream) player.setAttribute("captions", settings.selectedcaptionstream);
  if (isTrue(settings.autoplay, true)) player.setAttribute("autoplay", "");
  if (/^visible$/i.test(settings.playergraphvisibility || "")) player.setAttribute("figures", "");
  player.progressive = /^progressivedownload$/i.test(settings.deliverymethod || "");
  player.setAttribute("src", settings.mediaurl);
  object.replaceWith(player);
  if (settings.scriptablename) bridge(player, settings.scriptablename, isTrue(settings.isstartpositionoffset, true));
}

// What pages reach by document.getElementById(id).Content.<scriptablename>.
function bridge(player, name, offset) {
  const start = () => (player.seekable.length ? player.seekable.start(0) : 0);
  const shift = () => (offset ? start() : 0);
  const states = { Closed: 0, Opening: 1, Buffering: 2, Playing: 3, Paused: 4, Stopped: 5 };
  const state = () => (player.failure || !player.src ? "Closed" : player.readyState < 1 ? "Opening" : player.ended ? "Stopped"
    : player.paused ? "Paused" : player.readyState < 3 ? "Buffering" : "Playing");
  const end = () => (player.edge ? player.edge.target : player.duration || 0);
  const heard = [];
  const it = {
    Name: name,
    Play() { player.play().catch(() => {}); },
    Pause() { player.pause(); },
    Stop() { player.pause(); },
    SeekToPosition(seconds) { player.currentTime = Number(seconds) + shift(); },
    SeekToLive() { player.seekToLive(); },
    Replay() {
      player.currentTime = Math.max(start(), player.currentTime - 5);
      it.Play();
    },
    GetVolume: () => player.volume,
    SetVolume(volume) { player.volume = Math.min(1, Math.max(0, Number(volume))); },
    SecondsToText: (seconds) => clock(seconds),
    SelectCaptionStream(caption) { player.selectCaptions(caption); },
    addEventListener(event, act) { heard.push([event, act]); },
    removeEventListener(event, act) {
      const at = heard.findIndex(([one, other]) => one === event && other === act);
      if (at >= 0) heard.splice(at, 1);
    },
  };
  const getters = {
    PlaybackPositionSeconds: () => player.currentTime - shift(),
    StartPositionSeconds: () => start() - shift(),
    EndPositionSeconds: () => end() - shift(),
    PlayState: () => states[state()],
    AvailableCaptionStreams: () => (player.facts ? player.facts.streams : []).filter((stream) => stream.kind === "text")
      .map((stream) => ({ Name: stream.name, Language: stream.language })),
  };
  for (const [key, get] of Object.entries(getters)) Object.defineProperty(it, key, { get });
  for (const key of ["PlaybackPosition", "StartPosition", "EndPosition"]) {
    Object.defineProperty(it, `${key}Text`, { get: () => clock(it[`${key}Seconds`]) });
  }
  Object.defineProperty(it, "IsMuted", { get: () => player.muted, set: (on) => { player.muted = Boolean(on); } });
  const tell = (event, result) => {
    for (const [wanted, act] of heard.slice()) if (wanted.toLowerCase() === event.toLowerCase()) act(it, { Result: result });
  };
  const pass = { loadedmetadata: ["MediaOpened"], ended: ["MediaEnded"], seeked: ["SeekCompleted"],
    timeupdate: ["PlaybackPositionChanged", () => it.PlaybackPositionSeconds], volumechange: ["VolumeLevelChanged", () => player.volume],
    error: ["MediaFailed", (event) => event.detail.message] };
  for (const [event, [told, result]] of Object.entries(pass)) player.addEventListener(event, (e) => tell(told, result && result(e)));
  for (const event of ["playing", "pause", "waiting", "ended"]) player.addEventListener(event, () => tell("PlayStateChanged", state()));
  player.Content = { [name]: it };
  if (typeof window.onPlayerReady === "function") window.onPlayerReady(it);
}

function takeOver() {
  const scan = () => document.querySelectorAll('object[type^="application/x-silverlight-2" i]').forEach(replaceObject);
  scan();
  if (document.readyState === "complete") return;
  // Objects that come later, from the parser or from the page's own script.
  const observer = new MutationObserver(scan);
  observer.observe(document, { childList: true, subtree: true });
  window.addEventListener("load", () => {
    scan();
    // Time for what the page itself does on load.
    setTimeout(() => observer.disconnect(), 1000);
  }, { once: true });
}
