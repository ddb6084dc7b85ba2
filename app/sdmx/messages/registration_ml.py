"""Registrations of data in SDMX-ML 3.1 and 3.0: `QueryRegistrationResponse` of the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from app.sdmx.messages.registry_ml import write_registry_message
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_text import escape, quote


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
    content = ('<reg:StatusMessage status="Success"/>', *map(_result, registrations))
    return write_registry_message("QueryRegistrationResponse", content, header, version=version)


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
