// Texts that are typed and not saved, by line; and where a line went when the script is read again.

export class Drafts extends EventTarget {
  #texts = new Map();

  constructor(store, status) {
    super();
    this.store = store;
    addEventListener("beforeunload", event => this.#texts.size && event.preventDefault());
    store.addEventListener("open", event => {
      for (const {id} of event.detail.before)
        if (this.has(id)) this.#follow(id, this.get(id), event.detail.before, store, status);
    });
  }

  #key(id) {
    return `${this.store.opened}/${id}`;
  }

  /** A draft goes to the line that stands where its line stood; that one's text is shown beside it. */
  #follow(id, draft, before, store, status) {
    if (store.place(id) >= 0) return;
    const now = successor(id, before, store);
    const line = store.line(now.id);
    this.drop(id);
    if (now.alone)
      status.error(
        new Error(`The line that you edited is no longer in the script; your text was: “${draft.text}”`),
      );
    else if (line.text !== draft.text)
      this.set(now.id, {...draft, base: line.text, version: store.version, theirs: line.text});
  }

  has(id) {
    return this.#texts.has(this.#key(id));
  }
  get(id) {
    return this.#texts.get(this.#key(id)) ?? null;
  }

  /** @param draft {text, base: the text it began with, version of the script then, theirs: a text on the disk that differs} */
  set(id, draft) {
    const news = !this.has(id);
    this.#texts.set(this.#key(id), draft);
    if (news) this.dispatchEvent(new CustomEvent("change"));
  }

  drop(id) {
    if (this.#texts.delete(this.#key(id))) this.dispatchEvent(new CustomEvent("change"));
  }
}

/**
 * Which line stands where a line stood before the script was read again, by its neighbours.
 *
 * Returns {id, same: whether it is that line itself, alone: whether no line stands there}.
 */
export function successor(id, before, store) {
  if (store.place(id) >= 0) return {id, same: true, alone: false};
  const place = before.findIndex(line => line.id === id);
  let last = place - 1;
  let next = place + 1;
  while (last >= 0 && store.place(before[last].id) < 0) last--;
  while (next < before.length && store.place(before[next].id) < 0) next++;
  const from = last < 0 ? -1 : store.place(before[last].id);
  const to = next >= before.length ? store.lines.length : store.place(before[next].id);
  const at = from + (place - last);
  if (at < to) return {id: store.lines[at].id, same: false, alone: false};
  const near = store.lines[Math.min(Math.max(0, from), store.lines.length - 1)];
  return {id: near?.id ?? null, same: false, alone: true};
}
