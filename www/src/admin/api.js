// The JSON API of the origin: see /api/v1/openapi.json.

const API = new URL("../api/v1/", location.href).href;

// What the server refused: `message` for a person, `fields` by setting where a setting is wrong.
class Refused extends Error {
  constructor(status, body) {
    super(body.message || `The server answers ${status}.`);
    this.status = status;
    this.code = body.error || "";
    this.fields = body.fields || {};
  }
}

// No answer at all.
class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

// Name and password of this tab, once someone signed in; kept by the tab until it is closed.
const session = {
  get authorization() { return sessionStorage.getItem("silverlane-admin"); },
  set authorization(value) { value ? sessionStorage.setItem("silverlane-admin", value) : sessionStorage.removeItem("silverlane-admin"); },
};

async function call(method, path, { body, etag } = {}) {
  const headers = { "X-Requested-With": "silverlane-admin" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (etag) headers["If-Match"] = etag;
  if (session.authorization) headers.Authorization = session.authorization;
  let [response, text] = [null, ""];
  try {
    response = await fetch(API + path, { method, headers, cache: "no-store", credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body) });
    text = await response.text();
  } catch {
    throw new Unreachable();
  }
  let value = {};
  try { value = text ? JSON.parse(text) : {}; } catch { /* a proxy's own page, most likely */ }
  if (!response.ok) throw new Refused(response.status, value);
  return { value, etag: response.headers.get("ETag") };
}

// The path of a publishing point as part of an address of the API.
const encoded = (path) => path.split("/").filter(Boolean).map(encodeURIComponent).join("/");

const api = {
  server: () => call("GET", "server"),
  settings: () => call("GET", "settings"),
  list: () => call("GET", "points"),
  show: (path) => call("GET", `points/${encoded(path)}`),
  statistics: (path) => call("GET", `points/${encoded(path)}/statistics`),
  create: (path, settings) => call("POST", "points", { body: { path, settings } }),
  update: (path, settings, etag) => call("PUT", `points/${encoded(path)}`, { body: settings, etag }),
  remove: (path) => call("DELETE", `points/${encoded(path)}`),
  state: (path, state) => call("PUT", `points/${encoded(path)}/state`, { body: { state } }),
};
