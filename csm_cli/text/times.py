"""Times of day in words: "9:30", "at 4.30", "7am", "16h45", "from 9.15 to 10.45"."""

from __future__ import annotations

import re

from csm_cli.text.numbers import cardinal, digits, with_oh

_HOUR = r"(?:2[0-4]|[01]?[0-9])"
_MINUTE = r"[0-5][0-9]"
_HALF = r"\s?(?P<half>[AaPp])\.?\s?[Mm]\b\.?"
_SPAN = re.compile(
    r"(?:(?<=[0-9][ap]m)|(?<=[0-9] [ap]m)|(?<=[ap]\.m\.))\s?[-–]\s?(?=[0-9])"
    r"|(?<=[0-9])\s?[-–]\s?(?=[0-9]{1,2}(?:[:.][0-9]{2})?\s?[ap]\.?m\b)"
    r"|(?<=:[0-9]{2})\s?[-–]\s?(?=[0-9]{1,2}:[0-9]{2})",
    re.IGNORECASE,
)
_NOT_A_TIME = (
    r"(?!\s?(?:[%°$£€‰×x*/+=]|[-–]\s?[0-9]|percent|per\b|degrees?|times|million|billion|thousand|points?|[kcm]?m\b|km|kg|kilo|cent"
    r"|met(?:er|re)|miles?|mph|feet|foot|ft|inch|pounds?|dollars?|euros?|lbs?|oz|g\b|mg|ml|l\b|lit(?:er|re)|hectares?"
    r"|acres?|seconds?\b|hours\b|minutes\b|days?\b|weeks?\b|years?\b|on the (?:Richter|pH|scale)|GPA"
    r"|volts?|[kKMG]?Hz"
    r"|[kM]?W\b|V\b|goals?|runs?|a (?:share|barrel|gallon|litre|liter|head|piece|pound|unit|ounce)"
    r"|each\b|to one\b))"
)
_AFTER = (
    r"(?=[,;.!?:)\]\"']*(?:$|[\"')\]]*\s+(?:and|in|on|when|the|a|an|she|he|we|they|you|I|it|for|but|that|this|sharp"
    r"|precisely|exactly|every|each|as|with|to|until|till|or|from|today|tomorrow|tonight|yesterday|local|GMT|UTC|[A-Z][a-z]*"
    r"|train|express|bus|ferry|flight|boat|coach|service|o'clock|his|her|my|our|their|there|so|then|after|because|while|again"
    r"|if|sometimes|usually|just|by|at|this|last|next|not|only|prompt|promptly|daily|weekdays|noon|midnight|whatever|which|who|outside|is"
    r"|was|were|had|already|still|before|[a-z]+ed|[a-z]+ly)\b))"
)
_DOTTED = rf"(?:2[0-3]|1[0-9]|0?[0-9])\.{_MINUTE}(?![0-9]|[.,:/][0-9])"
_TO = re.compile(
    rf"\b([Ff]rom|[Bb]etween) ({_DOTTED})( to | and | until | till |\s?[-–]\s?)({_DOTTED}){_NOT_A_TIME}"
)
_BOTH = re.compile(rf"(?<![\w.,$£€])({_DOTTED})\s?[-–]\s?({_DOTTED}){_NOT_A_TIME}")
_AT = re.compile(
    rf"\b[Aa]t ({_DOTTED}){_NOT_A_TIME}{_AFTER}"
    rf"|\b(?:[Bb]y|[Tt]o) ({_DOTTED}){_NOT_A_TIME}(?=[,;.!?]*(?:$|[\"')]|\s+(?:at the latest|sharp"
    rf"|[Tt]rain|every|in the)\b))"
    rf"|\b[Tt]he ({_DOTTED})(?= (?:train|express|bus|ferry|flight|boat|coach|from|to|out|service"
    rf"|for [A-Z]|[A-Z][a-z]+ train))"
    rf"|\b(?:[Bb]y|[Bb]efore|[Aa]fter|[Aa]round|[Ss]ince|[Pp]ast|[Ii]t's|[Oo]n the|[Tt]he) "
    rf"((?:2[0-3]|1[0-9]|0?[0-9])\.(?:00|15|30|45))(?![0-9]|[.,:/][0-9]){_NOT_A_TIME}{_AFTER}"
    rf"|\b(?:(?:[Cc]atch|[Cc]aught|[Mm]issed|[Tt]ook|[Ff]or|[Oo]n|[Bb]y) the) ({_DOTTED})(?=[,.;!?]?(?:$|\s))"
    rf"|\b(?:[Uu]ntil|[Tt]ill) ({_DOTTED}){_NOT_A_TIME}"
    rf"|\b(?:[Bb]efore|[Aa]fter|[Ss]ince|[Aa]bout|[Uu]ntil) ({_DOTTED})(?= (?:in the|that|this|on|every"
    rf"|o'clock)\b|[,;.!?]*(?:$|[\"']))"
    rf"|\b(?:arrives|arrived|departs|departed|leaves|opens|closes) ({_DOTTED}){_NOT_A_TIME}"
    rf"|\b({_DOTTED})(?= (?:o'clock|in the (?:morning|afternoon|evening)|at night|sharp|hours|hrs|GMT"
    rf"|UTC|[CE][SDE]T)\b)"
    rf"|\b({_DOTTED})(?=(?:,? (?:and|or|to) |, |\s?[-–]\s?)(?:[0-9][0-9.:]*(?:,? and |,? or |, "
    rf"| to ))*[0-9][0-9.:]*\s?(?:[ap]\.?m\b|o'clock))"
    rf"|\b[Ii]t(?: is| was|'s) ({_DOTTED})"
    r"(?= (?:when|and|by|now|already|before|on)\b|[.!?,]?[\"']*(?:$|\s+[A-Z\"]))"
)
_GOES_ON = re.compile(
    rf"(?<=:[0-5][0-9])(?:,? (?:not|and|or|but not|to|until|then)(?: the| at)? |, )(?:{_DOTTED}){_NOT_A_TIME}"
)
_MILITARY = re.compile(
    r"(?<![\w.,:-])([01][0-9]|2[0-4])([0-5][0-9])(?= ?(?:hours|hrs|h)\b)(?: ?(?:h|hrs)\b)?"
)
_TIME_BEFORE = re.compile(r"\b(?:at|by|until|till|from|to|before|after|since|around|about) $", re.IGNORECASE)
_FRENCH = re.compile(rf"(?<![\w.,:])({_HOUR})h({_MINUTE})(?!\w)")


