// Protected content, over Encrypted Media Extensions: which key system, where licences come from, what is wrong.

const PLAYREADY = "com.microsoft.playready";
// What a page may configure, in the order in which it is tried where the page configures nothing; ids as in a manifest.
const KEY_SYSTEMS = {
  playready: { id: "9a04f07998404286ab92e65be0885f95", names: [`${PLAYREADY}.recommendation`, PLAYREADY] },
  widevine: { id: "edef8ba979d64acea3c827dcd51d21ed", names: ["com.widevine.alpha"] },
  clearkey: { names: ["org.w3.clearkey"] },
};
// How often a licence is asked for while the network or its server falters.
const ATTEMPTS = 3;
// Milliseconds.
const GRACE = 500;

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toUrl64 = (bytes) => toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
// 16 bytes, written in hexadecimal digits (perhaps as a UUID) or in base64.
function toBytes(text) {
  const digits = text.replace(/[-{}]/g, "");
  return /^[\da-f]{32}$/i.test(digits) ? Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16)) : fromBase64(text);
}

// The box in which key systems want their header.
function pssh(id, data) {
  const box = new Uint8Array(32 + data.length);
  const view = new DataView(box.buffer);
  view.setUint32(0, box.length);
  view.setUint32(4, 0x70737368);
  box.set(id, 12);
  view.setUint32(28, data.length);
  box.set(data, 32);
  return box;
}

// The boxes of one system among those that an "encrypted" event brings.
function* boxesOf(id, initData) {
  const bytes = new Uint8Array(initData);
  const view = new DataView(initData);
  for (let at = 0, size; at + 32 <= bytes.length; at += size) {
    size = view.getUint32(at);
    if (size < 32) return;
    if (toHex(bytes.subarray(at + 12, at + 28)) === id) yield bytes.slice(at, at + size);
  }
}

// What systems need to know of a key of which nobody brought a header.
function headerOf(name, keyId) {
  if (name === "widevine") return Uint8Array.of(8, 1, 18, 16, ...keyId);
  const [a, b, c, d, e, f, g, h, ...rest] = keyId;
  const text = `<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="4.0.0.0"><DATA><PROTECTINFO>`
    + `<KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>${toBase64([d, c, b, a, f, e, h, g, ...rest])}</KID></DATA></WRMHEADER>`;
  const object = new DataView(new ArrayBuffer(10 + 2 * text.length));
  object.setUint32(0, object.byteLength, true);
  [1, 1, 2 * text.length, ...Array.from(text, (c) => c.charCodeAt(0))].forEach((unit, i) => object.setUint16(4 + 2 * i, unit, true));
  return new Uint8Array(object.buffer);
}

// PlayReady wraps its challenge, with the headers that it wants, in XML.
function unwrap(request) {
  const text = new TextDecoder("utf-16le").decode(request.body);
  request.headers["Content-Type"] = "text/xml; charset=utf-8";
  if (!text.includes("PlayReadyKeyMessage")) return;
  const xml = new DOMParser().parseFromString(text, "application/xml");
  const content = (node, name) => node.getElementsByTagName(name)[0].textContent;
  for (const header of xml.getElementsByTagName("HttpHeader")) request.headers[content(header, "name")] = content(header, "value");
  request.body = fromBase64(content(xml, "Challenge"));
}

class Protection {
  constructor(owner) {
    this.owner = owner;
    this.media = owner.media;
    this.settings = owner.protection || {};
    this.sessions = [];
    this.asked = new Set();
    this.spare = [];
    // Questions under way; and how many keys there were when playback began to wait for another.
    this.pending = 0;
    this.blocked = -1;
    this.off = new AbortController();
    const { signal } = this.off;
    this.media.addEventListener("waitingforkey", () => {
      this.blocked = this.statuses("usable");
      this.settle();
    }, { signal });
    this.media.addEventListener("encrypted", ({ initDataType, initData }) => {
      if (initData && initDataType === "cenc") this.during(async () => {
        await this.opened;
        const { id } = KEY_SYSTEMS[this.name];
        if (id) await Promise.all(Array.from(boxesOf(id, initData), (box) => this.ask("cenc", box)));
      });
    }, { signal });
  }

  // The presentation, or what comes next of it, needs keys.
  need({ keyIds, systems, licenseUrl }) {
    this.url = this.url || licenseUrl;
    this.during(async () => {
      this.opened = this.opened || this.open(systems);
      await this.opened;
      const { id } = KEY_SYSTEMS[this.name];
      if (!id) return this.ask("keyids", new TextEncoder().encode(JSON.stringify({ kids: keyIds.map(toUrl64) })));
      let headers = systems.filter((system) => toHex(system.id) === id).map(({ data }) => data);
      // A later fragment may bring a header beside its key: only if it does not, one is made.
      if (!headers.length && !systems.length) this.spare.push(...keyIds);
      else if (!headers.length) headers = keyIds.map((keyId) => headerOf(this.name, keyId));
      return this.askFor(headers);
    });
  }

  askFor(headers) {
    const id = toBytes(KEY_SYSTEMS[this.name].id);
    return Promise.all(headers.map((data) => this.ask("cenc", pssh(id, data))));
  }

  // While it works, nobody is told that a key is missing.
  async during(work) {
    this.pending += 1;
    try {
      await work();
    } catch (error) {
      this.fail(error.code in MESSAGES ? error.code : "no-key", error);
    }
    this.pending -= 1;
    this.settle();
  }

