"""The checks of one message by itself, without what is published: for who has no service at hand.

Series by series as they are put together; totals and vectors at the end. Documents are kept as
text, which is a tenth of what they are as objects.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import orjson

from app.sdmx.actions import Outcome
from app.sdmx.checks.limited import Limited
from app.sdmx.checks.series_checks import SeriesChecks
from app.sdmx.checks.totals import TotalChecks, total_finding
from app.sdmx.checks.vectors import VectorCheck
from app.sdmx.findings import Finding
from app.sdmx.intake import Key, Target
from app.sdmx.series import EMPTY, Document


@dataclass(slots=True)
class _Kept:
    """The series of one agreement: document and rows, as text."""

    target: Target
    series: dict[Key, tuple[bytes, bytes]] = field(default_factory=dict)

    def document(self, key: Key) -> Document:
        document: Document = orjson.loads(self.series[key][0])
        return document

    def rows(self, key: Key) -> dict[str, int]:
        rows: dict[str, int] = orjson.loads(self.series[key][1])
        return rows

    def slices(self, position: int) -> Iterator[tuple[Key, list[Key]]]:
        """Keys that differ in one position only, together."""

        def rest(key: Key) -> Key:
            return (*key[:position], *key[position + 1 :])

        for shared, keys in groupby(sorted(self.series, key=rest), rest):
            yield shared, list(keys)


class OfflineChecks:
    """The checks of all agreements of one message.

    Args:
        report: takes each finding.
        now: the instant of the check.
        certain: whether rules are left out that what is stored elsewhere could decide otherwise:
            history, gaps, revisions.
    """

    def __init__(
        self, report: Callable[[Finding], None], now: dt.datetime, *, certain: bool = False
    ) -> None:
        self._report = Limited(report)
        self._now = now
        self._certain = certain
        self._series: dict[int, SeriesChecks | None] = {}
        self._kept: dict[int, _Kept] = {}

    @property
    def refused(self) -> bool:
        """Whether a check refuses the message."""
        return self._report.refused

    def see(self, target: Target, key: Key, outcome: Outcome) -> None:
        """Check a series that was put together; keep it for the checks over several."""
        if target.agreement not in self._series:
            self._series[target.agreement] = self._chosen(target)
        series = self._series[target.agreement]
        document = outcome.observations
        if series is not None:
            for finding in series.check(
                key, EMPTY, document, outcome.attributes, outcome.touched, self._now
            ):
                self._report(finding)
        # Where nothing compares it, another dataflow of the message still may.
        kept = self._kept.setdefault(target.agreement, _Kept(target))
        kept.series[key] = orjson.dumps(document), orjson.dumps(outcome.touched)

    def _chosen(self, target: Target) -> SeriesChecks | None:
        series = target.checks.series
        return series.of_message_alone() if series is not None and self._certain else series

    def close(self) -> None:
        """Check totals, and dataflows against each other, when all series were seen."""
        for kept in self._kept.values():
            for totals in kept.target.checks.totals:
                self._check_totals(kept, totals)
            for vector in kept.target.checks.vectors:
                for other in self._others(kept, vector):
                    self._check_vector(kept, other, vector)
        self._report.close()
        self._kept.clear()

    def _check_totals(self, kept: _Kept, checks: TotalChecks) -> None:
        position, codes = checks.position, set(checks.codes)
        for _, keys in kept.slices(position):
            members = {key[position]: key for key in keys if key[position] in codes}
            if len(members) < 2:
                continue
            documents = {code: kept.document(key) for code, key in members.items()}
            for mismatch in checks.mismatches(keys[0], documents):
                rows = {
                    (code, time): row
                    for code in mismatch.codes
                    for time, row in kept.rows(members[code]).items()
                }
                finding = total_finding(checks, mismatch, rows)
                if finding is not None:
                    self._report(finding)

    def _others(self, kept: _Kept, check: VectorCheck) -> Iterator[_Kept]:
        wanted = check.flow.partition("(")[0]
        for other in self._kept.values():
            flow = other.target.flow
            named = (check.along, *check.same)
            here = all(name in flow.position for name in named)
            if other is not kept and here and flow.short_urn.partition("(")[0] == wanted:
                yield other

    def _check_vector(self, kept: _Kept, other: _Kept, check: VectorCheck) -> None:
        if any(name not in kept.target.flow.position for name in (check.along, *check.same)):
            return
        place, other_place = (one.target.flow.position[check.along] for one in (kept, other))
        theirs: dict[Key, list[list[Key]]] = {}
        for _, keys in other.slices(other_place):
            theirs.setdefault(_same(check, other.target, keys[0]), []).append(keys)
        for _, keys in kept.slices(place):
            known = theirs.get(_same(check, kept.target, keys[0]), ())
            codes = dict(zip(kept.target.flow.position, keys[0], strict=True))
            if len(keys) < check.least or not known or not check.applies(codes):
                continue
            mine = {key[place]: kept.document(key) for key in keys}
            for listed in known:
                vector = {key[other_place]: other.document(key) for key in listed}
                self._report_same(kept, other, check, keys, check.identical(mine, vector))

    def _report_same(
        self,
        kept: _Kept,
        other: _Kept,
        check: VectorCheck,
        keys: Sequence[Key],
        identical: Iterator[tuple[str, int, tuple[str, ...]]],
    ) -> None:
        place = kept.target.flow.position[check.along]
        rows: Mapping[str, Mapping[str, int]] = {}
        for time, cells, same in identical:
            rows = rows or {key[place]: kept.rows(key) for key in keys}
            sent = [rows[code][time] for code in same if time in rows[code]]
            if sent:
                self._report(check.finding(min(sent), time, cells, other.target.flow.short_urn))


def _same(check: VectorCheck, target: Target, key: Key) -> Key:
    return tuple(key[target.flow.position[name]] for name in check.same)
