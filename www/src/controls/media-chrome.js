// The parts of Media Chrome that the controls use. esbuild makes one script of them (scripts/media-chrome.mjs), which the rest of
// this folder knows as CHROME; where there is no npm, CHROME is null and the browser's own controls take their place.
import "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-control-bar.js";
import "media-chrome/dist/media-play-button.js";
import "media-chrome/dist/media-seek-backward-button.js";
import "media-chrome/dist/media-mute-button.js";
import "media-chrome/dist/media-volume-range.js";
import "media-chrome/dist/media-time-range.js";
import "media-chrome/dist/media-live-button.js";
import "media-chrome/dist/media-captions-button.js";
import "media-chrome/dist/media-airplay-button.js";
import "media-chrome/dist/media-pip-button.js";
import "media-chrome/dist/media-fullscreen-button.js";

export { createMediaStore } from "media-chrome/dist/media-store/media-store.js";
export { stateMediator } from "media-chrome/dist/media-store/state-mediator.js";
export { requestMap } from "media-chrome/dist/media-store/request-map.js";
export { addTranslation } from "media-chrome/dist/utils/i18n.js";
