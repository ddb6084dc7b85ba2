"""The figures of a national table: what they may be, and rows that have none.

A figure is checked as its own structure says, before it is copied: `285.257` is no number of events
where these are whole numbers. A row without a figure says nothing, unless another of its cells says
why: a status. Constants of the map would make of it an observation that nobody sent.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.sdmx.components import Component
from app.sdmx.findings import OF_TYPE, Finding
from app.sdmx.flow import Flow
from app.sdmx.mapping.coverage import NO_FIGURES, Untaken, Why
from app.sdmx.mapping.folding import fold
from app.sdmx.mapping.representation import Values
from app.sdmx.mapping.source_columns import as_number
from app.sdmx.mapping.steps import Refused, Sheet, Step
from app.sdmx.messages.data_reading import Batch, Form
from app.sdmx.values import MISSING

NUMBERS: Final = frozenset(
    {"Decimal", "Float", "Double", "Numeric", "BigInteger", "Integer", "Long", "Short", "Count"}
)
_ON_PURPOSE: Final = frozenset({"", MISSING, "NaN"})
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([., \u00a0\u202f'])[0-9]{3})(?:\1[0-9]{3})*")


@dataclass(slots=True)
class Figures:
    """The last step of a map: leaves out the rows that have no figure.

    Attributes:
        sources: the source components that its measures come from.
        states: source components beside the key that lead to coded attributes: what they say of
            an observation without figure is worth keeping.
    """

    sources: tuple[str, ...]
    states: tuple[str, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, sheet: Sheet) -> None:
        """Refuse the rows of which all figures and states are empty."""
        if not sheet.needs_figures:
            return
        columns = [sheet.source[n] for n in (*self.sources, *self.states) if n in sheet.source]
        if any("" not in column for column in columns):
            return
        why: Why = "no figure"
        refused: dict[int, Refused] = {
            place: (why, ("",))
            for place in range(sheet.count)
            if not any(column[place] for column in columns)
        }
        if refused:
            sheet.refused.append((self, refused))

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """A row without a figure."""
        return Untaken(why, self.sources, values, 1, row)

    def is_there(self, form: Form) -> bool:
        """Whether a file has a column of them."""
        return any(name in form.columns for name in (*self.sources, *self.states))


def figures_of(source: Flow, target: Flow, steps: Sequence[Step]) -> Figures | None:
    """The step of a map that takes its figures from columns; nothing where it takes none."""
    key = {"dimension", "time"}

    def beside_key(step: Step) -> list[str]:
        return [name for name in step.sources if source.components[name].level not in key]

    figures: dict[str, None] = {}
    states: dict[str, None] = {}
    for step in steps:
        led = [target.components[name] for name in step.targets]
        if any(one.level == "measure" and one.codes is None for one in led):
            figures |= dict.fromkeys(step.sources)
        elif any(one.codes is not None and one.level not in key for one in led):
            states |= dict.fromkeys(beside_key(step))
    return Figures(tuple(figures), tuple(states)) if figures else None


def bad_figures(flow: Flow, batch: Batch) -> dict[tuple[int, str], Finding]:
    """Figures that their own structure does not take, by place in the batch and component.

    Args:
        flow: the source.
        batch: its rows, the columns under the ids of the source, as they were sent.
    """
    found: dict[tuple[int, str], Finding] = {}
    known = {row for row, name in batch.faulty}
    for component in flow.measures:
        cells = batch.cells.get(component.id)
        if cells is None or component.codes is not None or component.data_type not in NUMBERS:
            continue
        bad = {
            cell for cell in set(cells) - _ON_PURPOSE if not _is_right(component, cell, batch.form)
        }
        for place, cell in enumerate(cells) if bad else ():
            row = batch.rows[place]
            if cell in bad and row not in known:
                allowed = component.representation
                found[place, component.id] = Finding(
                    OF_TYPE, row, component.id, cell, allowed=allowed, nearest=_meant(cell)
                )
    return found


def without_figures(batch: Batch, form: Form, flow: Flow, steps: Sequence[Figures]) -> Finding:
    """That a file has no column of figures, with the heading that may be meant for it."""
    names = dict.fromkeys(name for step in steps for name in step.sources)
    headings = [c.name for c in form.columns.values() if flow.find(c.component) is None]
    wanted = {fold(text) for name in names for text in _called(flow, name)}
    ranked = max(headings, key=lambda one: _likeness(fold(one), wanted), default=None)
    return Finding(NO_FIGURES, batch.header, ", ".join(names), ranked)


def _called(flow: Flow, name: str) -> Iterator[str]:
    yield name
    yield from flow.components[name].names.values()


def _likeness(heading: str, wanted: set[str]) -> float:
    if any(name in heading or heading in name for name in wanted):
        return 1.0
    return max(difflib.SequenceMatcher(None, heading, name).ratio() for name in wanted)


def _is_right(component: Component, cell: str, form: Form) -> bool:
    return component.check(as_number(cell, component, form))


def _meant(cell: str) -> str | None:
    """The number that is meant by one with signs for thousands."""
    grouped = _GROUPED.fullmatch(cell.strip())
    return re.sub(r"[^0-9]", "", cell) if grouped else None
