// Every key of the page.

const DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(String);

/** @param page {actions, view, player, transport, panel, faults, list, help()} */
export function bindingsOf({actions, view, player, transport, panel, faults, list, help, store, status}) {
  const change =
    run =>
    (...given) => {
      if (view.line) run(...given);
    };
  const move = rows => () => actions.go(view.from(view.selected, rows()));
  const all = [
    {keys: ["space"], shown: ["Space"], what: "play, pause", run: () => actions.toggle()},
    {keys: ["j", "arrowdown"], shown: ["J", "↓"], what: "next line", run: move(() => 1)},
    {keys: ["k", "arrowup"], shown: ["K", "↑"], what: "line before", run: move(() => -1)},
    {
      keys: ["shift+j"],
      shown: ["Shift J"],
      what: "next line that is unmarked or bad",
      run: () => actions.nextTodo(),
    },
    {keys: ["pagedown"], run: move(() => list.page)},
    {keys: ["pageup"], run: move(() => -list.page)},
    {keys: ["home"], run: move(() => -Infinity)},
    {keys: ["end"], run: move(() => Infinity)},
    {keys: ["arrowright"], shown: ["→"], what: "one second on", run: () => player.step(1)},
    {keys: ["arrowleft"], shown: ["←"], what: "one second back", run: () => player.step(-1)},
    {keys: ["]"], shown: ["]"], what: "faster, at the same pitch", run: () => transport.faster(1)},
    {keys: ["["], shown: ["["], what: "slower", run: () => transport.faster(-1)},
    {keys: ["g"], shown: ["G"], what: "good", changes: true, run: change(() => actions.mark("good"))},
    {
      keys: ["b"],
      shown: ["B", "1 … 6"],
      what: "bad: word, noise, pace, voice, cut, other",
      changes: true,
      run: change(() => (view.line.take ? faults.open() : actions.mark("bad"))),
    },
    {keys: ["r"], shown: ["R"], what: "three new takes", changes: true, run: change(() => actions.speak())},
    {
      keys: DIGITS,
      shown: ["1 … 9"],
      what: store.readOnly ? "play this take" : "use this take, and play it",
      run: key => view.line && actions.choose(Number(key)),
    },
    {
      keys: ["x"],
      shown: ["X"],
      what: "compare A and B: the other take at the same place",
      run: () => panel.takes.compare(),
    },
    {
      keys: ["p"],
      shown: ["P"],
      what: "pin the take, or take the pin away",
      changes: true,
      run: change(() => actions.pin()),
    },
    {
      keys: ["e"],
      shown: ["E"],
      what: "edit the text",
      changes: true,
      run: change(() => {
        panel.open();
        panel.editor.focus();
      }),
    },
    {
      keys: ["l"],
      shown: ["L"],
      what: "lexicon: say a word otherwise",
      changes: true,
      run: change(() => {
        panel.open();
        panel.sayAs.focus();
      }),
    },
    {
      keys: ["u"],
      shown: ["U"],
      what: "undo",
      changes: true,
      run: () => actions.undo(),
    },
    {keys: [], shown: ["Ctrl Enter", "⌘ Enter"], what: "save what is typed", changes: true},
    {keys: ["escape"], shown: ["Esc"], what: "leave a field, close what is open", run: () => panel.close()},
    {
      keys: ["/"],
      shown: ["/"],
      what: "find in the texts",
      run: () => document.getElementById("find").focus(),
    },
    {keys: ["?"], shown: ["?"], what: "this list", run: help},
  ];
  if (!store.readOnly) return all;
  let said = false;
  const refuse = () => {
    if (!said) status.say("This review is read only: it changes nothing", "failed");
    said = true;
  };
  return all.map(each => (each.changes ? {keys: each.keys, run: refuse} : each));
}
