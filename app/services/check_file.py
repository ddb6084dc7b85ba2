"""Checking a file without the service: the same validation, on structures fetched before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from app.sdmx.intake import Target
from app.services.check_reader import CheckedFile, check_reader
from app.services.find_maps import find_maps
from app.services.find_source import find_source
from app.services.open_message import Sent, open_message
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.local_stage import LocalStage


def check_file(
    catalogue: Catalogue,
    own: Sequence[StoredAgreement],
    file: Sent,
    content: IO[bytes],
    stage: LocalStage,
    *,
    max_bytes: int,
    now: dt.datetime,
    options: Mapping[str, str] | None = None,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> CheckedFile:
    """Check a file; the stage holds all findings at the end.

    Args:
        catalogue: the structures.
        own: the agreements that the sender may send to.
        file: what is known of the file.
        content: its bytes.
        stage: where its segments and findings are put aside.
        max_bytes: bytes that it may have when decompressed.
        now: the instant of the check: periods that have not ended by then are told.
        options: what the sender says of the file: `agreement` of a workbook, or its `dataflow`.
        on_rows: told how many rows were read.
    """

    def resolve(kind: str, structure: str) -> Target | str:
        return find_source(catalogue, own, kind, structure)

    return check_reader(
        catalogue,
        own,
        lambda: open_message(file, content, max_bytes, resolve=resolve, options=options),
        stage,
        maps=lambda kind, structure: find_maps(
            catalogue, own, kind, structure, now.date(), needs_one=True
        ),
        now=now,
        on_rows=on_rows,
    )
