"""What is known of the book as a whole, and what every file says of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from csm_cli.delivery.tags import Tags

AI_NARRATED = "AI-narrated"
NO_NARRATOR = "AI voices"


@dataclass(frozen=True)
class Book:
    """A book.

    Attributes:
        narrator: who is named as the narrator; "" stands for "AI voices".
        language: a tag such as "en".
        description: the text of a shop's page.
        source: the script's file name.
        voices: in whose voices it is spoken and on what terms, in a sentence.
        identifier: of the book that is read, such as an ISBN.
    """

    title: str
    author: str = ""
    narrator: str = ""
    language: str = "en"
    publisher: str = ""
    date: str = ""
    copyright: str = ""
    description: str = ""
    source: str = ""
    voices: str = ""
    subtitle: str = ""
    series: str = ""
    translator: str = ""
    identifier: str = ""
    genre: str = ""

    @property
    def narrators(self) -> str:
        """The narrator, never empty."""
        return self.narrator or NO_NARRATOR

    def as_dict(self) -> dict[str, Any]:
        """The values that are set, as they stand in `timeline.json`."""
        return {key: value for key, value in asdict(self).items() if value}

    def tags(self, title: str, track: int | None = None, tracks: int | None = None) -> Tags:
        """The tags of one file of the book."""
        return Tags(
            title=title,
            album=self.title,
            artist=self.author,
            album_artist=self.author,
            composer=self.narrators,
            track=track,
            tracks=tracks,
            comment=f"{AI_NARRATED}. {self.voices}" if self.voices else AI_NARRATED,
            date=self.date,
            language=self.language,
            publisher=self.publisher,
            copyright=self.copyright,
            description=self.description,
            subtitle=self.subtitle,
            series=self.series,
        )
