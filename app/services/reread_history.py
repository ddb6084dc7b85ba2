"""Reading the standing submissions of an agreement again, by the maps as they are now.

What came through a map is read from its raw bytes through the map that is active now; what came in
shared codes is taken as it is. Their segments are staged with numbers that rise from message to
message, so that later ones win.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from app.errors import DestroyedError
from app.sdmx.findings import Finding
from app.sdmx.intake import Target
from app.sdmx.left_out import LeftOutReader
from app.sdmx.mapping import CompiledMap
from app.sdmx.mapping.coverage import ENDED, NO_DATE, UNMAPPED
from app.sdmx.mapping.harmonising import Harmonising
from app.sdmx.messages.data_reading import Batch, DataReader
from app.sdmx.messages.reading_findings import located_once
from app.sdmx.standing_fold import Event, message_and_row, place_of
from app.sdmx.validation import Validator
from app.services.find_maps import find_maps
from app.services.find_target import find_target
from app.services.open_again import open_again
from app.services.submission_work import Work
from app.store import contents, redacted_texts, reharmonising, staging, submissions
from app.store.catalogue import StoredAgreement
from app.store.reharmonising import Standing
from app.store.staging import StageRecord
from app.store.submissions import StoredSubmission

SPOOL_MEMORY_BYTES: Final = 8 << 20
MOST_VALUES: Final = 1000
MOST_FINDINGS: Final = 1000


@dataclass
class History:
    """What the standing submissions say, staged.

    Attributes:
        events: in the order of publication.
        standing: the submissions, as they stood when they were read.
        sent: the same with what is known of them, by number.
        mapping: what each map did, over all submissions.
    """

    target: Target
    standing: Sequence[Standing]
    sent: dict[int, StoredSubmission] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    mapping: dict[str, dict[str, Any]] = field(default_factory=dict)

    def located(self, finding: Finding) -> Finding:
        """A finding on a place as its sender finds it: the row, and which file of theirs."""
        if finding.row is None or finding.file is not None:
            return finding
        message, row = message_and_row(finding.row)
        rule = finding.rule
        if rule is not None and rule.isdigit() and int(rule) > 1 << 40:
            rule = str(message_and_row(int(rule))[1])
        return msgspec.structs.replace(
            finding, row=row or None, rule=rule, file=_name(self.sent.get(message))
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file that a redaction took out.

    Attributes:
        are_wanted: read them and no others.
        is_silent: tell nothing of what is found in the rows that are read.
    """

    redacted: frozenset[int]
    are_wanted: bool = False
    is_silent: bool = False

    def without(self, left_out: frozenset[int]) -> frozenset[int] | _AllBut:
        """The rows that are not read, where others are left out as well."""
        if self.are_wanted:
            return _AllBut(self.redacted - left_out)
        return self.redacted | left_out


@dataclass(frozen=True, slots=True)
class _AllBut:
    rows: frozenset[int]

    def __contains__(self, row: object) -> bool:
        return row not in self.rows


async def reread_history(
    work: Work, agreement: StoredAgreement, target: Target, max_bytes: int
) -> History:
    """Stage what all standing submissions of an agreement say now; findings are reported.

    What a redaction took out of a file counts as withdrawn: it does not come back, and nothing
    older comes in its place.

    Raises:
        VipmgError: a file cannot be read any more.
        CancelledError: the order was cancelled meanwhile.
    """
    connection = work.connection
    listed = await reharmonising.standing(connection, agreement.provider, agreement.urn)
    history = History(target, listed)
    numbers = {one.id: number for number, one in enumerate(listed)}
    order: list[tuple[int, int, Event]] = []
    for number, one in enumerate(listed):
        stored = await submissions.by_id(connection, one.id)
        assert stored is not None  # noqa: S101 - submissions are never deleted
        history.sent[number] = stored
        redacted = await redacted_texts.kept_out(connection, one.id)
        rows = Rows(redacted, is_silent=one.is_redacted)
        event = await _read(work, history, number, stored, max_bytes, rows)
        if event is None:
            continue
        if one.replaced in numbers:
            order.append((one.sequence, 0, Event(numbers[one.replaced], drops=True)))
        order.append((one.sequence, 1, event))
        if redacted:
            gone = len(listed) + number
            history.sent[gone] = stored
            kept = Rows(redacted, are_wanted=True, is_silent=True)
            again = await _read(work, history, gone, stored, max_bytes, kept)
            order.append((one.sequence, 2, again or Event(gone)))
            order.append((one.sequence, 3, Event(gone, drops=True)))
        if one.undone is not None:
            order.append((one.undone, 4, Event(number, drops=True)))
        await work.progress("reading")
    order.sort(key=lambda each: each[:2])
    history.events = [event for _, _, event in order]
    return history