def times(text: str) -> str:
    """`text` with its times in words."""
    text = _FRENCH.sub(r"\1:\2", _MILITARY.sub(_military, text))
    if "." in text:
        text = _TO.sub(_from_to, text)
        text = _BOTH.sub(_opening, text)
        text = _AT.sub(lambda match: match[0].replace(".", ":"), text)
        for _ in range(3):
            text = _GOES_ON.sub(lambda match: match[0].replace(".", ":"), text)
    text = _SPAN.sub(" to ", text)
    text = _CLOCK.sub(_time, text)
    text = _SECONDS.sub(_with_seconds, text)
    return _NOON.sub("", _HALF_DAY.sub(_hour, text))


_CLOCK = re.compile(
    rf"(?<![0-9:.,])(?P<hour>{_HOUR}):(?P<minute>{_MINUTE})(?![0-9:]"
    rf"|\.[0-9])(?:{_HALF})?(?P<hours> hours\b| hrs\b)?"
    rf"|(?<![0-9:.,])(?P<hour2>1[0-2]"
    rf"|0?[1-9])\.(?P<minute2>{_MINUTE})(?![0-9:]){_HALF.replace('half', 'half2')}"
)
_SECONDS = re.compile(rf"(?<![0-9:.])({_HOUR}):({_MINUTE}):({_MINUTE})(?![0-9:])(?:{_HALF})?")
_HALF_DAY = re.compile(rf"(?<![0-9.,:])(?P<hour>1[0-2]|0?[1-9]){_HALF}")
_NOON = re.compile(r" o'clock(?= (?:noon|midnight)\b)")


def _from_to(match: re.Match[str]) -> str:
    first, last = match[2].replace(".", ":"), match[4].replace(".", ":")
    joint = " to " if match[3].strip() in ("-", "–") and match[1].lower() == "from" else match[3]
    return f"{match[1]} {first}{' and ' if joint.strip() in ('-', '–') else joint}{last}"


def _opening(match: re.Match[str]) -> str:
    """ "9.00-17.30" are hours, "3.14-3.21" are not."""
    both = match[1], match[2]
    sure = all(each.endswith(("00", "15", "30", "45")) for each in both) and any(
        each[-2:] == "00" for each in both
    )
    return " to ".join(both).replace(".", ":") if sure else match[0]


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"] or match["hour2"]), int(match["minute"] or match["minute2"])
    half = match["half"] or match["half2"]
    if half:
        tail = f" {with_oh(minute)}" if minute else ""
        return f"{cardinal(hour)}{tail} {half.lower()}.m."
    hours = " hours" if match["hours"] else ""
    if minute == 0 and hour in (0, 24):
        return "midnight"
    if minute == 0:
        return f"{cardinal(hour)} hundred{hours}" if hours or hour > 12 else f"{cardinal(hour)} o'clock"
    lead = "zero" if hour == 0 else cardinal(hour)
    return f"{lead} {with_oh(minute)}{hours}"


def _with_seconds(match: re.Match[str]) -> str:
    words = [cardinal(int(match[1])), with_oh(int(match[2])), with_oh(int(match[3]))]
    return " ".join(words) + (f" {match['half'].lower()}.m." if match["half"] else "")


def _hour(match: re.Match[str]) -> str:
    return f"{cardinal(int(match['hour']))} {match['half'].lower()}.m."


def _military(match: re.Match[str]) -> str:
    """ "0600 hours" is a time; "2000 hours" only after "at", "by" and the like."""
    hour, minute = match[1], match[2]
    before = match.string[max(0, match.start() - 40) : match.start()]
    if not hour.startswith("0") and not _TIME_BEFORE.search(before):
        return match[0]
    head = digits(hour) if hour.startswith("0") else cardinal(int(hour))
    if minute == "00":
        return f"{head} hundred"
    return f"{head} {digits(minute) if minute.startswith('0') else cardinal(int(minute))}"
