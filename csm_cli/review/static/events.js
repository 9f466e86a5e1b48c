// The server's events, read with `fetch` because EventSource sends no header; read again from the start after a gap.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
const SILENCE = 40_000;

/** Events of a stream: [{name, data}], and the rest that is not complete yet. */
function parse(text) {
  const blocks = text.replaceAll("\r\n", "\n").split("\n\n");
  const rest = blocks.pop();
  const events = blocks.flatMap(block => {
    const fields = {event: "message", data: []};
    for (const line of block.split("\n")) {
      const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (name === "data") fields.data.push(value);
      else if (name === "event") fields.event = value;
    }
    return fields.data.length ? [{name: fields.event, data: JSON.parse(fields.data.join("\n"))}] : [];
  });
  return {events, rest};
}

/**
 * Events: `event` (detail: {name, data}), `open` (detail: whether it was open before), `lost` (detail: {error, wait:
 * milliseconds until it is tried again}).
 */
export class Events extends EventTarget {
  #before = false;
  #wait = FIRST_WAIT;
  #timer = null;

  constructor(api) {
    super();
    this.api = api;
    addEventListener("online", () => this.retry());
    addEventListener("pagehide", () => this.#controller?.abort());
  }
  #controller = null;

  /** Open it, now, whatever the wait; if that is under way and fails, soon again. */
  retry() {
    this.#wait = FIRST_WAIT;
    clearTimeout(this.#timer);
    if (!this.#controller) this.#read();
  }

  async #read() {
    const controller = (this.#controller = new AbortController());
    let watch = null;
    const heard = () => {
      clearTimeout(watch);
      watch = setTimeout(() => controller.abort(), SILENCE);
    };
    try {
      heard();
      const response = await this.api.fetch("/api/events", {signal: controller.signal});
      this.#tell("open", this.#before);
      this.#before = true;
      this.#wait = FIRST_WAIT;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const {value, done} = await reader.read();
        if (done) break;
        heard();
        const {events, rest} = parse(text + value);
        text = rest;
        for (const event of events) this.#tell("event", event);
      }
      this.#lost(null);
    } catch (error) {
      this.#lost(error);
    } finally {
      clearTimeout(watch);
    }
  }

  #lost(error) {
    this.#controller = null;
    this.#timer = setTimeout(() => this.#read(), this.#wait);
    this.#tell("lost", {error, wait: this.#wait});
    this.#wait = Math.min(LONGEST_WAIT, 2 * this.#wait);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, {detail}));
  }
}
