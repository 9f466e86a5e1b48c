// What keys and buttons do: play, judge, say again, choose, pin, undo. Changes are sent one after the other.
import {linePath} from "./api.js";
import {successor} from "./drafts.js";
import {count} from "./shared/words.js";

export class Actions {
  #last = Promise.resolve();
  #unsent = new Map();

  constructor({api, store, view, player, detail, status}) {
    Object.assign(this, {api, store, view, player, detail, status});
    player.after = item => (item.through ? this.#following(item) : null);
    player.addEventListener("end", event => this.#heard(event.detail));
    player.addEventListener(
      "change",
      () => player.playing && player.item.through && view.select(player.item.id, "playing"),
    );
    store.addEventListener("open", event => this.#opened(event.detail.before));
    player.addEventListener("failed", event => this.#silent(event.detail));
  }

  // Playing

  #item(line, take = null, through = true) {
    const chosen = take ?? {id: line.take, seconds: line.seconds};
    return {
      id: line.id,
      script: this.store.script.id,
      take: chosen.id,
      seconds: chosen.seconds,
      gap: line.gap,
      through,
    };
  }

  /** The next line with a take among those shown, or null. */
  #next(first) {
    for (let id = first, next; (next = this.view.from(id, 1)) !== null && next !== id; id = next) {
      const line = this.store.line(next);
      if (this.store.place(next) <= this.store.place(first)) return null;
      if (line.take) return line;
    }
    return null;
  }

  /** What is played after an item. */
  #following(item) {
    const line = this.#next(item.id);
    return line && {item: this.#item(line), gap: item.gap ?? 0};
  }

  /** Play a line from a share of it on, and then those behind it; where it has no take, from the next that has one. */
  play(id, share = 0) {
    const asked = this.store.line(id);
    if (!asked) return;
    const line = asked.take ? asked : this.#next(id);
    this.view.select(line?.id ?? id);
    if (line) this.player.play(this.#item(line), share * line.seconds);
    if (!line)
      this.status.say(
        "No line that is shown from here on has a take yet" + (this.store.readOnly ? "" : "; R makes some"),
        "failed",
      );
    else if (line !== asked) this.status.say("That line has no take yet: it starts at the next that has one");
  }

  /** Play a take alone; at the place where another take of its line is heard. */
  playTake(take, from = null) {
    const {player} = this;
    const line = this.view.line;
    const place = player.playing && player.item.id === line.id ? player.time : 0;
    player.play(this.#item(line, take, false), from ?? Math.min(place, Math.max(0, take.seconds - 0.2)));
  }

  toggle(id = this.view.selected) {
    const {player} = this;
    if (player.item?.id === id && player.playing) player.pause();
    else if (player.item?.id === id && player.share < 1) player.resume();
    else this.play(id);
  }

  /** Select a line; playing goes on there. */
  go(id) {
    if (id === null || id === undefined) return;
    if (this.player.playing && this.player.item.id !== id && this.store.line(id).take) this.play(id);
    else {
      if (this.player.item?.id !== id) this.player.stop();
      this.view.select(id);
    }
  }

  nextTodo() {
    const id = this.view.nextTodo(this.view.selected);
    if (id === null) this.status.say("No other line is unmarked or bad");
    else this.go(id);
  }

  /** What is played goes on, under the id that its line has now. */
  #opened(before) {
    const {item} = this.player;
    if (!item) return;
    if (!before.length) this.player.stop();
    else item.id = successor(item.id, before, this.store).id ?? item.id;
  }

  /** Stop when this line is over: somebody types. */
  hold() {
    if (this.player.item) this.player.item.through = false;
  }

  #silent({item, error}) {
    if (error.name === "NotAllowedError")
      return this.status.say(
        "The browser plays no sound before you click or press a key in the page",
        "failed",
      );
    return this.status.error(
      error.line
        ? error
        : new Error(`Line ${item.id}: ${error.message}; say it again, or see: csm takes list`),
    );
  }

  // Changes

  /**
   * Send a change after those before it; what it returns replaces its line. Null if it failed, which was said.
   * One that a person asked for takes an earlier message away.
   */
  #change(send, asked = true) {
    const done = this.#last
      .then(async () => {
        const seen = this.status.errors;
        const answer = await send();
        if (asked) this.status.clear(seen);
        if (answer?.id && answer.state) this.store.replace([answer]);
        return answer ?? {};
      })
      .catch(error => {
        this.status.error(error);
        return null;
      });
    this.#last = done;
    return done;
  }

  /** A change that others make (texts, settings, the lexicon) in the same order. */
  inOrder(send) {
    const done = this.#last.catch(() => {}).then(send);
    this.#last = done.catch(() => {});
    return done;
  }

  #path(what, id = this.view.selected) {
    return linePath(this.store.script.id, id, what);
  }

