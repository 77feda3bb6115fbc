// One publishing point: what comes in, who asks, and everything to copy.

function detailsView(main, path) {
  let point = null;
  const title = h("h1");
  const state = stateLabel();
  const under = h("span", { className: "mono" }, path);
  const event = h("span");
  const buttons = h("div", { className: "row detail-actions" });
  const tiles = detailTiles();
  const streams = h("div", { className: "stack" });
  const nothing = h("section", { className: "card" }, h("p", { className: "quiet" }));
  const sources = peerList("Sources", "No encoder is connected.");
  const sinks = peerList("Destinations", "Nobody has asked yet.");
  const addresses = addressCard();
  const preview = previewCard();
  const archive = pairsCard("Archive");
  const options = pairsCard("Options");
  const content = h("div", { className: "columns" },
    h("div", { className: "stack" }, streams, nothing, sources.element, sinks.element),
    h("div", { className: "stack" }, preview.element, addresses.element, archive.element, options.element));
  main.replaceChildren(
    h("a", { className: "back", href: "#/" }, icon("back"), "Publishing points"),
    h("div", { className: "head" },
      h("div", { className: "grow" }, title, h("p", { className: "under" }, state.element, under, event)),
      buttons),
    tiles.element, content);

  const cards = new Map();
  const showStreams = (list) => {
    const keys = new Set(list.map(streamKey));
    for (const [key, card] of cards) {
      if (!keys.has(key)) { card.element.remove(); cards.delete(key); }
    }
    list.forEach((stream, at) => {
      const key = streamKey(stream);
      if (!cards.has(key)) cards.set(key, streamCard(stream));
      const card = cards.get(key);
      card.show(stream);
      if (streams.children[at] !== card.element) streams.insertBefore(card.element, streams.children[at] || null);
    });
    streams.hidden = list.length === 0;
    nothing.hidden = list.length > 0;
    say(nothing.firstChild, NOTHING[point.state] || "Nothing is being broadcast.");
  };
  const showButtons = () => {
    const shown = [...(POSSIBLE[point.state] || []), "edit"].join();
    if (buttons.dataset.shown === shown) return;
    const focused = buttons.contains(document.activeElement);
    buttons.dataset.shown = shown;
    buttons.replaceChildren(
      ...(POSSIBLE[point.state] || []).map((name) => h("button", { type: "button", className: name === "start" ? "primary" : "",
        onclick: async () => { await act(point, name); refresh(); } }, ACTIONS[name].icon ? icon(ACTIONS[name].icon) : "", ACTIONS[name].label)),
      h("button", { type: "button", onclick: () => openEditor(path) }, "Edit"),
      menuButton("More actions", () => pointMenu(point, []).slice(-1)));
    if (focused) buttons.querySelector("button").focus();
  };

  const load = async () => {
    const [shown, statistics] = await Promise.all([api.show(path), api.statistics(path)]);
    point = shown.value;
    const now = statistics.value;
    document.title = `${nameOf(point)} · Silverlane`;
    say(title, nameOf(point));
    state.show(point.state);
    say(event, point.lastError || (point.event ? `event ${point.event}` : ""));
    showButtons();
    tiles.show(now);
    showStreams(now.streams);
    sources.show(now.sources.map((source) => [source.address, `${source.kind} · ${source.stream}`,
      source.since ? `${clock(Math.max(0, Date.now() - source.since) / 1000)} · ${bytes(source.bytes)}` : "waited for"]));
    sinks.show(now.outputs.map((output) => [output.name, `${plural(output.requests, "request")} · ${bytes(output.bytes)}`, `${round(output.perSecond, 1)} /s`]));
    addresses.show(point);
    preview.show(point);
    archive.show(archivePairs(now.archive));
    options.show(optionPairs(point.settings));
  };
  return { load, close: preview.close };
}

