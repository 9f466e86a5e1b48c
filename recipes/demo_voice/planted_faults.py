"""How well the word check tells good lines from faulty ones, and at which thresholds it does best.

    python -m recipes.demo_voice.planted_faults --keep judged.jsonl [--asr MODEL] [--checkpoint DIR]

Every text is spoken twice, by the voices in turn: as it stands, and with one word replaced, left out or said
twice. Both are judged against the text as it stands. A line without a planted fault counts as good, slips of
the voice included; with `--second MODEL` the share is stated too for those alone that this other recogniser
writes down without an error, and with `--retries N` for what is left when a doubtful line is spoken again up
to N times. What was judged stays in the file of `--keep`: a run that was ended goes on, and one that is
complete is only scored again.

The texts are held out of the voice's training, and all their words stand in the word list (no recogniser
spells the genera of WordNet): an eighth of them shorter than 25 characters, an eighth of about 200, the
others between 25 and 120.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from csm_cli.audio.files import SAMPLE_RATE
from csm_cli.verify import Candidate
from csm_cli.verify.recognisers import load_recogniser
from csm_cli.verify.word_check import DOUBT, REPEAT, WordCheck
from csm_cli.verify.words import compare
from recipes.demo_voice.faults import KINDS, Substitutes, sample_kinds
from recipes.demo_voice.speakers import Speaker, load_speaker

GOOD = "good"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
BATCH = 8
DOUBTS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
REPEATS = (-5.0, -4.0, -3.0, -2.5, -2.0, -1.5, -1.0, math.inf)
MOST_GOOD = 0.02
"""Share of good lines that may be sent to review."""


@dataclass(frozen=True)
class Judged:
    """One line as it was judged.

    Args:
        number: of its text; a good line and a faulty one share it.
        kind: "good", or the kind of the planted fault.
        said: what was spoken.
        errors: words of the transcript that differ from the text.
        log_ratio, log_ratio_of_repeat: as `WordCheck` scores them; None where they were not weighed.
        flagged: whether the check sends it to review at its own thresholds.
        right: whether the second recogniser writes the text down without an error; None without one.
        takes: of a good line, how many it took until the check found nothing; 0: there were not enough; None:
            it was doubtful, and not spoken again.
    """

    number: int
    kind: str
    voice: str
    text: str
    said: str
    heard: str
    errors: int
    log_ratio: float | None
    log_ratio_of_repeat: float | None
    flagged: bool
    right: bool | None
    takes: int | None = None

    def flagged_at(self, doubt: float, repeat: float) -> bool:
        """Whether the check would send it to review at these thresholds."""
        if self.log_ratio is None and self.log_ratio_of_repeat is None:
            return self.flagged
        wrong = self.errors > 0 and (self.log_ratio is None or self.log_ratio > doubt)
        return wrong or (self.log_ratio_of_repeat or -math.inf) > repeat


def wilson(count: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The interval of 95 % of a share, by Wilson."""
    if not of:
        return 0.0, 1.0
    share, square = count / of, z * z / of
    middle = share + square / 2
    reach = z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    return max(0.0, (middle - reach) / (1 + square)), min(1.0, (middle + reach) / (1 + square))


def shares(rows: Sequence[Judged], doubt: float, repeat: float) -> dict[str, tuple[int, int]]:
    """(sent to review, lines) of the good ones, of those found right, of the faulty ones, of each kind."""
    groups = {GOOD: [row for row in rows if row.kind == GOOD]}
    if any(row.right is not None for row in rows):
        groups["good, found right"] = [row for row in groups[GOOD] if row.right]
    groups["faulty"] = [row for row in rows if row.kind != GOOD]
    groups |= {kind: [row for row in rows if row.kind == kind] for kind in KINDS}
    return {
        name: (sum(row.flagged_at(doubt, repeat) for row in some), len(some)) for name, some in groups.items()
    }


def best_thresholds(rows: Sequence[Judged]) -> tuple[float, float]:
    """(doubt, repeat) that find most faulty lines among those that send few enough good lines to review."""

    def worth(pair: tuple[float, float]) -> tuple[bool, float]:
        found = shares(rows, *pair)
        good, faulty = (count / max(1, of) for count, of in (found[GOOD], found["faulty"]))
        return good < MOST_GOOD, faulty if good < MOST_GOOD else -good

    return max(((doubt, repeat) for doubt in DOUBTS for repeat in REPEATS), key=worth)


def lines(texts: Sequence[str], pool: Iterable[str], seed: int = 5) -> list[tuple[int, str, str]]:
    """(number of the text, kind, what is said): each text as it stands, then with a fault."""
    planted = sample_kinds(texts, Substitutes(pool), random.Random(seed))
    return [
        line
        for number, (text, (kind, altered)) in enumerate(zip(texts, planted, strict=True))
        for line in ((number, GOOD, text), (number, kind, altered))
    ]


def judge(
    todo: Sequence[tuple[int, str, str]],
    texts: Sequence[str],
    speaker: Speaker,
    check: WordCheck,
    second: object,
    retries: int = 0,
) -> Iterator[Judged]:
    """Speaks and judges lines, batch by batch; doubtful good ones again."""
    for at in range(0, len(todo), BATCH):
        some = todo[at : at + BATCH]
        names = [speaker.voices[number % len(speaker.voices)] for number, _, _ in some]
        sounds = speaker.speak([said for _, _, said in some], names, [number for number, _, _ in some])
        verdicts = check.judge(
            [
                Candidate(texts[n], None, True, sound, SAMPLE_RATE)
                for (n, _, _), sound in zip(some, sounds, strict=True)
            ]
        )
        transcribe = getattr(second, "transcribe", None)
        again = transcribe(sounds, SAMPLE_RATE) if transcribe else [None] * len(some)
        for (number, kind, said), name, verdict, other in zip(some, names, verdicts, again, strict=True):
            scores = verdict.scores
            yield Judged(
                number=number,
                kind=kind,
                voice=name,
                text=texts[number],
                said=said,
                heard=scores["heard"],
                errors=scores["word_errors"],
                log_ratio=scores.get("log_ratio"),
                log_ratio_of_repeat=scores.get("log_ratio_of_repeat"),
                flagged=bool(verdict.reasons),
                right=None if other is None else compare(texts[number], other).errors == 0,
                takes=_takes(texts[number], name, number, speaker, check, retries)
                if kind == GOOD and verdict.reasons
                else 1,
            )


