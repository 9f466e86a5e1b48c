"""Sums of money in words: "$5.50", "€2.5 million", "CHF 20", "-£3", "50¢", "£3 4s. 6d."."""

from __future__ import annotations

import re

from csm_cli.text.numbers import NUMBER, cardinal, decimal, whole_number
from csm_cli.text.old_money import old_money

_DOLLARS = {"A": "Australian", "AU": "Australian", "C": "Canadian", "CA": "Canadian", "NZ": "New Zealand"}
_DOLLARS |= {"HK": "Hong Kong", "S": "Singapore", "US": "US", "NT": "New Taiwan"}
_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₽": ("ruble", "rubles", "kopeck", "kopecks"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₺": ("lira", "lira", "kurus", "kurus"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₫": ("dong", "dong", "hao", "hao"),
    "₴": ("hryvnia", "hryvnias", "kopiyka", "kopiykas"),
    "₦": ("naira", "naira", "kobo", "kobo"),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "฿": ("baht", "baht", "satang", "satang"),
    "R$": ("real", "reais", "centavo", "centavos"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "Fr.": ("franc", "francs", "centime", "centimes"),
    "kr.": ("krone", "kroner", "øre", "øre"),
    "kr": ("krone", "kroner", "øre", "øre"),
    "zł": ("zloty", "zlotys", "grosz", "groszy"),
    "Rs": ("rupee", "rupees", "paisa", "paise"),
    "Rs.": ("rupee", "rupees", "paisa", "paise"),
    "DM": ("mark", "marks", "pfennig", "pfennigs"),
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("pound", "pounds", "penny", "pence"),
    "JPY": ("yen", "yen", "sen", "sen"),
    "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "INR": ("rupee", "rupees", "paisa", "paise"),
    "CNY": ("yuan", "yuan", "fen", "fen"),
    "RMB": ("yuan", "yuan", "fen", "fen"),
    "SEK": ("krona", "kronor", "öre", "öre"),
    "NOK": ("krone", "kroner", "øre", "øre"),
    "DKK": ("krone", "kroner", "øre", "øre"),
}
for _short, _land in _DOLLARS.items():
    _CURRENCIES[f"{_short}$"] = (f"{_land} dollar", f"{_land} dollars", "cent", "cents")
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "mm": "million", "bn": "billion", "b": "billion"}
_SCALES |= {"tn": "trillion", "t": "trillion", "mio": "million", "mil": "million"}
SIGNS = "$£€¥₹₽₩₺₪₫₴₦₱฿"
_SIGN = "|".join(map(re.escape, sorted(_CURRENCIES, key=len, reverse=True)))
_ANY = re.compile(
    rf"[{SIGNS}¢]|\b(?:CHF|Fr\.|kr|Rs|DM|[A-Z]{{3}})(?![a-z])|[0-9](?: ?zł| ?kr|[pc])\b|[0-9½]\s?[sd]\b"
)
_SCALE = (
    r"(?:[\s-](?P<scale>hundred|thousand|million|billion|trillion|crore|lakh)\b"
    r"|\s?(?P<short>[kKmMbB]|bn|mn|tn|BN|MN|TN|T)\b(?!/))?"
)
_SUM = re.compile(
    rf"(?P<minus>(?<![\w.,)\]])[-–+]\s?)?(?:(?<![A-Za-z])|(?<=[a-z0-9](?=[{SIGNS}])))(?P<sign>{_SIGN})\s?(?P<inner>-)?"
    rf"(?P<whole>{NUMBER}|(?=\.[0-9]))(?:\.(?P<part>[0-9]{{1,3}})(?![0-9])|(?P<dash>[.,]-)(?!\w)"
    rf"|,(?P<comma>[0-9]{{2}})(?![0-9]))?{_SCALE}(?P<plus>\+)?"
)
_BEHIND = re.compile(
    rf"(?<![\w.,{SIGNS}])(?P<minus>-)?(?P<whole>{NUMBER})(?:[.,](?P<part>[0-9]{{2}})(?![0-9]))?"
    rf"(?:\s(?P<scale>thousand|million|billion|trillion))?\s?(?P<short>(?!))?"
    r"(?P<sign>[£€₽₺₫₴]|\$(?![\w])|zł|kr(?!\w)\.?|\b(?:CHF|USD|EUR|GBP|JPY|AUD|CAD|INR|SEK|NOK|DKK)\b)"
    rf"(?![\w{SIGNS}])"
)
_SPAN = re.compile(
    rf"({_SIGN})\s?({NUMBER})((?:\.[0-9]+)?)(\s?(?:[kKmM]|bn|million|billion)?)\s?[-–]\s?(?:{_SIGN})?\s?(?=[0-9])"
)
_COINS = re.compile(
    rf"(?<![\w.,{SIGNS}])(?P<count>{NUMBER}|[½¼¾])(?P<joint>\s?)(?P<coin>¢|p\b(?!\.\s?m)|c(?=[.,;:!?)]|$)(?!\.\s?m))"
)
_ROUND = {"10": "tens", "100": "hundreds"}
_TENS = re.compile(r"([$£€])(10|100)s of (thousands|millions|billions)\b")
_POSSESSIVE = re.compile(r"\b(dollars|pounds|euros|cents)'s(?= [a-z])")
_DOUBLED = re.compile(r"\b(dollars?|pounds|euros?|cents|pence|rupees|million|billion)( \1)\b")
_BEFORE_NOUN = re.compile(
    r"\b(?:[Aa]n?|[Tt]he|[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Yy]our|[Tt]his|[Tt]hat|[Oo]ne|[Aa]nother) $"
)
_NOUN = re.compile(
    r"[ -](?!(?:a|an|above|after|and|any|apart|as|at|away|back|because|before|below|but|by|each|every"
    r"|extra|for|from|he|had"
    r"|he|i|if|in|is|it|just|less|more|now|of|off|on|once|only|or|over|owed|owing|per|she|short|so|than|that|the|then"
    r"|they|this|to|today|too|until|was|were|we|when|which|while|who|will|with|worth|would|you|had|has|have|did|does"
    r"|could|can|must|spent|paid|went|came|made|left|lost|won|each)\b)[a-z]"
)


