// "Write the files": the button, how far it is, and what was written.
import {make} from "./shared/dom.js";
import {count} from "./shared/words.js";

export class Writing {
  /** @param parts {button, progress, said} */
  constructor(parts, {store, actions, status}) {
    Object.assign(this, {...parts, store, status});
    this.button.addEventListener("click", () => actions.write());
    store.addEventListener("state", () => this.update());
  }

  update() {
    const {write, readOnly} = this.store;
    const writing = write?.state === "writing";
    this.button.hidden = readOnly;
    this.button.disabled = writing;
    this.progress.hidden = !writing;
    this.button.textContent = writing
      ? `Writing ${write.of ? `${write.done} of ${write.of}` : "…"}`
      : "Write the files";
    if (writing && write.of) Object.assign(this.progress, {max: write.of, value: write.done});
    else this.progress.removeAttribute("value");
    if (write && this.before === "writing" && write.state === "done") this.#done(write);
    if (write && this.before === "writing" && write.state === "failed")
      this.status.error(new Error(write.message || "The files could not be written"));
    this.before = write?.state;
  }

  #done({files = [], message}) {
    this.status.say(
      message || (files.length ? `${count(files.length, "file")} written` : "Nothing had changed"),
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
