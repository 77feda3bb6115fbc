const ready = wasm_bindgen({ module_or_path: new URL("smooth-player_bg.wasm", SCRIPT) });
window.Silverlane = { version: VERSION, ready: ready.then(() => undefined) };