def money(text: str) -> str:
    """`text` with its sums in words; relations ("$10-$20") read as ranges."""
    text = old_money(text)
    if not _ANY.search(text):
        return text
    text = _TENS.sub(lambda match: f"{_ROUND[match[2]]} of {match[3]} of {_CURRENCIES[match[1]][1]}", text)
    text = _SPAN.sub(_span, text)
    text = _SUM.sub(_sum, text)
    text = _BEHIND.sub(_sum, text)
    text = _DOUBLED.sub(r"\1", _COINS.sub(_coins, text))
    return _POSSESSIVE.sub(r"\1'", text)


def _span(match: re.Match[str]) -> str:
    """ "$10-20" with the sign at the second figure only; "$1-2 million" too."""
    if match[4].strip():
        return f"{match[1]}{match[2]}{match[3]}{match[4]} to {match[1]}"
    return f"{match[2]}{match[3]} to {match[1]}"


def _sum(match: re.Match[str]) -> str:
    found = match.groupdict()
    one, many, small_one, small_many = _CURRENCIES[match["sign"]]
    before = match.string[max(0, match.start() - 12) : match.start()]
    if _BEFORE_NOUN.search(before) and _NOUN.match(match.string, match.end()):
        many = one  # a $5 bill
    if match.string.startswith(("-a-", "-per-"), match.end()):
        many = one
    whole, part = match["whole"] or "0", found.get("part") or found.get("comma")
    scale = match["scale"] or match["short"]
    minus = found.get("minus")
    lead = "plus " if minus and minus[0] == "+" else "minus " if minus or found.get("inner") else ""
    tail = " plus" if found.get("plus") else ""
    if before[-1:].isalnum():
        lead = f" {lead}"
    if match.string[match.end() : match.end() + 1].isalnum():
        tail += " "
    stop = (
        "."
        if match["sign"] == "kr." and not match[0].startswith("kr") and match.end() == len(match.string)
        else ""
    )
    if scale:
        scale = _SCALES.get(scale.lower(), scale)
        number = decimal(whole.replace(",", "") + (f".{part}" if part else ""))
        return f"{lead}{number} {scale} {many}{tail}{stop}"
    if part and len(part) == 3:
        return f"{lead}{decimal(f'{whole}.{part}'.replace(',', ''))} {many}{tail}{stop}"
    units = f"{whole_number(whole)} {one if whole == '1' else many}"
    if part and int(part):
        cents = int(part.ljust(2, "0"))
        coins = f"{cardinal(cents)} {small_one if cents == 1 else small_many}"
        units = f"{units} and {coins}" if int(whole.replace(",", "")) else coins
    return f"{lead}{units}{tail}{stop}"


def _coins(match: re.Match[str]) -> str:
    one, many = ("penny", "pence") if match["coin"] == "p" else ("cent", "cents")
    noun = _NOUN.match(match.string, match.end())
    if match["coin"] == "p" and match["joint"]:
        return match[0]
    before = match.string[max(0, match.start() - 12) : match.start()]
    if _BEFORE_NOUN.search(before) and noun:
        many = one if match["coin"] != "p" else many
    return f"{match['count']} {one if match['count'] in ('1', '½', '¼', '¾') else many}"
