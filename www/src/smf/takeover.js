// Pages of the Silverlight Media Framework: their <object> or <embed> becomes a <smooth-player> with its settings.

const SILVERLIGHT = /application\/x-silverlight|DFEAF541-F3E1-4c24-ACAC-99C30715084A/i;

// Parameters by lower-case name: children of an object, attributes of an embed.
function readParams(element) {
  const found = {};
  for (const { name, value } of element.attributes) found[name.toLowerCase()] = value;
  for (const { name, value } of element.querySelectorAll("param")) found[name.toLowerCase()] = value;
  return found;
}

// What only SMF's players are given: other programs are left alone.
const isPlayer = (init) => Boolean(init.mediaurl || init.playersettings || init.scriptablename);

// All settings of a page, with SMF's defaults.
function readSettings(init) {
  const xml = (!init.mediaurl && init.playersettings && readPlayerSettings(init.playersettings)) || { items: [] };
  const { items } = xml;
  if (init.mediaurl) {
    items.push(makeItem({ MediaSource: init.mediaurl, ThumbSource: init.thumbnailurl || "", JumpToLive: true,
      DeliveryMethod: init.deliverymethod || "AdaptiveStreaming", SelectedCaptionStreamName: init.selectedcaptionstream || "" }));
  }
  const or = (value, otherwise) => (value === undefined ? otherwise : value);
  return { items, Title: init.title || "", ScriptableName: init.scriptablename || "",
    AutoLoad: or(xml.AutoLoad, true), AutoPlay: readFlag(init.autoplay, or(xml.AutoPlay, true)), StartMuted: or(xml.StartMuted, false),
    EnableCachedComposition: or(xml.EnableCachedComposition, false), EnableCaptions: or(xml.EnableCaptions, true),
    IsStartPositionOffset: readFlag(init.isstartpositionoffset, true), ContinuousPlay: false,
    PlayerGraphVisibility: readVisibility(init.playergraphvisibility, "Disabled"),
    RetryDurationSeconds: 0, RetryIntervalSeconds: 10, EstimatedLiveDurationSeconds: 0 };
}

// What took an object's place, and what to call once it is gone from the page.
const players = new Map();

function replace(element) {
  const params = readParams(element);
  const init = readInitParams(params.initparams || "");
  if (!isPlayer(init)) return;
  const settings = readSettings(init);
  settings.Title = settings.Title || element.title;
  if (!window.MediaSource && !window.ManagedMediaSource && !document.createElement("video").canPlayType("application/vnd.apple.mpegurl")) {
    if (settings.items.length) element.replaceWith(hlsLink(settings.items[0]));
    return;
  }
  const player = document.createElement("smooth-player");
  for (const name of ["id", "name", "class", "style", "tabindex", "width", "height"]) {
    if (element.hasAttribute(name)) player.setAttribute(name, element.getAttribute(name));
  }
  // What the page's script has hung on it.
  for (const key of Object.keys(element)) player[key] = element[key];
  if (settings.StartMuted) player.setAttribute("muted", "");
  if (settings.PlayerGraphVisibility === "Visible") player.setAttribute("figures", "");
  if (init.pluginurl) console.info(`${init.pluginurl}: plug-ins for Silverlight do not run here`);
  element.replaceWith(player);

  const page = (name) => (typeof window[params[name]] === "function" ? window[params[name]] : null);
  // As the first argument of a page's handlers: getHost() is all that pages ask it.
  const sender = { getHost: () => player };
  sender.GetHost = sender.getHost;
  const { it, exit } = bridge(player, settings, (detail) => {
    const act = page("onerror");
    if (act) act(sender, silverlightError(detail, sender));
  });
  const { ScriptableName } = settings;
  // Of the old element as well: a script may have kept it.
  player.Content = player.content = element.Content = element.content = ScriptableName ? { [ScriptableName]: it } : {};
  players.set(player, exit);
  if (settings.items.length) player.playlist.set(settings.items);
  whenParsed(() => {
    if (ScriptableName && typeof window.onPlayerReady === "function") window.onPlayerReady(it);
  });
  whenParsed(() => {
    const act = page("onload");
    if (act) act(sender, { getHost: sender.getHost });
  });
}

// For a browser that can do nothing with it: another program on the device may.
function hlsLink({ MediaSource, Title }) {
  const link = document.createElement("a");
  link.href = appleUrl(String(MediaSource));
  link.textContent = Title || link.href;
  return link;
}

// Handlers look at the type first, and leave those of media to the player.
function silverlightError({ code, message = "" }, { getHost }) {
  const [ErrorType, ErrorCode] = code === "no-wasm" ? ["InitializeError", 2104]
    : /invalid|playable|decode|no-media|native/.test(code) ? ["MediaError", 3001] : ["MediaError", 4001];
  return { ErrorType, ErrorCode, ErrorMessage: message, errorType: ErrorType, errorCode: ErrorCode, errorMessage: message, getHost };
}

// The page's functions may stand below its object.
function whenParsed(act) {
  if (document.readyState !== "loading") setTimeout(act);
  else document.addEventListener("DOMContentLoaded", act, { once: true });
}

// Whether the parser has left the element: until then parameters may follow.
function isWhole(element) {
  if (document.readyState !== "loading") return true;
  for (let node = element; node; node = node.parentNode) if (node.nextSibling) return true;
  return false;
}

// Silverlight.js asks whether the plug-in is installed before it makes an object: yes, for players. To pages that ask
// themselves the answer is yes if our script's element says so: <script data-silverlight="installed">.
function hookSilverlightJs() {
  const script = document.currentScript;
  const always = Boolean(script && script.dataset.silverlight === "installed");
  let ours = always;
  const wrap = (owner, name, wrapper) => {
    let made = owner[name];
    Object.defineProperty(owner, name, { configurable: true, enumerable: true, get: () => made && wrapper(made), set: (value) => { made = value; } });
  };
  const hook = (it) => {
    if (!it || typeof it !== "object") return;
    wrap(it, "isInstalled", (made) => (version) => ours || made.call(it, version));
    wrap(it, "createObject", (made) => function (...args) {
      ours = always || isPlayer(readInitParams(String(args[5] || (args[3] && args[3].initParams) || "")));
      try {
        return made.apply(this, args);
      } finally {
        ours = always;
      }
    });
  };
  let silverlight = window.Silverlight;
  hook(silverlight);
  Object.defineProperty(window, "Silverlight", { configurable: true, enumerable: true, get: () => silverlight, set(value) {
    silverlight = value;
    hook(value);
  } });
}

function takeOver() {
  // Live lists: looking costs nothing while there is none of them.
  const lists = ["object", "embed"].map((name) => document.getElementsByTagName(name));
  const scan = () => {
    for (const list of lists) {
      for (const element of [...list]) {
        const { type, data, classid } = readParams(element);
        if (SILVERLIGHT.test([type, data, classid]) && element.isConnected && isWhole(element)) replace(element);
      }
    }
    for (const [player, exit] of players) {
      if (player.isConnected || !players.delete(player)) continue;
      exit();
    }
  };
  hookSilverlightJs();
  scan();
  // Objects that come later, from the parser or from the page's own script.
  new MutationObserver(scan).observe(document, { childList: true, subtree: true });
  for (const event of ["DOMContentLoaded", "load"]) window.addEventListener(event, scan, { once: true });
}
