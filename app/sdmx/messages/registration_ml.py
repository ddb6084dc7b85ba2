"""Registrations of data in SDMX-ML 3.1 and 3.0: `QueryRegistrationResponse` of the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_message import write_header
from app.sdmx.messages.structure_ml_text import escape, quote

_SCHEMAS: Final = "http://www.sdmx.org/resources/sdmxml/schemas/"
_PATHS: Final[Mapping[str, str]] = {"3.1.0": "v3_1", "3.0.0": "v3_0"}
# The schema asks for a receiver, and the answer is the same for everybody.
_RECEIVER: Final = '<mes:Receiver id="anonymous"/>'


@dataclass(frozen=True, slots=True)
class Registration:
    """Data that an agreement holds, and where they are.

    Attributes:
        id: the same for all versions of the agreement.
        agreement: its URN.
        last_updated: when its data were published last.
        data_url: where its data are asked for.
    """

    id: str
    agreement: str
    last_updated: dt.datetime
    data_url: str


def write_registrations(
    registrations: Iterable[Registration], header: MessageHeader, *, version: str
) -> bytes:
    """Write the response to a query for registrations."""
    schemas = _SCHEMAS + _PATHS[version]
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<mes:RegistryInterface xmlns:mes="{schemas}/message" xmlns:reg="{schemas}/registry" '
        f'xmlns:com="{schemas}/common">',
        write_header(header, _RECEIVER),
        '<mes:QueryRegistrationResponse><reg:StatusMessage status="Success"/>',
        *map(_result, registrations),
        "</mes:QueryRegistrationResponse></mes:RegistryInterface>",
    ]
    return "".join(parts).encode()


def _result(one: Registration) -> str:
    updated = one.last_updated.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return (
        '<reg:QueryResult timeSeriesMatch="false"><reg:DataResult>'
        f'<reg:Registration id="{quote(one.id)}" lastUpdated="{updated}" indexTimeSeries="true" '
        'indexDataSet="true" indexAttributes="false" indexReportingPeriod="true">'
        f"<reg:ProvisionAgreement>{escape(one.agreement)}</reg:ProvisionAgreement>"
        "<reg:Datasource>"
        '<reg:QueryableDataSource isRESTDatasource="true" isWebServiceDatasource="false">'
        f"<com:DataURL>{escape(one.data_url)}</com:DataURL></reg:QueryableDataSource>"
        "</reg:Datasource></reg:Registration></reg:DataResult></reg:QueryResult>"
    )