async def _read(
    work: Work,
    history: History,
    number: int,
    stored: StoredSubmission,
    max_bytes: int,
    redacted: Rows,
) -> Event | None:
    """Stage one submission without some rows; nothing where its file was destroyed."""
    connection = work.connection
    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        try:
            await contents.spool(connection, stored.sha256, spool)
        except DestroyedError:
            return None
        reader: DataReader = open_again(
            work.catalogue,
            stored,
            spool,
            max_bytes=max_bytes,
            max_xlsx_rows=work.max_xlsx_rows,
        )
        left_out = await reharmonising.rows_left_out(
            connection, stored.id, (UNMAPPED, NO_DATE, ENDED)
        )
        reading = _Reading(work, history.target, stored, in_part=left_out is not None)
        if without := redacted.without(left_out or frozenset()):
            reader = LeftOutReader(reader, without)
        batches = reader.batches()
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            records = await asyncio.to_thread(reading.take, batch)
            await staging.put_records(connection, [_placed(number, one) for one in records])
            work.rows += len(batch.rows)
    found = [] if redacted.is_silent else reading.close()
    for finding in located_once(reader, found[:MOST_FINDINGS], set()):
        named = "/".join(part for part in (_name(stored), finding.file) if part)
        work.report(msgspec.structs.replace(finding, file=named))
    work.errors += sum(finding.is_error for finding in found[MOST_FINDINGS:])
    await work.flush()
    if not redacted.is_silent:
        _add_up(history.mapping, reading.harmonising.document())
    intake = reading.validator.intakes.get(history.target.agreement)
    if intake is None or redacted.are_wanted:
        return Event(number)
    return Event(number, deletions=intake.deletions, attachments=intake.attachments)


class _Reading:
    """Reads one submission again, as far as it is of one agreement."""

    def __init__(
        self,
        work: Work,
        target: Target,
        stored: StoredSubmission,
        *,
        in_part: bool,
    ) -> None:
        self._catalogue = work.catalogue
        self._own = work.catalogue.of_provider(stored.organisation)
        self._target = target
        self._in_part = in_part
        self._is_mapped = False
        self._found: list[Finding] = []
        self.harmonising = Harmonising(self._maps, self._found.append)
        self.validator = Validator(self._resolve, self._report)

    def take(self, batch: Batch) -> list[StageRecord]:
        """The segments of a batch that are of the agreement."""
        named = self._resolve(batch.kind, batch.structure)
        self._is_mapped = isinstance(named, str)
        if self._is_mapped and not self._maps(batch.kind, batch.structure):
            return []  # of another agreement of theirs
        return staging.records(self.harmonising.check(self.validator, batch))

    def close(self) -> list[Finding]:
        """What was found in rows that came through a map; all others were taken before.

        Of a submission that was taken in part, rows that no map takes are left out again.
        """
        unmapped = list(self.harmonising.close())
        return self._found if self._in_part else [*self._found, *unmapped]

    def _report(self, finding: Finding) -> None:
        told = self.harmonising.told(finding) if self._is_mapped else None
        if told is not None:
            self._found.append(told)

    def _resolve(self, kind: str, structure: str) -> Target | str:
        found = find_target(self._catalogue, self._own, kind, structure)
        if isinstance(found, Target) and found.agreement != self._target.agreement:
            return "VIPMG-223"
        return found

    def _maps(self, kind: str, structure: str) -> list[CompiledMap]:
        """The active maps that lead to the agreement."""
        if isinstance(self._resolve(kind, structure), Target):
            return []
        today = dt.datetime.now(dt.UTC).date()
        flow = self._target.flow
        maps = find_maps(self._catalogue, self._own, kind, structure, today)
        return [one for one in maps if one.target in (flow.urn, flow.structure_urn)]


def _placed(number: int, record: StageRecord) -> StageRecord:
    agreement, key, row, segment = record
    return agreement, key, place_of(number, row), segment


def _name(stored: StoredSubmission | None) -> str | None:
    return None if stored is None else stored.file_name or str(stored.id)


def _add_up(mapping: dict[str, dict[str, Any]], documents: Sequence[dict[str, Any]]) -> None:
    """Add what maps did with one submission to what they did with those before."""
    for document in documents:
        known = mapping.setdefault(document["map"], {})
        for name, value in document.items():
            if isinstance(value, int):
                known[name] = known.get(name, 0) + value
            elif isinstance(value, list):
                known[name] = [*known.get(name, ()), *value][:MOST_VALUES]
            else:
                known[name] = value
