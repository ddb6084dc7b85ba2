"""A simple model of what submissions and their undoing do: every observation is a stack of writes.

It knows nothing of journals and rooms. Each part (an observation, an attribute of a series, a value
above the series) has the list of all writes to it in their order; undoing is said as the
documentation says it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Part = tuple[str, ...]
"""`obs`, key, period; `series`, key, attribute; `above`, key, attribute."""


@dataclass(frozen=True)
class Write:
    """One write to a part: by which act, whose the value is from then on, and the value.

    `seen`: what the public saw from then on, by the same terms.
    """

    act: int
    owner: int | None
    value: Any
    seen: tuple[int | None, Any]


NOTHING = Write(-1, None, None, (None, None))


@dataclass
class Model:
    """The state of one agreement, and how it came about."""

    writes: dict[Part, list[Write]] = field(default_factory=dict)
    undone: dict[int, tuple[str, int]] = field(default_factory=dict)
    """By act: how, and by which act."""

    def value(self, part: Part) -> Any:
        """What a part holds now."""
        found = self.writes.get(part)
        return found[-1].value if found else None

    @property
    def state(self) -> dict[Part, Any]:
        """All parts that hold something."""
        return {part: self.value(part) for part in self.writes if self.value(part) is not None}

    def stands(self, act: int | None) -> str | None:
        """How an act was undone, if it is: by one that was not undone itself."""
        while act in self.undone:
            how, by = self.undone[act]
            if self.stands(by) is None:
                return how
            return None
        return None

    def put(self, act: int, part: Part, value: Any) -> None:
        """A submission writes a part."""
        writes = self.writes.setdefault(part, [])
        seen = (act, value)
        if isinstance(value, dict) and "EMBARGO_TIME" in value:
            seen = writes[-1].seen if writes else (None, None)
        elif isinstance(value, dict) and value.get("CONF_STATUS") == "C":
            seen = (None, None)  # of what is confidential there is no more than a marker
        writes.append(Write(act, act, value, seen))

    def roll_back(self, act: int, undone: int) -> set[Part]:
        """Give back what was before; the parts that stay."""
        self.undone[undone] = ("rollback", act)
        kept = set()
        for part, writes in self.writes.items():
            last = writes[-1]
            if undone not in (last.act, last.owner):
                if any(write.act == undone for write in writes):
                    kept.add(part)
                continue
            before = self._before(writes, undone)
            writes.append(Write(act, before.owner, before.value, before.seen))
        return kept

    def _before(self, writes: list[Write], undone: int) -> Write:
        place = max(n for n, write in enumerate(writes) if write.act == undone) - 1
        while place >= 0:
            write = writes[place]
            how = None if write.owner is None else self.stands(write.owner)
            if how is None:
                return write
            if how == "withdrawal":
                return NOTHING
            own = [n for n in range(place + 1) if writes[n].act == write.owner]
            place = own[-1] - 1
        return NOTHING

    def withdraw(self, act: int, undone: int) -> set[Part]:
        """Delete what is still its own; the parts that stay."""
        self.undone[undone] = ("withdrawal", act)
        kept = set()
        for part, writes in self.writes.items():
            last = writes[-1]
            if last.owner == undone:
                if last.value is not None:
                    owner, seen = last.seen
                    if seen == last.value or seen is None:
                        owner, seen = act, None
                    writes.append(Write(act, owner, seen, (owner, seen)))
            elif any(write.act == undone for write in writes):
                kept.add(part)
        return kept

    def is_current(self, act: int) -> bool:
        """Whether an act has an observation that is current."""
        return any(
            writes[-1].owner == act and writes[-1].value is not None
            for part, writes in self.writes.items()
            if part[0] == "obs"
        )

    def wrote(self, act: int) -> bool:
        """Whether an act wrote any observation."""
        return any(
            write.act == act and write.value is not None
            for part, writes in self.writes.items()
            if part[0] == "obs"
            for write in writes
        )


Row = tuple[str, str, str, dict[str, str]]
"""Action, key (`A.CRI`), period, and the cells by component."""


def send(model: Model, act: int, rows: Iterable[Row]) -> None:
    """A file: rows of the small structure, each one observation with its attributes."""
    for action, key, period, cells in rows:
        _observation(model, act, action, key, period, cells)
        if action == "D":
            continue
        area = "*." + key.split(".")[1]
        for part, name in (
            (("series", key, "S"), "S"),
            (("above", area, "G"), "G"),
            (("above", "*.*", "D"), "D"),
        ):
            if cells.get(name):
                model.put(act, part, cells[name])


def _observation(
    model: Model, act: int, action: str, key: str, period: str, cells: dict[str, str]
) -> None:
    part = ("obs", key, period)
    before = model.value(part)
    own = {n: v for n, v in cells.items() if v and n not in {"S", "G", "D"}}
    if action == "D":
        if before is not None:
            model.put(act, part, None)
    elif action == "R":
        model.put(act, part, own)
    else:
        model.put(act, part, {**(before or {}), **own})
