// Chapters and lines as elements.
import {clock, command, drawing, icon, length, make, tint} from "./shared/dom.js";
import {draw, shareAt} from "./shared/waveform.js";
import {chapterTitle, checksOf, commands, count, findings, madeAt, originOf} from "./shared/words.js";
import {sounds} from "./data.js";
import {bars, find, go, play, player, select} from "./listening.js";

/** The script's file, of a line's place in it. */
export const scriptOf = line => line.source.replace(/(:\d+){1,2}$/, "");

const numbers = new Map();
const colour = speaker => numbers.get(speaker) ?? numbers.set(speaker, numbers.size).get(speaker);

/** Those who speak, in order of appearance, when all chapters are made. */
export const speakers = () => [...numbers.keys()];

const seen = new IntersectionObserver(entries => {
  for (const {isIntersecting, target} of entries)
    if (isIntersecting) draw(target, bars.get(target).take.peaks, target.plays ? player.share : 0);
});
const repaint = () =>
  document
    .querySelectorAll("canvas[data-drawn]")
    .forEach(canvas => draw(canvas, bars.get(canvas).take.peaks));
addEventListener("resize", repaint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(repaint));

function playerOf(row, take) {
  const there = Boolean(sounds[take.id]);
  const button = make("button", {type: "button", "aria-label": "Play", disabled: !there}, icon("play"));
  const canvas = make("canvas", {role: "img", "aria-label": "waveform"});
  if (there) {
    button.onclick = () => (canvas.plays ? player.pause() : play(row, take));
    canvas.onclick = event => play(row, take, shareAt(canvas, event) * take.seconds);
  }
  bars.set(canvas, {button, take});
  seen.observe(canvas);
  return make(
    "div",
    {class: "player"},
    button,
    canvas,
    make("span", {}, there ? length(take.seconds) : "gone"),
  );
}

function facts(take) {
  return [
    make("p", {}, `take ${take.id} · ${originOf(take)} · ${madeAt(take)}`),
    make("p", {}, [checksOf(take), ...findings(take)].join(" · ")),
    ...(take.reasons.length ? [make("p", {class: "why"}, take.reasons.join("; "))] : []),
  ];
}

function rowOf(line, chapter) {
  const marks = [
    ["review", line.review.length, "needs review"],
    ["stale", line.stale, "stale"],
    ["pinned", line.take && line.take.pinned, "pinned"],
  ].filter(each => each[1]);
  const row = make("section", {
    class: ["row", line.state, ...marks.map(each => each[0])].join(" "),
    id: line.id,
    tabindex: "-1",
    "aria-label": `${line.speaker}: ${line.text}`,
  });
  Object.assign(row, {line, chapter});
  row.append(
    make(
      "div",
      {class: "head"},
      tint(make("span", {class: "who"}, line.speaker), colour(line.speaker)),
      make("span", {class: "soft"}, line.voice && line.voice !== line.speaker ? line.voice : ""),
      make("code", {class: "soft"}, line.source),
      ...marks.map(each => make("span", {class: "mark " + each[0]}, each[2])),
    ),
    make("div", {class: "text"}, line.text),
  );
  if (line.review.length) row.append(make("p", {class: "why"}, line.review.join("; ")));
  row.addEventListener("click", event => event.target.closest("button, a, summary, canvas") || select(row));
  if (line.take) row.append(playerOf(row, line.take), moreOf(row, line));
  return row;
}

/** What is only looked at now and then; made when it is opened. */
function moreOf(row, line) {
  const more = make(
    "details",
    {},
    make(
      "summary",
      {},
      line.others.length ? `Details, ${count(line.others.length, "more take")}` : "Details",
    ),
  );
  more.addEventListener("toggle", () => {
    if (more.children.length > 1) return;
    if (line.spoken !== line.text) more.append(make("p", {}, "Read out: " + line.spoken));
    more.append(...facts(line.take));
    if (line.stale)
      more.append(
        make(
          "p",
          {},
          "Stale: a line that was in its context has changed since; --lineage strict speaks it again.",
        ),
      );
    more.append(make("p", {class: "commands"}, ...commands(scriptOf(line), line.id).map(command)));
    for (const other of line.others)
      more.append(
        playerOf(row, other),
        ...facts(other),
        make("p", {}, command(commands(scriptOf(line), line.id, other.id)[0])),
      );
  });
  return more;
}

function likenessOf(chapter) {
  if (!(chapter.likeness || []).length) return [];
  const all = chapter.likeness.flatMap(voice => voice.points.map(point => point[1]));
  const low = Math.min(...all) - 0.02;
  const high = Math.max(...all) + 0.02;
  const told = [];
  const paths = [];
  for (const voice of chapter.likeness) {
    const points = voice.points
      .map(
        ([at, value]) =>
          `${((1000 * at) / chapter.seconds).toFixed(1)},${(80 - (80 * (value - low)) / (high - low)).toFixed(1)}`,
      )
      .join(" ");
    paths.push([
      `<polyline points="${points}"/>`,
      colour((chapter.lines.find(line => line.voice === voice.voice) || {}).speaker),
    ]);
    const drift =
      voice.drift === null
        ? ""
        : `, ${voice.drift < 0 ? "−" : "+"}${Math.abs(voice.drift).toFixed(2)} over the chapter`;
    told.push(
      make(
        "span",
        {class: voice.drifted ? "why" : "soft"},
        `${voice.voice || "default voice"}: likeness ${voice.mean.toFixed(2)}${drift}${voice.drifted ? ", it drifts" : ""}. `,
      ),
    );
  }
  const curves = drawing(
    `<svg viewBox="0 0 1000 80" preserveAspectRatio="none">${paths.map(each => each[0]).join("")}</svg>`,
  );
  paths.forEach(([, number], place) => tint(curves.children[place], number));
  return [
    make(
      "div",
      {
        class: "likeness",
        role: "img",
        "aria-label": "Likeness of each line to its voice's clip, over the chapter",
      },
      curves,
    ),
    make("p", {class: "soft"}, ...told),
  ];
}

/** A chapter: its lines in time, the likeness of its voices, its lines. */
export function chapterOf(chapter) {
  const bar = make("div", {class: "time", role: "img", "aria-label": "The chapter's lines in time"});
  for (const line of chapter.lines) {
    if (line.start === null) continue;
    const part = tint(
      make("a", {
        href: "#" + line.id,
        title: `${line.speaker}: ${line.text}`,
        class: [line.review.length ? "review" : "", line.stale ? "stale" : ""].join(" "),
        tabindex: "-1",
      }),
      colour(line.speaker),
    );
    part.style.left = (100 * line.start) / chapter.seconds + "%";
    part.style.width = (100 * (line.end - line.start)) / chapter.seconds + "%";
    part.addEventListener("click", event => {
      event.preventDefault();
      go(find(line.id));
    });
    bar.append(part);
  }
  return make(
    "article",
    {},
    make(
      "h2",
      {},
      chapterTitle(chapter.number, chapter.title),
      make("small", {}, `${count(chapter.lines.length, "line")} · ${clock(chapter.seconds)}`),
    ),
    bar,
    ...likenessOf(chapter),
    ...chapter.lines.map(line => rowOf(line, chapter.number)),
  );
}
