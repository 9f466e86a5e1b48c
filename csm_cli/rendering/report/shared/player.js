// Plays takes one after the other: two media elements by turns, the next take loaded while one is heard.

export const RATES = {least: 0.5, most: 2, step: 0.1};
const AHEAD = 3;
const FAILURES = 3;

/**
 * Plays items. An item is any object with `take` (id of the take) and `seconds`.
 * Events: `change` (item, or whether it plays), `frame` (its time), `end` (detail: the item that was played to its
 * end), `failed` (detail: {item, error}).
 */
export class Player extends EventTarget {
  item = null;
  playing = false;
  rate = 1;
  /** Of the page: what follows an item, {item, gap: seconds of pause before it}, or null. */
  after = () => null;
  #elements = [new Audio(), new Audio()];
  #takes = [null, null];
  #now = 0;
  #turn = 0;
  #waiting = null;
  #begun = null;
  #failures = 0;

  /** @param soundOf gives (a promise of) the address of an item's sound */
  constructor(soundOf) {
    super();
    this.soundOf = soundOf;
    this.#elements.forEach((element, place) => {
      element.preload = "auto";
      element.preservesPitch = true;
      element.addEventListener("ended", () => place === this.#now && this.playing && this.#ended());
      element.addEventListener("error", () => {
        this.#takes[place] = null;
        if (place === this.#now && this.playing && element.src)
          this.#failed(this.item, new Error("its sound cannot be played"));
      });
    });
  }

  get element() {
    return this.#elements[this.#now];
  }
  get time() {
    return this.#waiting ? this.item.seconds : (this.#begun ?? this.element.currentTime);
  }
  get share() {
    const seconds = this.element.duration || this.item?.seconds;
    return this.item && seconds ? Math.min(1, this.time / seconds) : 0;
  }

  /** Play an item from a second on. */
  async play(item, from = 0) {
    const turn = this.#begin(item, from);
    try {
      const other = 1 - this.#now;
      if (this.#takes[other] === item.take) {
        this.element.pause();
        this.#now = other;
      } else if (this.#takes[this.#now] !== item.take) {
        this.element.pause();
        const address = await this.soundOf(item);
        if (turn !== this.#turn) return;
        this.#load(this.#now, item.take, address);
      }
      await metadata(this.element);
      if (turn !== this.#turn) return;
      this.element.currentTime = Math.min(from, Math.max(0, this.element.duration - 0.05));
      this.#begun = null;
      this.element.playbackRate = this.rate;
      await this.element.play();
      this.#failures = 0;
      if (turn === this.#turn) this.#prepare();
    } catch (error) {
      if (turn === this.#turn && error.name !== "AbortError") this.#failed(item, error);
    }
  }

  #begin(item, from) {
    clearTimeout(this.#waiting?.timer);
    this.#waiting = null;
    Object.assign(this, {item, playing: true});
    this.#begun = from;
    this.#tell("change");
    this.#follow();
    return ++this.#turn;
  }

  pause() {
    this.#turn++;
    clearTimeout(this.#waiting?.timer);
    this.element.pause();
    this.playing = false;
    this.#tell("change");
  }

  /** Go on where `pause` was pressed; in the pause before a line, with that line. */
  resume() {
    if (!this.item) return;
    if (this.#waiting) this.play(this.#waiting.item);
    else this.play(this.item, this.element.ended ? 0 : this.time);
  }

  /** Stop, and play nothing. */
  stop() {
    if (this.playing) this.pause();
    this.#waiting = null;
    this.item = null;
    this.#tell("change");
  }

  /** Some seconds on or back. */
  step(seconds) {
    if (!this.item || this.#waiting) return;
    this.element.currentTime = Math.min(
      Math.max(0, this.element.currentTime + seconds),
      Math.max(0, (this.element.duration || 0) - 0.05),
    );
    this.#tell("frame");
  }

  /** Faster or slower at the same pitch. */
  setRate(rate) {
    this.rate = Math.min(RATES.most, Math.max(RATES.least, Math.round(rate * 10) / 10));
    for (const element of this.#elements)
      Object.assign(element, {playbackRate: this.rate, defaultPlaybackRate: this.rate});
    this.#tell("change");
  }

  #load(place, take, address) {
    const element = this.#elements[place];
    this.#takes[place] = take;
    Object.assign(element, {src: address, defaultPlaybackRate: this.rate, playbackRate: this.rate});
    element.load();
  }

  /** Load what follows, and fetch what follows that. */
  async #prepare() {
    const turn = this.#turn;
    let next = this.item;
    for (let step = 0; step < AHEAD; step++) {
      next = next && this.after(next)?.item;
      if (!next) return;
      try {
        const address = await this.soundOf(next);
        if (turn !== this.#turn) return;
        const other = 1 - this.#now;
        if (step === 0 && this.#takes[other] !== next.take) this.#load(other, next.take, address);
      } catch {
        /* reported when its turn comes */
      }
    }
  }

  #ended() {
    const item = this.item;
    this.#tell("end", item);
    if (this.playing && this.item === item && !this.#waiting) this.#goOn(item);
  }

  #goOn(item) {
    const next = this.after(item);
    if (!next) {
      this.playing = false;
      this.#tell("change");
      return;
    }
    const timer = setTimeout(
      () => {
        const now = this.after(item);
        if (now) this.play(now.item);
        else this.pause();
      },
      (1000 * next.gap) / this.rate,
    );
    this.#waiting = {timer, item: next.item};
  }

  #failed(item, error) {
    this.#tell("failed", {item, error});
    if (error.name === "NotAllowedError" || ++this.#failures >= FAILURES) {
      this.#failures = 0;
      return this.pause();
    }
    this.#takes[this.#now] = null;
    if (this.playing && this.item === item) this.#goOn(item);
  }

  #follow() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      this.#tell("frame");
      if (this.playing) this.#follow();
    });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}

function metadata(element) {
  if (element.readyState >= 1) return null;
  return new Promise((done, failed) => {
    element.addEventListener("loadedmetadata", done, {once: true});
    element.addEventListener(
      "error",
      () => failed(Object.assign(new Error("its sound cannot be played"), {name: "AbortError"})),
      {once: true},
    );
  });
}
