"""Opening what was sent: the reader of its format, over its bytes decompressed within limits."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import IO, Any, Final, Protocol

from app.errors import InvalidLayoutError
from app.sdmx.findings import UnreadableError
from app.sdmx.flow import Flow
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import DataReader
from app.sdmx.messages.message_reader import MessageReader, SpooledBytes
from app.sdmx.messages.plain_table import PlainTable
from app.sdmx.messages.sniffing import Kind
from app.sheets.layout import problem_paths, read_layout
from app.sheets.template import XLSX_MEDIA_TYPE
from app.sheets.xlsx_reader import MAX_ROWS, XlsxReader

_VENDOR: Final = "application/vnd.sdmx."
_DECLARED: Final[Mapping[str, Kind]] = {"+json": "json", "+xml": "xml", "+csv": "csv"}


class Sent(Protocol):
    """What is known of a file: of a submission, or of one that lies on a disk still."""

    @property
    def content_type(self) -> str:
        """The media type, with its parameters."""

    @property
    def content_encoding(self) -> str | None:
        """`gzip`, or none."""

    @property
    def file_name(self) -> str | None:
        """The name that its sender gave it."""


def open_message(
    stored: Sent,
    spool: IO[bytes],
    max_bytes: int,
    *,
    resolve: Callable[[str, str], Target | str],
    options: Mapping[str, Any] | None = None,
    max_xlsx_rows: int = MAX_ROWS,
) -> DataReader:
    """The reader of a submission; what it cannot read shows when it is read.

    Types of SDMX say which format the file has, all others leave it to the file itself.

    Args:
        stored: the submission, or another file.
        spool: its bytes as they came; they can be read from any place on.
        max_bytes: bytes that it may have when decompressed.
        resolve: the target of a structure (kind, `AGENCY:ID(VERSION)`), or the code of the
            finding that says why there is none.
        options: what its sender said of it: `agreement` and `layout` of a workbook, `dataflow` of
            a table without the columns of SDMX-CSV.
        max_xlsx_rows: rows that a workbook may have.
    """

    def open_workbook(stream: io.RawIOBase) -> DataReader:
        return _open_workbook(stream, resolve, options or {}, max_xlsx_rows)

    content = SpooledBytes(spool, max_bytes, is_gzip=stored.content_encoding == "gzip")
    name = stored.content_type.partition(";")[0].strip().lower()
    if name == XLSX_MEDIA_TYPE:
        return open_workbook(content.reopen())
    dataflow = (options or {}).get("dataflow")
    plain = None
    if dataflow is not None:
        plain = PlainTable(dataflow, _flow(resolve("dataflow", dataflow)))
    declared = next((kind for end, kind in _DECLARED.items() if name.endswith(end)), None)
    return MessageReader(
        content,
        max_bytes,
        declared=declared if name.startswith(_VENDOR) else None,
        open_workbook=open_workbook,
        plain=plain,
    )


def _flow(target: Target | str) -> Flow | None:
    return None if isinstance(target, str) else target.flow


def _open_workbook(
    content: io.RawIOBase,
    resolve: Callable[[str, str], Target | str],
    options: Mapping[str, Any],
    max_rows: int,
) -> DataReader:
    """The reader of a workbook; a layout is held to the structures as they are now."""
    agreement = options.get("agreement")
    layout = None
    if (document := options.get("layout_document")) is not None:
        target = resolve("dataprovision", agreement or "")
        if not isinstance(target, str):
            try:
                layout = read_layout(document.encode(), target.flow)
            except InvalidLayoutError as error:
                raise UnreadableError("xlsx-layout", value=problem_paths(error)) from error
    return XlsxReader(
        content,
        resolve,
        agreement=agreement,
        dataflow=options.get("dataflow"),
        layout=layout,
        max_rows=max_rows,
    )
