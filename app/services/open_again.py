"""Opening what was sent a second time, with the corrections made since from its report."""

from __future__ import annotations

from typing import IO

from app.sdmx.corrections import CorrectedReader
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import DataReader
from app.services.find_source import find_source
from app.services.open_message import open_message
from app.store.catalogue import Catalogue
from app.store.submissions import StoredSubmission


def open_again(
    catalogue: Catalogue,
    stored: StoredSubmission,
    spool: IO[bytes],
    *,
    max_bytes: int,
    max_xlsx_rows: int,
) -> DataReader:
    """The reader of a stored submission; what it cannot read shows when it is read.

    Args:
        catalogue: the registry.
        stored: the submission.
        spool: its bytes as they came.
        max_bytes: bytes that it may have when decompressed.
        max_xlsx_rows: rows that a workbook may have.
    """
    own = catalogue.of_provider(stored.organisation)

    def resolve(kind: str, structure: str) -> Target | str:
        return find_source(catalogue, own, kind, structure)

    reader = open_message(
        stored,
        spool,
        max_bytes,
        resolve=resolve,
        options=stored.options,
        max_xlsx_rows=max_xlsx_rows,
    )
    return CorrectedReader(reader, stored.corrections) if stored.corrections else reader
