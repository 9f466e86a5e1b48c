"""Units and their names, one and many: tables for the rules of `units`."""

from __future__ import annotations

_PLAIN = (
    "km kilometer|m meter|cm centimeter|mm millimeter|nm nanometer|µm micrometer|kg kilogram|g gram"
    "|mg milligram"
    "|µg microgram|mcg microgram|lb pound|lbs pound|oz ounce|mi mile|yd yard|yds yard|ml milliliter"
    "|mL milliliter"
    "|cl centiliter|dl deciliter|l liter|L liter|gal gallon|gals gallon|qt quart|qts quart|pt pint"
    "|pts pint|tsp teaspoon"
    "|tsps teaspoon|tbsp tablespoon|tbsps tablespoon|Tbsp tablespoon|KB kilobyte|kB kilobyte"
    "|MB megabyte"
    "|GB gigabyte|TB terabyte|W watt|kW kilowatt|kWh kilowatt hour|MWh megawatt hour|GWh gigawatt hour"
    "|MW megawatt"
    "|GW gigawatt|V volt|kV kilovolt|mV millivolt|mA milliamp|mAh milliamp hour|Ah amp hour|A amp"
    "|J joule|kJ kilojoule"
    "|MJ megajoule|N newton|kN kilonewton|Pa pascal|kPa kilopascal|hPa hectopascal|MPa megapascal|sec second"
    "|secs second|min minute|mins minute|hr hour|hrs hour|ms millisecond|px pixel|ha hectare|kcal kilocalorie"
    "|cal calorie|dB decibel|mol mole|mmol millimole|nmi nautical mile|Ω ohm|kΩ kilohm|ct carat"
    "|wk week"
    "|wks week|yr year|yrs year|mo month|mos month|kbps kilobit per second|Mb megabit|Gb gigabit"
    "|kb kilobit|t tonne|mph mile per hour"
    "|kph kilometer per hour|kmh kilometer per hour|rpm revolution per minute|fps frame per second"
    "|bpm beat per minute"
    "|ppm part per million|ppb part per billion|Mbps megabit per second|Gbps gigabit per second"
    "|psi pound per square inch"
    "|mpg mile per gallon|kt knot|kts knot|kn knot|fl oz fluid ounce|fl. oz fluid ounce"
    "|N·m newton meter|Nm newton meter"
    "|N.m newton meter|lb ft pound foot|ft lb foot pound|ft-lb foot pound|ton ton|tons ton"
    "|kW·h kilowatt hour|mmHg millimeter of mercury|µs microsecond|µl microliter|m.p.h. mile per hour"
    "|r.p.m. revolution per minute|c.c. cubic centimeter|cc cubic centimeter|h hour|s second"
    "|ns nanosecond|atm atmosphere|kg·m kilogram meter"
)
_SAME = (
    "hp horsepower|Hz hertz|kHz kilohertz|MHz megahertz|GHz gigahertz|stone stone|st stone"
    "|doz dozen|cwt hundredweight|h.p. horsepower|lx lux|bar bar"
)
_LENGTHS = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "mi": "mile",
    "yd": "yard",
}
_LENGTHS |= {"ft": "foot", "in": "inch", "yds": "yard"}
_IRREGULAR = {"foot": "feet", "inch": "inches", "ohm": "ohms", "hertz": "hertz", "bar": "bar"}
ABOVE = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mi": "mile",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
}
ABOVE |= {"Mb": "megabit", "Gb": "gigabit", "kb": "kilobit"}
ABOVE |= {
    "l": "liter",
    "L": "liter",
    "ml": "milliliter",
    "mL": "milliliter",
    "W": "watt",
    "J": "joule",
    "ft": "foot",
}
ABOVE |= {
    "kWh": "kilowatt hour",
    "mmol": "millimole",
    "mol": "mole",
    "µg": "microgram",
    "lb": "pound",
    "lbs": "pound",
}
ABOVE |= {
    "oz": "ounce",
    "N": "newton",
    "MB": "megabyte",
    "GB": "gigabyte",
    "kcal": "kilocalorie",
    "t": "tonne",
    "yd": "yard",
}
ABOVE |= {"in": "inch", "mm": "millimeter", "gal": "gallon"}
BELOW = {
    "h": "hour",
    "hr": "hour",
    "s": "second",
    "sec": "second",
    "min": "minute",
    "day": "day",
    "d": "day",
    "m": "meter",
}
BELOW |= {"ft": "foot", "in": "inch", "sq in": "square inch", "sq. in": "square inch", "sq ft": "square foot"}
BELOW |= {"hour": "hour", "second": "second", "minute": "minute"}
BELOW |= {
    "yr": "year",
    "year": "year",
    "km": "kilometer",
    "kg": "kilogram",
    "l": "liter",
    "L": "liter",
    "ml": "milliliter",
}
BELOW |= {
    "dl": "deciliter",
    "dL": "deciliter",
    "g": "gram",
    "ha": "hectare",
    "week": "week",
    "month": "month",
    "mi": "mile",
}
BELOW |= {"mL": "milliliter", "K": "kelvin", "cm": "centimeter", "mo": "month", "gal": "gallon"}
POWERS = {"²": "square", "2": "square", "³": "cubic", "3": "cubic"}


def plural_unit(name: str) -> str:
    """ "kilometers per hour", "square feet", "pounds per square inch"."""
    if name.endswith(" of mercury"):
        return "millimeters of mercury"
    head, _, tail = name.partition(" per ")
    words = head.split(" ")
    words[-1] = _IRREGULAR.get(words[-1], f"{words[-1]}s")
    return " ".join(words) + (f" per {tail}" if tail else "")


def _names() -> dict[str, tuple[str, str]]:
    names = {}
    for entry in _PLAIN.split("|"):
        unit, _, name = entry.partition(" ")
        if unit in ("fl", "fl.", "lb", "ft") and name.split(" ")[0] in ("oz", "ft", "lb"):
            second, _, name = name.partition(" ")
            unit = f"{unit} {second}"
        names[unit] = (name, plural_unit(name))
    for entry in _SAME.split("|"):
        unit, name = entry.split(" ")
        names[unit] = (name, name)
    names["ft"] = ("foot", "feet")
    for unit, name in _LENGTHS.items():
        for power, word in POWERS.items():
            if unit != "in" or power in "²³":
                names[unit + power] = (f"{word} {name}", plural_unit(f"{word} {name}"))
        for word, shorts in (("square", ("sq", "sq.", "Sq.")), ("cubic", ("cu", "cu."))):
            for short in shorts:
                names[f"{short} {unit}"] = (f"{word} {name}", plural_unit(f"{word} {name}"))
    return names


NAMES = _names()
