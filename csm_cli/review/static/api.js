// Requests to the server: the token, errors of one line, sounds as addresses of blobs.

const KEPT_SOUNDS = 40;

/** An error of the server or of the way to it: `message`, `remedy`, `place`, `code`, `status` (0: not reached). */
export class ApiError extends Error {
  constructor(status, body) {
    super(body.message);
    Object.assign(this, body, {status});
  }
  /** What, where and what to do, in one line. */
  get line() {
    const parts = [this.message + (this.place ? ` (${this.place})` : ""), this.remedy].filter(Boolean);
    return parts.join("; ");
  }
}

const UNREACHED = {
  code: "unreached",
  message: "the server does not answer",
  remedy: "see whether csm review still runs; marks are kept, and sent when it is back",
};

/** The token of the address, moved from there to this tab's storage; null if there is none. */
export function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    sessionStorage.setItem("csm-token", found);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem("csm-token");
}

export class Api {
  #sounds = new Map();

  constructor(token) {
    this.token = token;
  }

  /** The response to a request. @throws ApiError */
  async fetch(path, options = {}) {
    let response;
    try {
      response = await fetch(path, {
        ...options,
        headers: {...options.headers, Authorization: `Bearer ${this.token}`},
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new ApiError(0, UNREACHED);
    }
    if (response.ok) return response;
    const body = await response.json().catch(() => null);
    throw new ApiError(
      response.status,
      body?.message
        ? body
        : {code: "unknown", message: `the server answers ${response.status}`, remedy: "try it again"},
    );
  }

  /** The JSON that is the answer. */
  async ask(method, path, body) {
    const sent =
      body === undefined ? {} : {body: JSON.stringify(body), headers: {"Content-Type": "application/json"}};
    const response = await this.fetch("/api/" + path, {method, ...sent});
    return response.status === 204 ? null : response.json();
  }

  get(path) {
    return this.ask("GET", path);
  }

  /** (A promise of) the address of a take's sound; the last ones are kept. */
  sound(script, take) {
    const key = `${script}/${take}`;
    const found = this.#sounds.get(key) ?? this.#read(script, take);
    this.#sounds.delete(key);
    this.#sounds.set(key, found);
    found.catch(() => this.#sounds.delete(key));
    if (this.#sounds.size > KEPT_SOUNDS) {
      const [oldest, address] = this.#sounds.entries().next().value;
      this.#sounds.delete(oldest);
      address.then(URL.revokeObjectURL, () => {});
    }
    return found;
  }

  async #read(script, take) {
    const response = await this.fetch(`/api/scripts/${script}/takes/${encodeURIComponent(take)}/audio`);
    return URL.createObjectURL(await response.blob());
  }
}

/** The path of a line, with what is asked of it. */
export const linePath = (script, id, what = "") =>
  `scripts/${script}/lines/${encodeURIComponent(id)}${what && "/" + what}`;
