// The little menu after B: what is wrong with a line, by a digit or a press.
import {make} from "./shared/dom.js";
import {FAULTS} from "./shared/words.js";

const MEANING = {
  word: "a word is wrong",
  noise: "noise, a click",
  pace: "too fast or slow",
  voice: "not the voice",
  cut: "cut off",
  other: "something else",
};

/** Ask for a fault; `done(fault)` is called with one of them, or not at all. */
export class FaultMenu {
  constructor(done) {
    this.done = done;
    this.menu = make(
      "div",
      {role: "menu", class: "faults", "aria-label": "What is wrong with it?", hidden: true},
      ...FAULTS.map((fault, place) =>
        make(
          "button",
          {type: "button", role: "menuitem", tabindex: "-1", onclick: () => this.#choose(fault)},
          make("kbd", {}, String(place + 1)),
          make("b", {}, fault),
          make("span", {class: "soft"}, MEANING[fault]),
        ),
      ),
    );
    this.menu.addEventListener("keydown", event => this.#key(event));
    this.menu.addEventListener(
      "focusout",
      event => !this.menu.contains(event.relatedTarget) && this.#close(false),
    );
    document.body.append(this.menu);
  }

  open() {
    this.before = document.activeElement;
    this.menu.hidden = false;
    this.menu.firstChild.focus();
  }

  #choose(fault) {
    this.#close();
    this.done(fault);
  }

  #close(back = true) {
    if (this.menu.hidden) return;
    this.menu.hidden = true;
    if (back) this.before?.focus({preventScroll: true});
  }

  #key(event) {
    const places = [...this.menu.children];
    const at = places.indexOf(document.activeElement);
    const digit = Number(event.key);
    if (FAULTS[digit - 1]) this.#choose(FAULTS[digit - 1]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp")
      places.at((at + (event.key === "ArrowDown" ? 1 : -1)) % places.length).focus();
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
