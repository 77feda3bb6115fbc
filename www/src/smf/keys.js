// SMF's keys: space plays and pauses unless the picture fills the screen (the controls' own key comes first); Ctrl+Alt+L
// shows what happens inside, Ctrl+Alt+V the version.
function keys(player) {
  const version = document.createElement("output");
  version.textContent = `Silverlane ${VERSION}`;
  version.style.cssText = "position:absolute;left:10px;top:10px;padding:4px 10px;border-radius:6px;background:rgba(16,18,24,.86);color:#fff;font:12px/1.5 system-ui,sans-serif";
  player.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.altKey) {
      if (event.code === "KeyL") player.toggleAttribute("figures");
      else if (event.code !== "KeyV") return;
      else if (version.isConnected) version.remove();
      else player.append(version);
    } else if (event.code === "Space" && event.target === player && !event.defaultPrevented && !document.fullscreenElement) {
      if (player.paused) player.play().catch(() => {});
      else player.pause();
    } else {
      return;
    }
    event.preventDefault();
  });
}