def _takes(
    text: str, voice: str, number: int, speaker: Speaker, check: WordCheck, retries: int
) -> int | None:
    """Takes of a doubtful line until one is not, the first included; 0 if none is, None without retries."""
    for more in range(1, retries + 1):
        (sound,) = speaker.speak([text], [voice], [number + more * 1_000_003])
        (verdict,) = check.judge([Candidate(text, None, True, sound, SAMPLE_RATE)])
        if not verdict.reasons:
            return 1 + more
    return 0 if retries else None


def read_kept(path: Path | None) -> list[Judged]:
    """What an earlier run judged; a last line that was broken off is left out."""
    if path is None or not path.is_file():
        return []
    rows = []
    for line in path.read_text("utf-8").splitlines():
        try:
            rows.append(Judged(**json.loads(line)))
        except ValueError:
            continue
    return rows


def table(rows: Sequence[Judged], doubt: float, repeat: float) -> list[str]:
    """One line for each group: its share that is sent to review, with the interval of 95 %."""
    return [_share(name, count, of) for name, (count, of) in shares(rows, doubt, repeat).items()]


def _share(name: str, count: int, of: int) -> str:
    low, high = wilson(count, of)
    return f"{name:20} {count:4} of {of:4}  {count / max(1, of):6.1%}  ({low:.1%} to {high:.1%})"


def main() -> None:
    """Print both shares at the check's thresholds, a sweep, and one line of JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="texts; each is spoken twice")
    parser.add_argument("--asr", default="whisper", help="as for csm render")
    parser.add_argument("--second", help="another recogniser, which says which good lines are right")
    parser.add_argument("--retries", type=int, default=0, help="further takes of a doubtful good line")
    parser.add_argument("--speak", default="engine", help="engine, or hibari:FOLDER of its unpacked wheel")
    parser.add_argument("--checkpoint", type=Path, help="default: the embedded voice")
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="where what was judged is kept, and taken from"
    )
    parser.add_argument("--fortunes", type=Path, default=Path("/usr/share/games/fortunes"))
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--words", type=Path, default=Path("/usr/share/dict/words"))
    parser.add_argument("--score", action="store_true", help="only score what is in the file of --keep")
    options = parser.parse_args()
    rows = read_kept(options.keep)
    if not options.score:
        texts, pool = _texts(options)
        kept = {(row.number, row.kind) for row in rows}
        todo = [line for line in lines(texts, pool) if line[:2] not in kept]
        speaker = load_speaker(options.speak, options.checkpoint)
        check = WordCheck(load_recogniser(options.asr, device="cpu"))
        second = load_recogniser(options.second, device="cpu") if options.second else None
        for row in judge(todo, texts, speaker, check, second, options.retries):
            rows.append(row)
            if options.keep is not None:
                with options.keep.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(row)) + "\n")
            if len(rows) % 50 == 0:
                print(f"{len(rows)} lines", file=sys.stderr, flush=True)
    _report(rows, options.retries)


def _texts(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    from recipes.demo_voice.texts import Corpus

    corpus = Corpus(options.fortunes, options.wordnet, options.words)
    known = set(options.words.read_text("utf-8").lower().split())
    pool = [text for text in corpus.held_out if all(word in known for word in _WORD.findall(text.lower()))]
    rng, few = random.Random(9), options.count // 8
    short = [text for text in pool if len(text) < 25 and len(text.split()) > 1]
    middle = [text for text in pool if 25 <= len(text) <= 120]
    texts = rng.sample(short, few) + rng.sample(middle, options.count - 2 * few)
    while len(texts) < options.count:
        text = " ".join(rng.sample(middle, 3))
        if 180 <= len(text) <= 220:
            texts.append(text)
    rng.shuffle(texts)
    return texts, pool


def _report(rows: Sequence[Judged], retries: int) -> None:
    print(f"sent to review at the check's thresholds (doubt {DOUBT}, repeat {REPEAT}):")
    print("\n".join(table(rows, DOUBT, REPEAT)))
    if retries:
        good = [row for row in rows if row.kind == GOOD and row.takes is not None]
        print(_share(f"good, {retries} retries", sum(row.takes == 0 for row in good), len(good)))
    print("\ndoubt  repeat  good   faulty " + " ".join(f"{kind:>8}" for kind in KINDS))
    for doubt in DOUBTS:
        for repeat in REPEATS:
            found = shares(rows, doubt, repeat)
            some = [found[name][0] / max(1, found[name][1]) for name in (GOOD, "faulty", *KINDS)]
            print(f"{doubt:5} {repeat:7}  " + " ".join(f"{share:6.1%}" for share in some))
    best = best_thresholds(rows)
    print(f"\nbest: doubt {best[0]}, repeat {best[1]}")
    print("\n".join(table(rows, *best)))
    print(json.dumps({"doubt": DOUBT, "repeat": REPEAT, "shares": shares(rows, DOUBT, REPEAT), "best": best}))


if __name__ == "__main__":
    main()
