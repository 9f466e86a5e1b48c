// Speed, gain and pause of the selected line, as the script has them.
import {linePath} from "./api.js";
import {make} from "./shared/dom.js";

const FIELDS = [
  ["speed", "Speed", {min: 0.5, max: 2, step: 0.05}, "×"],
  ["gain", "Gain", {min: -60, max: 20, step: 0.5}, "dB"],
  ["pause", "Pause after", {min: 0, max: 60, step: 0.1}, "s"],
];

export class Settings {
  constructor({api, store, view, detail, actions, status}) {
    Object.assign(this, {api, store, view, detail, actions, status});
    this.fields = new Map(
      FIELDS.map(([name, , limits]) => [
        name,
        make("input", {
          type: "number",
          id: "set-" + name,
          placeholder: "as it is",
          inputmode: "decimal",
          ...limits,
          onchange: () => this.#save(name),
          onfocus: () => actions.hold(),
        }),
      ]),
    );
    this.element = make(
      "section",
      {class: "settings"},
      make("h3", {}, "Sound"),
      make(
        "div",
        {class: "fields"},
        ...FIELDS.map(([name, label, , unit]) =>
          make(
            "label",
            {},
            make("span", {}, label),
            make("span", {class: "unit"}, this.fields.get(name), unit),
          ),
        ),
      ),
    );
    for (const field of this.fields.values())
      field.addEventListener(
        "keydown",
        event => event.key === "Escape" && (event.stopPropagation(), this.update(true), this.onleave?.()),
      );
  }

  update(all = false) {
    const {value} = this.detail;
    this.element.hidden = this.store.readOnly;
    for (const [name, field] of this.fields) {
      if (!all && document.activeElement === field && value) continue;
      field.value = value?.settings[name] ?? "";
      field.disabled = !value || Boolean(value.edit);
    }
  }

  #save(name) {
    const field = this.fields.get(name);
    const [, label] = FIELDS.find(each => each[0] === name);
    const {id} = this.detail.value;
    if (!field.checkValidity())
      return this.status.error(
        new Error(`${label}: from ${field.min} to ${field.max}; write a number between them`),
      );
    const value = field.value === "" ? null : field.valueAsNumber;
    return this.actions.inOrder(() => this.#send(id, {[name]: value}));
  }

  async #send(id, values, again = true) {
    try {
      const answer = await this.api.ask("PUT", linePath(this.store.script.id, id, "settings"), {
        ...values,
        version: this.store.version,
      });
      this.status.clear();
      this.store.edited(id, answer);
      this.status.say("Saved; “Write the files” lets it be heard there");
    } catch (error) {
      if (error.status !== 409 || !again) return this.status.error(error);
      await this.store.reload().catch(() => {});
      if (this.store.line(id)) return this.#send(id, values, false);
      this.status.error(error);
    }
    return null;
  }
}
