"""A structure map that can be run on batches of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from app.sdmx.flow import Flow
from app.sdmx.mapping.coverage import LEAVES_OUT, Collision, Coverage
from app.sdmx.mapping.source_columns import Columns, SourceColumns
from app.sdmx.mapping.steps import Refused, Sheet, Step
from app.sdmx.messages.data_reading import Batch, Column, Form, StructureKind

MOST_COLLISIONS: Final = 1000
MOST_ROWS: Final = 100_000
"""Rows without counterpart whose numbers are kept."""

SUM: Final = "SUM"
"""The one rule for two source rows on one target key: their values are added."""


@dataclass(slots=True)
class Mapped:
    """What a map made of one batch.

    Attributes:
        batch: the rows that it took, in the target structure; nothing where it took none.
        places: their places in the source batch; nothing where they are all.
        left_out: places of rows that it leaves out because it says so, with step and values.
        source: the cells of the source, by component.
        sent: the same as they were sent.
        periods: the time period of each row of the source, of those that it did not take too;
            empty where none could be read, nothing where the target has none.
    """

    batch: Batch | None
    places: Sequence[int] | None
    left_out: Mapping[int, tuple[Step, Refused]]
    source: Columns
    sent: Mapping[str, Sequence[str]]
    periods: Sequence[str] = ()


@dataclass
class CompiledMap:
    """A structure map, ready to run; one for each message, as it counts what it does.

    Attributes:
        urn: of the map.
        source: URN of its source, a dataflow or data structure.
        target: URN of its target.
        source_flow: the source, resolved.
        target_flow: the target, resolved.
        steps: in the order in which they run.
        same_key: `SUM` where values of two rows on one target key are added; else they are an
            error.
        finds_collisions: whether keys are kept to find two rows on one; takes memory for each.
        coverage: what it did so far.
        unmapped_rows: numbers of the rows that it has no counterpart for; `MOST_ROWS` at most.
    """

    urn: str
    source: str
    target: str
    source_flow: Flow
    target_flow: Flow
    steps: tuple[Step, ...]
    same_key: str | None = None
    finds_collisions: bool = False
    coverage: Coverage = field(default_factory=Coverage)
    unmapped_rows: set[int] = field(default_factory=set)
    _columns: SourceColumns = field(init=False)
    _forms: dict[int, tuple[Form, Form]] = field(default_factory=dict)
    _keys: dict[tuple[str, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = SourceColumns(self.source_flow)

    @cached_property
    def origins(self) -> dict[str, tuple[str, ...]]:
        """The source components that each target component comes from; none of a constant."""
        return {target: step.sources for step in self.steps for target in step.targets}

    @cached_property
    def used(self) -> frozenset[str]:
        """The source components that are read."""
        return frozenset(name for step in self.steps for name in step.sources)

    def apply(self, batch: Batch) -> Batch | None:
        """The rows that the map takes, in the target structure; nothing where it takes none.

        The numbers of the rows and the action stay what they are.
        """
        return self.run(batch).batch

    def fit(self, batch: Batch) -> Batch:
        """A batch with its columns under the ids of the source, cells as they were sent."""
        return self._columns.fit(batch)

    def run(self, batch: Batch, *, needs_figures: bool = True) -> Mapped:
        """As `apply`, with what the map left out.

        Args:
            batch: rows of the source.
            needs_figures: whether rows without a figure are left out; a Delete needs none.
        """
        fitted = self.fit(batch)
        source, form, sent = self._columns.read(fitted), fitted.form, fitted.cells
        needs_figures = needs_figures and batch.action != "Delete"
        sheet = Sheet(len(batch.rows), form.sub_separator, source, needs_figures=needs_figures)
        for step in self.steps:
            step.run(sheet)
        left_out, gone = self._refused(sheet, batch, sent)
        places = None
        cells = sheet.target
        time = self.target_flow.time
        periods = cells.get(time.id, ()) if time else ()
        if batch.action == "Delete":
            cells = {name: column for name, column in cells.items() if name not in self._unmarked}
        rows = batch.rows
        if gone:
            places = [place for place in range(sheet.count) if place not in gone]
            rows = [rows[place] for place in places]
            cells = {name: [column[p] for p in places] for name, column in cells.items()}
        self.coverage.taken += len(rows)
        if not rows:
            return Mapped(None, (), left_out, source, sent, periods)
        mapped = Batch(
            self._kind(),
            self.target_flow.short_urn,
            batch.action,
            rows,
            cells,
            self._form(form, cells),
            faulty=self._faulty(batch),
            header=batch.header,
        )
        if self.finds_collisions:
            self._find_collisions(mapped)
        return Mapped(mapped, places, left_out, source, sent, periods)

    def document(self) -> dict[str, Any]:
        """What the map did, as it is kept with a submission, in JSON."""
        told = {"map": self.urn, "source": self.source, "target": self.target}
        return {**told, "same_key": self.same_key, **self.coverage.document()}

    @cached_property
    def _unmarked(self) -> frozenset[str]:
        """Targets beside the key that are no marks of a Delete: constants, and what is of a key.

        A Delete deletes the components that have a value, or else the whole observation.
        """
        key = {"dimension", "time"}
        source, target = self.source_flow.components, self.target_flow.components
        return frozenset(
            name
            for name, sources in self.origins.items()
            if target[name].level not in key
            and (not sources or any(source[one].level in key for one in sources))
        )

    def _kind(self) -> StructureKind:
        return "dataflow" if ".Dataflow=" in self.target else "datastructure"

    def _refused(
        self, sheet: Sheet, batch: Batch, sent: Mapping[str, Sequence[str]]
    ) -> tuple[dict[int, tuple[Step, Refused]], set[int]]:
        """The places that are left out because the map says so, and all that are not taken.

        A row that is left out has no finding for its other values: the map does not want it.
        """
        faulty = self._faulty_places(sheet, batch)
        left_out: dict[int, tuple[Step, Refused]] = {}
        for step, refused in sheet.refused:
            for place, why in refused.items():
                if why[0] in LEAVES_OUT:
                    left_out.setdefault(place, (step, why))
        unmapped: set[int] = set()
        told: set[tuple[int, tuple[str, ...]]] = set()
        for step, refused in sheet.refused:
            for place, why in refused.items():
                if place not in left_out and place not in faulty:
                    unmapped.add(place)
                    if (place, step.sources) not in told:  # two steps may read one component
                        told.add((place, step.sources))
                        count_row(self.coverage, step, why, batch.rows[place], place, sent)
        for place, (step, why) in left_out.items():
            count_row(self.coverage, step, why, batch.rows[place], place, sent)
        if len(self.unmapped_rows) < MOST_ROWS:
            self.unmapped_rows.update(batch.rows[place] for place in unmapped)
        coverage = self.coverage
        coverage.left_out += len(left_out)
        coverage.unmapped += len(unmapped)
        coverage.faulty += len(faulty - left_out.keys())
        return left_out, unmapped | faulty | left_out.keys()

    def miss(self, mapped: Mapped, place: int, row: int, tables: str) -> None:
        """Count a row that it leaves out to other maps, which leave it out as well.

        Args:
            mapped: what it made of the batch.
            place: the place of the row in the batch.
            row: its number.
            tables: the representation maps of all of them.
        """
        step, (_, values) = mapped.left_out[place]
        self.coverage.not_left_out(step.sources, values)
        refused: Refused = ("unmapped", values)
        count_row(self.coverage, step, refused, row, place, mapped.sent, tables)
        if len(self.unmapped_rows) < MOST_ROWS:
            self.unmapped_rows.add(row)

    def _faulty_places(self, sheet: Sheet, batch: Batch) -> set[int]:
        """Places of rows of which a cell that is read has been refused already."""
        used = self.used
        rows = {row for row, name in batch.faulty if name in used and row is not None}
        if not rows:
            return set()
        return {place for place, row in enumerate(batch.rows) if row in rows}

    def _faulty(self, batch: Batch) -> frozenset[tuple[int | None, str | None]]:
        """Faulty cells of columns that are not read: no component of the target."""
        return frozenset((row, None) for row, name in batch.faulty if name is None)

    def _form(self, form: Form, cells: Columns) -> Form:
        """The form of the target columns; the same object for all batches of one form."""
        known = self._forms.get(id(form))
        if known is not None and known[0] is form and known[1].columns.keys() == cells.keys():
            return known[1]
        columns = {}
        origins = self.origins
        for target in cells:
            sources = [form.columns[name] for name in origins[target] if name in form.columns]
            columns[target] = self._column(target, sources)
        made = replace(form, columns=columns, legacy=False, exponents=False)
        self._forms[id(form)] = (form, made)
        return made

    def _column(self, target: str, sources: Sequence[Column]) -> Column:
        if len(sources) != 1:
            name = ", ".join(column.name for column in sources) or target
            component = self.target_flow.components[target]
            return Column(-1, name, target, many=not sources and component.is_multi_valued)
        column = sources[0]
        return replace(column, component=target, labelled=False, is_name=False)

    def _find_collisions(self, batch: Batch) -> None:
        flow = self.target_flow
        names = [d.id for d in flow.dimensions] + ([flow.time.id] if flow.time else [])
        empty = [""] * len(batch.rows)
        columns = [batch.cells.get(name, empty) for name in names]
        for row, key in zip(batch.rows, zip(*columns, strict=True), strict=True):
            first = self._keys.setdefault(key, row)
            if first != row and len(self.coverage.collisions) < MOST_COLLISIONS:
                self.coverage.collisions.append(Collision(row, first, key))


def count_row(
    coverage: Coverage,
    step: Step,
    refused: Refused,
    row: int,
    place: int,
    sent: Mapping[str, Sequence[str]],
    tables: str = "",
) -> None:
    """Count a row that a step refuses; its words are told as the first of such rows has them.

    Where several maps refuse it, `tables` are the representation maps of all of them.
    """
    why, values = refused
    if coverage.knows(why, step.sources, values):
        coverage.count(why, step.sources, values, row)
        return
    untaken = step.untaken(why, values, row)
    if len(values) == len(step.sources):
        untaken.sent = tuple(sent[n][place] if n in sent else "" for n in step.sources)
    if tables:
        untaken.by = untaken.allowed = tables
    coverage.add(untaken)
