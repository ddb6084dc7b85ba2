"""Merging: staged segments and stored series, put together series by series.

Where figures add up that may be suppressed, a series waits for the others of its family before it
is divided into the rooms (`app.store.series_writing`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import orjson

from app.sdmx import rooms, series
from app.sdmx.actions import Outcome, apply
from app.sdmx.checks.limited import Limited
from app.sdmx.faults import Faults
from app.sdmx.findings import Finding
from app.sdmx.flow import Component
from app.sdmx.intake import Key, Place, Target, complete
from app.sdmx.rooms import OPEN, RoomRule
from app.sdmx.series import EMPTY, TIME, Document
from app.sdmx.sums_replaced import sums_replaced
from app.sdmx.suppression import suppressed_beside
from app.sdmx.unit_changes import unit_changes
from app.store import confirmed, staging
from app.store.attachments import Attachments, keys_of_untouched
from app.store.effects import Effect, Publication
from app.store.stored import Placed, Stored
from app.store.types import Connection, Record

FLUSH_SERIES = 500


class RefusedError(Exception):
    """Findings came up while series were put together; nothing is to be published."""


class Merge:
    """Puts segments and stored series together, and collects what is to be written."""

    def __init__(
        self,
        publication: Publication,
        target: Target | None,
        attachments: Attachments,
        report: Callable[[Finding], None],
        faults: Faults | None = None,
        rule: RoomRule = OPEN,
    ) -> None:
        self.rule = rule
        self.publication = publication
        self.target = target
        self.faults = faults
        self.attachments = attachments
        self.report = report
        self.checked = Limited(report)
        self.effect = Effect(attachments.agreement)
        if target is not None:
            self.effect.preview.measure(target.flow)
        self.refused = False
        self.missed: dict[Place, int] = {} if target is None else attachments.missed(target)
        self._told_once = frozenset(self.missed)
        self.hides = self.shows = False
        self.embargo: dt.datetime | None = None
        self.outcomes: list[tuple[Any, ...]] = []
        self.hidden: list[tuple[Any, ...]] = []
        self.hidden_changes: list[tuple[Any, ...]] = []
        self.sent_again: list[confirmed.Confirmation] = []
        self.waiting: list[Placed] = []
        self.is_whole = self.edits_past = False
        self.reopened: set[Key] = set()
        self.doubtful: set[Key] = set()

    def series(self, row: Record) -> None:
        """Merge one series."""
        stored = Stored.read(row)
        outcome, sent = self._put_together(row, stored)
        if self.refused:
            return  # what is refused is not divided into rooms: its values may be anything
        periods = confirmed.confirmed_periods(stored.full, outcome.observations, outcome.touched)
        again = {
            name
            for name in sent
            if (value := outcome.attributes.get(name)) is not None
            and value == stored.full_attributes.get(name)
        }
        still = None
        if row["segments"] is not None:
            still = _kept(stored.attributes, outcome.attributes)
        self.put(Placed(stored, outcome, periods, again, None, still, sent))

    def put(self, placed: Placed) -> None:
        """Divide what a series becomes into the rooms; it may wait for others of its family."""
        if self.rule.sums:
            self.waiting.append(placed)
        else:
            self._place(placed, frozenset())

    def family(self, key: Sequence[str]) -> Key:
        """What the series share whose figures add up."""
        return tuple(key[place] for place in self.rule.family)

    def ends_family(self, key: Sequence[str]) -> bool:
        """Whether enough series wait, and a key is of another family than the last of them."""
        if len(self.waiting) < FLUSH_SERIES:
            return False
        return self.family(key) != self.family(self.waiting[-1].stored.key)

    def take_waiting(self) -> list[Placed]:
        """The series that wait, which wait no more."""
        waiting, self.waiting = self.waiting, []
        return waiting

    def place_family(self, family: Key, listed: Sequence[Placed]) -> None:
        """Divide all series of a family, with what is suppressed for another's sake."""
        standing = [placed.standing for placed in listed]
        found = suppressed_beside(standing, self.rule, self.publication.now, anew=self.is_whole)
        if found.was_seen:
            self.reopened.add(family)
        elif found.may_have_been:
            self.doubtful.add(family)
        for placed in listed:
            self._place(placed, found.periods.get(tuple(placed.stored.key), frozenset()))

    def _place(self, placed: Placed, beside: frozenset[str]) -> None:
        """Divide a series into the rooms; `beside`: periods suppressed for another's sake."""
        stored, outcome, again = placed.stored, placed.outcome, placed.again
        still_attributes = placed.still_attributes
        public = stored.public if placed.still is None else placed.still
        attributes, hidden = stored.attributes, stored.hidden
        rule = self.rule.for_series(stored.key, outcome.attributes)
        shown, withheld = rooms.split(outcome.observations, self.publication.now, rule, beside)
        shown_attributes = outcome.attributes
        if still_attributes is not None and any(r != rooms.FOR_GOOD for r in withheld):
            shown_attributes = dict(still_attributes)
            if not outcome.touched or not outcome.touched.keys().isdisjoint(shown[TIME]):
                known = placed.sent & outcome.attributes.keys()
                shown_attributes.update({name: outcome.attributes[name] for name in known})
        now_public = {*shown[TIME]}
        if withheld:
            waiting = _still_public(public, withheld, rule, beside)
            shown = series.overlay(shown, [waiting])
            withheld = _not_public(withheld, waiting)
            now_public |= {*waiting[TIME]} - {t for one in withheld.values() for t in one[TIME]}
        self._note_sent(outcome, now_public, withheld)
        if not shown[TIME] and (hidden or withheld):
            # Nothing is public here: neither are attributes that were not public before.
            if still_attributes is None:
                still_attributes = _kept(attributes, outcome.attributes)
            shown_attributes = still_attributes
        told = self._put_public(stored, shown, shown_attributes, again)
        if hidden or withheld:
            self._put_withheld(stored.key, hidden, withheld, outcome.attributes)
        left = () if told else again
        if placed.periods != [] or left:
            self.sent_again.append((stored.key, False, placed.periods, sorted(left)))
        self.effect.preview.end_series(outcome.touched, outcome.observations)

    def _note_sent(
        self, outcome: Outcome, shown: Set[str], withheld: Mapping[dt.datetime, Document]
    ) -> None:
        """Keep in mind whether anything sent is public, and else when the first of it will be."""
        sent = outcome.touched.keys()
        self.shows = self.shows or not sent.isdisjoint(shown)
        for release, document in withheld.items():
            if release != rooms.FOR_GOOD and not sent.isdisjoint(document[TIME]):
                self.embargo = min(release, self.embargo or release)

    def check(self, row: Record) -> None:
        """Put one series together for its findings only."""
        self.refused = True
        self.series(row)

    def _put_together(self, row: Record, stored: Stored) -> tuple[Outcome, set[str]]:
        """The whole series of both rooms with what was sent, and the attributes that were."""
        if self.target is None or row["segments"] is None:
            return Outcome(stored.full, dict(stored.full_attributes), {}, []), set()
        segments = [staging.decode_segment(segment) for segment in row["segments"]]
        full = stored.full if stored.full[TIME] else None
        outcome = apply(full, stored.full_attributes, segments)
        self._complete(tuple(stored.key), outcome)
        if stored.full[TIME]:
            for finding in unit_changes(
                self.target.flow, stored.full_attributes, outcome, segments
            ):
                self.checked(finding)
            for finding in sums_replaced(stored.full, outcome, segments):
                self.checked(finding)
        self._check_figures(stored, outcome)
        return outcome, {n for one in segments if one.action != "Delete" for n in one.attributes}

    def _complete(self, key: Key, outcome: Outcome) -> None:
        assert self.target is not None  # noqa: S101 - asked of the caller
        for finding in complete(self.target, key, outcome, self._attached):
            self.refused = self.refused or finding.is_error
            self.report(finding)
        if self.missed and outcome.observations[TIME]:
            for of, name in list(self.missed):
                if all(code in (None, mine) for code, mine in zip(of, key, strict=True)):
                    self._miss((of, name))

    async def see_untouched(self, connection: Connection, dataflow: int) -> None:
        """Refuse that mandatory values above go while figures below them stay as they are.

        Of series that the message speaks of it shows when they are put together.
        """
        if not self.missed:
            return
        keys = list({of for of, _ in self.missed})
        found = await keys_of_untouched(connection, self.effect.agreement, dataflow, keys)
        for of, name in list(self.missed):
            if of in found:
                self._miss((of, name))

    def _miss(self, place: Place) -> None:
        self.refused = True
        self.report(Finding("VIPMG-230", self.missed.pop(place), place[1]))

    def _check_figures(self, stored: Stored, outcome: Outcome) -> None:
        """The checks of the agreement on one series, over both rooms: the sender reads them."""
        checks = self.target.checks.series if self.target else None
        if checks is None:
            return
        for finding in checks.check(
            stored.key,
            stored.full,
            outcome.observations,
            outcome.attributes,
            outcome.touched,
            self.publication.now,
        ):
            if self.faults is not None and self.faults.silence(finding, stored.key):
                continue
            self.refused = self.refused or finding.is_error
            self.checked(finding)

    def _attached(self, component: Component, key: Key) -> bool:
        assert self.target is not None  # noqa: S101 - asked of the caller
        if component.id in self.target.fixed:
            return True
        above: list[str | None] = [None] * len(key)
        for position in component.positions:
            above[position] = key[position]
        place = tuple(above), component.id
        return place in self._told_once or self.attachments.value(*place) is not None

    def _put_public(
        self,
        stored: Stored,
        after: Document,
        attributes: Mapping[str, Any],
        again: Collection[str],
    ) -> bool:
        """Note what changes in the public room; True: with the attributes that were sent again."""
        before = stored.public
        if not stored.exists and not after[TIME] and not attributes:
            return False
        put, gone = series.difference(before if stored.exists else None, after)
        changed = _changed(stored.attributes, attributes)
        if put is None and not gone and not changed and stored.exists:
            return False
        told = put is not None or bool(changed)
        if told:
            told = all(stored.attributes.get(name) == attributes.get(name) for name in again)
            changed.update({name: attributes[name] for name in again} if told else {})
        effect = self.effect
        effect.preview.see_public(stored.key, before, after, put, gone)
        if stored.exists and _changed(stored.attributes, attributes):
            effect.preview.see_attributes(stored.key, stored.attributes, attributes, withheld=False)
            effect.series_attributes += 1
        effect.public_room = True
        effect.put += len(put[TIME]) if put else 0
        effect.deleted += len(gone)
        effect.observations += len(after[TIME]) - len(before[TIME])
        effect.series += bool(after[TIME]) - bool(before[TIME])
        document = _dump(after)
        self.outcomes.append(
            (
                staging.SEPARATOR.join(stored.key),
                document,
                _dump(attributes),
                len(after[TIME]),
                *series.period_bounds(after),
                None if put is after else ("" if put is None else _dump(put)),
                _dump({TIME: gone}) if gone else None,
                _dump(changed) if stored.exists else None,
            )
        )
        return told

    def _put_withheld(
        self,
        key: Key,
        before: Iterable[tuple[Document, Mapping[str, Any]]],
        after: Mapping[dt.datetime, Document],
        attributes: Mapping[str, Any],
    ) -> None:
        self.hides = True
        old = series.overlay(EMPTY, (document for document, _ in before))
        new = series.overlay(EMPTY, after.values())
        put, gone = series.difference(old, new)
        attributes_before = {k: v for _, values in before for k, v in values.items()}
        if put is None and not gone and attributes_before == attributes:
            return
        self.effect.preview.see_withheld(key, old, new, put, gone)
        if old[TIME] and new[TIME]:
            self.effect.preview.see_attributes(key, attributes_before, attributes, withheld=True)
        self.effect.withheld_room = True
        self.effect.withheld += len(new[TIME]) - len(old[TIME])
        if not after:
            self.hidden.append((key, None, None, None, None, None, None))
        for release, document in after.items():
            if release != rooms.FOR_GOOD:
                self.effect.release_at = max(release, self.effect.release_at or release)
            bounds = series.period_bounds(document)
            self.hidden.append(
                (key, release, _dump(document), _dump(attributes), len(document[TIME]), *bounds)
            )
        changed = _changed(attributes_before, attributes if new[TIME] else {})
        if put is not None or changed:
            self.hidden_changes.append((key, "Replace", _dump(put or EMPTY), _dump(changed)))
        if gone:
            self.hidden_changes.append((key, "Delete", _dump({TIME: gone}), None))

    async def flush(self, connection: Connection) -> None:
        """Copy what was collected to the temporary tables."""
        for table, records in (
            ("outcome", self.outcomes),
            ("hidden", self.hidden),
            ("hidden_change", self.hidden_changes),
            ("sent_again", self.sent_again),
        ):
            if records:
                await connection.copy_records_to_table(table, records=records)
                records.clear()


