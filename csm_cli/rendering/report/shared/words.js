// What takes and lines are, in plain words, and the commands that do something to them.

export const FAULTS = ["word", "noise", "pace", "voice", "cut", "other"];

const CHECKS = {signal: "sound", asr: "words", voice: "voice"};
const ORIGINS = {spoken: "rendered", rerolled: "said again", imported: "a recording"};

/** "asr:Whisper base.en" → "words (Whisper base.en)". */
function checkName(check) {
  const [kind, ...by] = check.split(":");
  return (CHECKS[kind] ?? kind) + (by.length ? ` (${by.join(":")})` : "");
}

/** What the checks of a take came to, a sentence each. */
export function findings(take) {
  const told = [];
  for (const scores of take.scores ?? []) {
    if (scores.word_errors)
      told.push(`${scores.words - scores.word_errors} of ${count(scores.words, "word")} in the transcript`);
    if (scores.heard && scores.word_errors && !take.reasons.some(each => each.includes(scores.heard)))
      told.push(`transcript: “${scores.heard}”`);
    if (scores.voice_similarity !== undefined)
      told.push(`likeness to the voice ${scores.voice_similarity.toFixed(2)}`);
  }
  return told;
}

/** Whether and how a take was checked, in one line. */
export function checksOf(take) {
  if (!take.checked.length) return "not checked";
  const what = take.checked.map(checkName).join(", ");
  return take.reasons.length ? "checked: " + what : "no fault in " + what;
}

/** How a take came about, in one line. */
export function originOf(take) {
  const told = [ORIGINS[take.origin] ?? take.origin];
  if (take.origin !== "imported") told.push(`seed ${take.seed}`);
  if (take.tries > 1) told.push(`${take.tries} tries`);
  return told.join(" · ");
}

/** When a take was made. */
export const madeAt = take => take.made.slice(0, 19).replace("T", " ") + " UTC";

export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** "2. The Lamp"; "Chapter 2" as it is. */
export function chapterTitle(number, title) {
  return title && title.split(/\D+/).includes(String(number)) ? title : `${number}. ${title || "Chapter"}`;
}

/** `book.md#k3f9a2b`: the name of a line for `csm takes`. */
function lineName(script, id) {
  const name = `${script}#${id}`;
  return /^[\w./#-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** Commands for a line or, with a take, for that. */
export function commands(script, id, take = null) {
  const name = lineName(script, id);
  return take ? [`csm takes pin ${name} ${take}`] : [`csm takes play ${name}`, `csm takes reroll ${name}`];
}