const NOTHING = {
  Idle: "The publishing point is not started: encoders and viewers are sent away.",
  Starting: "Waiting for the first stream. Start the encoder with the address for encoders.",
  Stopped: "The broadcast ended before anything was sent.",
};

const streamKey = (stream) => `${stream.kind} ${stream.name}`;

function detailTiles() {
  const tile = (label, spark) => {
    const figure = h("span", { className: "figure" });
    const curve = spark ? sparkline(92, 30) : null;
    const note = h("span", { className: "note" });
    const element = h("div", { className: "card tile" }, h("dt", {}, label), h("dd", {}, figure, curve && curve.svg), h("dd", {}, note));
    const show = (value, unit, text, values, bad) => {
      if (figure.dataset.text !== `${value} ${unit}`) {
        figure.dataset.text = `${value} ${unit}`;
        figure.replaceChildren(value, h("small", {}, unit));
      }
      say(note, text);
      note.title = text;
      note.classList.toggle("bad", Boolean(bad));
      if (curve) curve.show(values);
    };
    return { element, show };
  };
  const [incoming, requests, window, archive] = [tile("Incoming", true), tile("Requests", true), tile("On the air"), tile("Archive")];
  const element = h("dl", { className: "tiles" }, incoming.element, requests.element, window.element, archive.element);
  const show = (now) => {
    const tracks = now.streams.flatMap((stream) => stream.tracks);
    const encoded = tracks.reduce((sum, track) => sum + track.encodedBitsPerSecond, 0);
    incoming.show(...bitrate(now.incoming.bitsPerSecond), `${rate(encoded)} encoded, ${plural(tracks.length, "track")}`, now.incoming.history);
    requests.show(round(now.requests.perSecond, 1), "/s", `${plural(now.requests.total, "request")} so far`, now.requests.history);
    window.show(clock(now.window.seconds), "", now.window.limit ? `window of ${clock(now.window.limit)}` : "the entire event", []);
    const { state, bytes: size, message } = now.archive;
    archive.show(state === "off" ? "Off" : bytes(size), "", message || { writing: "recording", sealed: "complete", idle: "ready" }[state] || "not archived", [], state === "failing");
  };
  return { element, show };
}

// A stream with its tracks.
function streamCard(stream) {
  const about = h("span", { className: "soft" });
  const body = h("tbody");
  const columns = ["Track", "Encoded bit rate", "Incoming bit rate", "Request rate", "Fragment timestamp", "Fragment duration"];
  const heading = { video: "Video", audio: "Audio", text: "Text" }[stream.kind] || stream.kind;
  const element = h("section", { className: "card" },
    h("div", { className: "title" }, h("h2", {}, heading), h("span", { className: "tag mono" }, stream.name),
      stream.language && stream.language !== "und" && h("span", { className: "tag" }, stream.language), about),
    h("table", { className: "tracks" }, h("caption", { className: "off" }, `Tracks of ${stream.name}`),
      h("thead", {}, h("tr", {}, columns.map((text) => h("th", { scope: "col" }, text)))), body));
  const rows = new Map();
  const show = (now) => {
    say(about, plural(now.chunks, "chunk"));
    const keys = new Set(now.tracks.map(trackKey));
    for (const [key, row] of rows) if (!keys.has(key)) { row.element.remove(); rows.delete(key); }
    for (const track of now.tracks) {
      const key = trackKey(track);
      if (!rows.has(key)) {
        rows.set(key, trackRow(track, now));
        body.append(rows.get(key).element);
      }
      rows.get(key).show(track, now);
    }
  };
  return { element, show };
}

const trackKey = (track) => `${track.encodedBitsPerSecond} ${track.width}x${track.height} ${track.codec}`;

