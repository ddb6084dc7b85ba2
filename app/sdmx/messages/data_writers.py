"""The writer of each data format, and what datasets do in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.sdmx.messages.data_csv_writer import CsvOptions, CsvWriter, Keys, Labels
from app.sdmx.messages.data_json_1 import Json1Writer
from app.sdmx.messages.data_json_writer import JsonWriter
from app.sdmx.messages.data_message import DataSet, DataSetAction, DataWriter
from app.sdmx.messages.data_ml_header import Family
from app.sdmx.messages.data_ml_writer import MlWriter
from app.sdmx.negotiation import Representation


def data_writer(
    form: Representation, datasets: Sequence[DataSet], *, with_validity: bool
) -> DataWriter:
    """A writer for one message.

    Args:
        form: the format.
        datasets: one for each structure that the message may hold.
        with_validity: where datasets say from when, or until when they hold.

    Raises:
        NotAcceptableError: a message of this format cannot hold these datasets.
    """
    if form.format == "csv":
        options = CsvOptions(
            form.version,
            cast(Labels, form.labels),
            cast(Keys, form.keys),
            form.time_format == "normalized",
        )
        layouts = [dataset.layout for dataset in datasets]
        return CsvWriter(options, with_validity=with_validity, layouts=layouts)
    if form.format != "json":
        return MlWriter(Family(form.format, form.version), datasets)
    if _is_of_2_1(form):
        return Json1Writer(form.version, datasets)
    return JsonWriter(form.version)


def has_series(form: Representation) -> bool:
    """Whether observations of a series stand together in the message."""
    return form.format != "csv"


def has_groups(form: Representation) -> bool:
    """Whether what is attached to groups stands before the series: in SDMX-ML alone."""
    return form.format not in ("csv", "json")


def plain_action(form: Representation, *, is_reduced: bool, is_change: bool) -> DataSetAction:
    """What a dataset does that is no deletion (SDMX-JSON guide, recommended actions).

    `Replace` for a whole, `Merge` for a part. Before 3.1 there is no Merge, and clients of 2.1
    expect `Information` of all but changes.

    Args:
        form: the format.
        is_reduced: whether less than all components is shown.
        is_change: whether the dataset tells what changed since an instant.
    """
    if _is_of_2_1(form) and not is_change:
        return "Information"
    if not is_reduced:
        return "Replace"
    return "Information" if _is_before_3_1(form) else "Merge"


def _is_of_2_1(form: Representation) -> bool:
    if form.format == "json":
        return form.version.startswith("1.")
    return form.version == "2.1"


def _is_before_3_1(form: Representation) -> bool:
    """Whether the format has no action `Merge`."""
    return form.version in {"1.0.0", "1.0.0-wd", "2.0.0", "2.1", "3.0.0"}