  // How many keys have a status.
  statuses(wanted) {
    return this.sessions.flatMap(({ keyStatuses }) => Array.from(keyStatuses.values())).filter((status) => status === wanted).length;
  }

  // Playback waits for a key, and nothing is under way that could bring it.
  settle() {
    clearTimeout(this.timer);
    if (this.statuses("usable") > this.blocked) this.blocked = -1;
    if (this.blocked < 0 || this.pending) return;
    if (this.spare.length) return this.during(() => this.askFor(this.spare.splice(0).map((keyId) => headerOf(this.name, keyId))));
    // The key may have come while the element was about to say that it is missing.
    this.timer = setTimeout(() => {
      if (this.media.readyState > 2) return;
      this.fail(this.statuses("expired") ? "key-expired" : this.statuses("output-restricted") ? "output-restricted" : "no-key");
    }, GRACE);
  }

  fail(code, { url, status } = {}) {
    if (this.off.signal.aborted) return;
    this.close();
    this.owner.tell((player) => player.stop());
    this.media.pause();
    this.owner.fail(problem(code, { url: url || "", status: status || 0 }));
  }

  close() {
    this.off.abort();
    clearTimeout(this.timer);
    for (const session of this.sessions) session.close().catch(() => {});
  }

  // The first key system that the page configures, or else that the presentation names, and that the browser has.
  async open(systems) {
    const { settings, owner, media } = this;
    const known = Object.keys(KEY_SYSTEMS);
    const chosen = Object.keys(settings).filter((name) => known.includes(name) && settings[name]);
    const named = known.filter((name) => systems.some(({ id }) => toHex(id) === KEY_SYSTEMS[name].id));
    for (const name of chosen.length ? chosen : named) {
      const config = settings[name] || {};
      const capabilities = (kind) => {
        const mimes = owner.facts.streams.filter((stream) => stream.kind === kind).flatMap(({ levels }) => levels.map(({ mime }) => mime));
        const list = [...new Set(mimes)].map((contentType) => ({ contentType, robustness: config.robustness || "" }));
        return list.length ? list : undefined;
      };
      const wanted = { initDataTypes: ["cenc", "keyids"], videoCapabilities: capabilities("video"), audioCapabilities: capabilities("audio") };
      for (const keySystem of KEY_SYSTEMS[name].names) {
        let access;
        try {
          access = await navigator.requestMediaKeySystemAccess(keySystem, [wanted]);
        } catch {
          continue;
        }
        [this.name, this.config, this.keySystem] = [name, config, keySystem];
        // An element keeps its keys: most browsers do not let them go while anything is loaded.
        if (!media.mediaKeys || owner.keySystem !== keySystem) await media.setMediaKeys(await access.createMediaKeys());
        owner.keySystem = keySystem;
        if (config.serverCertificate) await media.mediaKeys.setServerCertificate(config.serverCertificate);
        return;
      }
    }
    throw { code: "no-key-system" };
  }

  async ask(type, data) {
    const question = toHex(data);
    if (this.off.signal.aborted || this.asked.has(question)) return;
    this.asked.add(question);
    const session = this.media.mediaKeys.createSession();
    this.sessions.push(session);
    await new Promise((resolve, reject) => {
      session.addEventListener("message", (event) => this.during(() => this.answer(session, event)).then(resolve));
      session.addEventListener("keystatuseschange", () => this.settle());
      session.generateRequest(type, data).catch(reject);
    });
  }

  async answer(session, { message, messageType }) {
    const { name, config, keySystem } = this;
    const request = {
      keySystem, type: messageType, url: config.licenseUrl || this.url, method: "POST", body: message,
      headers: {}, credentials: config.withCredentials ? "include" : "same-origin",
    };
    if (name === "playready") unwrap(request);
    if (name === "clearkey") {
      request.headers["Content-Type"] = "application/json";
      request.url = config.licenseUrl;
    }
    Object.assign(request.headers, config.headers);
    const license = await this.license(request);
    if (license && !this.off.signal.aborted) await session.update(license);
  }

  // The page's own answer, keys that it gave, or that of the licence server.
  async license(request) {
    const own = this.settings.request && await this.settings.request(request);
    if (own) return own instanceof Response ? own.arrayBuffer() : own;
    if (this.config.keys) {
      const keys = Object.entries(this.config.keys).map(([id, key]) => ({ kty: "oct", kid: toUrl64(toBytes(id)), k: toUrl64(toBytes(key)) }));
      const { kids } = JSON.parse(new TextDecoder().decode(request.body));
      const found = keys.filter(({ kid }) => kids.includes(kid));
      if (found.length || !request.url) return found.length && new TextEncoder().encode(JSON.stringify({ keys: found }));
    }
    if (!request.url) return null;
    for (let attempt = 1; ; attempt += 1) {
      const refused = { code: "license-refused", url: request.url, status: 0 };
      try {
        const response = await fetch(request.url, { ...request, signal: this.off.signal });
        if (response.ok) return response.arrayBuffer();
        refused.status = response.status;
      } catch {
        // no answer
      }
      const passing = refused.status === 0 || refused.status === 429 || refused.status >= 500;
      if (attempt === ATTEMPTS || !passing || this.off.signal.aborted) throw refused;
      await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
    }
  }
}
