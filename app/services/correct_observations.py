"""Correcting observations without a file: a small one is made, and goes the way of all files."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.auth.subject import Subject
from app.errors import QuerySemanticError
from app.sdmx.components import Component
from app.sdmx.flow import Flow
from app.sdmx.messages.data_reading import join_cell, join_languages
from app.services.find_agreement import find_agreement
from app.services.receive_submission import Upload, receive_submission
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools
from app.store.submissions import StoredSubmission

CONTENT_TYPE: Final = "application/vnd.sdmx.data+csv;version=2.1.0"
SEPARATOR: Final = ";"
MARK: Final = "-"
"""What a Delete row has in the cells of the components that it deletes."""


@dataclass(frozen=True, slots=True)
class ObservationCorrection:
    """What is to become of one observation: values put, values deleted (`None`), or all of it."""

    key: Mapping[str, str]
    time: str | None
    values: Mapping[str, Any] = field(default_factory=dict)
    delete: bool = False


@dataclass(frozen=True, slots=True)
class Sending:
    """What a caller says of the sending itself."""

    reason: str
    idempotency_key: str | None = None
    validate_only: bool = False
    again: bool = False


async def correct_observations(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    agreement: str,
    corrections: Sequence[ObservationCorrection],
    sending: Sending,
) -> tuple[StoredSubmission, bool]:
    """Make a submission of kind `correction`: SDMX-CSV with Merge and Delete, kept like a file.

    Returns:
        The submission, and whether it is a new one.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
        QuerySemanticError: a key is not whole, or a component is not there.
    """
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
    found = find_agreement(catalogue, subject, agreement)
    flow = catalogue.flow(found.dataflow_urn, found.urn)
    identity = found.urn.rpartition("=")[2]
    body = _write(flow, identity, corrections)

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    upload = Upload(
        chunks(),
        CONTENT_TYPE,
        None,
        f"{identity.partition('(')[0].rpartition(':')[2]}.csv",
        sending.idempotency_key,
        len(body),
        kind="correction",
        validate_only=sending.validate_only,
        again=sending.again,
        note=sending.reason,
    )
    return await receive_submission(pools, subject, upload)


def _write(flow: Flow, identity: str, corrections: Sequence[ObservationCorrection]) -> bytes:
    """The corrections as SDMX-CSV 2.1: for each the values that are put, then those deleted."""
    dimensions = [dimension.id for dimension in flow.dimensions]
    for number, correction in enumerate(corrections, 1):
        _check_key(flow, number, correction)
        _check_values(number, correction)
    named = dict.fromkeys(name for correction in corrections for name in correction.values)
    components = [flow.components[name] for name in named if _is_value(flow, name)]
    times = [flow.time.id] if flow.time else []
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    head = [f"STRUCTURE[{SEPARATOR}]", "STRUCTURE_ID", "ACTION", *dimensions, *times]
    writer.writerow([*head, *(_header(component, corrections) for component in components)])
    for correction in corrections:
        key = [correction.key[name] for name in dimensions]
        key += [correction.time or ""] if flow.time else []
        for action, cells in _rows(correction, components):
            writer.writerow(["dataprovision", identity, action, *key, *cells])
    return table.getvalue().encode()


def _rows(
    correction: ObservationCorrection, components: Sequence[Component]
) -> list[tuple[str, list[str]]]:
    if correction.delete:
        return [("D", ["" for _ in components])]
    values = correction.values
    put = [_cell(values.get(component.id)) for component in components]
    marks = [MARK if c.id in values and values[c.id] is None else "" for c in components]
    rows = [("M", put)] if any(put) else []
    return [*rows, ("D", marks)] if any(marks) else rows


def _header(component: Component, corrections: Sequence[ObservationCorrection]) -> str:
    sent = [correction.values.get(component.id) for correction in corrections]
    flat = [each for value in sent for each in (value if isinstance(value, list) else [value])]
    languages = dict.fromkeys(name for each in flat if isinstance(each, dict) for name in each)
    many = "[]" if any(isinstance(value, list) for value in sent) else ""
    told = f"[{SEPARATOR.join(languages)}]" if languages else ""
    return f"{component.id}{many}{told}"


def _cell(value: object) -> str:
    """A value of JSON as a cell of SDMX-CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return join_languages({str(k): _cell(v) for k, v in value.items()}, SEPARATOR)
    if isinstance(value, list):
        return join_cell([_cell(each) for each in value], SEPARATOR)
    return str(value)


def _check_key(flow: Flow, number: int, correction: ObservationCorrection) -> None:
    """A correction names one observation, and says one thing of it."""
    missing = [d.id for d in flow.dimensions if not correction.key.get(d.id)]
    unknown = sorted(correction.key.keys() - flow.position.keys())
    if flow.time and not correction.time:
        missing.append(flow.time.id)
    if not flow.time and correction.time:
        unknown.append("TIME_PERIOD")
    unknown += [name for name in correction.values if not _is_value(flow, name)]
    if missing or unknown or correction.delete == bool(correction.values):
        listed = ", ".join([*missing, *unknown])[:300]
        raise QuerySemanticError(
            f"Observation {number}: the key names every dimension and the time period, and values "
            f"or delete say what becomes of it. Missing or unknown: {listed or 'values'}.",
            f"Observación {number}: la clave nombra cada dimensión y el período, y values o delete "
            f"dicen qué será de ella. Falta o no se conoce: {listed or 'values'}.",
            observation=number,
            missing=missing,
            unknown=unknown,
        )


def _check_values(number: int, correction: ObservationCorrection) -> None:
    """What is put has a text; an empty one would be read as a cell that says nothing."""
    empty = [n for n, v in correction.values.items() if v is not None and _has_gap(v)]
    if empty:
        listed = ", ".join(empty)[:300]
        raise QuerySemanticError(
            f"Observation {number}: the value of {listed} is empty. To delete it, send null.",
            f"Observación {number}: el valor de {listed} está vacío. Para borrarlo, envíe null.",
            observation=number,
            empty=empty,
        )


def _has_gap(value: object) -> bool:
    """Whether a value, or one of its parts, is nothing that a cell could hold."""
    if isinstance(value, dict):
        return not value or any(_has_gap(each) for each in value.values())
    if isinstance(value, list):
        return not value or any(_has_gap(each) for each in value)
    return value is None or (isinstance(value, str) and not value.strip())


def _is_value(flow: Flow, name: str) -> bool:
    component = flow.components.get(name)
    return component is not None and component.level not in {"dimension", "time"}
