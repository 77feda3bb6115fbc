// The controls lie in a script of their own beside this one, and are fetched when the first picture is there, so that
// they never delay it. CONTROLS is the script's hash, set by scripts/bundle.sh: a script of another build is not taken.
let controls = null;

function loadControls() {
  if (!controls) {
    controls = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(`smooth-controls.js?${CONTROLS.slice(7, 15).replace(/\W/g, "")}`, SCRIPT);
      script.integrity = CONTROLS;
      script.crossOrigin = "anonymous";
      script.fetchPriority = "low";
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    // Whoever asks is told; without a network a later player asks anew.
    controls.catch(() => { controls = null; });
  }
  return controls;
}
