// The list of lines: only the rows near what is in view are elements; the selected row always is.
import {shareAt} from "./shared/waveform.js";
import {chapterTitle} from "./shared/words.js";
import {Geometry} from "./geometry.js";
import {Row} from "./row.js";

const MARGIN = 700;
const LETTER = 7.1;
const TEXT_LINE = 21.75;
const HAND = 4000;
const MOST_PASSES = 4;

export class LineList {
  #rows = new Map();
  #geometry = new Geometry();
  #width = 0;
  #hand = -Infinity;
  #asked = 0;
  #anchors = [];

  /** @param on {play(id, share), toggle(id), press(id)}: what a pointer asks for */
  constructor(box, store, view, player, drafts, on) {
    Object.assign(this, {box, store, view, player, drafts, on});
    this.track = box.querySelector(".track");
    box.addEventListener("scroll", () => this.render(), {passive: true});
    for (const name of ["wheel", "touchmove", "pointerdown"])
      box.addEventListener(
        name,
        () => {
          this.#hand = performance.now();
        },
        {passive: true},
      );
    box.addEventListener("click", event => this.#click(event));
    new ResizeObserver(() => this.#resize()).observe(box);
    view.addEventListener("shown", event => this.reset(event.detail.moved));
    view.addEventListener("select", event => this.#selected(event.detail.by));
    store.addEventListener("lines", event => this.#changed(event.detail));
    player.addEventListener("change", () => this.#refresh());
    player.addEventListener("frame", () =>
      this.#rows.get(player.item?.id)?.paint(this.#shareOf(player.item.id)),
    );
    drafts.addEventListener("change", () => this.#refresh());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      requestAnimationFrame(() => this.#repaint()),
    );
  }

  /** Other lines, or another order: all rows anew; the selected line, or else the one at the top, stays where it was. */
  reset(moved = id => id) {
    const kept = this.#anchors
      .map(each => ({...each, id: moved(each.id)}))
      .find(each => this.view.row(each.id) >= 0) ?? {id: this.view.selected, offset: 60};
    for (const row of this.#rows.values()) row.element.remove();
    this.#rows.clear();
    this.#geometry.reset(this.view.shown.length, row => this.#estimate(row));
    this.track.style.height = this.#geometry.total + "px";
    const row = this.view.row(kept.id);
    this.box.scrollTop = row < 0 ? 0 : this.#geometry.top(row) - kept.offset;
    this.render(row < 0 ? null : {row, offset: kept.offset});
  }

  /** Make and place the rows near what is in view. */
  render(anchor = null) {
    const {shown} = this.view;
    const geometry = this.#geometry;
    if (geometry.count !== shown.length) return;
    const anchorRow = anchor?.row ?? (shown.length ? geometry.at(this.box.scrollTop) : 0);
    const offset = anchor?.offset ?? (shown.length ? geometry.top(anchorRow) - this.box.scrollTop : 0);
    for (let pass = 0; pass < MOST_PASSES && this.#fill(); pass++) {
      this.track.style.height = geometry.total + "px";
      const top = geometry.top(anchorRow) - offset;
      if (Math.abs(top - this.box.scrollTop) > 1) this.box.scrollTop = top;
    }
    for (const [id, row] of this.#rows)
      row.element.style.transform = `translateY(${geometry.top(this.view.row(id))}px)`;
    this.#note();
  }

  /** Remember where the selected row is, if it is in view, and the one at the top. */
  #note() {
    const {scrollTop, clientHeight} = this.box;
    const geometry = this.#geometry;
    const selected = this.view.row(this.view.selected);
    if (!geometry.count || !clientHeight) return;
    const place = row => ({id: this.view.shown[row], offset: geometry.top(row) - scrollTop});
    const inView =
      selected >= 0 &&
      geometry.top(selected) < scrollTop + clientHeight &&
      geometry.top(selected + 1) > scrollTop;
    this.#anchors = [...(inView ? [place(selected)] : []), place(geometry.at(scrollTop))];
  }

  /** Bring the row of a line into view: "nearest" for a person who moves, "reading" while it is played. */
  reveal(id, how) {
    const row = this.view.row(id);
    if (row < 0) return;
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      const {scrollTop, clientHeight} = this.box;
      const top = this.#geometry.top(row);
      const bottom = top + this.#geometry.height(row);
      const room = how === "reading" ? clientHeight * 0.3 : 12;
      const low = how === "reading" ? clientHeight * 0.25 : 12;
      if (top - 12 >= scrollTop && bottom + low <= scrollTop + clientHeight) return;
      const wanted =
        how === "nearest" && bottom + low > scrollTop + clientHeight && top - 12 >= scrollTop
          ? Math.min(bottom + low - clientHeight, top - 12)
          : top - room;
      const far = Math.abs(wanted - scrollTop) > clientHeight;
      if (how === "reading" && !far && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
        this.box.scrollTo({top: wanted, behavior: "smooth"});
        return;
      }
      this.box.scrollTop = wanted;
      this.render();
      if (this.box.scrollTop === scrollTop) return;
    }
  }

  /** How many rows fit into what is in view. */
  get page() {
    return Math.max(
      1,
      this.#geometry.at(this.box.scrollTop + this.box.clientHeight) -
        this.#geometry.at(this.box.scrollTop) -
        1,
    );
  }

  /** Make what is missing, measure it, drop what is far off. Whether heights came out otherwise than assumed. */
  #fill() {
    const {shown} = this.view;
    const geometry = this.#geometry;
    const {scrollTop, clientHeight} = this.box;
    if (!shown.length) return false;
    const from = geometry.at(scrollTop - MARGIN);
    const to = geometry.at(scrollTop + clientHeight + MARGIN);
    const wanted = new Set(shown.slice(from, to + 1));
    if (this.view.row(this.view.selected) >= 0) wanted.add(this.view.selected);
    for (const [id, row] of this.#rows)
      if (!wanted.has(id)) {
        row.element.remove();
        this.#rows.delete(id);
      }
    const made = [];
    for (const id of wanted) if (!this.#rows.has(id)) made.push(this.#make(id));
    const before = geometry.total;
    this.#measure(made);
    for (const row of made) row.paint(this.#shareOf(row.id));
    return made.length > 0 && Math.abs(geometry.total - before) > 0.5;
  }

  #measure(rows) {
    const heights = rows.map(row => row.element.offsetHeight);
    rows.forEach((row, place) => this.#geometry.measured(this.view.row(row.id), heights[place]));
  }

  #make(id) {
    const row = new Row(id);
    const place = this.view.row(id);
    this.#update(row);
    const after = [...this.track.children].find(each => this.view.row(each.dataset.id) > place);
    this.track.insertBefore(row.element, after ?? null);
    this.#rows.set(id, row);
    return row;
  }

  #update(row) {
    const {view, store, player} = this;
    const line = store.line(row.id);
    const place = view.row(row.id);
    row.update({
      line,
      colour: store.colour(line.speaker),
      heading: this.#heading(place),
      row: place,
      rows: view.shown.length,
      selected: view.selected === row.id,
      playing: player.playing && player.item?.id === row.id,
      draft: this.drafts.has(row.id),
    });
  }

  /** "1. Arrival", above the first of a chapter's lines that are shown. */
  #heading(place) {
    const {view, store} = this;
    const {chapter} = store.line(view.shown[place]);
    if (place && store.line(view.shown[place - 1]).chapter === chapter) return null;
    return chapterTitle(chapter, store.script.chapters.find(each => each.number === chapter)?.title);
  }

  #estimate(place) {
    const line = this.store.line(this.view.shown[place]);
    const narrow = this.box.clientWidth < 640;
    const letters = Math.max(20, (this.box.clientWidth - (narrow ? 70 : 250)) / LETTER);
    return (
      (line.take ? 45 : 21) +
      (narrow ? 21 : 0) +
      Math.ceil(line.text.length / letters) * TEXT_LINE +
      (line.reasons.length ? 20 : 0) +
      (this.#heading(place) ? 56 : 0)
    );
  }

  #shareOf(id) {
    const {item, share} = this.player;
    return item?.id === id && item.take === this.store.line(id)?.take ? share : 0;
  }

  #changed(ids) {
    const rows = ids.map(id => this.#rows.get(id)).filter(Boolean);
    for (const row of rows) this.#update(row);
    this.#measure(rows);
    for (const row of rows) row.paint(this.#shareOf(row.id));
    this.render();
  }

  /** What is selected or played is another line. */
  #refresh() {
    cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame(() => this.#changed([...this.#rows.keys()]));
  }

  #selected(by) {
    const {selected} = this.view;
    this.render();
    this.#changed([...this.#rows.keys()]);
    if (this.view.row(selected) >= 0) this.box.setAttribute("aria-activedescendant", "line-" + selected);
    else this.box.removeAttribute("aria-activedescendant");
    if (by === "person") this.reveal(selected, "nearest");
    if (by === "playing" && performance.now() - this.#hand > HAND) this.reveal(selected, "reading");
  }

  #resize() {
    if (this.box.clientWidth === this.#width) return this.render();
    this.#width = this.box.clientWidth;
    this.reset();
  }

  #repaint() {
    for (const row of this.#rows.values()) row.paint(this.#shareOf(row.id));
  }

  #click(event) {
    const id = event.target.closest(".item")?.dataset.id;
    if (!id || !event.target.closest(".row")) return;
    if (event.target.matches("canvas")) this.on.play(id, shareAt(event.target, event));
    else if (event.target.closest(".sign")) this.on.toggle(id);
    else this.on.press(id);
  }
}
