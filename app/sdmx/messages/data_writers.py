"""The writer of each data format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.sdmx.messages.data_csv_writer import CsvOptions, CsvWriter, Keys, Labels
from app.sdmx.messages.data_json_writer import JsonWriter
from app.sdmx.messages.data_message import DataWriter, Layout
from app.sdmx.negotiation import Representation


def data_writer(
    form: Representation, layouts: Sequence[Layout], *, with_validity: bool
) -> DataWriter:
    """A writer for one message of these layouts; `with_validity` where datasets say theirs."""
    if form.format == "csv":
        options = CsvOptions(
            form.version,
            cast(Labels, form.labels),
            cast(Keys, form.keys),
            form.time_format == "normalized",
        )
        return CsvWriter(options, with_validity=with_validity, layouts=layouts)
    return JsonWriter(form.version)
