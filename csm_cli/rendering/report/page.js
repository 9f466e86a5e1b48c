// The report: every line with its takes, played through and by keys, with commands to copy.
import {clock, make} from "./shared/dom.js";
import {listen} from "./shared/keys.js";
import {RATES} from "./shared/player.js";
import {commands} from "./shared/words.js";
import {report} from "./data.js";
import {copyCommand, find, go, now, play, player, rowFrom, toggle} from "./listening.js";
import {chapterOf, scriptOf, speakers} from "./rows.js";

/** Show the lines that the choices at the top let through. */
function show() {
  const kind = document.querySelector("[data-show][aria-pressed=true]").dataset.show;
  const speaker = find("speaker").value;
  const text = find("find").value.trim().toLowerCase();
  for (const article of document.querySelectorAll("article")) {
    for (const row of article.querySelectorAll(".row")) {
      const {line} = row;
      row.hidden = !(
        (kind === "all" || row.classList.contains(kind)) &&
        (!speaker || line.speaker === speaker) &&
        (!text || `${line.text} ${line.spoken} ${line.id}`.toLowerCase().includes(text))
      );
    }
    article.hidden = !article.querySelector(".row:not([hidden])");
  }
}

const sums = report.totals;
const model = report.made_with.model || {};
find("title").textContent = report.title;
find("about").textContent =
  `${report.script} · ${[model.id, model.revision, model.dtype].filter(Boolean).join(" ")} · csm ${report.csm}`;
for (const [name, value] of [
  ["lines", sums.lines],
  ["there already", sums.cached],
  ["spoken", sums.rendered],
  ["retried", sums.retried],
  ["stale", sums.stale],
  ["to review", sums.review],
  ["of audio", clock(sums.audio_seconds)],
  ...(sums.rendered ? [["× real time", sums.times_real_time]] : []),
])
  find("sums").append(make("li", {}, make("b", {}, String(value)), name));
find("chapters").append(...report.chapters.map(chapterOf));
find("speaker").append(...speakers().map(name => new Option(name, name)));
for (const button of document.querySelectorAll("[data-show]"))
  button.onclick = () => {
    document
      .querySelectorAll("[data-show]")
      .forEach(each => each.setAttribute("aria-pressed", each === button));
    show();
  };
find("speaker").onchange = show;
find("find").oninput = show;
for (let rate = RATES.least; rate < RATES.most + 0.01; rate += RATES.step)
  find("rate").append(new Option(`${rate.toFixed(1)} ×`, rate.toFixed(1)));
find("rate").onchange = () => player.setRate(Number(find("rate").value));
find("through").onclick = toggle;
player.setRate(1);
document.addEventListener("click", event => event.detail && event.target.closest("button, summary")?.blur());

const needsEar = row => row.line.review.length > 0 || row.line.stale;
const help = listen([
  {keys: ["space"], shown: ["Space"], what: "play through, pause", run: toggle},
  {keys: ["j", "arrowdown"], shown: ["J", "↓"], what: "next line", run: () => go(rowFrom(now, 1))},
  {keys: ["k", "arrowup"], shown: ["K", "↑"], what: "line before", run: () => go(rowFrom(now, -1))},
  {
    keys: ["shift+j"],
    shown: ["Shift J"],
    what: "next line that needs review or is stale",
    run: () => go(rowFrom(now, 1, needsEar)),
  },
  {keys: ["arrowright"], shown: ["→"], what: "one second on", run: () => player.step(1)},
  {keys: ["arrowleft"], shown: ["←"], what: "one second back", run: () => player.step(-1)},
  {
    keys: ["]"],
    shown: ["]"],
    what: "faster, at the same pitch",
    run: () => player.setRate(player.rate + RATES.step),
  },
  {keys: ["["], shown: ["["], what: "slower", run: () => player.setRate(player.rate - RATES.step)},
  {
    keys: [1, 2, 3, 4, 5, 6, 7, 8, 9].map(String),
    shown: ["1 … 9"],
    what: "play a take of the line; 1 is the one in use",
    run: key => {
      const take = now && [now.line.take, ...now.line.others].filter(Boolean)[Number(key) - 1];
      if (take)
        play(
          now,
          take,
          player.playing && player.item.row === now ? Math.min(player.time, take.seconds) : 0,
          false,
        );
    },
  },
  {
    keys: ["r"],
    shown: ["R"],
    what: "copy the command that makes new takes",
    run: () => now && copyCommand(commands(scriptOf(now.line), now.line.id)[1]),
  },
  {
    keys: ["p"],
    shown: ["P"],
    what: "copy the command that pins the take that was played last",
    run: () => {
      const take = now && (player.item?.row === now ? player.item.take : now.line.take?.id);
      if (take) copyCommand(commands(scriptOf(now.line), now.line.id, take)[0]);
    },
  },
  {keys: ["/"], shown: ["/"], what: "find in the texts", run: () => find("find").focus()},
  {keys: ["?"], shown: ["?"], what: "this list", run: () => help.showModal()},
]);
find("help").onclick = () => help.showModal();
