"""Paths of metadata and registration queries: what they mean, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from app.errors import QuerySyntaxError
from app.sdmx.canonical import canonical
from app.sdmx.query import MetadataQuery, ProviderReference, RegistrationQuery
from app.sdmx.rest_v2_metadata import parse_metadata, parse_registration
from app.sdmx.version import VersionQuery


def metadata(path: str, query: str = "") -> MetadataQuery:
    return parse_metadata(path.split("/"), query)


def registration(path: str, query: str = "") -> RegistrationQuery:
    return parse_registration(path.split("/") if path else [], query)


NEWEST = (VersionQuery.parse("~"),)


def test_c001_trailing_segments_may_be_left_out() -> None:
    assert metadata("metadataset") == metadata("metadataset/*/*/~") == metadata("metadataset/")
    assert metadata("metadataflow") == metadata("metadataflow/*/*/~/*")
    assert metadata("structure/dataflow") == metadata("structure/dataflow/*/*/~/")
    assert registration("") == registration("*/*/*/*") == registration("*")
    assert registration("provider") == registration("provider/*/*")


def test_c008_the_default_version_is_the_newest_for_metadata_and_any_for_registrations() -> None:
    assert metadata("metadataset").versions == NEWEST
    assert registration("dataflow/A/F").versions == ()


def test_c004_lists_of_providers_with_and_without_their_agency() -> None:
    query = metadata("metadataflow/A,B/F/1.0.0/STAT,A.B.OFFICE,*.DESK,C.*")
    assert query.agencies == ("A", "B")
    assert query.providers == (
        ProviderReference("STAT"),
        ProviderReference("OFFICE", "A.B"),
        ProviderReference("DESK"),
        ProviderReference("*", "C"),
    )
    assert metadata("metadataset/OFFICE,*/X").providers == ()
    assert metadata("metadataset/%2A/X%2CY").resource_ids == ("X", "Y")


def test_parameters_of_metadata() -> None:
    query = metadata(
        "structure/dataflow,codelist/A/F/*", "detail=allstubs&asOf=2024-01-01T00:00:00Z"
    )
    assert query.artefact_types == ("dataflow", "codelist")
    assert query.detail == "allstubs"
    assert query.as_of == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def test_parameters_of_registrations() -> None:
    after = "updatedAfter=2024-01-01T00:00:00%2B01:00&updatedBefore=2025-01-01T00:00:00Z"
    query = registration("provider/A,B/P", after)
    assert query.provider_agencies == ("A", "B")
    assert query.provider_ids == ("P",)
    assert query.updated_after == dt.datetime(2023, 12, 31, 23, tzinfo=dt.UTC)
    assert query.updated_before == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("", ""),
        ("codelist/A/B", ""),
        ("metadataset/A/B/1.0.0/X", ""),
        ("metadataset/A//1.0.0", ""),
        ("metadataset/A/B/latest", ""),
        ("metadataset/A B/C", ""),
        ("metadataset", "detail=raw"),
        ("metadataset", "references=all"),
        ("metadataset", "asOf=yesterday"),
        ("structure/actualconstraint", ""),
        ("metadataflow/A/B/1.0.0/A..B", ""),
    ],
)
def test_metadata_queries_that_do_not_conform_are_refused(path: str, query: str) -> None:
    with pytest.raises(QuerySyntaxError):
        metadata(path, query)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("id", ""),
        ("id/A/B", ""),
        ("id/A,B", ""),
        ("id/*", ""),
        ("id/A", "updatedAfter=2024-01-01T00:00:00Z"),
        ("codelist/A/B", ""),
        ("provider/A/B/1.0", ""),
        ("dataflow", "updatedSince=2024-01-01T00:00:00Z"),
        ("dataflow", "updatedBefore=soon"),
    ],
)
def test_registration_queries_that_do_not_conform_are_refused(path: str, query: str) -> None:
    with pytest.raises(QuerySyntaxError):
        registration(path, query)


@pytest.mark.parametrize(
    "path",
    [
        "metadataset/A.P,Q/M/1.0+.0?detail=allstubs",
        "metadataflow/A/F/*/*?asOf=2024-01-01T00:00:00Z&detail=full",
        "structure/dataflow/A/F/~?detail=full",
    ],
)
def test_metadata_queries_are_written_as_they_were_read(path: str) -> None:
    written = canonical(metadata(*path.split("?")))
    assert written == f"metadata/{path}"


@pytest.mark.parametrize(
    "path",
    [
        "id/abc?",
        "provider/A/P?updatedAfter=2024-01-01T00:00:00Z",
        "dataflow/A/F/1.0.0?updatedBefore=2024-01-01T00:00:00Z",
    ],
)
def test_registration_queries_are_written_as_they_were_read(path: str) -> None:
    assert canonical(registration(*path.split("?"))) == f"registration/{path}"
