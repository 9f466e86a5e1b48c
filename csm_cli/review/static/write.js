// "Write the files": the button, how far it is, and what was written.
import {make} from "./shared/dom.js";
import {count} from "./shared/words.js";

export class Writing {
  /** @param parts {button, progress, said} */
  constructor(parts, {store, actions, status}) {
    Object.assign(this, {...parts, store, status});
    this.button.addEventListener("click", () => actions.write());
    for (const name of ["state", "open"]) store.addEventListener(name, () => this.update());
  }

  update() {
    const {write, readOnly, script} = this.store;
    const writing = write?.state === "writing";
    this.button.hidden = readOnly;
    this.button.disabled = writing || !script || Boolean(script.problem);
    this.progress.hidden = !writing;
    this.button.textContent = writing
      ? `Writing ${write.of ? `${write.done} of ${write.of}` : "…"}`
      : "Write the files";
    if (writing && write.of) Object.assign(this.progress, {max: write.of, value: write.done});
    else this.progress.removeAttribute("value");
    if (write) this.#report(write);
  }

  /** Say once what came of each run; not of one that was over when the page was opened. */
  #report(write) {
    const over = write.state !== "writing";
    this.reported ??= over ? write.run : write.run - 1;
    if (!over || write.run === this.reported) return;
    this.reported = write.run;
    if (write.state === "done") this.#done(write);
    else this.status.error(new Error(write.message || "the files could not be written"));
  }

  #done({files = [], message}) {
    this.status.say(
      message || (files.length ? `${count(files.length, "file")} written` : "Nothing had changed"),
      message && files.length ? "failed" : "done", // what was left out
    );
    if (!files.length) return;
    const close = make("button", {type: "button", onclick: () => dialog.close()}, "Close");
    const dialog = make(
      "dialog",
      {class: "written", "aria-labelledby": "written-title"},
      make("h2", {id: "written-title"}, `${count(files.length, "file")} written`),
      make("ul", {}, ...files.map(each => make("li", {}, make("code", {}, each)))),
      close,
    );
    dialog.addEventListener("close", () => dialog.remove());
    this.said.replaceChildren(
      make(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => {
            document.body.append(dialog);
            dialog.showModal();
          },
        },
        `${count(files.length, "file")} written`,
      ),
    );
  }
}
