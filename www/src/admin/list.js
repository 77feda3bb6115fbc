// The list of publishing points.

function listView(main) {
  const rows = new Map();
  const body = h("tbody");
  const table = h("div", { className: "card bare" }, h("table", { className: "points" },
    h("thead", {}, h("tr", {}, ["Publishing point", "State", "Incoming", "Requests", "Archive"].map((text) => h("th", { scope: "col" }, text)),
      h("th", { scope: "col" }, h("span", { className: "off" }, "Actions")))),
    body));
  const add = () => openEditor(null);
  const heading = h("div", { className: "head" }, h("h1", { className: "grow" }, "Publishing points"),
    h("button", { type: "button", className: "primary", onclick: add }, icon("plus"), "Add publishing point"));
  const empty = h("div", { className: "empty" }, antenna(), h("h1", {}, "No publishing points yet"),
    h("p", {}, "A publishing point is an address that an encoder sends to and viewers watch from. Each is one ",
      h("code", {}, ".isml"), " file on the server."),
    h("button", { type: "button", className: "primary", onclick: add }, icon("plus"), "Add publishing point"));
  document.title = "Publishing points · Silverlane";

  const update = (points) => {
    const shown = points.length ? [heading, table] : [empty];
    if (main.firstChild !== shown[0]) main.replaceChildren(...shown);
    const paths = new Set(points.map((point) => point.path));
    for (const [path, row] of rows) {
      if (!paths.has(path)) { row.element.remove(); rows.delete(path); }
    }
    points.forEach((point, at) => {
      if (!rows.has(point.path)) rows.set(point.path, listRow(point));
      const row = rows.get(point.path);
      row.show(point);
      if (body.children[at] !== row.element) body.insertBefore(row.element, body.children[at] || null);
    });
  };
  return { load: async () => update((await api.list()).value.points), close() {} };
}

function listRow(first) {
  let point = first;
  const name = h("a", { className: "name", href: `#/point${encodeURI(point.path)}` });
  const path = h("span", { className: "path" }, point.path);
  const state = stateLabel();
  const incoming = metric();
  const requests = metric();
  const health = h("span", { className: "health" });
  const large = h("button", { type: "button", className: "small", onclick: async () => { await act(point, large.dataset.action); refresh(); } });
  const menu = menuButton(`Actions for ${nameOf(point)}`, () => pointMenu(point, POSSIBLE[point.state] || []));
  const cell = (label, className, ...children) => h("td", { "data-label": label, className }, ...children);
  const element = h("tr", {},
    cell("Publishing point", "who", name, path),
    cell("State", "how", state.element),
    cell("Incoming", "", incoming.element),
    cell("Requests", "", requests.element),
    cell("Archive", "", health),
    h("td", { className: "do" }, h("div", { className: "actions" }, large, menu)));
  const show = (now) => {
    point = now;
    say(name, nameOf(point));
    state.show(point.state);
    const live = point.state === "Started";
    element.classList.toggle("calm", point.state === "Idle");
    incoming.show(live ? rate(point.incoming.bitsPerSecond) : "–", live ? point.incoming.history : []);
    const watched = live || point.state === "Stopped";
    requests.show(watched ? `${round(point.requests.perSecond, 1)} /s` : "–", watched ? point.requests.history : []);
    showHealth(health, point.archive);
    const action = (POSSIBLE[point.state] || [])[0];
    large.hidden = !action;
    if (action && large.dataset.action !== action) {
      large.dataset.action = action;
      large.replaceChildren(ACTIONS[action].label);
    }
    if (action) large.setAttribute("aria-label", `${ACTIONS[action].label} ${nameOf(point)}`);
    menu.setAttribute("aria-label", `Actions for ${nameOf(point)}`);
  };
  return { element, show };
}

// Entries of the menu of a publishing point.
function pointMenu(point, actions) {
  const entries = actions.map((action) => [ACTIONS[action].label, async () => { await act(point, action); refresh(); }]);
  return [
    ...entries,
    entries.length ? null : undefined,
    ["Edit", () => openEditor(point.path)],
    ["Remove", async () => { if (await removePoint(point)) { location.hash = "#/"; refresh(); } }, "remove"],
  ].filter((entry) => entry !== undefined);
}

// A number with its curve.
function metric(width = 84, height = 26) {
  const figure = h("b");
  const curve = sparkline(width, height);
  const element = h("span", { className: "metric" }, figure, curve.svg);
  const show = (text, values) => {
    say(figure, text);
    curve.show(values);
  };
  return { element, show };
}

const ARCHIVE = { off: "Off", idle: "Ready", writing: "Recording", sealed: "Complete", failing: "Cannot write" };
function showHealth(element, archive) {
  say(element, ARCHIVE[archive.state] || archive.state);
  element.className = `health ${{ writing: "good", sealed: "good", failing: "bad" }[archive.state] || ""}`;
  element.title = archive.message || "";
}

function antenna() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 64 64", width: 88, height: 88, fill: "none", stroke: "currentColor",
    "stroke-width": 2.5, "stroke-linecap": "round", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M32 34v22M22 56h20M32 27a4 4 0 1 0 .01 0M22 41a14 14 0 0 1 0-20M42 21a14 14 0 0 1 0 20M15 48a24 24 0 0 1 0-34M49 14a24 24 0 0 1 0 34");
  svg.append(path);
  return svg;
}