function trackRow(track, stream) {
  const odd = h("span", { className: "odd" });
  const incoming = metric(70, 18);
  const requests = metric(70, 18);
  const [timestamp, duration] = [h("span"), h("span")];
  const what = track.width ? `${track.width} × ${track.height}` : track.label || stream.name;
  const cell = (label, ...children) => h("td", { "data-label": label }, ...children);
  const element = h("tr", {},
    h("td", { "data-label": "Track", className: "who" }, h("span", { className: "what" }, what), h("span", { className: "codec mono" }, track.codec), odd),
    cell("Encoded bit rate", rate(track.encodedBitsPerSecond)),
    cell("Incoming bit rate", incoming.element),
    cell("Request rate", requests.element),
    cell("Fragment timestamp", timestamp),
    cell("Fragment duration", duration));
  const show = (now, of) => {
    incoming.show(rate(now.incoming.bitsPerSecond), now.incoming.history);
    requests.show(`${round(now.requests.perSecond, 1)} /s`, now.requests.history);
    const last = now.last;
    say(timestamp, last ? mediaTime(last.time / of.timescale) : "–");
    timestamp.title = last ? `${last.time} ticks of ${of.timescale} a second` : "";
    say(duration, last ? `${round(last.duration / of.timescale, 2)} s` : "–");
    say(odd, oddities(now.fragments));
  };
  return { element, show };
}

// What an operator should know of a track, as words.
function oddities(counts) {
  const words = [["duplicates", "duplicate"], ["gaps", "gap"], ["late", "late fragment"], ["conflicts", "conflict"],
    ["unaligned", "unaligned fragment"], ["restarts", "encoder restart"]];
  return words.filter(([key]) => counts[key] > 0).map(([key, word]) => plural(counts[key], word)).join(", ");
}

function peerList(label, none) {
  const list = h("ul", { className: "peers" });
  const empty = h("p", { className: "soft" }, none);
  const element = h("section", { className: "card" }, h("h2", {}, label), h("div", { className: "body" }, list, empty));
  const show = (entries) => {
    empty.hidden = entries.length > 0;
    list.hidden = !entries.length;
    entries.forEach((texts, at) => {
      const item = list.children[at] || list.appendChild(h("li", {}, h("b"), h("span", { className: "number" }), h("span", { className: "soft" })));
      const [name, about, figure] = texts;
      [name, figure, about].forEach((text, part) => say(item.children[part], text));
    });
    while (list.children.length > entries.length) list.lastChild.remove();
  };
  return { element, show };
}

function pairsCard(label) {
  const list = h("dl", { className: "pairs" });
  const element = h("section", { className: "card" }, h("h2", {}, label), h("div", { className: "body" }, list));
  const show = (pairs) => {
    const text = JSON.stringify(pairs);
    if (list.dataset.text === text) return;
    list.dataset.text = text;
    list.replaceChildren(...pairs.flatMap(([name, value, className]) => [h("dt", {}, name), h("dd", { className: className || "" }, value)]));
  };
  return { element, show };
}

function archivePairs(archive) {
  if (archive.state === "off") return [["State", "Off"]];
  const pairs = [["State", ARCHIVE[archive.state] || archive.state]];
  if (archive.bytes) pairs.push(["Size", bytes(archive.bytes)]);
  if (archive.path) pairs.push(["Folder", archive.path, "mono"]);
  if (archive.message) pairs.push(["Trouble", archive.message]);
  return pairs;
}

function optionPairs(settings) {
  const yes = (value) => (value ? "Yes" : "No");
  return [
    ["Live source", settings.sourceType],
    ["Estimated duration", settings.estimatedDuration ? span(settings.estimatedDuration) : "Unknown"],
    ["Start on first request", yes(settings.autoStart)],
    ["Restart on reconnect", yes(settings.autoRestartOnEncoderReconnect)],
    ["Lookahead fragments", String(settings.lookAheadChunks)],
    ["Client connections", yes(settings.clientConnections)],
    ["Server connections", yes(settings.serverConnections)],
    ["Apple output", yes(settings.appleOutput)],
  ];
}
