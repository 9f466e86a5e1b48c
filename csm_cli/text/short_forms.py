"""Abbreviations of English and what they stand for: tables for the rules of `abbreviations`."""

from __future__ import annotations

TITLES = {
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Dr": "Doctor",
    "Prof": "Professor",
    "Capt": "Captain",
    "Sgt": "Sergeant",
    "Lt": "Lieutenant",
    "Cpl": "Corporal",
    "Maj": "Major",
    "Cmdr": "Commander",
    "Col": "Colonel",
    "Gen": "General",
    "Adm": "Admiral",
    "Rev": "Reverend",
    "Gov": "Governor",
    "Sen": "Senator",
    "Pres": "President",
    "Hon": "Honorable",
    "Messrs": "Messieurs",
    "Mme": "Madame",
    "Mlle": "Mademoiselle",
    "Supt": "Superintendent",
    "Insp": "Inspector",
    "Pvt": "Private",
    "Mt": "Mount",
    "Ft": "Fort",
    "Wm": "William",
    "Chas": "Charles",
    "Geo": "George",
    "Thos": "Thomas",
    "Jas": "James",
    "Rep": "Representative",
    "Amb": "Ambassador",
    "Fr": "Father",
    "Bp": "Bishop",
    "Drs": "Doctors",
    "Brig": "Brigadier",
    "Robt": "Robert",
    "Saml": "Samuel",
    "Edw": "Edward",
    "Benj": "Benjamin",
    "Jos": "Joseph",
    "Alex": "Alexander",
    "Gt": "Great",
}
WORDS = {
    "e.g.": "for example",
    "i.e.": "that is",
    "E.g.": "For example",
    "I.e.": "That is",
    "a.k.a.": "also known as",
    "etc.": "et cetera",
    "&c.": "et cetera",
    "vs.": "versus",
    "viz.": "namely",
    "cf.": "compare",
    "Cf.": "Compare",
    "jun.": "junior",
    "sen.": "senior",
    "Rt. Hon.": "Right Honorable",
    "Hon. Sec.": "Honorary Secretary",
    "Ry.": "Railway",
    "Pl.": "Place",
    "Ln.": "Lane",
    "Ph. D.": "P H D",
    "Regt.": "Regiment",
    "Batt.": "Battalion",
    "al.": "al",
    "approx.": "approximately",
    "dept.": "department",
    "Dept.": "Department",
    "govt.": "government",
    "Jr.": "Junior",
    "Sr.": "Senior",
    "Bros.": "Brothers",
    "Inc.": "Incorporated",
    "Ltd.": "Limited",
    "Corp.": "Corporation",
    "Co.": "Company",
    "Esq.": "Esquire",
    "Ave.": "Avenue",
    "Rd.": "Road",
    "Blvd.": "Boulevard",
    "Sq.": "Square",
    "Ph.D.": "P H D",
    "Ph.D": "P H D",
    "ibid.": "ibidem",
    "Ibid.": "Ibidem",
    "et seq.": "and following",
    "Jr": "Junior",
    "Ltd": "Limited",
    "vs": "versus",
    "viz": "namely",
    "&c": "et cetera",
    "incl.": "including",
    "excl.": "excluding",
    "esp.": "especially",
    "misc.": "miscellaneous",
    "Mfg.": "Manufacturing",
    "Assn.": "Association",
    "Univ.": "University",
    "Pkwy.": "Parkway",
    "Mts.": "Mountains",
}
_SHORT = (
    "p. page|pp. pages|pg. page|nr. number|ch. chapter|chs. chapters|chap. chapter|chaps. chapters"
    "|vol. volume"
    "|vols. volumes|fig. figure"
    "|figs. figures|sec. section|secs. sections|art. article|arts. articles|par. paragraph|para. paragraph"
    "|paras. paragraphs|op. opus|pop. population|est. established|tel. telephone|ext. extension"
    "|ver. version|ep. episode"
    "|eps. episodes|bk. book|bks. books|pt. part|pts. parts|temp. temperature|lat. latitude|long. longitude"
    "|alt. altitude|elev. elevation|wt. weight|apt. apartment|rm. room|no. number|nos. numbers"
    "|lv. level|rte. route"
    "|ste. suite|flt. flight|sched. schedule|approx. approximately|max. maximum|min. minimum"
    "|avg. average|sc. scene|eq. equation|eqs. equations|fol. folio|app. appendix|col. column"
    "|cols. columns|v. verse|vv. verses"
)
BEFORE_FIGURES = {
    "ca.": "circa", "c.": "circa", "b.": "born", "d.": "died", "fl.": "flourished", "m.": "married",
    "l.": "line",     "ll.": "lines", "Rt.": "Route", "Hwy.": "Highway",
}  # fmt: skip
for _entry in _SHORT.split("|"):
    _abbreviation, _word = _entry.split(" ")
    BEFORE_FIGURES |= {_abbreviation: _word, _abbreviation.capitalize(): _word.capitalize()}
