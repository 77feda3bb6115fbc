// The Wasm lies beside this script, wherever the page that includes it is served from.
const SCRIPT = document.currentScript ? document.currentScript.src : location.href;

// Included twice, it works once.
if (window.Silverlane) return;
