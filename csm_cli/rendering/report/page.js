// The report: every line with its takes, played through and by keys, with commands to copy.
import {clock, command, copy, drawing, icon, length, make, tint} from "./shared/dom.js";
import {listen} from "./shared/keys.js";
import {Player, RATES} from "./shared/player.js";
import {draw, shareAt} from "./shared/waveform.js";
import {chapterTitle, checksOf, commands, count, findings, madeAt, originOf} from "./shared/words.js";

const report = /*report*/null;
const sounds = /*sounds*/null;
const BETWEEN_CHAPTERS = 1.5, SAID = 3000;
const scriptOf = line => line.source.replace(/(:\d+){1,2}$/, "");
const find = id => document.getElementById(id);

const numbers = new Map();
const colour = speaker => numbers.get(speaker) ?? numbers.set(speaker, numbers.size).get(speaker);

// Playing

/** What is played of a take, and the row that it belongs to. */
const itemOf = (row, take, through) => ({row, id: row.line.id, take: take.id, seconds: take.seconds, through});

const player = new Player(({take}) => {
  if (!sounds[take]) throw new Error("its sound is gone");
  return sounds[take];
});
const bars = new Map();
let now = null;

const playable = row => row.line.take && sounds[row.line.take.id];
const shownRows = () => [...document.querySelectorAll(".row")].filter(row => !row.hidden);

/** The row some rows on among those shown for which `wanted` holds. */
function rowFrom(row, step, wanted = () => true) {
  const rows = shownRows(), at = row ? rows.indexOf(row) : -1;
  for (let i = at < 0 && step < 0 ? 0 : at + step; rows[i]; i += step) if (wanted(rows[i])) return rows[i];
  return null;
}

player.after = item => {
  const next = item.through ? rowFrom(item.row, 1, playable) : null;
  if (!next) return null;
  const pause = next.line.start - item.row.line.end, same = next.chapter === item.row.chapter;
  return {item: itemOf(next, next.line.take, true), gap: same ? Math.max(0, pause || 0) : BETWEEN_CHAPTERS};
};