NUMBERED = {
    "Vol": "Volume",
    "Ch": "Chapter",
    "Chap": "Chapter",
    "Bk": "Book",
    "Pt": "Part",
    "Fig": "Figure",
    "Sc": "Scene",
    "Vols": "Volumes",
    "Chs": "Chapters",
    "Chaps": "Chapters",
    "Bks": "Books",
    "Pts": "Parts",
    "Figs": "Figures",
    "Art": "Article",
    "Arts": "Articles",
    "Sec": "Section",
    "Op": "Opus",
    "App": "Appendix",
    "Pl": "Plate",
}
BEFORE_NUMERALS = NUMBERED | {short.lower(): word.lower() for short, word in NUMBERED.items()}
BEFORE_NUMERALS |= {short.upper(): word.upper() for short, word in NUMBERED.items()}
BEFORE_NUMERALS |= {"p": "page", "pp": "pages"}
OF_MONTHS = {"inst": "instant", "ult": "ultimo", "prox": "proximo"}
SLASHED = {
    "w/o": "without",
    "w/": "with ",
    "b/c": "because",
    "and/or": "and or",
    "either/or": "either or",
    "c/o": "care of",
    "s/he": "he or she",
}
SLASHED |= {
    "n/a": "not applicable",
    "N/A": "not applicable",
    "km/h": "kilometers per hour",
    "km/hour": "kilometers per hour",
    "m/s": "meters per second",
}
_STATES = (
    "Ala Alabama|Ariz Arizona|Ark Arkansas|Calif California|Cal California|Colo Colorado"
    "|Conn Connecticut|Del Delaware"
    "|Fla Florida|Ga Georgia|Ill Illinois|Ind Indiana|Kan Kansas|Kans Kansas|Ky Kentucky|Md Maryland"
    "|Mass Massachusetts"
    "|Mich Michigan|Minn Minnesota|Miss Mississippi|Mo Missouri|Mont Montana|Neb Nebraska|Nebr Nebraska"
    "|Nev Nevada"
    "|Okla Oklahoma|Ore Oregon|Pa Pennsylvania|Penn Pennsylvania|Tenn Tennessee|Tex Texas|Va Virginia"
    "|Vt Vermont"
    "|Wash Washington|Wis Wisconsin|Wyo Wyoming|Ont Ontario|Que Quebec"
)
STATE_NAMES = dict(entry.split(" ") for entry in _STATES.split("|"))
_BIBLE = (
    "Gen Genesis|Ex Exodus|Exod Exodus|Lev Leviticus|Num Numbers|Deut Deuteronomy|Josh Joshua"
    "|Judg Judges|Sam Samuel"
    "|Kgs Kings|Chron Chronicles|Neh Nehemiah|Ps Psalm|Pss Psalms|Prov Proverbs|Eccl Ecclesiastes"
    "|Isa Isaiah|Jer Jeremiah"
    "|Ezek Ezekiel|Dan Daniel|Hos Hosea|Matt Matthew|Mt Matthew|Mk Mark|Lk Luke|Jn John|Rom Romans"
    "|Cor Corinthians"
    "|Gal Galatians|Eph Ephesians|Phil Philippians|Col Colossians|Thess Thessalonians|Tim Timothy"
    "|Heb Hebrews|Jas James"
    "|Pet Peter|Rev Revelation|Macc Maccabees"
)
BIBLE_NAMES = dict(entry.split(" ") for entry in _BIBLE.split("|"))
