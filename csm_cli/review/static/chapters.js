// Scripts and chapters with what has been listened to: a list on the left, two selects where there is no room.
import {clock, make} from "./shared/dom.js";
import {chapterTitle, count} from "./shared/words.js";

const PARTS = ["good", "heard", "bad"];

/** "12 good, 3 heard, 1 bad, 24 unheard, 1 stale, 2 to review, 1 without a take" */
function inWords(counts) {
  const words = [
    ["good", "good"],
    ["heard", "heard"],
    ["bad", "bad"],
    ["unheard", "unheard"],
    ["stale", "stale"],
    ["review", "to review"],
    ["new", "without a take"],
  ];
  return words
    .filter(([name]) => counts[name])
    .map(([name, word]) => `${counts[name]} ${word}`)
    .join(", ");
}

function bar(counts) {
  const parts = PARTS.map(name => {
    const part = make("span", {class: "part " + name});
    part.style.flexGrow = counts[name];
    return part;
  });
  const rest = make("span", {class: "part"});
  rest.style.flexGrow = Math.max(0, counts.lines - PARTS.reduce((sum, name) => sum + counts[name], 0));
  return make("span", {class: "bar", "aria-hidden": "true"}, ...parts, rest);
}

export class Chapters {
  #asked = 0;

  /** @param parts {nav, scripts: select, chapters: select, total: element} */
  constructor(parts, store, view, go) {
    Object.assign(this, {...parts, store, view, go});
    this.chapters.addEventListener("change", () => this.#jump(Number(this.chapters.value)));
    for (const name of ["state", "open", "lines"]) store.addEventListener(name, () => this.#later());
    view.addEventListener("select", () => this.#later());
  }

  #later() {
    cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame(() => this.update());
  }

  /** To the first of a chapter's lines that is shown. */
  #jump(number) {
    const id = this.view.shown.find(each => this.store.line(each).chapter === number);
    if (id) this.go(id);
  }

  update() {
    const {store, view} = this;
    const chapters = store.script?.chapters ?? [];
    const now = view.line?.chapter;
    this.#fillSelect(
      this.scripts,
      store.scripts.map(each => [each.id, each.title || each.path]),
      store.script?.id,
    );
    this.scripts.hidden = store.scripts.length < 2;
    this.#fillSelect(
      this.chapters,
      chapters.map(each => [each.number, chapterTitle(each.number, each.title)]),
      now,
    );
    const all = chapters.map(each => [
      each,
      (store.opened === store.script.id && store.counts(each.number)) || {...each, silent: 0},
    ]);
    while (this.nav.children.length > all.length) this.nav.lastChild.remove();
    all.forEach(([chapter, counts], place) => this.#button(place, chapter, counts, chapter.number === now));
    this.#sum(
      all.map(each => each[1]),
      chapters,
    );
  }

  #fillSelect(select, options, value) {
    const key = JSON.stringify(options);
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      select.replaceChildren(...options.map(([id, text]) => make("option", {value: id}, text)));
    }
    if (value !== undefined && select.value !== String(value)) select.value = value;
  }

  #button(place, chapter, counts, current) {
    const item =
      this.nav.children[place] ??
      this.nav.appendChild(
        make(
          "li",
          {},
          make("button", {
            type: "button",
            class: "quiet",
            onclick: event => this.#jump(Number(event.currentTarget.dataset.number)),
          }),
        ),
      );
    const button = item.firstChild;
    const told = inWords(counts);
    const key = [chapter.number, chapter.title, told, chapter.seconds].join();
    if (current) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    if (current && this.current !== chapter.number) item.scrollIntoView({block: "nearest"});
    if (current) this.current = chapter.number;
    if (button.dataset.key === key) return;
    Object.assign(button.dataset, {key, number: chapter.number});
    const title = chapterTitle(chapter.number, chapter.title);
    button.setAttribute("aria-label", `${title}: ${count(counts.lines, "line")}; ${told}`);
    button.title = `${title}: ${told}`;
    const flags = [
      ["bad", "bad"],
      ["review", "review"],
      ["stale", "stale"],
      ["new", "new"],
    ]
      .filter(([name]) => counts[name])
      .map(([name, word]) => make("span", {class: "flag " + name}, `${counts[name]} ${word}`));
    button.replaceChildren(
      make("span", {class: "title"}, title),
      make("span", {class: "soft numbers time"}, chapter.seconds ? clock(chapter.seconds) : ""),
      bar(counts),
      make(
        "span",
        {class: "counts soft"},
        make(
          "span",
          {class: "numbers"},
          `${counts.lines - counts.unheard - counts.new - counts.silent} of ${counts.lines - counts.silent} heard`,
        ),
        ...flags,
      ),
    );
  }

  #sum(counts, chapters) {
    const total = name => counts.reduce((sum, each) => sum + (each[name] ?? 0), 0);
    const lines = total("lines") - total("silent");
    const heard = total("heard") + total("good") + total("bad");
    const seconds = chapters.reduce((sum, each) => sum + (each.seconds ?? 0), 0);
    const [short, long] = counts.length
      ? [`${heard} of ${lines} heard`, ` · ${total("good")} good · ${total("bad")} bad · ${clock(seconds)}`]
      : ["", ""];
    this.total.replaceChildren(short, make("span", {class: "long"}, long));
  }
}
