"""One message under its maps: batches of national dataflows become batches of shared ones.

Findings on the mapped rows are told where their sender finds them: under the source column that a
target component comes from, with the national value beside the shared one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from app.errors import InvalidArtefactError
from app.sdmx.actions import Segment
from app.sdmx.findings import Finding, nearest
from app.sdmx.intake import Key, Target
from app.sdmx.mapping.compiled import MOST_ROWS, SUM, CompiledMap, Mapped, count_row
from app.sdmx.mapping.coverage import CANNOT_RUN, NOT_IN_FORCE, SAME_KEY, Coverage
from app.sdmx.mapping.source_figures import Figures, bad_figures, without_figures
from app.sdmx.mapping.source_keys import source_keys
from app.sdmx.mapping.steps import Table
from app.sdmx.messages.data_reading import Batch, Form
from app.sdmx.validation import Validator

REPEATED: Final = "VIPMG-231"
"""The code of two rows on one key, as it is found when series are put together."""

MISSPELT: Final = 0.7
SHOWN: Final = 80
"""Characters of a national value that a finding shows."""

FindMaps = Callable[[str, str], Sequence[CompiledMap]]
"""The maps that rows of a structure (kind, `AGENCY:ID(VERSION)`) are read by; none: as they are."""


@dataclass(slots=True)
class _Current:
    """The batch that is being validated, and the map that made it."""

    map: CompiledMap
    mapped: Mapped
    batch: Batch


class Harmonising:
    """Runs the maps of one message, and tells its findings in the words of the sender.

    Args:
        find_maps: gives the maps of a structure.
        report: takes each finding.
    """

    def __init__(self, find_maps: FindMaps, report: Callable[[Finding], None]) -> None:
        self._find_maps = find_maps
        self._report = report
        self._maps: dict[tuple[str, str], Sequence[CompiledMap] | None] = {}
        self._current: _Current | None = None
        self._ranges: list[tuple[int, int]] = []
        self._forms: set[Form] = set()
        self._without_figures: set[Form] = set()
        self._left_out = Coverage()
        self._told: set[tuple[str, str | None, str | None]] = set()
        self._said: set[tuple[str, int | None, str | None, str | None]] = set()
        self._has_errors = False
        self._without_key: set[int] = set()

    @property
    def maps(self) -> list[CompiledMap]:
        """All maps that ran, in the order in which they were met."""
        return [one for maps in self._maps.values() for one in maps or ()]

    def check(self, validator: Validator, batch: Batch) -> Iterator[tuple[Target, Key, Segment]]:
        """Run the maps on a batch and validate what they make of it, or the batch itself."""
        for one in self._batches(batch):
            adds, joins = self._of_one_key()
            origins = self._origins() if adds and one.action != "Delete" else {}
            for target, key, segment in validator.check(one):
                segment.adds, segment.joins = adds, joins
                if origins:
                    segment.origins = [origins[row] for row in segment.rows]
                yield target, key, segment

    def _origins(self) -> dict[int, str]:
        """The key that each row of the last batch has in its own structure."""
        assert self._current is not None  # noqa: S101 - a map made the batch
        mapped = self._current.mapped
        assert mapped.batch is not None  # noqa: S101 - it was yielded
        return dict(zip(mapped.batch.rows, source_keys(self._current.map, mapped), strict=True))

    def _of_one_key(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The measures that are added where two rows have one key, and the texts told together."""
        current = self._current
        if current is None or current.map.same_key != SUM:
            return (), ()
        flow = current.map.target_flow
        adds = tuple(one.id for one in flow.measures if one.codes is None)
        texts = (one for one in flow.observation_components if one.id not in adds)
        return adds, tuple(
            one.id
            for one in texts
            if one.data_type == "String" and not (one.codes or one.multilingual)
        )

    def _batches(self, batch: Batch) -> Iterator[Batch]:
        """What a batch becomes: itself where no map is for it, else the rows of each map.

        Findings are told rightly as long as what is yielded last is being validated.
        """
        maps = self._of(batch)
        if maps is None:
            return
        if not maps:
            yield batch
            return
        self._note_rows(batch)
        self._said.clear()
        self._report_unknown(batch, maps)
        # Without any figures nothing is to be validated; words that no map knows are told.
        needs_figures = self._has_figures(batch, maps)
        bad = self._bad_figures(batch, maps)
        if bad:
            cells = ((finding.row, finding.component) for finding in bad.values())
            batch = replace(batch, faulty=batch.faulty.union(cells))
        done = []
        for one in maps:
            mapped = one.run(batch, needs_figures=needs_figures)
            done.append(mapped)
            if mapped.batch is not None and needs_figures:
                self._current = _Current(one, mapped, batch)
                yield mapped.batch
        self._current = None
        left_out = self._note_left_out(batch, maps, done)
        for (place, _), finding in bad.items():
            if place not in left_out:
                self._has_errors = True
                self._report(finding)

    def _has_figures(self, batch: Batch, maps: Sequence[CompiledMap]) -> bool:
        """Whether a batch has a column of figures, where a map needs one; told once if not."""
        form = maps[0].fit(batch).form
        steps = [step for one in maps for step in one.steps if isinstance(step, Figures)]
        lacks = batch.action != "Delete" and bool(steps)
        if not lacks or any(step.is_there(form) for step in steps):
            return True
        if form not in self._without_figures:
            self._without_figures.add(form)
            self._has_errors = True
            self._report(without_figures(batch, form, maps[0].source_flow, steps))
        return False

    def _bad_figures(
        self, batch: Batch, maps: Sequence[CompiledMap]
    ) -> dict[tuple[int, str], Finding]:
        """Findings on figures that maps read, and their own structure does not take."""
        if batch.action == "Delete":
            return {}
        used = {name for one in maps for name in one.used}
        found = bad_figures(maps[0].source_flow, maps[0].fit(batch))
        return {where: finding for where, finding in found.items() if where[1] in used}

    def told(self, finding: Finding) -> Finding | None:
        """A finding of the validator on the batch that was yielded last, as its sender reads it.

        Nothing where the same was told of the same cell: several components of the target, or
        several maps, may come of it.
        """
        current = self._current
        self._has_errors = self._has_errors or finding.is_error
        if current is None or finding.component is None or finding.row is None:
            return finding
        self._note_key(current, finding)
        rows = current.batch.rows
        place = bisect_left(rows, finding.row)
        place = place if place < len(rows) and rows[place] == finding.row else -1
        told = _as_sent(current, finding, place)
        fact = (told.code, told.row, told.component, told.value)
        if fact in self._said:
            return None
        self._said.add(fact)
        return told

    def _note_key(self, current: _Current, finding: Finding) -> None:
        """Note a row whose key is wrong: that another row has it too says nothing."""
        flow = current.map.target_flow
        key = {*flow.position, *((flow.time.id,) if flow.time else ())}
        named = (finding.component or "").split(", ")
        full = len(self._without_key) >= MOST_ROWS
        if finding.is_error and finding.row is not None and not full and not key.isdisjoint(named):
            self._without_key.add(finding.row)

    def told_later(self, finding: Finding) -> Finding | None:
        """A finding that came up when series were put together, as the sender reads it.

        Nothing of a key that is wrong, which its row was told.
        """
        if finding.row is not None and not self._is_mapped(finding.row):
            return finding
        if finding.code == REPEATED:
            if finding.row in self._without_key:
                return None
            return msgspec.structs.replace(finding, code=SAME_KEY)
        for one in self.maps:
            if sources := _sources(one, finding.component or ""):
                return msgspec.structs.replace(finding, component=", ".join(sources))
        return finding

    def close(self) -> Iterator[Finding]:
        """After the last batch: one finding for each value that no map has a counterpart for.

        Rows that no map takes are a warning, unless nothing at all was taken.
        """
        for one in self.maps:
            for finding in one.coverage.findings():
                fact = (finding.code, finding.component, finding.value)
                if fact not in self._told:
                    self._told.add(fact)
                    self._has_errors = True
                    yield finding
        taken = any(one.coverage.taken for one in self.maps)
        severity = "" if taken or self._has_errors else "error"
        for each in self._left_out.untaken():
            yield msgspec.structs.replace(each.finding, severity=severity)

    @property
    def unmapped_rows(self) -> set[int]:
        """Numbers of the rows that a map has no counterpart for: a finding names the first only."""
        return {row for one in self.maps for row in one.unmapped_rows}

    def document(self) -> list[dict[str, Any]]:
        """What each map did, in JSON, as it is kept with the submission."""
        return [one.document() for one in self.maps]

    def _of(self, batch: Batch) -> Sequence[CompiledMap] | None:
        """The maps of a batch; nothing where one of them cannot run, which is told once."""
        named = (batch.kind, batch.structure)
        if named not in self._maps:
            self._maps[named] = None
            try:
                self._maps[named] = self._find_maps(*named)
            except InvalidArtefactError as error:
                shown = str(error.detail.get("urn", batch.structure)).rpartition("=")[2]
                self._has_errors = True
                days = error.detail.get("days")
                code, allowed = (CANNOT_RUN, None) if days is None else (NOT_IN_FORCE, str(days))
                self._report(Finding(code, batch.rows[0], "STRUCTURE_ID", shown, allowed=allowed))
        return self._maps[named]

    def _note_rows(self, batch: Batch) -> None:
        first, last = batch.rows[0], batch.rows[-1]
        if self._ranges and self._ranges[-1][1] + 1 >= first:
            first, _ = self._ranges.pop()
        self._ranges.append((first, last))

    def _is_mapped(self, row: int) -> bool:
        place = bisect_left(self._ranges, (row + 1,)) - 1
        return place >= 0 and row <= self._ranges[place][1]

    def _report_unknown(self, batch: Batch, maps: Sequence[CompiledMap]) -> None:
        """Name the columns that are no components of the source; once for all of a form."""
        if batch.form in self._forms:
            return
        self._forms.add(batch.form)
        flow = maps[0].source_flow
        for column in batch.form.columns.values():
            if flow.find(column.component) is None and not column.is_name:
                near = nearest(column.component, flow.components, MISSPELT)
                near = None if near in batch.form.columns else near
                self._report(
                    Finding("VIPMG-301", batch.header, column.name, column.component, nearest=near)
                )

    def _note_left_out(
        self, batch: Batch, maps: Sequence[CompiledMap], done: Sequence[Mapped]
    ) -> set[int]:
        """Count the rows that each of the maps leaves out, and give their places.

        Maps of one table leave out what another takes without naming it. What none of them takes
        or names is a word that nobody knows, and no row to be left out.
        """
        places = set(done[0].left_out)
        for mapped in done[1:]:
            places &= mapped.left_out.keys()
        for place in sorted(places):
            reasons = [mapped.left_out[place] for mapped in done]
            # Where one map wants the row but for its figure, that is what keeps it out.
            step, why = min(reasons, key=lambda one: one[1][0] != "no figure")
            row = batch.rows[place]
            tables = [_leaves_rest(mapped, place, step.sources) for mapped in done]
            if len(done) > 1 and all(tables):
                named = ", ".join(dict.fromkeys(one for one in tables if one))
                maps[0].miss(done[0], place, row, named)
            else:
                count_row(self._left_out, step, why, row, place, done[0].sent)
        return places


