// The dialog that adds and edits publishing points. Its tabs and fields are those of /api/v1/settings, where
// every setting is declared once, with its label, its limits and its help.

const TABS = [["basic", "Basic"], ["advanced", "Advanced"], ["mobile", "Mobile Devices"]];
let schema = null;

async function openEditor(path) {
  let [values, etag] = [null, null];
  try {
    schema ||= (await api.settings()).value.settings;
    if (path) {
      const shown = await api.show(path);
      [values, etag] = [shown.value, shown.etag];
    }
  } catch (error) {
    if (error.status === 401) { if (await signIn()) await openEditor(path); return; }
    await tell("That did not work", explain(error));
    return;
  }
  editor(path, values, etag);
}

function editor(path, point, etag) {
  const given = { ...Object.fromEntries(schema.map((setting) => [setting.name, setting.default])), ...point?.settings };
  const fields = schema.map((setting) => makeField(setting, given[setting.name]));
  const wrong = h("p", { className: "wrong", role: "alert" });
  // What runs keeps the settings that it was started with.
  const fixed = Boolean(point) && !point.isEditable;
  const save = h("button", { type: "submit", className: "primary", hidden: fixed }, path ? "Save" : "Add publishing point");
  const file = fileField();
  const tabs = TABS.map(([key, label]) => {
    const own = fields.filter((field) => field.setting.tab === key);
    return { key, label, own, ...makeTab(key, label, groups(own), key === "basic" && !path ? file.element : null,
      fixed && h("p", { className: "hint" }, "Settings can be changed when the publishing point is shut down.")) };
  });
  const choose = (tab, focus) => {
    for (const other of tabs) {
      const chosen = other === tab;
      other.panel.hidden = !chosen;
      other.button.setAttribute("aria-selected", chosen);
      other.button.tabIndex = chosen ? 0 : -1;
    }
    if (focus) tab.button.focus();
  };
  const bar = h("div", { className: "tabs", role: "tablist", "aria-label": "Settings" }, tabs.map((tab) => tab.button));
  bar.addEventListener("keydown", (event) => {
    const at = tabs.findIndex((tab) => tab.button === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    choose(tabs.at(to % tabs.length), true);
  });
  for (const tab of tabs) tab.button.addEventListener("click", () => choose(tab));
  choose(tabs[0]);

  // Settings that mean nothing without another one wait for it.
  const arrange = () => {
    const value = (name) => fields.find((field) => field.setting.name === name).value();
    const active = (setting) => {
      if (!setting.needs) return true;
      const [name, wanted] = setting.needs.split("=");
      const other = schema.find((candidate) => candidate.name === name);
      return active(other) && (wanted ? value(name) === wanted : Boolean(value(name)));
    };
    for (const field of fields) field.enable(!fixed && active(field.setting));
  };
  const form = h("form", { noValidate: true },
    h("h1", { id: "editor-title" }, path ? `Edit ${nameOf(point)}` : "Add publishing point"), bar, tabs.map((tab) => tab.panel),
    h("div", { className: "foot" }, wrong, h("button", { type: "button", onclick: () => leave() }, fixed ? "Close" : "Cancel"), save));
  const dialog = h("dialog", { className: "editor", "aria-labelledby": "editor-title" }, form);
  form.addEventListener("change", arrange);
  // By setting, once someone tried to save. What was wrong is judged again while it is put right.
  let found = null;
  form.addEventListener("input", (event) => {
    arrange();
    const field = [...fields, file].find((candidate) => candidate.element.contains(event.target));
    if (!found || !field) return;
    found[field.setting.name] = field.enabled === false ? "" : field.check();
    complain(found, "", true);
  });

  const complain = (faults, text, stay) => {
    found = faults;
    for (const field of [...fields, file]) field.fault(faults[field.setting.name] || "");
    for (const tab of tabs) {
      tab.button.classList.toggle("faulty", tab.own.some((field) => faults[field.setting.name]) || (tab.key === "basic" && Boolean(faults.path)));
    }
    say(wrong, text);
    const first = !stay && [file, ...fields].find((field) => faults[field.setting.name]);
    if (first) {
      choose(tabs.find((tab) => tab.own.includes(first)) || tabs[0]);
      first.focus();
    }
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const faults = {};
    const settings = {};
    for (const field of fields) {
      const { name } = field.setting;
      const fault = field.enabled && field.check();
      if (fault) faults[name] = fault;
      settings[name] = fault || !field.enabled ? given[name] : field.value();
    }
    if (!path && file.check()) faults.path = file.check();
    const count = Object.keys(faults).length;
    complain(faults, count ? `Please look at ${plural(count, "setting")} again.` : "");
    if (count) return;
    save.disabled = true;
    try {
      const saved = path ? await api.update(path, settings, etag) : await api.create(file.value(), settings);
      leave();
      announce(path ? saved.value.message || "The settings are saved." : "The publishing point is added.");
      refresh();
    } catch (error) {
      if (error.status === 401) await signIn();
      else if (error.status === 412) complain({}, "Someone else has changed these settings meanwhile. Cancel, and open them again.");
      else complain(error.fields || {}, explain(error));
    } finally {
      save.disabled = false;
    }
  });
  const before = JSON.stringify(fields.map((field) => field.value()));
  const leave = () => { dialog.close(); };
  dialog.addEventListener("cancel", (event) => {
    // Escape does not throw away what someone typed.
    if (JSON.stringify(fields.map((field) => field.value())) === before) return;
    event.preventDefault();
    confirm("Discard the changes?", ["What you have entered is not saved yet."], "Discard", true).then((sure) => { if (sure) leave(); });
  });
  dialog.addEventListener("close", () => dialog.remove());
  arrange();
  document.body.append(dialog);
  dialog.showModal();
  (fixed ? tabs[0].button : (path ? fields[0] : file)).focus();
}

function makeTab(key, label, content, ...first) {
  const button = h("button", { type: "button", role: "tab", id: `tab-${key}`, "aria-controls": `panel-${key}` }, label);
  const panel = h("div", { className: "panel", role: "tabpanel", id: `panel-${key}`, "aria-labelledby": `tab-${key}`, tabIndex: 0 }, first, content);
  return { button, panel };
}

// Fields under the headings of their groups; those that need another setting stand under it.
function groups(fields) {
  const found = new Map();
  for (const field of fields) {
    const { group } = field.setting;
    if (!found.has(group)) found.set(group, h("fieldset", { className: "group" }, group && h("legend", {}, group)));
    if (field.setting.needs) field.element.classList.add("inner");
    found.get(group).append(field.element);
  }
  return [...found.values()];
}
