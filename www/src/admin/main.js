// Which view is shown, and when it is refreshed: every two seconds while someone looks.

const PERIOD = 2000;
const main = document.querySelector("#main");
const trouble = document.querySelector("#trouble");
let view = null;
let timer = 0;
let running = null;
let again = false;

function route() {
  view?.close();
  // Browsers keep percent-encoding in the hash as it was written.
  const [, path] = /^#\/point(\/.+)$/.exec(location.hash) || [];
  main.replaceChildren();
  view = path ? detailsView(main, decodeURI(path)) : listView(main);
  again = Boolean(running);
  refresh();
}

// Loads at once, or once more after what is being loaded.
function refresh() {
  if (running) { again = true; return; }
  clearTimeout(timer);
  running = load().finally(() => {
    running = null;
    if (again) { again = false; refresh(); return; }
    if (!document.hidden) timer = setTimeout(refresh, PERIOD);
  });
}

async function load() {
  const shown = view;
  try {
    await shown.load();
    showTrouble("");
    if (!document.querySelector("#server").textContent) showServer();
  } catch (error) {
    if (shown !== view) return;
    if (error.status === 401) { if (await signIn()) again = true; else showTrouble("Sign in to administrate: reload this page."); }
    else if (error.status === 404 && location.hash.startsWith("#/point")) { announce("This publishing point is gone."); location.hash = "#/"; }
    else if (error instanceof Refused) showTrouble(error.message);
    else if (error instanceof Unreachable) showTrouble("The server does not answer. Trying again…");
    else throw error;
  }
}

function showTrouble(text) {
  trouble.hidden = !text;
  say(trouble, text);
}

async function showServer() {
  const { value } = await api.server();
  document.querySelector("#server").replaceChildren(h("span", { className: "more" }, `${value.host || location.host} · `), `Silverlane ${value.version}`);
}

addEventListener("hashchange", () => {
  route();
  main.focus();
  scrollTo(0, 0);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
route();
