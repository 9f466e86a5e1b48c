"""Options that several commands share, and the way from dataclasses to options.

A parameter of a command may stand for several options: `Annotated[dict, Fields(RenderOptions, "seed")]` for
fields that a library class declares with `core.options.option`, or a dataclass of the command line, whose
fields are annotated with typer's own. `expanded` gives typer the function with the options spelled out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from csm_cli.cli import completion
from csm_cli.core.options import flags_of
from csm_cli.core.visible import check_text
from csm_cli.rendering.options import RenderOptions

if TYPE_CHECKING:
    from csm_cli.delivery.options import Delivery
    from csm_cli.takes.place import Place

    MaybePlace = Place | None
else:
    MaybePlace = Any  # typer has no unions


CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Fields:
    """Some fields of a class whose fields are declared with `core.options.option`, by name.

    A command gets them as a dict of the values that the class takes.
    """

    def __init__(self, options: type, *names: str):
        self.options, self.names = options, names


def expanded(function: Callable[..., None]) -> Callable[..., None]:
    """The command with an option in the place of each field that its parameters stand for."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, tuple[list[inspect.Parameter], Callable[[dict[str, Any]], Any]]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        group = _group(hints[name])
        if group is None:
            parameters.append(parameter.replace(annotation=hints[name], kind=parameter.KEYWORD_ONLY))
        else:
            groups[name] = group
            parameters += group[0]

    @wraps(function)
    def command(**values: Any) -> None:
        for name, (own, build) in groups.items():
            values[name] = build({each.name: values.pop(each.name) for each in own})
        function(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _group(hint: Any) -> tuple[list[inspect.Parameter], Callable[[dict[str, Any]], Any]] | None:
    """(parameters, what makes the value of theirs) of an annotation that stands for several options."""
    chosen = [each for each in get_args(hint)[1:] if isinstance(each, Fields)]
    if get_origin(hint) is Annotated and chosen:
        return list(_of_fields(chosen[0])), lambda values: _parsed(chosen[0], values)
    if is_dataclass(hint) and isinstance(hint, type):
        own = get_type_hints(hint, include_extras=True)
        spelled = [_parameter(each.name, own[each.name], each.default) for each in fields(hint)]
        return spelled, lambda values: hint(**values)
    return None


def _of_fields(chosen: Fields) -> Iterator[inspect.Parameter]:
    flags, kinds = flags_of(chosen.options), _hints(chosen.options)
    defaults = {each.name: each.default for each in fields(chosen.options)}
    for name in chosen.names:
        flag = flags[name]
        default = None if flag.parse else defaults[name]
        info = typer.Option(
            *flag.names,
            metavar=flag.metavar,
            help=flag.help,
            min=flag.min,
            max=flag.max,
            autocompletion=_COMPLETIONS.get(name),
        )
        yield _parameter(name, Annotated[flag.kind or kinds[name], info], default)


_COMPLETIONS = {"model": completion.models, "asr": completion.recognisers}
"""Of fields of library classes."""


def _hints(options: type) -> dict[str, Any]:
    """Types of the fields that can be resolved without loading what only type checkers import."""
    space = vars(inspect.getmodule(options))
    found: dict[str, Any] = {}
    for each in fields(options):
        with suppress(NameError):
            found[each.name] = eval(str(each.type), space)
    return found


def _parsed(chosen: Fields, values: dict[str, Any]) -> dict[str, Any]:
    flags = flags_of(chosen.options)
    return {name: parse(value) if (parse := flags[name].parse) else value for name, value in values.items()}


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    empty = inspect.Parameter.empty
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=annotation,
        default=empty if default is MISSING else default,
    )


EngineFields = Annotated[dict[str, Any], Fields(RenderOptions, "device", "dtype", "quantize", "eager")]
SpeakFields = Annotated[
    dict[str, Any],
    Fields(RenderOptions, "seed", "temperature", "top_k", "model", "device", "dtype", "quantize", "eager"),
]


def one(name: str) -> Any:
    """A single field of `RenderOptions`, as an annotation of a parameter."""
    (parameter,) = _of_fields(Fields(RenderOptions, name))
    return parameter.annotation


if TYPE_CHECKING:
    ModelOption = str | None
    DeviceOption = Literal["auto", "cpu", "cuda", "mps"]
    SeedOption = int | None
    VoiceModelOption = Path | None
else:
    ModelOption = one("model")
    DeviceOption = one("device")
    SeedOption = one("seed")
    VoiceModelOption = one("voice_model")


def typed_name(value: str | None) -> str | None:
    """The name of a voice as it was typed: voices have no capitals, so `ME` is `me`."""
    return None if value is None else value.lower()


def typed_names(values: list[str]) -> list[str]:
    """As `typed_name`, for several."""
    return [value.lower() for value in values]


NameArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="Name of the voice.", callback=typed_name, autocompletion=completion.voices
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print a JSON list.")]
NoResidentOption = Annotated[
    bool, typer.Option("--no-resident", help="Load the model, though a csm serve has it loaded.")
]
PlayOption = Annotated[bool, typer.Option("--play", help="Play it while it is being spoken.")]


def _place(text: str) -> Place:
    from csm_cli.takes.place import place_from

    return place_from(text)


TakesOption = Annotated[
    MaybePlace,
    typer.Option(
        "--takes",
        metavar="DIR|URL",
        parser=_place,
        help="Where takes are kept, a folder or a URL such as s3://bucket/takes. "
        "Default: .csm/takes beside the script.",
    ),
]


