// The takes of the selected line: play, compare two at the same place, use one, pin one.
import {icon, iconButton, length, make} from "./shared/dom.js";
import {draw, shareAt} from "./shared/waveform.js";
import {checksOf, findings, madeAt, originOf} from "./shared/words.js";

export class Takes {
  #rows = new Map();
  #pair = {line: null, a: null, b: null, chosen: false};
  #takes = [];
  #job = {line: null, job: null};

  constructor({store, view, player, detail, actions, status}) {
    Object.assign(this, {store, view, player, detail, actions, status});
    this.list = make("ol", {class: "takes", "aria-label": "Takes"});
    this.title = make("h3", {}, "Takes");
    this.again = make(
      "button",
      {type: "button", class: "again", onclick: () => actions.speak(), title: "Three new takes (R)"},
      icon("again"),
      "Three new takes",
    );
    this.cancel = make("button", {type: "button", onclick: () => actions.cancel(), hidden: true}, "Cancel");
    this.job = make("p", {class: "job"});
    this.swap = make(
      "button",
      {
        type: "button",
        class: "swap",
        onclick: () => this.compare(),
        "aria-label": "Compare A and B",
        title: "Compare A and B: the other take, at the same place (X)",
      },
      "A / B",
    );
    this.element = make(
      "section",
      {"aria-label": "Takes"},
      make("div", {class: "head"}, this.title, this.swap, this.again, this.cancel),
      this.job,
      this.list,
    );
    player.addEventListener("change", () => this.#playing());
    player.addEventListener("frame", () => this.#paint());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      requestAnimationFrame(() => this.#paint(true)),
    );
    new ResizeObserver(() => this.#paint(true)).observe(this.list);
  }

  update() {
    const {line} = this.view;
    const value = this.detail.value;
    // While the takes of another line are read, what stands below stays where it is.
    this.list.style.minHeight = value ? "" : this.list.offsetHeight + "px";
    this.#takes = value?.takes ?? [];
    this.#report(line);
    if (this.#pair.line !== line?.id) this.#pair = {line: line?.id, a: null, b: null, chosen: false};
    this.#rest();
    this.title.textContent = value && this.#takes.length ? `Takes · ${this.#takes.length}` : "Takes";
    for (const [id, row] of this.#rows)
      if (!this.#takes.some(each => each.id === id)) {
        row.element.remove();
        this.#rows.delete(id);
      }
    for (const [place, take] of this.#takes.entries()) {
      const row = this.#rows.get(take.id) ?? this.#make(take.id);
      row.update(take);
      const there = this.list.children[place];
      if (there !== row.element) this.list.insertBefore(row.element, there ?? null);
    }
    this.again.hidden =
      this.store.readOnly || ["queued", "speaking"].includes(line?.job) || line?.state === "silent";
    this.cancel.hidden = this.store.readOnly || line?.job !== "queued";
    this.swap.hidden = this.#takes.length < 2;
    const job =
      {
        queued: "New takes are queued",
        speaking: "New takes are being spoken",
        failed: `No new take: ${line?.job_message}`,
      }[line?.job] ?? "";
    if (this.job.textContent !== job) this.job.textContent = job;
    this.job.className = "job " + (line?.job ?? "");
    this.#playing();
    this.#paint(true);
  }

  /** Say when what was asked for the line is there. */
  #report(line) {
    const before = this.#job;
    this.#job = {line: line?.id, job: line?.job ?? null};
    if (before.line !== line?.id || !["queued", "speaking"].includes(before.job)) return;
    if (line.job === "failed") this.status.say("No new take: " + line.job_message, "failed");
    else if (!line.job && before.job === "speaking") this.status.say("The new takes are there");
  }

  /** What is compared by default: the take in use with the latest other. */
  #rest() {
    const there = id => this.#takes.some(each => each.id === id);
    const pair = this.#pair;
    if (!pair.chosen) Object.assign(pair, {a: null, b: null});
    if (!there(pair.a))
      pair.a =
        this.#takes.find(each => each.in_use && each.id !== pair.b)?.id ??
        this.#takes.find(each => each.id !== pair.b)?.id ??
        null;
    if (!there(pair.b) || pair.a === pair.b)
      pair.b = this.#takes.findLast(each => each.id !== pair.a)?.id ?? null;
  }

  /** Play the other one of the two, where the first is. */
  compare() {
    const {player} = this;
    const {a, b} = this.#pair;
    if (!a || !b) return;
    const heard = player.item?.id === this.view.selected ? player.item.take : null;
    const take = this.#takes.find(each => each.id === (heard === a ? b : a));
    this.actions.playTake(take);
  }

  #choosePair(letter, id) {
    const other = letter === "a" ? "b" : "a";
    const pair = this.#pair;
    if (pair[other] === id) pair[other] = pair[letter];
    Object.assign(pair, {[letter]: id, chosen: true});
    this.update();
  }

  #make(id) {
    const row = {take: null};
    const take = () => row.take;
    row.play = iconButton("play", "Play", () => this.#toggle(take()));
    row.number = make("kbd", {});
    row.canvas = make("canvas", {
      role: "img",
      onclick: event => this.actions.playTake(take(), shareAt(row.canvas, event) * take().seconds),
    });
    row.seconds = make("span", {class: "seconds numbers"});
    row.letters = ["a", "b"].map(letter =>
      make(
        "button",
        {type: "button", class: "letter", onclick: () => this.#choosePair(letter, id)},
        letter.toUpperCase(),
      ),
    );
    row.use = make("button", {type: "button", onclick: () => this.actions.choose(take().number)});
    row.pin = iconButton("pin", "Pin", () => this.actions.pin(id));
    row.facts = make("div", {class: "facts"});
    row.element = make(
      "li",
      {},
      row.play,
      row.number,
      row.canvas,
      row.seconds,
      make(
        "div",
        {class: "below"},
        row.facts,
        make("div", {class: "choices"}, make("span", {class: "letters"}, ...row.letters), row.use, row.pin),
      ),
    );
    row.update = value => this.#fill(row, value);
    this.#rows.set(id, row);
    return row;
  }

  #fill(row, take) {
    row.take = take;
    const several = this.#takes.length > 1;
    const fixed = this.store.readOnly;
    row.element.classList.toggle("used", take.in_use);
    row.number.textContent = take.number;
    row.canvas.setAttribute("aria-label", `Waveform of take ${take.number}`);
    row.seconds.textContent = length(take.seconds);
    row.letters.forEach((button, place) => {
      const letter = "ab"[place];
      button.hidden = !several;
      button.setAttribute("aria-pressed", this.#pair[letter] === take.id);
      button.setAttribute("aria-label", `Compare take ${take.number} as ${letter.toUpperCase()}`);
    });
    row.use.hidden = fixed && !take.in_use;
    row.use.disabled = take.in_use;
    row.use.textContent = take.in_use ? "in use" : "Use";
    row.use.setAttribute(
      "aria-label",
      take.in_use ? `Take ${take.number} is in use` : `Use take ${take.number}`,
    );
    row.pin.hidden = fixed && !take.pinned;
    row.pin.disabled = fixed;
    row.pin.setAttribute("aria-pressed", take.pinned);
    const pin = take.pinned
      ? `Take the pin off take ${take.number}`
      : `Pin take ${take.number}: this one and no other`;
    row.pin.setAttribute("aria-label", pin);
    row.pin.title = pin;
    const marked =
      take.mark && take.mark !== "heard"
        ? `marked ${[take.mark, take.fault].filter(Boolean).join(": ")}`
        : take.mark;
    row.facts.replaceChildren(
      make(
        "p",
        {class: "soft", title: `made ${madeAt(take)}; take ${take.id}`},
        [originOf(take), marked].filter(Boolean).join(" · "),
      ),
      ...(take.reasons.length ? [make("p", {class: "why"}, take.reasons.join("; "))] : []),
      make("p", {class: "soft"}, [checksOf(take), ...findings(take)].join(" · ")),
    );
  }

  #toggle(take) {
    const {player} = this;
    if (player.playing && player.item.take === take.id && player.item.id === this.view.selected)
      player.pause();
    else this.actions.playTake(take);
  }

  #playing() {
    const {player} = this;
    for (const [id, row] of this.#rows) {
      const plays = player.playing && player.item.take === id && player.item.id === this.view.selected;
      row.element.classList.toggle("playing", plays);
      row.play.replaceChildren(icon(plays ? "pause" : "play"));
      row.play.setAttribute("aria-label", `${plays ? "Pause" : "Play"} take ${row.take.number}`);
      row.play.title = row.play.getAttribute("aria-label");
    }
    this.#paint(true);
  }

  #paint(all = false) {
    const {player} = this;
    for (const [id, row] of this.#rows) {
      const share = player.item?.take === id && player.item.id === this.view.selected ? player.share : 0;
      if (all || share) draw(row.canvas, row.take.peaks, share);
    }
  }
}
