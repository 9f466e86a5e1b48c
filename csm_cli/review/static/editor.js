// The text of the selected line: typed, saved, or shown beside what the disk has when that changed.
import {linePath} from "./api.js";
import {make} from "./shared/dom.js";

const REST = 250;

export class Editor {
  #id = null;
  #timer = null;
  #problems = new Map();
  #asked = 0;

  constructor({api, store, view, detail, actions, status, drafts}) {
    Object.assign(this, {api, store, view, detail, actions, status, drafts});
    this.area = make("textarea", {
      id: "text",
      rows: 2,
      spellcheck: "true",
      "aria-describedby": "spoken text-note",
      oninput: () => this.#typed(),
      onfocus: () => actions.hold(),
      onkeydown: event => this.#key(event),
    });
    this.saved = make(
      "button",
      {type: "button", class: "main", onclick: () => this.save(), title: "Ctrl or ⌘ and Enter"},
      "Save",
    );
    this.dropped = make("button", {type: "button", onclick: () => this.discard()}, "Discard");
    this.note = make("p", {id: "text-note", class: "soft"});
    this.problems = make("ul", {class: "problems", role: "alert"});
    this.spoken = make("p", {id: "spoken", class: "spoken"});
    this.theirs = make("p", {class: "version"});
    this.mine = make("p", {class: "version"});
    this.keep = make("button", {type: "button", class: "main", onclick: () => this.save()}, "Save mine");
    this.conflict = make(
      "div",
      {class: "conflict", role: "group", tabindex: "-1", "aria-labelledby": "conflict-title"},
      make("p", {id: "conflict-title", class: "why"}, "This line changed on the disk while you edited it."),
      make(
        "div",
        {class: "sides"},
        make("div", {}, make("h4", {}, "On the disk"), this.theirs),
        make("div", {}, make("h4", {}, "Mine"), this.mine),
      ),
      make(
        "div",
        {class: "buttons"},
        this.keep,
        make("button", {type: "button", onclick: () => this.discard()}, "Take theirs"),
      ),
    );
    this.buttons = make("div", {class: "buttons"}, this.saved, this.dropped);
    this.element = make(
      "section",
      {class: "editor"},
      make("h3", {}, make("label", {for: "text"}, "Text")),
      this.area,
      this.note,
      this.problems,
      this.conflict,
      this.buttons,
      this.spoken,
    );
  }

  focus() {
    this.area.focus();
    this.area.setSelectionRange(this.area.value.length, this.area.value.length);
  }

  /** Show the selected line; a text that is typed stays. */
  update() {
    const {line} = this.view;
    const {value} = this.detail;
    const draft = this.drafts.get(line?.id);
    const other = this.#id !== line?.id;
    this.#id = line?.id ?? null;
    const text = draft?.text ?? line?.text ?? "";
    if (this.area.value !== text) this.area.value = text;
    const closed = this.store.readOnly
      ? ""
      : (value?.edit ??
        (this.store.script?.editable === false ? "This script cannot be edited here; edit its file" : ""));
    this.area.readOnly = this.store.readOnly || Boolean(closed);
    this.note.textContent = closed;
    this.note.hidden = !closed;
    this.buttons.hidden = !draft || draft.theirs !== undefined;
    this.conflict.hidden = draft?.theirs === undefined;
    if (!this.conflict.hidden) {
      this.theirs.textContent = draft.theirs ?? "The line is no longer there.";
      this.mine.textContent = draft.text;
      this.keep.hidden = draft.theirs === null;
    }
    const problems = this.#problems.get(this.#id) ?? [];
    this.problems.hidden = !problems.length;
    this.problems.replaceChildren(...problems.map(each => make("li", {}, each)));
    this.spoken.style.visibility = value || draft ? "visible" : "hidden";
    if (value && !draft) this.#showSpoken(value.spoken, line.text);
    else if (other) this.#askSpoken();
    this.#fit();
  }

  #showSpoken(spoken, text) {
    this.spoken.hidden = !spoken;
    this.spoken.replaceChildren(make("b", {}, "Read out: "), spoken === text ? "as it is written" : spoken);
  }

  /** As tall as its text, where the browser does not see to that itself. */
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.area.style.height = "auto";
    this.area.style.height = this.area.scrollHeight + 2 + "px";
  }

  #typed() {
    const {line} = this.view;
    const before = this.drafts.get(line.id);
    this.#problems.delete(line.id);
    if (this.area.value === line.text && before?.theirs === undefined) this.drafts.drop(line.id);
    else
      this.drafts.set(line.id, {
        base: line.text,
        version: this.store.version,
        ...before,
        text: this.area.value,
      });
    this.update();
    this.#askSpoken();
  }

  #askSpoken() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const draft = this.drafts.get(this.#id);
      const turn = ++this.#asked;
      if (!draft) return;
      const answer = await this.api
        .get(
          `scripts/${this.store.script.id}/spoken?line=${encodeURIComponent(this.#id)}&text=${encodeURIComponent(draft.text)}`,
        )
        .catch(() => null);
      if (answer && turn === this.#asked && this.drafts.get(this.#id)?.text === draft.text)
        this.#showSpoken(answer.spoken, draft.text);
    }, REST);
  }

  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.save();
    else if (event.key === "Escape") this.onleave?.();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  discard() {
    const theirs = this.drafts.get(this.#id)?.theirs !== undefined;
    this.#problems.delete(this.#id);
    this.drafts.drop(this.#id);
    this.update();
    this.status.say(theirs ? "The text on the disk stays" : "Your text is discarded");
    this.onleave?.();
  }

  /** Save the text of the selected line. Where the script changed elsewhere alone, it is saved all the same. */
  async save() {
    const id = this.#id;
    const draft = this.drafts.get(id);
    if (!draft) return this.onleave?.();
    if (!draft.text.trim()) return this.#refuse(id, ["A line cannot be empty; delete it in the script"]);
    const version = draft.theirs === undefined ? draft.version : this.store.version;
    return this.actions.inOrder(() => this.#send(id, {text: draft.text, version}));
  }

  async #send(id, body, again = true) {
    try {
      const answer = await this.api.ask("PUT", linePath(this.store.script.id, id, "text"), body);
      this.#problems.delete(id);
      this.drafts.drop(id);
      this.status.clear();
      this.store.edited(id, answer);
      this.status.say("Saved; R makes new takes");
      if (document.activeElement === this.area) this.onleave?.();
    } catch (error) {
      if (error.status === 409 && error.code === "script_changed")
        await this.#changedOutside(id, body, error, again);
      else if (error.status === 422) this.#refuse(id, error.problems?.length ? error.problems : [error.line]);
      else this.status.error(error);
    }
  }

  /** Read the script again; if this line is as it was, save it there; else show both texts. */
  async #changedOutside(id, body, error, again) {
    const base = this.drafts.get(id)?.base;
    await this.store.reload().catch(each => this.status.error(each));
    if (
      again &&
      this.drafts.get(id) &&
      this.store.line(id)?.text === base &&
      (error.theirs ?? base) === base
    ) {
      this.drafts.set(id, {...this.drafts.get(id), version: this.store.version});
      return this.#send(id, {...body, version: this.store.version}, false);
    }
    const draft = this.drafts.get(id);
    if (draft && draft.theirs === undefined)
      this.drafts.set(id, {...draft, theirs: error.theirs ?? null, version: error.version});
    this.update();
    if (!this.conflict.hidden) this.conflict.focus(); // on neither button: a person may still be typing
    return null;
  }

  #refuse(id, problems) {
    this.#problems.set(id, problems);
    this.update();
  }
}
