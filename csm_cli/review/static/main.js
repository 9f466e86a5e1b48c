// Puts the page together, and keeps it in step with the server.
import {Actions} from "./actions.js";
import {Api, takeToken} from "./api.js";
import {bindingsOf} from "./bindings.js";
import {Chapters} from "./chapters.js";
import {Detail} from "./detail.js";
import {Drafts} from "./drafts.js";
import {Events} from "./events.js";
import {FaultMenu} from "./faults.js";
import {LineList} from "./list.js";
import {Panel} from "./panel.js";
import {listen} from "./shared/keys.js";
import {Player} from "./shared/player.js";
import {Status} from "./status.js";
import {Store} from "./store.js";
import {Transport} from "./transport.js";
import {KINDS, View} from "./view.js";
import {Writing} from "./write.js";

const find = id => document.getElementById(id);
const MODEL = {
  loading: "the model is loading",
  ready: "the model is ready",
  none: "",
};
const SEARCH_REST = 120;
const ADDRESS = "Open the address that csm review printed: it ends with #token=…";

const api = new Api(takeToken());
const status = new Status(find("said"), find("alert"), find("link"));
const store = new Store(api);
const drafts = new Drafts(store, status);
const view = new View(store);
const player = new Player(item => api.sound(item.script, item.take));
const detail = new Detail(api, store, view);
const actions = new Actions({api, store, view, player, detail, status});
const faults = new FaultMenu(fault => actions.mark("bad", fault));
const page = {api, store, drafts, view, player, detail, actions, faults, status};
const events = new Events(api);

const box = find("list");
const toList = () => box.focus({preventScroll: true});
const panel = new Panel(find("panel"), page);
const list = new LineList(box, store, view, player, drafts, {
  play: (id, share) => actions.play(id, share),
  toggle: id => actions.toggle(id),
  press: id => {
    if (id === view.selected) panel.open();
    actions.go(id);
  },
});
const transport = new Transport(find, page);
new Chapters(
  {nav: find("chapters"), scripts: find("scripts"), chapters: find("chapter"), total: find("total")},
  store,
  view,
  id => {
    actions.go(id);
    toList();
  },
);
new Writing({button: find("write"), progress: find("progress"), said: find("written")}, page);
panel.onleave = toList;

/** What is there of lines, or why there are none. */
function showEmpty() {
  const problem =
    store.script?.problem ?? (store.script ? null : "No script is open; start csm review with one.");
  find("empty").hidden = view.shown.length > 0;
  find("empty").textContent =
    problem ?? (store.lines.length ? "No line is like that." : "The script has no lines.");
  find("shown").textContent = view.filtered ? `${view.shown.length} of ${store.lines.length}` : "";
}

function showState() {
  document.title = `${store.script?.title ?? "csm"} · csm review`;
  find("title").textContent = store.script?.title || store.script?.path || "csm review";
  document.body.classList.toggle("read-only", store.readOnly);
  find("read-only").hidden = !store.readOnly;
  find("undo").hidden = store.readOnly;
  find("undo").disabled = !store.undo;
  find("undo").title = store.undo ? `Undo: ${store.undo} (U)` : "Nothing to undo";
  const {name, state, message} = store.model ?? {};
  const model = MODEL[state] ? `${name}: ${MODEL[state]}` : "";
  find("model").textContent = state === "failed" ? "The model cannot be loaded" : model;
  find("model").title = state !== "failed" ? model : message.includes(name) ? message : `${name}: ${message}`;
  find("model").className = "soft " + state;
}

function showSpeakers() {
  const names = Object.keys(store.speakers);
  const kept = names.includes(view.speaker) ? view.speaker : "";
  find("speaker").replaceChildren(
    new Option("Every speaker", ""),
    ...names.map(name => new Option(name, name)),
  );
  find("speaker").value = kept;
  if (kept !== view.speaker) view.filter({speaker: kept});
}

store.addEventListener("state", showState);
store.addEventListener("open", showSpeakers);
view.addEventListener("shown", showEmpty);
// A line that is gone by now goes from the list as well, with the event that is on its way.
detail.addEventListener(
  "failed",
  ({detail: error}) => error.status !== 0 && error.code !== "no_line" && status.error(error),
);

find("kind").append(...Object.entries(KINDS).map(([kind, [words]]) => new Option(words, kind)));
find("kind").addEventListener("change", event => view.filter({kind: event.target.value}));
find("speaker").addEventListener("change", event => view.filter({speaker: event.target.value}));
find("scripts").addEventListener("change", event =>
  store.open(Number(event.target.value)).then(showState, error => status.error(error)),
);
let resting = null;
find("find").addEventListener("input", event => {
  clearTimeout(resting);
  resting = setTimeout(() => view.filter({text: event.target.value}), SEARCH_REST);
});
find("find").addEventListener("keydown", event => {
  if (event.key === "Enter") toList();
});
find("undo").addEventListener("click", () => actions.undo());
find("sheet").addEventListener("click", () => panel.open());
// After a press with a pointer the keys are the list's again: space plays, and presses no button a second time.
document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (event.detail && button && button === document.activeElement && !button.closest("dialog, form"))
    toList();
});

const apply = {
  lines: ({script, lines}) =>
    script === store.opened && !store.replace(lines) ? actions.inOrder(() => store.reload()) : null,
  script: ({script}) => actions.inOrder(() => (script === store.opened ? store.reload() : store.readState())),
  model: model => store.set({model}),
  write: write => store.set({write}),
  undo: ({undo}) => store.set({undo}),
};
events.addEventListener("event", ({detail: {name, data}}) =>
  Promise.resolve(apply[name]?.(data)).catch(error => status.error(error)),
);
events.addEventListener("open", async ({detail: again}) => {
  status.connection(null);
  await store.reload().catch(error => {
    status.error(error);
    if (!store.lines.length) find("empty").textContent = "The script could not be read; reload this page.";
  });
  if (again) actions.sendAgain();
  else takeKeys();
});
events.addEventListener("lost", ({detail: {error, wait}}) => {
  if (error?.status === 401) {
    if (!store.script) find("empty").textContent = ADDRESS;
    return status.connection(
      "This address is not valid, or no longer: each start of csm review has one of its own. Open the one that it printed last.",
    );
  }
  return status.connection(
    `The connection to csm review is lost; it is tried again${wait > 1500 ? ` in ${Math.round(wait / 1000)} s` : ""}.`,
    () => events.retry(),
  );
});

/** Which keys there are depends on whether anything may be changed. */
function takeKeys() {
  const help = listen(bindingsOf({...page, transport, panel, list, help: () => help.showModal()}));
  find("help").addEventListener("click", () => help.showModal());
  if (document.activeElement === document.body) toList();
}

if (api.token)
  events.retry(); // what is read once it is open is complete: later changes come as events
else find("empty").textContent = ADDRESS;
// The new address, put into a tab that has the old one, differs in what stands behind # alone.
addEventListener("hashchange", () => location.hash.startsWith("#token=") && location.reload());
