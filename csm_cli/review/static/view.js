// Which lines are shown, and which one is selected.
import {successor} from "./drafts.js";
import {isTodo, standing} from "./store.js";

export const KINDS = {
  all: ["All lines", () => true],
  todo: ["Unheard or bad", isTodo],
  bad: ["Marked bad", line => line.mark === "bad"],
  review: ["Needs review", line => line.state === "review"],
  stale: ["Stale", line => line.state === "stale"],
  new: ["Without a take", line => standing(line) === "new"],
  good: ["Marked good", line => line.mark === "good"],
};

/** Events: `shown` (other lines are shown; detail: {moved: id so far → id now}), `select` (detail: {by: "person" | "playing" | "reading"}). */
export class View extends EventTarget {
  kind = "all";
  speaker = "";
  text = "";
  shown = [];
  selected = null;
  #rows = new Map();

  constructor(store) {
    super();
    this.store = store;
    store.addEventListener("open", event => this.#opened(event.detail.before));
  }

  /** Select what stands where the selected line stood. */
  #opened(before) {
    const {store} = this;
    const moved = id => (before.length && id ? successor(id, before, store).id : null);
    const remembered = sessionStorage.getItem("csm-line-" + store.script?.path);
    this.selected = moved(this.selected) ?? store.line(remembered)?.id ?? store.lines[0]?.id ?? null;
    this.filter({}, moved);
    this.#select("reading");
  }

  get line() {
    return this.store.line(this.selected);
  }

  /** Show what a filter lets through: {kind, speaker, text}. */
  filter(choice = {}, moved = id => id) {
    Object.assign(this, choice);
    const wanted = KINDS[this.kind][1];
    const text = this.text.trim().toLowerCase();
    this.shown = this.store.lines
      .filter(
        line =>
          wanted(line) &&
          (!this.speaker || line.speaker === this.speaker) &&
          (!text || line.text.toLowerCase().includes(text) || line.id.startsWith(text)),
      )
      .map(line => line.id);
    this.#rows = new Map(this.shown.map((id, row) => [id, row]));
    this.dispatchEvent(new CustomEvent("shown", {detail: {moved}}));
  }

  get filtered() {
    return this.kind !== "all" || this.speaker !== "" || this.text.trim() !== "";
  }

  /** Row of a line among those shown, or -1. */
  row(id) {
    return this.#rows.get(id) ?? -1;
  }

  select(id, by = "person") {
    if (id === null || (id === this.selected && by === "playing")) return;
    this.selected = id;
    sessionStorage.setItem("csm-line-" + this.store.script.path, id);
    this.#select(by);
  }

  #select(by) {
    this.dispatchEvent(new CustomEvent("select", {detail: {by}}));
  }

  /** The id some rows on; where the selected line is not shown, the next that is. */
  from(id, rows) {
    let row = this.row(id);
    if (row < 0) {
      const place = this.store.place(id);
      row = this.shown.findIndex(each => this.store.place(each) > place);
      if (row < 0) return this.shown.at(-1) ?? null;
      if (rows > 0) rows--;
    }
    return this.shown[Math.min(this.shown.length - 1, Math.max(0, row + rows))] ?? null;
  }

  /** The next line that is unmarked or bad, from the start again after the last. */
  nextTodo(id) {
    const row = this.row(id);
    const count = this.shown.length;
    for (let step = 1; step <= count; step++) {
      const next = this.shown[(row + step + count) % count];
      if (isTodo(this.store.line(next)) && next !== id) return next;
    }
    return null;
  }
}
