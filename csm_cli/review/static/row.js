// One row of the list: speaker, text, waveform, badges.
import {icon, length, make, tint} from "./shared/dom.js";
import {draw} from "./shared/waveform.js";
import {standing} from "./store.js";

const LONG = 12;
const SHORTEST = 0.08;
const STANDINGS = {
  unheard: "not yet heard",
  heard: "heard",
  good: "good",
  bad: "bad",
  new: "no take yet",
  silent: "silent",
};
const JOBS = {queued: "queued", speaking: "speaking", failed: "failed"};

/** Badges of a line: [class, words]. */
export function badgesOf(line, draft = false) {
  const found = [];
  if (line.job) found.push([line.job === "failed" ? "bad" : "busy", JOBS[line.job]]);
  if (draft) found.push(["draft", "unsaved text"]);
  if (line.mark === "bad") found.push(["bad", line.fault ? `bad: ${line.fault}` : "bad"]);
  if (line.state === "new") found.push(["new", "no take"]);
  if (line.state === "review") found.push(["review", "needs review"]);
  if (line.state === "stale") found.push(["stale", "stale"]);
  if (line.state === "pinned") found.push(["pinned", "pinned"]);
  return found;
}

export const badge = ([kind, words]) => make("span", {class: "badge " + kind}, words);

/** What a screen reader says of a line. */
function spokenLabel(line, heading, draft) {
  const marks = [
    STANDINGS[standing(line)],
    ...badgesOf(line, draft)
      .map(each => each[1])
      .filter(each => !each.startsWith("bad:")),
  ];
  return [
    heading && `Chapter ${heading.replace(/^chapter /i, "")}`,
    line.speaker,
    line.text,
    line.take && length(line.seconds),
    ...new Set(marks),
    line.fault && `fault: ${line.fault}`,
  ]
    .filter(Boolean)
    .join(". ")
    .replaceAll(/([.?!…])\./g, "$1");
}

/** A row: `element` to put into the list, `update` for what has changed, `paint` for what has been played of it. */
export class Row {
  constructor(id) {
    this.id = id;
    this.heading = make("h2", {class: "chapter", "aria-hidden": "true"});
    this.sign = make("span", {class: "sign"});
    this.who = make("span", {class: "who"});
    this.text = make("div", {class: "text"});
    this.canvas = make("canvas", {class: "wave"});
    this.why = make("div", {class: "why"});
    this.badges = make("span", {class: "badges"});
    this.seconds = make("span", {class: "seconds numbers"});
    this.option = make(
      "div",
      {class: "row", role: "option", id: "line-" + id},
      this.sign,
      this.who,
      make("div", {class: "said"}, this.text, this.canvas, this.why),
      make("div", {class: "side"}, this.badges, this.seconds),
    );
    this.element = make("div", {class: "item", role: "presentation"}, this.heading, this.option);
    Object.assign(this.element.dataset, {id});
  }

  /** @param about {line, colour, heading, row, rows, selected, playing, draft} */
  update(about) {
    const {line} = about;
    this.heading.hidden = !about.heading;
    this.heading.textContent = about.heading ?? "";
    const state = standing(line);
    this.option.className = `row ${state} ${line.state}${about.selected ? " selected" : ""}${about.playing ? " playing" : ""}`;
    for (const [name, value] of Object.entries({
      "aria-selected": about.selected,
      "aria-setsize": about.rows,
      "aria-posinset": about.row + 1,
      "aria-label": spokenLabel(line, about.heading, about.draft),
    }))
      this.option.setAttribute(name, value);
    const sign = {good: "good", bad: "bad"}[state];
    this.sign.replaceChildren(
      ...(line.take ? [make("span", {class: "toggle"}, icon(about.playing ? "pause" : "play"))] : []),
      sign ? icon(sign) : make("span", {class: "dot"}),
    );
    tint(this.who, about.colour).textContent = line.speaker;
    this.text.textContent = line.text;
    this.why.textContent = line.job === "failed" ? line.job_message : line.reasons.join("; ");
    this.why.hidden = !this.why.textContent;
    this.badges.replaceChildren(...badgesOf(line, about.draft).map(badge));
    this.seconds.textContent = line.take ? length(line.seconds) : "";
    this.canvas.hidden = !line.take;
    this.canvas.style.width = 100 * Math.min(1, SHORTEST + line.seconds / LONG) + "%";
    this.peaks = line.peaks ?? "";
  }

  paint(share = 0) {
    draw(this.canvas, this.peaks, share);
  }
}
