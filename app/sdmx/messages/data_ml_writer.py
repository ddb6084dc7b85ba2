"""Writing SDMX-ML data messages: 2.1 generic and structure-specific, 3.0 and 3.1.

What SDMX 2.1 cannot hold is told as well as it can be: of several measures all but one become
attributes (see `data_ml_names`), of a text in several languages the one of the client is given,
and values of several parts are joined by semicolons, as in SDMX-CSV 1.0.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import NotAcceptableError
from app.sdmx.messages.data_message import DataSet, Header, Layout, SeriesData, StoredSeries, iso
from app.sdmx.messages.data_ml_dataset import DataSetText
from app.sdmx.messages.data_ml_header import Family, message_begin, structures_of
from app.sdmx.messages.data_ml_names import primary_measure
from app.sdmx.messages.data_ml_wording import GenericWording, SpecificWording, Wording
from app.sdmx.messages.data_stored import is_plain
from app.sdmx.urn import parse_urn

_SCOPES = {
    "dataflow": "Dataflow",
    "datastructure": "DataStructure",
    "provisionagreement": "ProvisionAgreement",
}


class MlWriter:
    """Writes one message; `datasets` has one for each structure that it may hold.

    Raises:
        NotAcceptableError: the family holds time series alone, and these are none.
    """

    def __init__(self, family: Family, datasets: Sequence[DataSet]) -> None:
        self._family = family
        self._structures = structures_of(family, datasets)
        if family.is_of_time_series:
            _check_time_series(family, [dataset.layout for dataset in datasets])
            if family.is_generic and len(self._structures) > 1:
                raise NotAcceptableError(
                    "A generic time series message holds data of one structure; these are of "
                    f"{len(self._structures)}. Ask for one, or for genericdata.",
                    "Un mensaje genérico de series de tiempo contiene datos de una estructura; "
                    f"estos son de {len(self._structures)}. Pida una, o genericdata.",
                )
        self._header: Header | None = None
        self._dataset: DataSet | None = None
        self._text: DataSetText | None = None
        self._opened = False

    def begin(self, header: Header) -> bytes:
        """The header of the message."""
        self._header = header
        return message_begin(self._family, self._structures, header).encode()

    def begin_dataset(self, dataset: DataSet) -> bytes:
        """Nothing yet: the values of the dataset come with its first series."""
        self._dataset = dataset
        structure = self._structures[dataset.urn]
        wording: Wording = (
            GenericWording()
            if self._family.is_generic
            else SpecificWording(structure.prefix, self._family.version)
        )
        assert self._header is not None  # noqa: S101 - begin() comes first
        languages = self._header.languages
        self._text = DataSetText(dataset, wording, languages, is_old=self._family.is_old)
        self._opened = False
        return b""

    def write(self, batch: Sequence[SeriesData]) -> bytes:
        """Series of the current dataset, or their observations."""
        if not batch:
            return b""
        begun = self._begun(batch[0])
        return (begun + "".join(map(self._now.series, batch))).encode()

    def takes_stored(self, layout: Layout) -> bool:
        """Whether it writes series of this layout as they are stored."""
        is_primary = layout.measures[:1] == (primary_measure(layout.flow.measures),)
        return is_plain(layout) and (is_primary or not self._family.is_old)

    def write_stored(self, batch: StoredSeries) -> bytes:
        """Series of the current dataset as they are stored."""
        return (self._begun(SeriesData((), {}, batch.constant)) + self._now.stored(batch)).encode()

    def end_dataset(self) -> bytes:
        """The end of the current dataset."""
        return b"</message:DataSet>\n"

    def end(self) -> bytes:
        """The end of the message."""
        return f"</{self._family.root}>\n".encode()

    def _begun(self, first: SeriesData) -> str:
        """The beginning of the dataset before its first series."""
        if self._opened:
            return ""
        self._opened = True
        return self._now.begin(self._about(), first)

    @property
    def _now(self) -> DataSetText:
        assert self._text is not None  # noqa: S101 - begin_dataset() comes first
        return self._text

    def _about(self) -> dict[str, str]:
        """What is said about the dataset, by the names of 2.1 and 3.x alike."""
        dataset = self._dataset
        assert dataset is not None  # noqa: S101 - begin_dataset() comes first
        about = {"structureRef": self._structures[dataset.urn].id}
        if dataset.kind == "provisionagreement":
            about["setID"] = parse_urn(dataset.urn).id
        about["action"] = dataset.action
        if dataset.valid_from:
            about["validFromDate"] = iso(dataset.valid_from)
        if dataset.valid_to:
            about["validToDate"] = iso(dataset.valid_to)
        if self._family.is_old and not self._family.is_generic:
            about["dataScope"] = _SCOPES[dataset.kind]
        return about


def _check_time_series(family: Family, layouts: Sequence[Layout]) -> None:
    for layout in layouts:
        if layout.flow.time is None or layout.is_flat or layout.is_section:
            named = family.format.removesuffix("timeseries") + "data"
            raise NotAcceptableError(
                f"A message of time series holds nothing but series along TIME_PERIOD. Ask for "
                f"{named}, or without dimensionAtObservation.",
                f"Un mensaje de series de tiempo solo contiene series a lo largo de TIME_PERIOD. "
                f"Pida {named}, o sin dimensionAtObservation.",
            )
