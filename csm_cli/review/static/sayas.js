// "Say it as …": a word and how it is to be said; which lines that changes; then the lexicon is written.
import {make} from "./shared/dom.js";
import {count} from "./shared/words.js";

const SHOWN = 50;

export class SayAs {
  constructor({api, store, view, detail, actions, status}) {
    Object.assign(this, {api, store, view, detail, actions, status});
    this.word = make("input", {
      id: "say-word",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.#forget(),
    });
    this.as = make("input", {
      id: "say-as",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.#forget(),
    });
    this.look = make("button", {type: "submit"}, "Show what changes");
    this.keep = make(
      "button",
      {type: "button", class: "main", hidden: true, onclick: () => this.#ask(false)},
      "Write the lexicon",
    );
    this.found = make("div", {class: "changes", "aria-live": "polite"});
    this.form = make(
      "form",
      {
        onsubmit: event => {
          event.preventDefault();
          this.#ask(true);
        },
        onkeydown: event => this.#key(event),
        onfocusin: () => actions.hold(),
      },
      make(
        "div",
        {class: "fields"},
        make("label", {}, make("span", {}, "Word"), this.word),
        make("label", {}, make("span", {}, "Say it as"), this.as),
      ),
      this.found,
      make("div", {class: "buttons"}, this.look, this.keep),
    );
    this.element = make(
      "details",
      {class: "sayas"},
      make("summary", {}, make("h3", {}, "Say a word otherwise"), make("kbd", {}, "L")),
      this.form,
    );
  }

  update() {
    this.element.hidden = this.store.readOnly;
  }

  /** Open it, with the word that is selected in the page. */
  focus() {
    const chosen = String(getSelection()).trim();
    this.element.open = true;
    if (chosen && !/\s{2,}|\n/.test(chosen) && chosen.length < 60) {
      this.word.value = chosen;
      this.#forget();
    }
    (this.word.value ? this.as : this.word).focus();
    this.element.scrollIntoView({block: "nearest"});
  }

  #forget() {
    this.keep.hidden = true;
    this.found.replaceChildren();
  }

  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
      this.keep.hidden ? this.#ask(true) : this.#ask(false);
    else if (event.key === "Escape") this.onleave?.();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #ask(dry) {
    const word = this.word.value.trim();
    const as = this.as.value.trim();
    if (!word || !as) return (word ? this.as : this.word).focus();
    const script = this.store.script.id;
    return this.actions.inOrder(async () => {
      try {
        const answer = await this.api.ask("POST", `scripts/${script}/say-as`, {word, as, dry_run: dry});
        this.status.clear();
        if (dry) this.#show(answer);
        else this.#written(answer);
      } catch (error) {
        this.status.error(error);
      }
    });
  }

  #show({file, changes}) {
    this.found.replaceChildren(
      make(
        "p",
        {},
        changes.length
          ? `${count(changes.length, "line")} would be read otherwise:`
          : "No line is read otherwise by that.",
      ),
      make(
        "ul",
        {},
        ...changes
          .slice(0, SHOWN)
          .map(each => make("li", {}, make("del", {}, each.before), make("ins", {}, each.after))),
      ),
      ...(changes.length > SHOWN ? [make("p", {class: "soft"}, `and ${changes.length - SHOWN} more`)] : []),
    );
    this.keep.hidden = false;
    this.keep.textContent = `Write ${file}`;
    this.keep.classList.toggle("main", changes.length > 0);
    if (changes.length) this.keep.focus();
  }

  #written({file, changes}) {
    this.word.value = this.as.value = "";
    this.#forget();
    const again = make(
      "button",
      {type: "button", onclick: () => this.#sayAgain(changes)},
      changes.length === 1 ? "Say that line again" : `Say those ${changes.length} lines again`,
    );
    this.found.replaceChildren(
      make("p", {}, `${file} is written.`),
      ...(changes.length ? [make("p", {class: "buttons"}, again)] : []),
    );
    this.status.say(`${file} is written`);
    this.detail.readAgain();
    this.onleave?.();
  }

  async #sayAgain(changes) {
    this.found.replaceChildren();
    const queued = await this.actions.speakAll(changes.map(each => each.id));
    if (queued) this.status.say(`${count(queued, "line")} to be said again`);
  }
}
