// Bundles www/src/controls/media-chrome.js, as scripts/bundle.sh asks: node scripts/media-chrome.mjs MODULES > script.
// MODULES is the node_modules that holds esbuild and Media Chrome.
//
// Parts of Media Chrome that its controller brings along and ours never shows are left out: the dialog of its keyboard
// shortcuts, English translated into English, its displays of time and chapter under the pointer, its tooltips (ours are
// a line of style).
import { createRequire } from "node:module";

const modules = process.argv[2];
const { build } = createRequire(`${modules}/x.js`)("esbuild");
const EMPTY = {
  "media-keyboard-shortcuts-dialog.js": `export const getHotkeyToken = (key) => (key === " " ? "nospace" : "no" + key.toLowerCase());`,
  "lang/en.js": "export const En = {};",
  "media-preview-time-display.js": "",
  "media-preview-chapter-display.js": "",
  "media-tooltip.js": `export default { shadowRootOptions: { mode: "open" }, getTemplateHTML: () => "" };`,
};
const without = {
  name: "without",
  setup({ onLoad }) {
    onLoad({ filter: /media-chrome[\\/]dist[\\/]/ }, ({ path }) => {
      const name = Object.keys(EMPTY).find((one) => path.replaceAll("\\", "/").endsWith(`/dist/${one}`));
      return name && { contents: EMPTY[name], loader: "js" };
    });
  },
};
const { outputFiles } = await build({
  entryPoints: ["www/src/controls/media-chrome.js"], bundle: true, write: false, format: "iife", globalName: "CHROME", target: "es2020",
  charset: "utf8", drop: ["console"], logLevel: "warning", nodePaths: [modules], plugins: [without],
});
process.stdout.write(outputFiles[0].text);
