// The selected line in full, with all of its takes: read when it is selected, and again when it changes.
import {linePath} from "./api.js";

const REST = 90;

/** Events: `detail` (value is that of the selected line, or null while it is not there), `failed` (detail: the error). */
export class Detail extends EventTarget {
  value = null;
  #turn = 0;
  #reading = null;
  #timer = null;

  constructor(api, store, view) {
    super();
    Object.assign(this, {api, store, view});
    view.addEventListener("select", () => this.#later(this.value?.id === view.selected ? 0 : REST));
    store.addEventListener("lines", event => event.detail.includes(view.selected) && this.#later(0));
    store.addEventListener("open", () => this.#later(0));
  }

  /** Read the selected line once more. */
  readAgain() {
    this.#later(0);
  }

  /** The selected line, read by now. */
  async ready() {
    if (this.value?.id === this.view.selected) return this.value;
    this.#later(0);
    await this.#reading;
    return this.value?.id === this.view.selected ? this.value : null;
  }

  #later(wait) {
    if (this.value && this.value.id !== this.view.selected) this.#set(null);
    clearTimeout(this.#timer);
    if (wait) this.#timer = setTimeout(() => this.#later(0), wait);
    else this.#reading = this.#read();
  }

  async #read() {
    const turn = ++this.#turn;
    const id = this.view.selected;
    if (this.store.place(id) < 0) return;
    try {
      const value = await this.api.get(linePath(this.store.script.id, id));
      if (turn === this.#turn && id === this.view.selected) this.#set(value);
    } catch (error) {
      if (turn === this.#turn) this.dispatchEvent(new CustomEvent("failed", {detail: error}));
    }
  }

  #set(value) {
    this.value = value;
    this.dispatchEvent(new CustomEvent("detail"));
  }
}
