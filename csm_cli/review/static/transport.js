// The bar at the foot: play, the lines before and after, where it is, how fast; and marks under a thumb.
import {clock, icon} from "./shared/dom.js";
import {RATES} from "./shared/player.js";

const KEPT = "csm-rate";

export class Transport {
  /** @param find gives an element of the bar by its id */
  constructor(find, {store, view, player, actions, faults}) {
    Object.assign(this, {store, view, player});
    this.button = find("play");
    this.where = find("where");
    this.now = find("now");
    this.marks = find("quick");
    this.rate = find("rate");
    const toggle = () => actions.toggle();
    const previous = () => actions.go(view.from(view.selected, -1));
    const next = () => actions.go(view.from(view.selected, 1));
    this.button.addEventListener("click", toggle);
    find("previous").addEventListener("click", previous);
    find("next").addEventListener("click", next);
    const media = {play: toggle, pause: toggle, previoustrack: previous, nexttrack: next};
    for (const [key, run] of Object.entries(media)) navigator.mediaSession?.setActionHandler(key, run);
    find("quick-good").addEventListener("click", () =>
      actions.mark(view.line?.mark === "good" ? null : "good"),
    );
    find("quick-bad").addEventListener("click", () => faults.open());
    for (let rate = RATES.least; rate < RATES.most + 0.01; rate += RATES.step)
      this.rate.append(new Option(`${rate.toFixed(1)} ×`, rate.toFixed(1)));
    this.rate.addEventListener("change", () => player.setRate(Number(this.rate.value)));
    for (const name of ["change", "frame"]) player.addEventListener(name, () => this.#time());
    player.addEventListener("change", () => this.update());
    view.addEventListener("select", () => this.update());
    store.addEventListener("lines", event => event.detail.includes(view.selected) && this.update());
    player.setRate(Number(localStorage.getItem(KEPT)) || 1);
  }

  faster(steps) {
    this.player.setRate(this.player.rate + steps * RATES.step);
  }

  update() {
    const {player, view, store} = this;
    const line = store.line(player.item?.id) ?? view.line;
    const label = player.playing ? "Pause" : "Play";
    if (this.button.title !== label + " (Space)") {
      this.button.setAttribute("aria-label", label);
      this.button.title = label + " (Space)";
      this.button.replaceChildren(icon(player.playing ? "pause" : "play"));
    }
    this.now.textContent = line ? line.text : "";
    if (player.playing) this.#describe(line);
    this.marks.hidden = store.readOnly || !view.line?.take;
    document.getElementById("quick-good").setAttribute("aria-pressed", view.line?.mark === "good");
    document.getElementById("quick-bad").setAttribute("aria-pressed", view.line?.mark === "bad");
    this.rate.value = player.rate.toFixed(1);
    localStorage.setItem(KEPT, player.rate);
    this.#time();
  }

  /** What the system shows of what plays, and where a headset's buttons go. */
  #describe(line) {
    if (!navigator.mediaSession || !line || line.id === this.described) return;
    this.described = line.id;
    const {title, path} = this.store.script;
    navigator.mediaSession.metadata = new MediaMetadata({
      title: line.text,
      artist: line.speaker,
      album: title || path,
    });
  }

  #time() {
    const {player, view} = this;
    const seconds = player.item?.seconds ?? (view.line?.take ? view.line.seconds : null);
    const time = seconds === null ? "" : clock(player.item ? player.time : 0);
    const of = seconds === null ? "" : " / " + clock(seconds);
    if (this.where.firstChild.textContent !== time) this.where.firstChild.textContent = time;
    if (this.where.lastChild.textContent !== of) this.where.lastChild.textContent = of;
  }
}