class ScriptFormat(StrEnum):
    """What a script is written in."""

    yaml = "yaml"
    markdown = "markdown"
    fountain = "fountain"
    text = "text"
    json = "json"
    epub = "epub"
    html = "html"
    docx = "docx"
    odt = "odt"
    fb2 = "fb2"
    pdf = "pdf"


ScriptFormatOption = Annotated[
    ScriptFormat | None,
    typer.Option("--from", help="Format of the script, if the ending of its name does not say."),
]

LoudnessOption = Annotated[
    str | None,
    typer.Option(
        "--loudness",
        metavar="LEVEL",
        help="acx-spec, podcast, ebu, none, or targets: lufs=-18,peak=-1 or rms=-20,peak=-3. "
        "Default: acx-spec.",
        autocompletion=completion.loudness,
    ),
]


SpeedOption = Annotated[
    float,
    typer.Option(
        "--speed",
        metavar="FACTOR",
        help="All speech so many times as fast, 0.5 to 2, at the same pitch; on top of the speeds of the "
        "script. Nothing is spoken again for it.",
    ),
]


LineArgument = Annotated[
    str,
    typer.Argument(
        metavar="LINE",
        help="SCRIPT:LINE, SCRIPT#ID, or an id as lists and reports show it.",
        autocompletion=completion.lines,
    ),
]
TakeArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="TAKE",
        help="Its number in csm takes show, or its id. Default: the one in use.",
        autocompletion=completion.takes,
    ),
]


@dataclass(frozen=True)
class DeliveryOptions:
    """What is delivered, as the commands that make files take it."""

    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="wav, flac, mp3, opus, aac, m4b or ogg; may be repeated. Default: wav; mp3 with --loudness "
            "podcast.",
            autocompletion=completion.formats,
        ),
    ] = None
    whole: Annotated[
        bool, typer.Option("--whole", help="One file for the book with chapters in it, not a file for each.")
    ] = False
    loudness: LoudnessOption = None
    level_per: Annotated[
        Literal["chapter", "book"],
        typer.Option("--level-per", help="One static gain for each chapter, or for the book."),
    ] = "chapter"
    pauses: Annotated[
        list[str] | None,
        typer.Option(
            "--pause",
            metavar="KIND=SECONDS",
            help="Pauses: line, speaker, paragraph, scene, chapter, head, tail. May be repeated.",
            autocompletion=completion.pauses,
        ),
    ] = None
    speed: SpeedOption = 1.0
    room_tone: Annotated[
        str,
        typer.Option(
            "--room-tone",
            metavar="DB",
            help="Level of the room tone, or none.",
            autocompletion=completion.tones,
        ),
    ] = "-66"
    extras: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="EXTRA",
            help="srt, vtt, lrc, chapters, cue, labels, epub, description, or all. May be repeated.",
            autocompletion=completion.extras,
        ),
    ] = None
    split_hours: Annotated[
        float | None,
        typer.Option(
            "--split-hours", metavar="H", help="Split a whole file between chapters, H hours at most."
        ),
    ] = None
    cover: Annotated[Path | None, typer.Option("--cover", metavar="PICTURE", help="A JPEG or PNG.")] = None
    sample: Annotated[bool, typer.Option("--sample", help="Make a retail sample of one to five minutes.")] = (
        False
    )
    narrator: Annotated[
        str, typer.Option("--narrator", metavar="NAME", help="Who is named as the narrator.")
    ] = ""
    credits: Annotated[
        bool, typer.Option("--credits", help="Speak opening and closing credits, as files of their own.")
    ] = False
    titles: Annotated[bool, typer.Option("--titles", help="Speak the title at the head of each chapter.")] = (
        False
    )
    words: Annotated[
        bool, typer.Option("--words", help="Time each word, not each line, in subtitles and the EPUB.")
    ] = False
    no_names: Annotated[
        bool, typer.Option("--no-names", help="Leave the speakers' names out of subtitles and labels.")
    ] = False

    def checked(self) -> Delivery:
        """As the value that the library takes.

        Raises:
            UsageError, MissingError: something cannot be used, or ffmpeg or a codec is not there.
        """
        from csm_cli.audio.ffmpeg import check_measuring
        from csm_cli.audio.level import DEFAULT_LOUDNESS, parse_loudness
        from csm_cli.delivery.formats import check_formats
        from csm_cli.delivery.options import Delivery, check_extras, choose_formats, parse_pauses, parse_tone
        from csm_cli.delivery.tags import read_cover

        target = None if self.loudness is None else parse_loudness(self.loudness)
        wanted = Delivery(
            formats=choose_formats(self.formats, target),
            whole=self.whole,
            loudness=target or DEFAULT_LOUDNESS,
            level_per=self.level_per,
            pauses=parse_pauses(self.pauses or []),
            speed=self.speed,
            room_tone_db=parse_tone(self.room_tone),
            extras=check_extras(self.extras or []),
            split_hours=self.split_hours,
            cover=None if self.cover is None else read_cover(self.cover),
            sample=self.sample,
            narrator=check_text(self.narrator.strip(), "--narrator"),
            credits=self.credits,
            titles=self.titles,
            words=self.words,
            names=not self.no_names,
        )
        check_formats(wanted.needed_formats)
        check_measuring()  # whatever is delivered, a WAV too
        return wanted
