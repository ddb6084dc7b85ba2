"""Data messages of any format as what the service would store of them, without a database."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from app.errors import VipmgError
from app.sdmx.actions import apply
from app.sdmx.findings import Finding
from app.sdmx.flow import Flow
from app.sdmx.intake import Deletion, Key, Target
from app.sdmx.messages.message_reader import MessageReader, SpooledBytes
from app.sdmx.messages.reading_findings import located, unreadable_finding
from app.sdmx.series import TIME, observations
from app.sdmx.validation import Validator
from app.sheets.xlsx_reader import XlsxReader
from app.store.staging import decode_segment

encode_segment = msgspec.msgpack.encode
MAX_BYTES = 1 << 30


@dataclass
class ReadBack:
    """What came of a message.

    Attributes:
        series: observations by time, and the attributes of the series, by key.
        above: attributes above the series, by the key of their group.
        deletions: those that leave dimensions open.
        findings: what is wrong, as a person is told it.
    """

    series: dict[Key, tuple[dict[str, dict[str, Any]], dict[str, Any]]] = field(
        default_factory=dict
    )
    above: dict[tuple[str | None, ...], dict[str, Any]] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: int = 0

    @property
    def observations(self) -> dict[tuple[str, ...], dict[str, Any]]:
        """What is said of each observation at any level, by whole key."""
        found = {}
        for key, (rows, attributes) in self.series.items():
            above: dict[str, Any] = {}
            for group, values in self.above.items():
                if all(code in {None, mine} for code, mine in zip(group, key, strict=True)):
                    above |= values
            for time, row in rows.items():
                whole = (*key, time) if time else key
                found[whole] = above | attributes | row
        return found


def read_back(
    body: bytes,
    flow: Flow,
    *,
    before: Mapping[Key, tuple[dict[str, Any], dict[str, Any]]] | None = None,
    batch_rows: int = 20_000,
    is_gzip: bool = False,
) -> ReadBack:
    """Read a message against one flow.

    Args:
        body: its bytes, in any format.
        flow: that of all its data.
        before: documents and attributes of series that are there already.
        batch_rows: rows of a batch.
        is_gzip: whether it came in the content coding gzip.
    """
    found = ReadBack()
    target = Target(1, "urn", flow, {})
    reader = MessageReader(
        SpooledBytes(io.BytesIO(body), MAX_BYTES, is_gzip=is_gzip),
        MAX_BYTES,
        open_workbook=lambda stream: XlsxReader(stream, lambda kind, name: target),
    )
    validator = Validator(lambda kind, name: target, found.findings.append)
    segments: dict[Key, list[Any]] = {}
    try:
        for batch in reader.batches(batch_rows):
            assert len(batch.rows) == len(next(iter(batch.cells.values()), batch.rows))
            for _, key, segment in validator.check(batch):
                staged = decode_segment(encode_segment(segment))
                segments.setdefault(key, []).append(staged)
    except VipmgError as error:
        found.findings.append(unreadable_finding(error))
    found.findings += reader.findings
    found.findings = [located(reader, finding) for finding in found.findings]
    found.rows = reader.row_count
    for key, parts in segments.items():
        document, attributes = (before or {}).get(key, (None, {}))
        outcome = apply(document, attributes, sorted(parts, key=lambda part: part.rows[0]))
        rows = observations(outcome.observations)
        found.series[key] = (
            {t: {n: v for n, v in r.items() if n != TIME} for t, r in rows.items()},
            (outcome.attributes),
        )
    for intake in validator.intakes.values():
        found.above |= {k: v for k, v in intake.attachments.items() if v}
        found.deletions += intake.deletions
    return found
