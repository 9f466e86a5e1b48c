// A take's stored peaks as bars on a canvas: a character each, 0 to 63.

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const VALUES = new Map(Array.from(LETTERS, (letter, value) => [letter, value]));
const BAR = 2;
const STEP = 3;
const QUIET = 8;
let colours = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colours = null;
});

function palette() {
  const style = getComputedStyle(document.documentElement);
  colours ??= {played: style.getPropertyValue("--play"), wave: style.getPropertyValue("--wave")};
  return colours;
}

/** `count` heights from 0 to 1: the highest peak of each stretch, against the highest of all. */
function heights(peaks, count) {
  const values = Array.from(peaks, letter => VALUES.get(letter) ?? 0);
  const highest = Math.max(QUIET, ...values);
  return Array.from({length: count}, (_, i) => {
    const from = Math.floor((i * values.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * values.length) / count));
    return Math.max(0, ...values.slice(from, to)) / highest;
  });
}

/** Draw it in the size that the canvas has on the page; the first `share` (0 to 1) as played. */
export function draw(canvas, peaks, share = 0) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const scale = window.devicePixelRatio || 1;
  if (!width || !height) return;
  const wide = Math.round(width * scale);
  const high = Math.round(height * scale);
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, {width: wide, height: high});
  const pen = canvas.getContext("2d");
  const {played, wave} = palette();
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const bars = heights(peaks, Math.max(1, Math.floor(width / STEP)));
  for (let i = 0; i < bars.length; i++) {
    const tall = Math.max(BAR, bars[i] * height);
    pen.fillStyle = (i + 0.5) / bars.length < share ? played : wave;
    pen.fillRect(i * STEP, (height - tall) / 2, BAR, tall);
  }
  canvas.dataset.drawn = "1";
}

/** Where on a waveform a pointer is: 0 to 1. */
export const shareAt = (canvas, event) => Math.min(1, Math.max(0, event.offsetX / canvas.clientWidth));
