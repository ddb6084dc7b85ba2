"""JSON schemas of metadata messages: what a metadata structure takes is valid, nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.messages.metadata_json import write_metadata_sets
from app.sdmx.messages.schema_json_metadata import write_metadata_schema
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.metadata_structures import resolve_metadata_attributes
from tests.metadata import FULL, metadata_network, metadata_set, metadata_structure
from tests.structures import START

Attributes = list[dict[str, Any]]


def schema(*, deletion: bool = False) -> dict[str, Any]:
    structure = metadata_structure()
    attributes = resolve_metadata_attributes(ArtefactSet(metadata_network()), structure)
    made: dict[str, Any] = json.loads(
        write_metadata_schema(structure.urn, attributes, deletion=deletion)
    )
    jsonschema.Draft202012Validator.check_schema(made)
    return made


def is_valid(attributes: Attributes, *, deletion: bool = False, version: str = "2.1.0") -> bool:
    """Whether a message with these attributes is valid."""
    one = metadata_set(attributes=attributes)
    header = MessageHeader("M", START)
    body = write_metadata_sets([one], header, version=version, address="http://x/sdmx/v2")
    return jsonschema.Draft202012Validator(schema(deletion=deletion)).is_valid(json.loads(body))


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0"])
def test_c093_what_the_structure_takes(version: str) -> None:
    assert is_valid(FULL, version=version)
    assert is_valid(FULL[:1], version=version)


def _of(name: str, value: Any) -> Callable[[Attributes], Attributes]:
    return lambda listed: [one | {"value": value} if one["id"] == name else one for one in listed]


@pytest.mark.parametrize(
    "change",
    [
        _of("RATING", "MADE_UP"),
        _of("COVERAGE", 101),
        _of("COVERAGE", "much"),
        _of("YEARS", 20.5),
        _of("FINAL", "yes"),
        _of("SCOPE", 7),
        _of("CONTACT", "presentational"),
        lambda listed: listed[1:],  # SCOPE must be there
        lambda listed: [*listed, listed[0]],  # but once
        lambda listed: [*listed, {"id": "MADE_UP", "value": "x"}],
        lambda listed: [*listed, {"id": "CONTACT", "attributes": [{"id": "EMAIL", "value": "a"}]}],
        lambda listed: [*listed, {"id": "CONTACT", "attributes": [{"id": "SCOPE", "value": "a"}]}],
        lambda listed: [listed[0] | {"attributes": [{"id": "NOTE", "value": "x"}]}, *listed[1:]],
        lambda listed: [*listed, {"value": "x"}],
    ],
)
def test_c093_what_it_does_not_take(change: Callable[[Attributes], Attributes]) -> None:
    assert not is_valid(change(FULL))


def test_c095_what_is_deleted_need_not_be_whole() -> None:
    assert is_valid(FULL[1:], deletion=True)
    assert is_valid([{"id": "COVERAGE", "value": ""}], deletion=True)
    assert not is_valid([{"id": "MADE_UP", "value": "x"}], deletion=True)
