// The menu behind the gear: a list of subjects, each a list of choices. Keys as in every menu; Escape and the left
// arrow lead back.
class Menu {
  constructor(controls, button) {
    Object.assign(this, { controls, button, page: null });
    this.box = document.createElement("div");
    this.box.className = "menu";
    this.box.hidden = true;
    this.box.setAttribute("part", "menu");
    this.box.setAttribute("role", "menu");
    button.addEventListener("click", () => this.toggle(this.box.hidden));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      event.stopPropagation();
      this.toggle(true);
    });
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("focusout", (event) => {
      const to = event.relatedTarget;
      if (to ? !this.box.contains(to) && to !== button : event.sourceCapabilities !== null) this.toggle(false);
    });
  }

  // What there is to choose from now: name, title, choices; flags are chosen at once.
  subjects() {
    const { player, words, say } = this.controls;
    const captions = captionChoices(player, words.lang);
    const shown = captions.find((one) => one.on);
    if (captions.length) captions.unshift({ label: say("Off"), note: "", on: !shown, act: () => { if (shown) shown.act(false); } });
    return [
      { name: "quality", title: say("Quality"), choices: qualityChoices(player, say) },
      { name: "captions", title: say("Captions"), choices: captions },
      { name: "sound", title: say("Sound"), choices: soundChoices(player, words.lang) },
      { name: "speed", title: say("Speed"), choices: speedChoices(player, say, player.edge && !player.behind) },
      { name: "chapters", title: say("Chapters"), choices: chapterChoices(player) },
    ].filter(({ choices }) => choices.length);
  }

  toggle(open) {
    const { box, button } = this;
    if (box.hidden !== open) return;
    this.page = null;
    box.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    this.controls.hold(open);
    if (open) this.show(null);
  }

  close() {
    this.toggle(false);
    this.button.focus();
  }

  show(page, focus) {
    this.page = page;
    this.fill();
    const found = (page ? this.box.querySelector("[aria-checked=true]") : focus && this.box.querySelector(`[data-name=${focus}]`))
      || this.box.querySelector("button");
    found.focus();
  }

  // Anew, with the focus where it was.
  refresh() {
    if (this.box.hidden) return;
    const at = [...this.box.children].indexOf(this.controls.focused());
    this.fill();
    if (at >= 0) this.box.children[Math.min(at, this.box.children.length - 1)].focus();
  }

  fill() {
    const { player, say } = this.controls;
    const subjects = this.subjects();
    const one = subjects.find(({ name }) => name === this.page);
    this.box.setAttribute("aria-label", one ? one.title : say("Settings"));
    const items = one ? [this.item("menuitem", one.title, "", () => this.show(null, one.name), "head"),
      ...one.choices.map((choice) => this.choice(choice))] : subjects.map((subject) => this.subject(subject));
    if (!one) {
      this.page = null;
      const figures = this.item("menuitemcheckbox", say("Statistics"), "", () => {
        player.figures = !player.figures;
        this.close();
      });
      figures.setAttribute("aria-checked", String(player.figures));
      items.push(figures);
    }
    this.box.replaceChildren(...items);
  }

  subject({ name, title, choices }) {
    const on = choices.find((one) => one.on);
    // Auto shows what it chose.
    const value = on ? (name === "quality" && on === choices[0] && on.note ? `${on.label} · ${on.note}` : on.label) : "";
    const item = this.item("menuitem", title, value, () => this.show(name));
    item.dataset.name = name;
    item.setAttribute("aria-haspopup", "menu");
    return item;
  }

  choice({ label, note, on, act }) {
    const item = this.item("menuitemradio", label, note, () => {
      act(true);
      this.close();
    });
    item.setAttribute("aria-checked", String(on));
    return item;
  }

  item(role, label, note, act, name = "") {
    const item = document.createElement("button");
    item.className = name;
    item.setAttribute("role", role);
    item.tabIndex = -1;
    item.textContent = label;
    if (note) {
      const small = document.createElement("small");
      small.textContent = note;
      item.append(" ", small);
    }
    item.addEventListener("click", act);
    return item;
  }

  key(event) {
    const { children } = this.box;
    const focused = this.controls.focused();
    const at = [...children].indexOf(focused);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: children.length - 1 }[event.key];
    if (to !== undefined) children[(to + children.length) % children.length].focus();
    else if (event.key === "Escape" || event.key === "ArrowLeft") {
      if (this.page) this.show(null, this.page);
      else this.close();
    } else if (event.key === "ArrowRight" && focused && focused.hasAttribute("aria-haspopup")) focused.click();
    else if (event.key === "Tab") return this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
