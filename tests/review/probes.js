// What the tests of the page look at inside it.

/** Notes the text of each row that plays, in `window.played`. */
function notePlayed() {
  window.played = [];
  const note = () => {
    const text = document.querySelector(".row.playing .text")?.textContent;
    if (text && played.at(-1) !== text) played.push(text);
  };
  const changes = {subtree: true, attributes: true, attributeFilter: ["class"], childList: true};
  new MutationObserver(note).observe(document.querySelector(".track"), changes);
}

/** Notes when the first rows were painted, in `window.painted`. */
function notePainted() {
  new MutationObserver((_, observer) => {
    if (!document.querySelector(".row.selected")) return;
    observer.disconnect();
    requestAnimationFrame(() =>
      setTimeout(() => {
        window.painted = performance.now();
      }),
    );
  }).observe(document, {childList: true, subtree: true});
}

/** Controls without a name, ids that are there twice, references to nothing, controls where none may be. */
function problemsOfNames() {
  const byId = id => document.getElementById(id);
  const found = [];
  const named =
    "button, input, select, textarea, [role=option], [role=listbox], [role=group], nav, aside, canvas[role=img], dialog";
  const nameOf = each =>
    each.getAttribute("aria-label") ||
    each.textContent.trim() ||
    [...(each.labels ?? [])].map(label => label.textContent).join("") ||
    byId(each.getAttribute("aria-labelledby"))?.textContent;
  for (const each of document.querySelectorAll(named))
    if (each.checkVisibility() && !nameOf(each)) found.push("no name: " + each.outerHTML.slice(0, 100));
  const ids = [...document.querySelectorAll("[id]")].map(each => each.id);
  for (const id of ids.filter((each, place) => ids.indexOf(each) !== place)) found.push("twice: " + id);
  for (const name of ["aria-describedby", "aria-labelledby", "aria-activedescendant"])
    for (const each of document.querySelectorAll(`[${name}]`))
      for (const id of each.getAttribute(name).split(" "))
        if (id && !byId(id)) found.push("not there: " + id);
  for (const each of document.querySelectorAll("[role=option] *"))
    if (each.tabIndex >= 0) found.push("a control inside an option");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  return found;
}

/** The name of what has the focus, and whether that can be seen. */
function focused() {
  const at = document.activeElement;
  const name = at.getAttribute("aria-label") || at.labels?.[0]?.textContent || at.textContent.trim();
  const style = getComputedStyle(at);
  const row = document.querySelector(".row.selected");
  const marked = at.id === "list" && getComputedStyle(row).boxShadow !== "none";
  return [name, at === document.body || marked || (style.outlineStyle !== "none" && style.outlineWidth !== "0px")];
}

/** Texts whose contrast with what is behind them is below 4.5. */
function lowContrast() {
  const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  const rgb = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const linear = value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const behind = each => {
    for (; each; each = each.parentElement) {
      const colour = rgb(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const each of document.querySelectorAll("body *")) {
    const written = [...each.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (
      !written ||
      !each.checkVisibility({opacityProperty: true}) ||
      each.closest(":disabled, noscript, option, script")
    )
      continue;
    const [dark, bright] = [light(rgb(getComputedStyle(each).color)), light(behind(each))].sort(
      (a, b) => a - b,
    );
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5)
      low.add(
        `${each.className || each.tagName} ${each.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`,
      );
  }
  return [...low];
}

/** Scrolls by a page, sometimes far: gaps between rows, milliseconds of the slowest step, how many rows there are. */
async function scrollThrough() {
  const list = document.querySelector("#list");
  const gaps = [];
  let slowest = 0;
  for (let step = 0; step < 60; step++) {
    const before = performance.now();
    list.scrollTop += step % 10 ? 900 : list.scrollHeight / 9;
    await new Promise(requestAnimationFrame);
    const box = list.getBoundingClientRect();
    const rows = [...document.querySelectorAll(".item")]
      .map(each => each.getBoundingClientRect())
      .filter(each => each.bottom > box.top && each.top < box.bottom)
      .sort((a, b) => a.top - b.top);
    let at = box.top;
    for (const row of rows) {
      if (row.top > at + 1.5) gaps.push([step, row.top - at]);
      at = Math.max(at, row.bottom);
    }
    const last = list.scrollTop + list.clientHeight >= list.scrollHeight - 2;
    if (at < box.bottom - 1.5 && !last) gaps.push([step, "end"]);
    slowest = Math.max(slowest, performance.now() - before);
  }
  return {gaps, slowest, rows: document.querySelectorAll(".row").length};
}
