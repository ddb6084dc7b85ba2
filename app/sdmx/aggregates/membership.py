"""Who is a member of a group of areas, and when: from a hierarchy with dated nodes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """An area in a group, from its first day to its last; None: without a bound."""

    area: str
    first: dt.date | None
    last: dt.date | None

    def covers(self, first: dt.date, last: dt.date) -> bool:
        """Whether it is a member on every day of a period."""
        return (self.first is None or self.first <= first) and (
            self.last is None or last <= self.last
        )


def members_of(hierarchy: Mapping[str, Any], group: str) -> tuple[Member, ...]:
    """The members of a group: the codes without further ones below it, at any depth.

    A node holds no longer than those above it. An area may be there several times, for several
    spans of time.
    """
    found: list[Member] = []
    for node, first, last in _walk(hierarchy.get("hierarchicalCodes", ()), None, None):
        if _code(node) == group:
            found += _leaves(node.get("hierarchicalCodes", ()), first, last)
    return tuple(sorted(set(found), key=lambda member: (member.area, member.first or dt.date.min)))


def due(members: Iterable[Member], first: dt.date, last: dt.date) -> list[str]:
    """The areas that are members throughout a period: those whose figures are of it alone."""
    return sorted({member.area for member in members if member.covers(first, last)})


_Node = Mapping[str, Any]
_Dated = tuple[_Node, dt.date | None, dt.date | None]


def _walk(nodes: Sequence[_Node], first: dt.date | None, last: dt.date | None) -> Iterator[_Dated]:
    for node in nodes:
        begins, ends = _within(node, first, last)
        yield node, begins, ends
        yield from _walk(node.get("hierarchicalCodes", ()), begins, ends)


def _leaves(
    nodes: Sequence[_Node], first: dt.date | None, last: dt.date | None
) -> Iterator[Member]:
    for node, begins, ends in _walk(nodes, first, last):
        if not node.get("hierarchicalCodes"):
            yield Member(_code(node), begins, ends)


def _within(
    node: _Node, first: dt.date | None, last: dt.date | None
) -> tuple[dt.date | None, dt.date | None]:
    begins, ends = _day(node.get("validFrom")), _day(node.get("validTo"))
    begins = max((day for day in (begins, first) if day is not None), default=None)
    ends = min((day for day in (ends, last) if day is not None), default=None)
    return begins, ends


def _code(node: _Node) -> str:
    return str(node.get("code", "")).rpartition(").")[2]


def _day(text: object) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(str(text)[:10])
