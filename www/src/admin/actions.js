// What can be done with a publishing point, and the questions asked before.

const STATES = {
  Idle: "Idle",
  Starting: "Waiting for encoder",
  Started: "Live",
  Stopping: "Stopping",
  Stopped: "Stopped",
  ShuttingDown: "Shutting down",
  Error: "Error",
};

// The word that people see for a state, in its colour.
function stateLabel() {
  const element = h("span", { className: "state" });
  const show = (state) => {
    say(element, STATES[state] || state);
    element.className = `state ${state}`;
  };
  return { element, show };
}

const nameOf = (point) => point.title || point.path.split("/").pop().replace(/\.isml$/i, "");

// By state: the action of the large button, then the others.
const POSSIBLE = {
  Idle: ["start"],
  Starting: ["stop", "shutdown"],
  Started: ["stop", "shutdown"],
  Stopped: ["shutdown"],
  Error: ["shutdown"],
};

const ACTIONS = {
  start: { label: "Start", icon: "play", state: "Started", done: "The publishing point is started." },
  stop: { label: "Stop", icon: "stop", state: "Stopped", done: "The live source is stopped.",
    question: "Stop the live source?", sure: "Stop",
    text: "Encoders are sent away. Viewers keep what was broadcast so far, until the publishing point is shut down." },
  shutdown: { label: "Shut down", state: "Idle", done: "The publishing point is shut down.",
    question: "Shut the publishing point down?", sure: "Shut down",
    text: "Viewers lose access to the broadcast at once. What has been archived stays." },
};

// Carries an action out; true if it was. Says so, or what went wrong.
async function act(point, name) {
  const action = ACTIONS[name];
  const quiet = name === "shutdown" && point.state !== "Started";
  if (action.question && !quiet && !(await confirm(action.question, [nameOf(point), action.text], action.sure, name === "shutdown"))) return false;
  return attempt(() => api.state(point.path, action.state), action.done);
}

async function removePoint(point) {
  const text = ["Its definition is deleted, and a running broadcast ends. What has been archived stays."];
  if (!(await confirm("Remove this publishing point?", [`${nameOf(point)} · ${point.path}`, ...text], "Remove", true))) return false;
  return attempt(() => api.remove(point.path), "The publishing point is removed.");
}

async function attempt(request, done) {
  try {
    await request();
    announce(done);
    return true;
  } catch (error) {
    if (error.status === 401) await signIn();
    else await tell("That did not work", explain(error));
    return false;
  }
}

// What the server says, as a sentence.
function explain(error) {
  const text = error.message || String(error);
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? "" : "."}`;
}

// Says something for a moment, and to screen readers.
let silence = 0;
function announce(text) {
  const said = document.querySelector("#said");
  said.textContent = text;
  said.classList.add("shown");
  clearTimeout(silence);
  silence = setTimeout(() => {
    said.classList.remove("shown");
    silence = setTimeout(() => { said.textContent = ""; }, 300);
  }, 4000);
}

// A dialog that answers true or false.
function confirm(title, texts, sure, dangerous) {
  return ask(title, texts.map((text, at) => h("p", { className: "text" }, at === 0 && texts.length > 1 ? h("b", {}, text) : text)), [
    h("button", { type: "submit", value: "no" }, "Cancel"),
    h("button", { type: "submit", value: "yes", className: dangerous ? "danger" : "primary" }, sure),
  ]).then((answer) => answer === "yes");
}

function tell(title, text) {
  return ask(title, [h("p", { className: "text" }, text)], [h("button", { type: "submit", value: "yes", className: "primary" }, "Close")]);
}

let dialogs = 0;
function ask(title, content, buttons) {
  const id = `dialog-${dialogs += 1}`;
  const form = h("form", { method: "dialog" }, h("h1", { id }, title), content, h("div", { className: "foot" }, buttons));
  const dialog = h("dialog", { className: "narrow", "aria-labelledby": id }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

// Asks for name and password until the server accepts them; one dialog at a time.
let signingIn = null;
function signIn() {
  signingIn ||= askWho().finally(() => { signingIn = null; });
  return signingIn;
}
async function askWho() {
  let fault = session.authorization ? "Name or password is wrong." : "";
  session.authorization = null;
  for (;;) {
    const name = h("input", { id: "sign-name", autocomplete: "username", required: true, autofocus: true });
    const password = h("input", { id: "sign-password", type: "password", autocomplete: "current-password", required: true });
    const answer = await ask("Sign in", [
      h("p", { className: "text" }, "Administration of this server needs a name and a password."),
      h("div", { className: "text" },
        h("div", { className: "field" }, h("label", { for: name.id }, "Name"), name),
        h("div", { className: "field" }, h("label", { for: password.id }, "Password"), password),
        h("p", { className: "fault wrong", role: "alert" }, fault)),
    ], [h("button", { type: "submit", value: "yes", className: "primary" }, "Sign in")]);
    if (answer !== "yes") return false;
    session.authorization = `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${name.value}:${password.value}`)))}`;
    try {
      await api.server();
      return true;
    } catch (error) {
      session.authorization = null;
      fault = error.status === 401 ? "Name or password is wrong." : explain(error);
    }
  }
}
