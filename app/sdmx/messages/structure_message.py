"""What every structure message says of itself, whatever its format."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


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
