// Keys that do something, unless a person types; and the dialog that lists them.
import {make} from "./dom.js";

const FIELDS =
  "textarea, select, input:not([type=checkbox]):not([type=radio]):not([type=button]), [contenteditable]";

/** "j", "shift+j", "arrowleft", "space", "?": what was pressed, whichever alphabet the keyboard has. */
function nameOf(event) {
  let key = event.key === " " ? "space" : event.key.toLowerCase();
  if (/^Key[A-Z]$/.test(event.code) && !/^[a-z]$/.test(key)) key = event.code.slice(3).toLowerCase();
  if (/^Digit\d$/.test(event.code) && !event.shiftKey && !/^\d$/.test(key)) key = event.code.slice(5);
  return event.shiftKey && /^([a-z]|\w{2,})$/.test(key) ? "shift+" + key : key;
}

/** Whether a key belongs to what has the focus: a field, a button that it presses, an open dialog or menu. */
function taken(event, name) {
  const target = event.target;
  if (target.closest?.("dialog, [role=menu]") || target.matches?.(FIELDS)) return true;
  return (name === "space" || name === "enter") && Boolean(target.closest?.("button, summary, a[href]"));
}

/**
 * Listen for keys.
 *
 * bindings: [{keys: ["j", "arrowdown"], shown: ["J"], what: "the next line", run(name, event)}, …]
 * Returns the dialog that lists them, closed.
 */
export function listen(bindings) {
  const table = new Map(bindings.flatMap(each => each.keys.map(key => [key, each])));
  document.addEventListener("keydown", event => {
    const written = event.getModifierState("AltGraph");
    if (
      event.defaultPrevented ||
      event.isComposing ||
      (!written && (event.ctrlKey || event.metaKey || event.altKey))
    )
      return;
    const name = nameOf(event);
    const binding = table.get(name);
    if (name === "escape" && event.target.matches?.(FIELDS) && !event.target.closest("dialog"))
      event.target.blur();
    else if (taken(event, name)) return;
    if (!binding) return;
    event.preventDefault();
    binding.run(name, event);
  });
  return helpDialog(bindings);
}

function helpDialog(bindings) {
  const rows = bindings
    .filter(each => each.shown)
    .map(({shown, what}) =>
      make(
        "tr",
        {},
        make("th", {scope: "row"}, ...shown.flatMap((key, i) => [i ? " " : "", make("kbd", {}, key)])),
        make("td", {}, what),
      ),
    );
  const close = make("button", {type: "button", onclick: () => dialog.close()}, "Close");
  const dialog = make(
    "dialog",
    {class: "help", "aria-labelledby": "help-title"},
    make("h2", {id: "help-title"}, "Keys"),
    make("table", {}, make("tbody", {}, ...rows)),
    close,
  );
  dialog.addEventListener("click", event => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return dialog;
}
