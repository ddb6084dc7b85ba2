"""Names of a JSON object, each of which may stand in it once."""

from __future__ import annotations

from typing import Any


class RepeatedNameError(ValueError):
    """A name stands twice in an object; the name is `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} stands twice")
        self.name = name


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object, as `object_pairs_hook` of the standard library's JSON.

    Raises:
        RepeatedNameError: a name stands twice.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise RepeatedNameError(name)
            seen.add(name)
    return members