def _leaves_rest(mapped: Mapped, place: int, sources: tuple[str, ...]) -> str | None:
    """The table that leaves a row out only because it does not name its values of some columns."""
    step, (_, values) = mapped.left_out[place]
    is_left = isinstance(step, Table) and step.sources == sources and step.leaves_rest(values)
    return step.table.name if isinstance(step, Table) and is_left else None


def _sources(run: CompiledMap, component: str) -> list[str]:
    """The source components of one component of the target, or of several: `SEX, AGE`."""
    origins = run.origins
    return list(dict.fromkeys(s for name in component.split(", ") for s in origins.get(name, ())))


def _as_sent(current: _Current, finding: Finding, place: int) -> Finding:
    """A finding by the sender's own columns and words; of a constant, by the map that sets it.

    What is nearest to a shared code is no word that the sender could write.
    """
    sources = _sources(current.map, finding.component or "")
    value = finding.value
    if not sources:
        by = current.map.urn.rpartition("=")[2]
        is_constant = value is not None and finding.component in current.map.origins
        shown = f"{by} → {value}" if is_constant else value
        return msgspec.structs.replace(finding, value=shown)
    if value is not None and place >= 0:
        value = _beside([current.mapped.sent.get(s) for s in sources], place, value)
    near = finding.nearest if value == finding.value else None
    return msgspec.structs.replace(finding, component=", ".join(sources), value=value, nearest=near)


def _beside(columns: Sequence[Sequence[str] | None], place: int, value: str) -> str:
    """The national value beside the shared one; the one alone where they are the same."""
    national = ", ".join(column[place] for column in columns if column is not None)
    if value in {national, national.replace(",", ".")}:  # a number, with a decimal comma perhaps
        return national
    return f"{national[:SHOWN]} → {value}"
