// The selected line: what it is, its mark, its takes, its text, and how it is said.
import {command, icon, iconButton, make, tint} from "./shared/dom.js";
import {commands} from "./shared/words.js";
import {Editor} from "./editor.js";
import {badge, badgesOf} from "./row.js";
import {SayAs} from "./sayas.js";
import {Settings} from "./settings.js";
import {Takes} from "./takes.js";

export class Panel {
  /** @param box the element; page {api, store, view, player, detail, actions, status, drafts, faults} */
  constructor(box, page) {
    Object.assign(this, {box, ...page});
    const {actions, faults} = page;
    this.takes = new Takes(page);
    this.editor = new Editor(page);
    this.sayAs = new SayAs(page);
    this.settings = new Settings(page);
    this.who = make("h2", {});
    this.about = make("p", {class: "soft about"});
    this.badges = make("p", {class: "badges"});
    this.why = make("p", {class: "why"});
    this.good = make(
      "button",
      {type: "button", class: "good", onclick: () => this.#mark("good"), title: "Good (G)"},
      icon("good"),
      "Good",
    );
    this.bad = make(
      "button",
      {type: "button", class: "bad", onclick: () => faults.open(), title: "Bad (B)", "aria-haspopup": "menu"},
      icon("bad"),
      "Bad…",
    );
    this.unmark = make(
      "button",
      {type: "button", class: "quiet", onclick: () => actions.mark(null)},
      "Unmark",
    );
    this.marks = make(
      "div",
      {class: "marks", role: "group", "aria-label": "Mark"},
      this.good,
      this.bad,
      this.unmark,
    );
    this.shut = iconButton("close", "Close", () => this.close(), {class: "quiet shut"});
    this.more = make("details", {class: "more"}, make("summary", {}, make("h3", {}, "Commands")));
    this.inside = make(
      "div",
      {class: "inside"},
      make("header", {}, make("div", {class: "name"}, this.who, this.about), this.shut),
      this.badges,
      this.why,
      this.marks,
      this.takes.element,
      this.editor.element,
      this.sayAs.element,
      this.settings.element,
      this.more,
    );
    this.none = make("p", {class: "soft nothing"}, "No line is selected.");
    box.append(this.inside, this.none);
    for (const part of [this.editor, this.sayAs, this.settings]) part.onleave = () => this.onleave?.();
    page.view.addEventListener("select", () => this.update());
    page.detail.addEventListener("detail", () => this.update());
    page.drafts.addEventListener("change", () => this.update());
    page.store.addEventListener("lines", event => event.detail.includes(page.view.selected) && this.update());
    box.addEventListener("keydown", event => {
      if (event.key === "Escape") this.onleave?.();
    });
    this.update();
  }

  /** On a phone: show the sheet, or put it away. */
  open() {
    if (!this.view.line) return;
    this.box.classList.add("open");
    this.shut.focus({preventScroll: true});
  }

  close() {
    this.box.classList.remove("open");
    this.onleave?.();
  }

  #mark(mark) {
    this.actions.mark(this.view.line?.mark === mark ? null : mark);
  }

  update() {
    const {view, store, detail, drafts} = this;
    const {line} = view;
    this.inside.hidden = !line;
    this.none.hidden = Boolean(line);
    if (!line) return;
    tint(this.who, store.colour(line.speaker)).textContent = line.speaker;
    this.about.replaceChildren(
      ...(line.voice && line.voice !== line.speaker ? [`voice ${line.voice} · `] : []),
      make("code", {}, line.source),
    );
    this.badges.replaceChildren(...badgesOf(line, drafts.has(line.id)).map(badge));
    this.badges.hidden = !this.badges.children.length;
    const told = detail.value?.takes.find(each => each.in_use)?.reasons ?? line.reasons;
    this.why.textContent = line.reasons.filter(each => !told.includes(each)).join("; ");
    this.why.hidden = !this.why.textContent;
    this.marks.hidden = store.readOnly || !line.take;
    this.good.setAttribute("aria-pressed", line.mark === "good");
    this.bad.setAttribute("aria-pressed", line.mark === "bad");
    this.unmark.hidden = !line.mark || line.mark === "heard";
    this.takes.update();
    this.editor.update();
    this.sayAs.update();
    this.settings.update(this.shown !== line.id || document.activeElement?.closest(".settings") === null);
    if (this.shown !== line.id) {
      this.more.replaceChildren(
        this.more.firstChild,
        ...commands(store.script.path, line.id).map(text => make("p", {}, command(text))),
      );
      this.box.scrollTop = 0;
    }
    this.shown = line.id;
    this.box.setAttribute("aria-busy", detail.value === null);
  }
}
