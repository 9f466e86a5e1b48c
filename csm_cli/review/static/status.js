// What is said to the person: results in a quiet line, errors in one that stays, the state of the connection.
import {iconButton, make} from "./shared/dom.js";

const SHOWN = 4000;

/** With a capital letter, but for a file, a place or an address at the front. */
const capitalised = text => (/^\S*[./:\\]/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1));

export class Status {
  #timer = null;
  /** How many errors were shown so far. */
  errors = 0;

  /** @param said a `role=status`, alert a `role=alert`, link the line about the connection */
  constructor(said, alert, link) {
    Object.assign(this, {said, alert, link});
  }

  /** Say what became of something: it was "done", or "failed": what was asked for did not happen. */
  say(text, kind = "done") {
    clearTimeout(this.#timer);
    this.said.textContent = text;
    this.said.classList.add("shown");
    this.said.classList.toggle("failed", kind === "failed");
    this.#timer = setTimeout(() => this.said.classList.remove("shown"), SHOWN);
  }

  /** One line with the remedy, until it is closed or the next thing succeeds. */
  error(error) {
    if (error.constructor !== Error && !error.line) console.error(error); // not one of ours: a fault of the page
    this.errors++;
    this.alert.replaceChildren(
      make("span", {}, capitalised(error.line ?? String(error.message ?? error))),
      iconButton("close", "Close this message", () => this.clear()),
    );
    this.alert.hidden = false;
  }

  /** Take the error away; where `seen` of them were shown when something began, not one that came since. */
  clear(seen = this.errors) {
    if (this.errors > seen) return;
    this.alert.hidden = true;
    this.alert.replaceChildren();
  }

  /** The connection is there (null), or lost: what is said, and what a press on the button does. */
  connection(text, retry) {
    this.link.hidden = text === null;
    if (text === null) return this.link.replaceChildren();
    if (this.link.firstChild?.textContent === text) return null;
    return this.link.replaceChildren(
      make("span", {}, text),
      ...(retry ? [make("button", {type: "button", onclick: retry}, "Try now")] : []),
    );
  }
}
