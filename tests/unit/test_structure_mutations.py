"""Whatever is done to a valid artefact, it is refused, or every format shows it as it should.

Valid artefacts of every class are changed in one place, again and again from the same seed, and
handed in as a POST does. What is taken is written in every format and judged by the official
schema of that format.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from app.errors import VipmgError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.localisation import Localiser
from app.sdmx.maintenance import plan_submission
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import shows_any, write_structure_message
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.offers import STRUCTURE_OFFERS, V1_STRUCTURE_OFFERS
from tests.artefact_samples import every_class, urn
from tests.full_artefacts import full_artefacts
from tests.json_schemas import judge
from tests.xml_schemas import check_xml

HEADER = MessageHeader("MUTATION", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
OFFERS = list(
    {
        (offer.name, offer.version): offer for offer in (*STRUCTURE_OFFERS, *V1_STRUCTURE_OFFERS)
    }.values()
)
METADATA = urn("MetadataStructure", "MSD")
PROVIDER = urn("DataProvider", "DATA_PROVIDERS", "P1", version="1.0")
FREE = {
    "DC_FULL": {"constraintAttachment": {"dataProvider": PROVIDER}},
    "SM_FULL": {"source": METADATA, "target": METADATA},
}
"""What makes artefacts that have all there is name components of nothing that is here."""
EVERY = [
    one.with_document(one.document | FREE.get(one.id, {}))
    for one in {one.urn: one for one in (*every_class(), *full_artefacts())}.values()
]
ROUNDS = 10
"""How many changes of each artefact a test tries."""

VALUES: tuple[Any, ...] = (
    None,
    True,
    -4,
    0,
    1.5,
    2**70,
    "",
    " ",
    "x",
    "1 X",
    "maybe",
    "true",
    "yesterday",
    "2024-01-01",
    "2024-02-30T00:00:00Z",
    "((((",
    "Banana",
    "XHTML",
    "Decimal",
    "https://example.org/a b",
    "urn:sdmx:nothing",
    "A.B",
    "TIME_PERIOD",
    "OBS_VALUE",
    [],
    ["x"],
    [1],
    {},
    {"xx-!!": "x"},
    {"en": 1},
    {"x": "y"},
    [{}],
    urn("Codelist", "CL_FREQ"),
    urn("Code", "CL_FREQ", "A"),
    urn("Concept", "CS", "FREQ"),
    urn("Dataflow", "DF"),
    urn("DataStructure", "DSD"),
    urn("ValueList", "VL_STATUS"),
    urn("Category", "CAT", "C1"),
    urn("Codelist", "CL_FREQ", version="*"),
    "urn:sdmx:org.sdmx.infomodel.base.Agency=SDMX:AGENCIES(1.0).TST",
    "urn:sdmx:org.sdmx.infomodel.base.DataProvider=TST:DATA_PROVIDERS(1.0).P1",
)
MEMBERS = (
    *("id", "urn", "uri", "name", "names", "description", "annotations", "links", "parent"),
    *("isPartial", "isFinal", "isExternalReference", "version", "validFrom", "unknown", "x-own"),
    *("value", "values", "include", "pattern", "dataType", "position", "usage", "role", "format"),
    *("enumeration", "enumerationFormat", "localRepresentation", "coreRepresentation", "level"),
    *("group", "dimensions", "observation", "dataflow", "structure", "source", "target", "codes"),
)


@pytest.mark.parametrize("number", range(len(EVERY)), ids=lambda n: f"{n}-{EVERY[n].id}")
def test_what_is_taken_is_valid_in_every_format(number: int) -> None:
    chance = random.Random(number)
    others = ArtefactSet(one for place, one in enumerate(EVERY) if place != number)
    for _ in range(ROUNDS):
        document = copy.deepcopy(EVERY[number].document)
        told = mutate(document, chance)
        taken = submit(others, EVERY[number], document)
        if taken is not None:
            for what in faults(*taken):
                pytest.fail(f"{told}: {what}")


def mutate(document: dict[str, Any], chance: random.Random) -> str:
    """Change a document in one place, and tell what was done."""
    path = chance.choice(list(places(document)))
    part: Any = document
    for key in path[:-1]:
        part = part[key]
    last = path[-1]
    where = "/" + "/".join(map(str, path))
    match chance.choice(("drop", "put", "put", "put", "add", "rename", "copy", "twice")):
        case "drop":
            del part[last]
            return f"dropped {where}"
        case "add" if isinstance(part[last], dict):
            name, value = chance.choice(MEMBERS), chance.choice(VALUES)
            part[last][name] = copy.deepcopy(value)
            return f"added {where}/{name} = {value!r}"
        case "rename" if isinstance(part, dict):
            name = chance.choice(MEMBERS)
            part[name] = part.pop(last)
            return f"renamed {where} to {name}"
        case "copy":
            other = chance.choice(list(places(document)))
            value = value_at(document, other)
            part[last] = copy.deepcopy(value)
            return f"put at {where} what was at {other}: {value!r:.80}"
        case "twice" if isinstance(part, list):
            part.append(copy.deepcopy(part[last]))
            return f"{where} twice"
    value = chance.choice(VALUES)
    part[last] = copy.deepcopy(value)
    return f"put {value!r} at {where}"


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = (
        part.items()
        if isinstance(part, dict)
        else enumerate(part)
        if isinstance(part, list)
        else ()
    )
    for key, value in pairs:
        yield (*path, key)
        yield from places(value, (*path, key))


def value_at(part: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        part = part[key]
    return part


def submit(
    others: ArtefactSet, whole: Artefact, document: dict[str, Any]
) -> tuple[Artefact, ArtefactSet] | None:
    """Hand a document in as a POST does, through JSON."""
    try:
        changed = Artefact.read(whole.artefact_class, orjson.loads(orjson.dumps(document)))
    except (VipmgError, TypeError):
        return None
    plan = plan_submission(others, [changed], lambda _: True)
    for outcome in plan.outcomes:
        if outcome.error is not None:
            assert "Error:" not in outcome.error.text["en"], outcome.error.text
            return None
    return plan.changes.added[0], plan.changes.after


def faults(artefact: Artefact, after: ArtefactSet) -> Iterator[str]:
    for choice in (LanguageChoice(("es",)), LanguageChoice(("en",), every=True)):
        shown = [Localiser(choice).localise(artefact)]
        for offer in OFFERS:
            if not shows_any(offer, shown):
                continue
            body = write_structure_message(
                offer, shown, HEADER, base_url="https://example.org", registry=after
            )
            try:
                if offer.format == "json":
                    judge(orjson.loads(body), "structure", offer.version)
                else:
                    check_xml(body, offer.version)
            except AssertionError as error:
                yield f"{offer.name} {offer.version}: {error}"
