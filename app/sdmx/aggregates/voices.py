"""Who says what of an area: of several agreements the highest that has a word on a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.sdmx.aggregates.cells import Codes, Column
from app.sdmx.aggregates.completion import Completion


@dataclass(frozen=True, slots=True)
class Voice:
    """An agreement of the source.

    Attributes:
        provider: its data provider.
        area: the one area that it is held to, and so speaks for; None: it is that of a compiler,
            whose figures are not what a member reports.
    """

    provider: str
    area: str | None


class AreaFigures:
    """What all agreements together say of one area in a family of series.

    Precedence is by observation: of each period the highest agreement answers that has a figure,
    reported or computed from its own parts. One that withholds its figure answers, too: nobody
    else's figure is put in the place of what a member keeps to itself.
    """

    def __init__(self, completions: Mapping[int, Completion]) -> None:
        self._by_voice = completions
        self._completions: Sequence[Completion] = [one for _, one in sorted(completions.items())]

    @cached_property
    def targets(self) -> frozenset[Codes]:
        """The codes of all figures that there may be."""
        return frozenset[Codes]().union(*(one.targets for one in self._completions))

    def column(self, codes: Codes) -> Column:
        """The figures of a key by time period."""
        columns = [column for one in self._completions if (column := one.column(codes))]
        if len(columns) == 1:
            return columns[0]
        merged: Column = {}
        for column in reversed(columns):
            merged.update(column)
        return merged

    def entered(self, codes: Codes, time: str) -> tuple[int, list[Codes]] | None:
        """Whose figure of a period it is, and the reported figures that it is made of."""
        cell = self.column(codes).get(time)
        if cell is None:
            return None
        return cell.voice, list(self._by_voice[cell.voice].parts(codes, time))
