"""The rule of an agreement on what the public may not see, as its row keeps it."""

from __future__ import annotations

import msgspec

from app.sdmx.rooms import OPEN, RoomRule


def rule_text(rule: RoomRule) -> str:
    """The rule as JSON."""
    return msgspec.json.encode(rule).decode()


def read_rule(text: str) -> RoomRule:
    """The rule of a row; the one that withholds nothing is always the same object."""
    rule = msgspec.json.decode(text, type=RoomRule)
    return OPEN if rule == OPEN else rule
