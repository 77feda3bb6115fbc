// The Wasm is fetched at once, beside whatever else the page is loading.
engine.ready = wasm_bindgen({ module_or_path: new URL("smooth-player_bg.wasm", SCRIPT) }).then(() => undefined);
engine.ready.catch(() => {});
window.Silverlane = { version: VERSION, ready: engine.ready };
for (const [name, element] of [["smooth-video", SmoothVideo], ["smooth-player", SmoothPlayer]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}
takeOver();