/** Make a row the one that keys are for. */
function select(row, how = "nearest") {
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

function play(row, take = row.line.take, from = 0, through = take === row.line.take) {
  select(row);
  if (!take) return say("This line has no take");
  player.play(itemOf(row, take, through), from);
}

function toggle() {
  if (player.playing) player.pause();
  else if (player.item && player.item.row === now && player.share < 1) player.resume();
  else {
    const row = now && !now.hidden ? now : rowFrom(null, 1, playable);
    if (row) play(row);
  }
}

function go(row) {
  if (!row) return;
  if (player.playing && playable(row)) play(row);
  else {
    player.stop();
    select(row);
  }
}

let resting = null;
function say(text) {
  clearTimeout(resting);
  find("said").textContent = text;
  resting = setTimeout(() => { find("said").textContent = ""; }, SAID);
}

async function copyCommand(text) {
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
player.addEventListener("failed", ({detail: {item, error}}) => say(error.name === "NotAllowedError"
  ? "The browser plays no sound before you click or press a key in the page" : `Line ${item.id}: ${error.message}; say it again, or render the book again`));

function showTime() {
  const text = player.item ? `${clock(player.time)} / ${clock(player.item.seconds)}` : "";
  if (find("where").textContent !== text) find("where").textContent = text;
}

// Rows

const seen = new IntersectionObserver(entries => {
  for (const {isIntersecting, target} of entries) if (isIntersecting) draw(target, bars.get(target).take.peaks, target.plays ? player.share : 0);
});
const repaint = () => document.querySelectorAll("canvas[data-drawn]").forEach(canvas => draw(canvas, bars.get(canvas).take.peaks));
addEventListener("resize", repaint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(repaint));

function playerOf(row, take) {
  const there = Boolean(sounds[take.id]);
  const button = make("button", {type: "button", "aria-label": "Play", disabled: !there}, icon("play"));
  const canvas = make("canvas", {role: "img", "aria-label": "waveform"});
  if (there) {
    button.onclick = () => canvas.plays ? player.pause() : play(row, take);
    canvas.onclick = event => play(row, take, shareAt(canvas, event) * take.seconds);
  }
  bars.set(canvas, {button, take});
  seen.observe(canvas);
  return make("div", {class: "player"}, button, canvas, make("span", {}, there ? length(take.seconds) : "gone"));
}

function facts(take) {
  return [make("p", {}, `take ${take.id} · ${originOf(take)} · ${madeAt(take)}`), make("p", {}, [checksOf(take), ...findings(take)].join(" · ")),
    ...(take.reasons.length ? [make("p", {class: "why"}, take.reasons.join("; "))] : [])];
}

function rowOf(line, chapter) {
  const marks = [["review", line.review.length, "needs review"], ["stale", line.stale, "stale"],
    ["pinned", line.take && line.take.pinned, "pinned"]].filter(each => each[1]);
  const row = make("section", {class: ["row", line.state, ...marks.map(each => each[0])].join(" "), id: line.id, tabindex: "-1", "aria-label": `${line.speaker}: ${line.text}`});
  Object.assign(row, {line, chapter});
  row.append(make("div", {class: "head"}, tint(make("span", {class: "who"}, line.speaker), colour(line.speaker)),
    make("span", {class: "soft"}, line.voice && line.voice !== line.speaker ? line.voice : ""), make("code", {class: "soft"}, line.source),
    ...marks.map(each => make("span", {class: "mark " + each[0]}, each[2]))), make("div", {class: "text"}, line.text));
  if (line.review.length) row.append(make("p", {class: "why"}, line.review.join("; ")));
  row.addEventListener("click", event => event.target.closest("button, a, summary, canvas") || select(row));
  if (line.take) row.append(playerOf(row, line.take), moreOf(row, line));
  return row;
}

/** What is only looked at now and then; made when it is opened. */
function moreOf(row, line) {
  const more = make("details", {}, make("summary", {}, line.others.length ? `Details, ${count(line.others.length, "more take")}` : "Details"));
  more.addEventListener("toggle", () => {
    if (more.children.length > 1) return;
    if (line.spoken !== line.text) more.append(make("p", {}, "Read out: " + line.spoken));
    more.append(...facts(line.take));
    if (line.stale) more.append(make("p", {}, "Stale: a line that was in its context has changed since; --lineage strict speaks it again."));
    more.append(make("p", {class: "commands"}, ...commands(scriptOf(line), line.id).map(command)));
    for (const other of line.others) more.append(playerOf(row, other), ...facts(other), make("p", {}, command(commands(scriptOf(line), line.id, other.id)[0])));
  });
  return more;
}

// Chapters

function likenessOf(chapter) {
  if (!(chapter.likeness || []).length) return [];
  const all = chapter.likeness.flatMap(voice => voice.points.map(point => point[1]));
  const low = Math.min(...all) - 0.02, high = Math.max(...all) + 0.02, told = [], paths = [];
  for (const voice of chapter.likeness) {
    const points = voice.points.map(([at, value]) =>
      `${(1000 * at / chapter.seconds).toFixed(1)},${(80 - 80 * (value - low) / (high - low)).toFixed(1)}`).join(" ");
    paths.push([`<polyline points="${points}"/>`, colour((chapter.lines.find(line => line.voice === voice.voice) || {}).speaker)]);
    const drift = voice.drift === null ? "" : `, ${voice.drift < 0 ? "−" : "+"}${Math.abs(voice.drift).toFixed(2)} over the chapter`;
    told.push(make("span", {class: voice.drifted ? "why" : "soft"},
      `${voice.voice || "default voice"}: likeness ${voice.mean.toFixed(2)}${drift}${voice.drifted ? ", it drifts" : ""}. `));
  }
  const curves = drawing(`<svg viewBox="0 0 1000 80" preserveAspectRatio="none">${paths.map(each => each[0]).join("")}</svg>`);
  paths.forEach(([, number], place) => tint(curves.children[place], number));
  return [make("div", {class: "likeness", role: "img", "aria-label": "Likeness of each line to its voice's clip, over the chapter"}, curves), make("p", {class: "soft"}, ...told)];
}

function chapterOf(chapter) {
  const bar = make("div", {class: "time", role: "img", "aria-label": "The chapter's lines in time"});
  for (const line of chapter.lines) {
    if (line.start === null) continue;
    const part = tint(make("a", {href: "#" + line.id, title: `${line.speaker}: ${line.text}`, class: [line.review.length ? "review" : "", line.stale ? "stale" : ""].join(" "), tabindex: "-1"}), colour(line.speaker));
    part.style.left = 100 * line.start / chapter.seconds + "%";
    part.style.width = 100 * (line.end - line.start) / chapter.seconds + "%";
    part.addEventListener("click", event => {
      event.preventDefault();
      go(find(line.id));
    });
    bar.append(part);
  }
  return make("article", {}, make("h2", {}, chapterTitle(chapter.number, chapter.title), make("small", {}, `${count(chapter.lines.length, "line")} · ${clock(chapter.seconds)}`)),
    bar, ...likenessOf(chapter), ...chapter.lines.map(line => rowOf(line, chapter.number)));
}

/** Show the lines that the choices at the top let through. */
function show() {
  const kind = document.querySelector("[data-show][aria-pressed=true]").dataset.show;
  const speaker = find("speaker").value, text = find("find").value.trim().toLowerCase();
  for (const article of document.querySelectorAll("article")) {
    for (const row of article.querySelectorAll(".row")) {
      const {line} = row;
      row.hidden = !((kind === "all" || row.classList.contains(kind)) && (!speaker || line.speaker === speaker)
        && (!text || `${line.text} ${line.spoken} ${line.id}`.toLowerCase().includes(text)));
    }
    article.hidden = !article.querySelector(".row:not([hidden])");
  }
}

// The page

const sums = report.totals, model = report.made_with.model || {};
find("title").textContent = report.title;
find("about").textContent = `${report.script} · ${[model.id, model.revision, model.dtype].filter(Boolean).join(" ")} · csm ${report.csm}`;
for (const [name, value] of [["lines", sums.lines], ["there already", sums.cached], ["spoken", sums.rendered], ["retried", sums.retried],
  ["stale", sums.stale], ["to review", sums.review], ["of audio", clock(sums.audio_seconds)], ...(sums.rendered ? [["× real time", sums.times_real_time]] : [])])
  find("sums").append(make("li", {}, make("b", {}, String(value)), name));
find("chapters").append(...report.chapters.map(chapterOf));
find("speaker").append(...[...numbers.keys()].map(name => new Option(name, name)));
for (const button of document.querySelectorAll("[data-show]")) button.onclick = () => {
  document.querySelectorAll("[data-show]").forEach(each => each.setAttribute("aria-pressed", each === button));
  show();
};
find("speaker").onchange = show;
find("find").oninput = show;
for (let rate = RATES.least; rate < RATES.most + 0.01; rate += RATES.step) find("rate").append(new Option(`${rate.toFixed(1)} ×`, rate.toFixed(1)));
find("rate").onchange = () => player.setRate(Number(find("rate").value));
find("through").onclick = toggle;
player.setRate(1);
document.addEventListener("click", event => event.detail && event.target.closest("button, summary")?.blur());

const needsEar = row => row.line.review.length > 0 || row.line.stale;
const help = listen([
  {keys: ["space"], shown: ["Space"], what: "play through, pause", run: toggle},
  {keys: ["j", "arrowdown"], shown: ["J", "↓"], what: "next line", run: () => go(rowFrom(now, 1))},
  {keys: ["k", "arrowup"], shown: ["K", "↑"], what: "line before", run: () => go(rowFrom(now, -1))},
  {keys: ["shift+j"], shown: ["Shift J"], what: "next line that needs review or is stale", run: () => go(rowFrom(now, 1, needsEar))},
  {keys: ["arrowright"], shown: ["→"], what: "one second on", run: () => player.step(1)},
  {keys: ["arrowleft"], shown: ["←"], what: "one second back", run: () => player.step(-1)},
  {keys: ["]"], shown: ["]"], what: "faster, at the same pitch", run: () => player.setRate(player.rate + RATES.step)},
  {keys: ["["], shown: ["["], what: "slower", run: () => player.setRate(player.rate - RATES.step)},
  {keys: [1, 2, 3, 4, 5, 6, 7, 8, 9].map(String), shown: ["1 … 9"], what: "play a take of the line; 1 is the one in use", run: key => {
    const take = now && [now.line.take, ...now.line.others].filter(Boolean)[Number(key) - 1];
    if (take) play(now, take, player.playing && player.item.row === now ? Math.min(player.time, take.seconds) : 0, false);
  }},
  {keys: ["r"], shown: ["R"], what: "copy the command that makes new takes", run: () => now && copyCommand(commands(scriptOf(now.line), now.line.id)[1])},
  {keys: ["p"], shown: ["P"], what: "copy the command that pins the take that was played last", run: () => {
    const take = now && (player.item?.row === now ? player.item.take : now.line.take?.id);
    if (take) copyCommand(commands(scriptOf(now.line), now.line.id, take)[0]);
  }},
  {keys: ["/"], shown: ["/"], what: "find in the texts", run: () => find("find").focus()},
  {keys: ["?"], shown: ["?"], what: "this list", run: () => help.showModal()},
]);
find("help").onclick = () => help.showModal();
