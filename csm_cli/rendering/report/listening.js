// What plays, and which line keys are for.
import {clock, copy, icon} from "./shared/dom.js";
import {Player} from "./shared/player.js";
import {draw} from "./shared/waveform.js";
import {sounds} from "./data.js";

const BETWEEN_CHAPTERS = 1.5;
const SAID = 3000;

export const find = id => document.getElementById(id);

/** What is played of a take, and the row that it belongs to. */
const itemOf = (row, take, through) => ({
  row,
  id: row.line.id,
  take: take.id,
  seconds: take.seconds,
  through,
});

export const player = new Player(({take}) => {
  if (!sounds[take]) throw new Error("its sound is gone");
  return sounds[take];
});
/** Canvases of takes: {button, take}. */
export const bars = new Map();
/** The row that keys are for. */
export let now = null;

const playable = row => row.line.take && sounds[row.line.take.id];
const shownRows = () => [...document.querySelectorAll(".row")].filter(row => !row.hidden);

/** The row some rows on among those shown for which `wanted` holds. */
export function rowFrom(row, step, wanted = () => true) {
  const rows = shownRows();
  const at = row ? rows.indexOf(row) : -1;
  for (let i = at < 0 && step < 0 ? 0 : at + step; rows[i]; i += step) if (wanted(rows[i])) return rows[i];
  return null;
}

player.after = item => {
  const next = item.through ? rowFrom(item.row, 1, playable) : null;
  if (!next) return null;
  const pause = next.line.start - item.row.line.end;
  const same = next.chapter === item.row.chapter;
  return {item: itemOf(next, next.line.take, true), gap: same ? Math.max(0, pause || 0) : BETWEEN_CHAPTERS};
};

/** Make a row the one that keys are for. */
export function select(row, how = "nearest") {
  if (!row) return;
  now?.removeAttribute("aria-current");
  now?.classList.remove("now");
  now = row;
  row.classList.add("now");
  row.setAttribute("aria-current", "true");
  row.focus({preventScroll: true});
  const box = row.getBoundingClientRect();
  if (how === "center" && box.top > 80 && box.bottom < innerHeight - 40) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || how === "nearest";
  row.scrollIntoView({block: how, behavior: calm ? "instant" : "smooth"});
}

/** Play a take of a row, by default its own and then the rows behind it. */
export function play(row, take = row.line.take, from = 0, through = take === row.line.take) {
  select(row);
  if (!take) return say("This line has no take");
  player.play(itemOf(row, take, through), from);
}

/** Play, or pause. */
export function toggle() {
  if (player.playing) player.pause();
  else if (player.item && player.item.row === now && player.share < 1) player.resume();
  else {
    const row = now && !now.hidden ? now : rowFrom(null, 1, playable);
    if (row) play(row);
  }
}

/** Select a row; playing goes on there. */
export function go(row) {
  if (!row) return;
  if (player.playing && playable(row)) play(row);
  else {
    player.stop();
    select(row);
  }
}

let resting = null;

/** Say something for a moment. */
function say(text) {
  clearTimeout(resting);
  find("said").textContent = text;
  resting = setTimeout(() => {
    find("said").textContent = "";
  }, SAID);
}

/** Put a command on the clipboard, or at least show it. */
export async function copyCommand(text) {
  say((await copy(text)) ? "Copied: " + text : text);
}

player.addEventListener("change", () => {
  const {item, playing} = player;
  if (playing && item.through && item.row !== now) select(item.row, "center");
  for (const [canvas, {button, take}] of bars) {
    const plays = playing && item.take === take.id && item.row === canvas.closest(".row");
    if (canvas.plays === plays) continue;
    canvas.plays = plays;
    button.replaceChildren(icon(plays ? "pause" : "play"));
    button.setAttribute("aria-label", plays ? "Stop" : "Play");
    if (canvas.dataset.drawn) draw(canvas, take.peaks, plays ? player.share : 0);
  }
  find("through").replaceChildren(icon(playing ? "pause" : "play"));
  find("through").setAttribute("aria-label", playing ? "Pause" : "Play through");
  find("rate").value = player.rate.toFixed(1);
  showTime();
});
player.addEventListener("frame", () => {
  for (const [canvas, {take}] of bars) if (canvas.plays) draw(canvas, take.peaks, player.share);
  showTime();
});
player.addEventListener("failed", ({detail: {item, error}}) =>
  say(
    error.name === "NotAllowedError"
      ? "The browser plays no sound before you click or press a key in the page"
      : `Line ${item.id}: ${error.message}; say it again, or render the book again`,
  ),
);

function showTime() {
  const text = player.item ? `${clock(player.time)} / ${clock(player.item.seconds)}` : "";
  if (find("where").textContent !== text) find("where").textContent = text;
}