  /** Mark the selected line: "good", "bad" with a fault, or null. */
  mark(mark, fault = null) {
    const {line} = this.view;
    if (!line) return;
    if (!line.take) this.status.say("There is nothing to judge: the line has no take", "failed");
    else
      this.#mark(line, mark, fault).then(
        done =>
          done &&
          this.status.say(mark ? `Marked ${[mark, fault].filter(Boolean).join(": ")}` : "The mark is gone"),
      );
  }

  #heard(item) {
    const line = this.store.line(item.id);
    if (line && !line.mark && line.take === item.take && !this.store.readOnly)
      this.#mark(line, "heard", null);
  }

  #mark(line, mark, fault) {
    const body = {take: line.take, mark, fault};
    this.store.change(line.id, {mark, fault});
    const script = this.store.script.id;
    return this.#change(() => this.#sendMark(script, line.id, body), mark !== "heard");
  }

  async #sendMark(script, id, body) {
    try {
      return await this.api.ask("PUT", linePath(script, id, "mark"), body);
    } catch (error) {
      if (error.status === 0) this.#unsent.set(id, [script, body]);
      else this.#restore(script, id);
      throw error;
    }
  }

  /** Show a line again as the server has it. */
  async #restore(script, id) {
    const line = await this.api.get(linePath(script, id)).catch(() => null);
    if (line && script === this.store.script.id) this.store.replace([line]);
  }

  /** Send the marks that could not be sent while the server was away. */
  sendAgain() {
    const kept = [...this.#unsent];
    this.#unsent.clear();
    for (const [id, [script, body]] of kept) this.#change(() => this.#sendMark(script, id, body));
  }

  async speak(number = 3) {
    if (!this.view.line) return;
    const done = await this.#change(() => this.api.ask("POST", this.#path("speak"), {count: number}));
    if (done) this.status.say(`${count(number, "new take")} asked for`);
  }

  /** A new take of each of some lines; how many were asked for before one was refused. */
  async speakAll(ids) {
    for (const [place, id] of ids.entries())
      if (!(await this.#change(() => this.api.ask("POST", this.#path("speak", id), {count: 1}))))
        return place;
    return ids.length;
  }

  async cancel() {
    const done = await this.#change(() => this.api.ask("POST", this.#path("cancel")));
    if (done) this.status.say("No longer queued");
  }

  /** Use a take of the selected line, by its number, and play it. */
  async choose(number) {
    const detail = await this.detail.ready();
    const take = detail?.takes.find(each => each.number === number);
    if (!take) return this.status.say(`There is no take ${number}`, "failed");
    this.playTake(take);
    if (this.store.readOnly || take.in_use) return null;
    if (await this.#change(() => this.api.ask("POST", this.#path("choose", detail.id), {take: take.id})))
      this.status.say(`Take ${number} is used`);
    return null;
  }

  /** Pin a take of the selected line, by default the one in use; take the pin away if it has it. */
  async pin(id = null) {
    const {selected} = this.view;
    const done = await this.#change(() => {
      const line = this.store.line(selected);
      const take = id ?? line.take;
      const pinned = line.state === "pinned" && take === line.take;
      if (!take) throw new Error("There is no take to pin; R makes some");
      return this.api.ask(
        "POST",
        this.#path(pinned ? "unpin" : "pin", selected),
        pinned ? undefined : {take},
      );
    });
    if (done) this.status.say(done.state === "pinned" ? "The take is pinned" : "The pin is gone");
  }

  async undo() {
    if (!this.store.undo) return this.status.say("There is nothing to undo", "failed");
    const done = await this.#change(() => this.api.ask("POST", "undo"));
    if (!done) return null;
    this.status.say("Undone: " + done.undone);
    if (done.script === this.store.script.id && this.store.line(done.line)) this.view.select(done.line);
    return null;
  }

  write() {
    return this.#change(() => this.api.ask("POST", `scripts/${this.store.script.id}/write`));
  }
}