def _still_public(
    public: Document,
    withheld: Mapping[dt.datetime, Document],
    rule: RoomRule,
    beside: frozenset[str],
) -> Document:
    """Observations of which only a later version waits: until its release they stay as they are.

    A count that the terms suppress by now does not.
    """
    waiting = {
        time
        for release, document in withheld.items()
        if release != rooms.FOR_GOOD
        for time in document[TIME]
    }
    places = [place for place, time in enumerate(public[TIME]) if time in waiting]
    kept = series.take(public, places)
    if not rule.minimum_cell:
        return kept
    return rooms.split(kept, rooms.FOR_GOOD, replace(rule, embargo_text=""), beside)[0]


def _not_public(
    withheld: Mapping[dt.datetime, Document], waiting: Document
) -> dict[dt.datetime, Document]:
    """What waits of a series; what the public sees already, as it is, does not."""
    if not waiting[TIME]:
        return dict(withheld)
    seen, left = series.observations(waiting), dict[dt.datetime, Document]()
    for release, document in withheld.items():
        places = [
            n
            for n, (time, row) in enumerate(series.observations(document).items())
            if release == rooms.FOR_GOOD or seen.get(time) != row
        ]
        if places:
            left[release] = series.compact(series.take(document, places))
    return left


def _kept(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as they were, without those that are gone."""
    return {name: value for name, value in before.items() if name in after}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that differ, `None` for those that are gone."""
    names = before.keys() | after.keys()
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def _dump(value: object) -> str:
    return orjson.dumps(value).decode()
