// Elements, icons, times and colours, as both pages make them.

const DRAWINGS = {
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M5 3.5v9M11 3.5v9",
  previous: "M11 4 7 8l4 4M4.5 4v8",
  next: "M5 4l4 4-4 4M11.5 4v8",
  good: "M3 8.5 6.5 12 13 4.5",
  bad: "M4 4l8 8M12 4l-8 8",
  pin: "M8 10v4M5 10h6L10 7V2.5H6V7z",
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8",
  undo: "M3 6h6.5a3.5 3.5 0 0 1 0 7H6M6 3 3 6l3 3",
  copy: "M6 6V3h7v7h-3M3 6h7v7H3z",
  close: "M4 4l8 8M12 4l-8 8",
  sheet: "M3 4h10M3 8h10M3 12h6",
  stop: "M4.5 4.5h7v7h-7z",
  write: "M8 2.5v7M5 6.5l3 3 3-3M3 12.5h10",
};

/** An element. `on…` attributes are listeners; `null`, `undefined` and `false` leave an attribute out. */
export function make(kind, attributes = {}, ...inside) {
  const element = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...inside.filter(each => each !== null && each !== undefined && each !== false));
  return element;
}

/** An element from SVG source that holds nothing but names and numbers of ours. */
export function drawing(source) {
  const holder = document.createElement("template");
  holder.innerHTML = source;
  return holder.content.firstChild;
}

/** A drawing of 16 by 16; words beside it or the label of its button say what it means. */
export function icon(name) {
  return drawing(
    `<svg viewBox="0 0 16 16" class="icon icon-${name}" aria-hidden="true"><path d="${DRAWINGS[name]}"/></svg>`,
  );
}

/** A button with an icon, whose label is read out and shown on hover. */
export function iconButton(name, label, onclick, attributes = {}) {
  return make(
    "button",
    {type: "button", class: "quiet", "aria-label": label, title: label, onclick, ...attributes},
    icon(name),
  );
}

/** Seconds as h:mm:ss. */
export function clock(seconds) {
  const whole = Math.round(seconds);
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  return (h ? h + ":" + String(m).padStart(2, "0") : m) + ":" + String(whole % 60).padStart(2, "0");
}

export const length = seconds => seconds.toFixed(1) + " s";

/** Give an element the colour of a speaker: a number, from 0, in order of appearance. */
export function tint(element, number) {
  element.style.setProperty("--hue", (number * 137.5 + 250) % 360);
  element.classList.add("tinted");
  return element;
}

/** Put a text on the clipboard; false if the browser does not let the page. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea", {class: "unseen"});
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** A command in monospace with a button that copies it. */
export function command(text) {
  const told = make("span", {class: "copied", role: "status"});
  const button = iconButton("copy", "Copy: " + text, async () => {
    told.textContent = (await copy(text)) ? "copied" : "select it and copy it yourself";
    setTimeout(() => {
      told.textContent = "";
    }, 1500);
  });
  return make("span", {class: "command"}, make("code", {}, text), button, told);
}
