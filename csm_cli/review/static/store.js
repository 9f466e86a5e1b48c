// What the server has said: scripts, the lines of the open one, the states of model, writing and undo.

const LOADING_REST = 500;
const COUNTED = ["unheard", "heard", "good", "bad", "stale", "review", "new"];

/** Where a line stands in the listening: "new", "silent", "unheard", "heard", "good" or "bad". */
export const standing = line =>
  line.take ? (line.mark ?? "unheard") : line.state === "silent" ? "silent" : "new";

export const isTodo = line => ["unheard", "bad"].includes(standing(line));

/** Events: `state` (all but lines), `open` (other lines; detail: {before: those of the script so far}), `lines` (detail: ids). */
export class Store extends EventTarget {
  scripts = [];
  script = null;
  lines = [];
  speakers = {};
  version = null;
  readOnly = false;
  #places = new Map();
  #counts = new Map();
  #stale = true;
  #reading = 0;

  constructor(api) {
    super();
    this.api = api;
  }

  /** Read the state of everything but lines. */
  async readState() {
    const state = await this.api.get("state");
    Object.assign(this, {
      csm: state.csm,
      readOnly: state.read_only,
      model: state.model,
      scripts: state.scripts,
      write: state.write,
      undo: state.undo,
    });
    this.script =
      this.scripts.find(each => each.id === this.script?.id) ??
      this.scripts.find(each => !each.problem) ??
      this.scripts[0] ??
      null;
    this.#tell("state");
  }

  /** Open a script: all its lines. A later call wins over one that is under way. */
  async open(id) {
    const turn = ++this.#reading;
    this.script = this.scripts.find(each => each.id === id) ?? this.script;
    const read =
      this.script && !this.script.problem
        ? await this.#readLines(this.script.id)
        : {lines: [], speakers: {}, version: null};
    if (turn === this.#reading && this.script?.loading) await this.readState();
    if (turn !== this.#reading) return;
    const before = this.opened === this.script?.id ? this.lines : [];
    Object.assign(this, {speakers: read.speakers, version: read.version, opened: this.script?.id ?? null});
    this.#take(read.lines, before);
  }

  /** The lines of a script; while the server reads it for the first time, it is asked again. */
  async #readLines(id) {
    for (;;) {
      try {
        return await this.api.get(`scripts/${id}/lines`);
      } catch (error) {
        if (error.code !== "loading") throw error;
        await new Promise(done => setTimeout(done, LOADING_REST));
      }
    }
  }

  #take(lines, before) {
    this.lines = lines;
    this.#places = new Map(lines.map((line, place) => [line.id, place]));
    this.#stale = true;
    this.#tell("open", {before});
  }

  /** Take in what an edit of a line came to: {version, lines: those that changed, id: the line's id now}. */
  edited(id, answer) {
    const news = new Map(answer.lines.map(line => [line.id, line]));
    this.version = answer.version;
    this.#take(
      this.lines.map(line => news.get(line.id === id ? answer.id : line.id) ?? line),
      this.lines,
    );
  }

  /** Read all again. */
  async reload() {
    await this.readState();
    await this.open(this.script?.id);
  }

  place(id) {
    return this.#places.get(id) ?? -1;
  }
  line(id) {
    return this.lines[this.place(id)] ?? null;
  }
  colour(speaker) {
    return this.speakers[speaker] ?? 0;
  }

  /** Put lines in the place of those with their ids. Returns false if one is not there: then all have to be read. */
  replace(lines) {
    const there = lines.filter(line => this.#places.has(line.id));
    for (const line of there) this.lines[this.place(line.id)] = line;
    this.#stale = true;
    if (there.length)
      this.#tell(
        "lines",
        there.map(line => line.id),
      );
    return there.length === lines.length;
  }

  /** Change a line before the server has answered. */
  change(id, changes) {
    const line = this.line(id);
    if (line) this.replace([{...line, ...changes}]);
  }

  set(values) {
    Object.assign(this, values);
    this.#tell("state");
  }

  /** Counts of a chapter of the open script by what its lines are now. */
  counts(chapter) {
    if (this.#stale) this.#countAll();
    return this.#counts.get(chapter) ?? null;
  }

  #countAll() {
    this.#counts = new Map();
    for (const line of this.lines) {
      let counts = this.#counts.get(line.chapter);
      if (!counts)
        this.#counts.set(
          line.chapter,
          (counts = Object.fromEntries([...COUNTED, "lines", "silent"].map(name => [name, 0]))),
        );
      counts.lines++;
      counts[standing(line)]++;
      if (line.state === "stale" || line.state === "review") counts[line.state]++;
    }
    this.#stale = false;
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}
