"""What every structure message says of itself, whatever its format."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MessageHeader:
    """The header of a structure message.

    Attributes:
        id: id of the message.
        prepared: when the content was prepared, with a time zone.
        sender: id of the organisation that sends it.
        languages: the languages of its texts.
    """

    id: str
    prepared: dt.datetime
    sender: str = "VIPMG"
    languages: tuple[str, ...] = ()

    def as_meta(self) -> dict[str, Any]:
        """The object `meta` of SDMX-JSON; the instant is written in UTC with a Z."""
        instant = self.prepared.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        languages = {"contentLanguages": list(self.languages)} if self.languages else {}
        return {"id": self.id, "prepared": instant, **languages, "sender": {"id": self.sender}}
