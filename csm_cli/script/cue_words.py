"""Words of sounds that are no speech, a laugh or a cough, as scripts and transcripts write them."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FORMS = """
laughs laugh laughing laughter
chuckles chuckle chuckling
giggles giggle giggling
snickers snicker snickering
sighs sigh sighing
gasps gasp gasping
coughs cough coughing
sneezes sneeze sneezing
sobs sob sobbing
cries cry crying
weeps weep weeping
sniffs sniff sniffing
sniffles sniffle sniffling
whispers whisper whispering whispered
shouts shout shouting shouted
yells yell yelling
screams scream screaming
yawns yawn yawning
groans groan groaning
moans moan moaning
grunts grunt grunting
snorts snort snorting
scoffs scoff scoffing
gulps gulp gulping
swallows swallow swallowing
inhales inhale inhaling
exhales exhale exhaling
breathes breathe breathing breath
hums hum humming
whistles whistle whistling
hiccups hiccup hiccuping
applause applauds clapping claps
pause pauses
beat
silence
"""
_OWN = "his|her|their|its|my|your"
_THROAT = rf"clear(?:s|ing)?(?:\s(?:{_OWN}|the))?\sthroat"
_BREATH = r"(?:takes|taking)\sa(?:\sdeep)?\sbreath"
_MANNER = (
    "softly|quietly|loudly|heavily|deeply|nervously|bitterly|gently|lightly|slightly|briefly|sadly|happily|"
    "hysterically|suddenly|again|maniacally|uncontrollably|awkwardly|dramatically|a|long|short|deep|brief|small|"
    "soft|quiet|loud|heavy|nervous|slight|big|light|little|bitter|awkward|dramatic|"
    r"to\s(?:him|her|them|my|your|it)sel(?:f|ves)|out\sloud|with\srelief|"
    rf"under\s(?:{_OWN})\sbreath"
)
_CANONICAL = {form: row.split()[0] for row in _FORMS.strip().split("\n") for form in row.split()}
_WORDS = "|".join(sorted(_CANONICAL, key=len, reverse=True))
CUE_WORDS = rf"(?:(?:{_MANNER})\s){{0,2}}({_THROAT}|{_BREATH}|{_WORDS})(?:\s(?:{_MANNER})){{0,2}}"
"""Pattern of what stands between the brackets, ignoring case; its one group is the word."""
_CUE = re.compile(CUE_WORDS, re.IGNORECASE)
_LAST, _FIRST = re.compile(r"[\w'’]+\Z"), re.compile(r"\w+")
_BEFORE = frozenset(".,!?…;:—–-])>")
_INTERJECTIONS = _words("""
hello hi hey well oh ah uh um er erm hm hmm so yes yeah yep no nope ok okay right sorry look listen please
thanks wow ugh oops
""")
_GOES_ON = _words("of and or were was are is from in at with as that to the for")
_NO_SUBJECT = _words("""
was is am are were be been have has had will would can could should may might must do does did to not a an
very i you we they i'm you're we're they're it's don't can't won't isn't wasn't didn't
""")
_SUBJECTS = _words("i we you they he she it there")
_QUOTES = "\"'“”‘’"


def cue_word(text: str) -> str:
    """The usual word of the cue in `text`, with its brackets or without them; "" if it is none."""
    match = _CUE.fullmatch(" ".join(text.strip("[](){}<>*_/").split()).rstrip(".!…"))
    return canonical(match[1]) if match else ""


def canonical(word: str) -> str:
    """The usual word for a form such as "laughing" or "clearing her throat"."""
    word = " ".join(word.lower().split())
    if word.endswith("throat"):
        return "clears throat"
    return "breathes" if word.endswith(" breath") else _CANONICAL.get(word, word)


def is_starred_cue(text: str, start: int, end: int) -> bool:
    """Whether `*coughs*`, from `start` to `end`, is a cue; "she never *laughs*" has emphasis instead.

    It is one at the beginning of a text, behind punctuation and behind an interjection, and where a verb in
    the third person cannot stand: "I was *coughs* away".
    """
    word = text[start:end].strip("*_").lower()
    if not cue_word(word) or (start and text[start - 1].isalnum()):
        return False
    third_person = word.endswith(("s", "throat"))
    before = text[max(0, start - 30) : start].rstrip(f" {_QUOTES}(")
    behind = text[end : end + 30].lstrip(f" {_QUOTES}")
    last, following = _LAST.search(before), _FIRST.match(behind)
    if before and before[-1] not in _BEFORE:
        previous = last[0].lower().replace("’", "'") if last else ""
        if previous not in _INTERJECTIONS:
            after = following[0].lower() if following else ""
            resumes = after in _SUBJECTS and previous not in _SUBJECTS
            return third_person and (previous in _NO_SUBJECT or resumes)
    if following and following[0][0].islower():
        return following[0] not in _GOES_ON and (third_person or word in ("pause", "beat"))
    return third_person or not behind or behind[0] not in ",;:"
