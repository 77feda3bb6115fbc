// The Wasm is fetched at once, beside whatever else the page is loading.
engine.ready = wasm_bindgen(new URL("smooth-player_bg.wasm", SCRIPT)).then(() => undefined);
engine.ready.catch(() => {});
window.Silverlane = { version: VERSION, ready: engine.ready, languages: {} };
// smooth-video.js holds the bare element only.
const elements = [["smooth-video", SmoothVideo]];
if (typeof SmoothPlayer === "function") elements.push(["smooth-player", SmoothPlayer]);
for (const [name, element] of elements) {
  if (!customElements.get(name)) customElements.define(name, element);
}
if (typeof takeOver === "function") takeOver();
