"""Actions at every level, sent over HTTP: SDMX-CSV 2.1 field guide, table of actions.

Beside `test_spec_actions.py`, which has the observation and the series: groups and the dataset,
dimensions switched off, several measures, values left out on purpose, several values, metadata.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from app.sdmx.offers import DATA_OFFERS
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import artefact, component, urn
from tests.data_messages import check_data
from tests.exchange import CSV21, JSON21, Exchange, open_exchange
from tests.metadata import metadata_network
from tests.structures import (
    CRI,
    DATASET,
    OBSERVATION,
    SMALL,
    START,
    Decision,
    agreement,
    attribute,
    of_type,
    sheet,
    structure,
)

HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,S,G,D"
WIDE = "TST:DF_WIDE(1.0.0)"
WIDE_HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,SHARE,STATUS,SOURCES[],COMMENT,TITLE"
K = "A.CRI.2024"


def wide_structure() -> list[Any]:
    """Two measures, one of them coded; attributes of several values and of two languages."""
    area = component("REF_AREA", urn("Codelist", "CL_AREA"))
    several = {"format": {"dataType": "String"}, "maxOccurs": "unbounded"}
    listed = [
        attribute(component("STATUS", urn("Codelist", "CL_STATUS")), OBSERVATION),
        attribute(component("SOURCES", localRepresentation=several), OBSERVATION),
        attribute(of_type("COMMENT", "String"), ["FREQ", "REF_AREA"]),
        attribute(of_type("TITLE", "String"), DATASET),
    ]
    usages = [
        {"metadataAttributeReference": name, "attributeRelationship": relationship}
        for name, relationship in (
            ("COVERAGE", {"dimensions": ["REF_AREA"]}),
            ("YEARS", {"dimensions": ["REF_AREA"]}),
            ("RATING", {"dimensions": ["FREQ", "REF_AREA"]}),
            ("FINAL", {"dimensions": ["FREQ", "REF_AREA"]}),
        )
    ]
    whole = structure(
        "DSD_WIDE",
        [component("FREQ", urn("Codelist", "CL_FREQ")), area],
        [
            of_type("OBS_VALUE", "Decimal", usage="optional"),
            of_type("SHARE", "Double", usage="optional"),
        ],
        listed,
    ).document
    components = whole["dataStructureComponents"]
    attributes = components["attributeList"] | {"metadataAttributeUsages": usages}
    return [
        *metadata_network(),
        artefact(
            "DataStructure",
            "DSD_WIDE",
            metadata=urn("MetadataStructure", "MSD"),
            dataStructureComponents=components | {"attributeList": attributes},
        ),
        artefact("Dataflow", "DF_WIDE", structure=urn("DataStructure", "DSD_WIDE")),
        agreement("PA_WIDE", "DF_WIDE", CRI),
    ]


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        async with pools.writer.acquire() as connection:
            await publish(connection, wide_structure(), START)
        yield opened


async def post(exchange: Exchange, text: str | bytes, content_type: str = CSV21) -> Decision:
    """Send a file over HTTP, and have it decided."""
    headers = await exchange.token(CRI) | {"Content-Type": content_type}
    # The same bytes again are meant here, where figures were changed between.
    address = "/api/submissions?again=true"
    reply = await exchange.client.post(address, headers=headers, content=text)
    assert reply.status_code == 202, reply.text
    return await exchange.desk.process(uuid.UUID(reply.json()["id"]))


async def accept(exchange: Exchange, text: str) -> None:
    decision = await post(exchange, text)
    assert decision.state == "published", decision.findings


def rows(*lines: str, action: str = "M") -> str:
    return sheet(HEADER, *lines, flow=SMALL, action=action)


def wide(*lines: str, action: str = "M", header: str = WIDE_HEADER) -> str:
    return sheet(header, *lines, flow=WIDE, action=action)


class State(NamedTuple):
    """What is stored: OBS_VALUE and STATUS of K, and S, G, D of its series, group, dataset."""

    value: str | None = "10"
    status: str | None = "A"
    s: str | None = "x"
    g: str | None = "g"
    d: str | None = "d"


async def stored(exchange: Exchange) -> State:
    desk = exchange.desk
    observation = (await desk.observations()).get(K, {})
    above = await desk.attachments()
    return State(
        observation.get("OBS_VALUE"),
        observation.get("STATUS"),
        (await desk.series_attributes()).get("A.CRI", {}).get("S"),
        above.get("*.CRI", {}).get("G"),
        above.get("*.*", {}).get("D"),
    )


BEFORE = State()
NO_OBSERVATION = {"value": None, "status": None}
REFUSED = None

LEVELS = [
    # row, then what is stored after Merge, Replace, Delete; None = refused
    (",CRI,,,,,h,", BEFORE._replace(g="h"), BEFORE._replace(g="h"), BEFORE._replace(g=None)),
    ("~,CRI,~,,,,h,", BEFORE._replace(g="h"), BEFORE._replace(g="h"), BEFORE._replace(g=None)),
    (",CRI,,,,,,", REFUSED, REFUSED, State(None, None, None, None, "d")),
    ("~,CRI,~,,,,,", REFUSED, REFUSED, BEFORE._replace(g=None)),
    (",,,,,,,e", BEFORE._replace(d="e"), BEFORE._replace(d="e"), BEFORE._replace(d=None)),
    ("~,~,~,,,,,e", BEFORE._replace(d="e"), BEFORE._replace(d="e"), BEFORE._replace(d=None)),
    (",,,,,,,", REFUSED, REFUSED, State(None, None, None, None, None)),
    ("~,~,~,,,,,", REFUSED, REFUSED, BEFORE._replace(d=None)),
    ("A,CRI,~,,,y,,", BEFORE._replace(s="y"), BEFORE._replace(s="y"), BEFORE._replace(s=None)),
    ("A,CRI,~,,,,,", REFUSED, REFUSED, BEFORE._replace(s=None)),
    ("A,CRI,~,9,,,,", REFUSED, REFUSED, REFUSED),
    ("~,CRI,2024,9,,,,", REFUSED, REFUSED, REFUSED),
    ("A,~,2024,,B,,,", REFUSED, REFUSED, REFUSED),
    ("~,CRI,~,,,y,,", REFUSED, REFUSED, REFUSED),
    ("~,~,~,,,,h,", REFUSED, REFUSED, REFUSED),
    (
        "A,CRI,2024,,,,h,e",
        BEFORE._replace(g="h", d="e"),
        BEFORE._replace(g="h", d="e", **NO_OBSERVATION),
        BEFORE._replace(g=None, d=None),
    ),
    (
        "A,CRI,2024,9,B,y,h,e",
        State("9", "B", "y", "h", "e"),
        State("9", "B", "y", "h", "e"),
        State(None, None, None, None, None),
    ),
    ("A,,2024,,,,,", REFUSED, REFUSED, BEFORE._replace(**NO_OBSERVATION)),
    (",CRI,2024,-,,,,", REFUSED, REFUSED, BEFORE._replace(value=None)),
    ("A,SLV,2024,-,-,-,,", REFUSED, REFUSED, BEFORE),
]
CASES = [
    pytest.param(row, action, after, id=f"{action} {row}")
    for row, *outcomes in LEVELS
    for action, after in zip("MRD", outcomes, strict=True)
]


@pytest.mark.parametrize(("row", "action", "after"), CASES)
async def test_c141_c142_c143_c144_c145_each_level(
    exchange: Exchange, row: str, action: str, after: State | None
) -> None:
    await accept(exchange, rows("A,CRI,2024,10,A,x,g,d"))
    decision = await post(exchange, rows(row, action=action))
    if after is None:
        assert decision.state == "rejected"
        assert all(finding.row in {1, 2} for finding in decision.findings)
        after = BEFORE
    else:
        assert decision.state == "published", decision.findings
    assert await stored(exchange) == after


async def test_c145_what_is_attached_to_a_dimension_switched_off_is_named(
    exchange: Exchange,
) -> None:
    decision = await post(exchange, rows("A,CRI,~,-,,,,", action="D"))
    [finding] = decision.findings
    assert (finding.code, finding.row) == ("VIPMG-237", 2)
    assert (finding.component, finding.rule) == ("TIME_PERIOD", "OBS_VALUE")


async def test_c143_a_dimension_switched_off_never_deletes_an_observation(
    exchange: Exchange,
) -> None:
    await accept(exchange, rows("A,CRI,2024,10,A,x,g,d", "M,CRI,2024-01,1,A,x,g,d"))
    before = await exchange.desk.observations()
    for line in ("~,~,~,,,,,", "~,CRI,~,,,,,", "A,CRI,~,,,,,", "~,~,2024,,,,,", "A,~,~,,,,,"):
        await accept(exchange, rows(line, action="D"))
        assert await exchange.desk.observations() == before


async def read(exchange: Exchange, query: str = "?attributes=all", **headers: str) -> Any:
    return await exchange.rows(f"/dataflow/TST/DF_WIDE{query}", **headers)


MEASURES = [
    ("A,CRI,2024,11,,,,,", "M", {"OBS_VALUE": "11", "SHARE": 0.5, "STATUS": "A"}),
    ("A,CRI,2024,11,,,,,", "R", {"OBS_VALUE": "11"}),
    ("A,CRI,2024,11,,,,,", "D", {"SHARE": 0.5, "STATUS": "A"}),
    ("A,CRI,2024,,0.7,,,,", "M", {"OBS_VALUE": "10", "SHARE": 0.7, "STATUS": "A"}),
    ("A,CRI,2024,,0.7,,,,", "R", {"SHARE": 0.7}),
    ("A,CRI,2024,-,-,,,,", "D", {"STATUS": "A"}),
    ("A,CRI,2024,-,-,-,,,", "D", None),
]


@pytest.mark.parametrize(("row", "action", "after"), MEASURES)
async def test_c141_c142_c143_several_measures(
    exchange: Exchange, row: str, action: str, after: dict[str, Any] | None
) -> None:
    await accept(exchange, wide("A,CRI,2024,10,0.5,A,,,"))
    await accept(exchange, wide(row, action=action))
    assert (await read(exchange)).get(K) == after


@pytest.mark.parametrize("action", ["M", "R"])
async def test_c141_several_values_are_replaced_whole(exchange: Exchange, action: str) -> None:
    await accept(exchange, wide("A,CRI,2024,10,,A,one;two;three,,"))
    await accept(exchange, wide("A,CRI,2024,10,,A,two,,", action=action))
    assert (await exchange.desk.observations())[K]["SOURCES"] == ["two"]
    await accept(exchange, wide("A,CRI,2024,,,,x,,", action="D"))
    assert "SOURCES" not in (await exchange.desk.observations())[K]


LEFT_OUT_ON_PURPOSE = "A,CRI,2024,#N/A,NaN,#N/A,#N/A,#N/A,#N/A"


async def test_c141_values_left_out_on_purpose_are_values(exchange: Exchange) -> None:
    """They replace what was there, and are no absence."""
    await accept(exchange, wide("A,CRI,2024,10,0.5,A,one;two,text,title"))
    await accept(exchange, wide(LEFT_OUT_ON_PURPOSE))
    assert (await exchange.desk.observations())[K] == {
        "OBS_VALUE": "#N/A",
        "SHARE": "NaN",
        "STATUS": "#N/A",
        "SOURCES": "#N/A",
    }
    assert await exchange.desk.series_attributes() == {"A.CRI": {"COMMENT": "#N/A"}}
    assert await exchange.desk.attachments() == {"*.*": {"TITLE": "#N/A"}}
    await accept(exchange, wide("A,CRI,2024,10,0.5,A,one;two,text,title"))
    assert (await exchange.desk.observations())[K]["SOURCES"] == ["one", "two"]


async def test_c141_numbers_left_out_on_purpose_are_spelled_as_their_type_has_it(
    exchange: Exchange,
) -> None:
    await accept(exchange, wide("A,CRI,2024,1,#N/A,,,,"))
    assert (await exchange.desk.observations())[K]["SHARE"] == "NaN"


@pytest.mark.parametrize(
    "row", ["#N/A,CRI,2024,1,,,,,", "A,#N/A,2024,1,,,,,", "A,CRI,#N/A,1,,,,,", "A,CRI,NaN,1,,,,,"]
)
async def test_c152_no_dimension_is_left_out_on_purpose(exchange: Exchange, row: str) -> None:
    decision = await post(exchange, wide(row))
    assert decision.state == "rejected"
    assert decision.findings[0].code in {"VIPMG-210", "VIPMG-213"}


async def test_c152_an_embargo_is_never_left_out_on_purpose(exchange: Exchange) -> None:
    header = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,EMBARGO_TIME"
    decision = await post(exchange, sheet(header, "A,CRI,2024,1,#N/A", flow=SMALL))
    assert (decision.state, decision.codes) == ("rejected", ["VIPMG-212"])


METADATA_HEADER = (
    "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,SHARE,STATUS,SOURCES[],COMMENT,TITLE,"
    "COVERAGE,YEARS[],RATING[],FINAL"
)
METADATA_START = [",CRI,,,,,,,,90,2019;2020,,", "A,CRI,,,,,,c,,,,GOOD,true"]


def metadata(*lines: str, action: str = "M") -> str:
    return wide(*lines, action=action, header=METADATA_HEADER)


@pytest.mark.parametrize(
    ("action", "row", "area", "series"),
    [
        (
            "M",
            ",CRI,,,,,,,,80,,,",
            {"COVERAGE": "80", "YEARS": ["2019", "2020"]},
            {"COMMENT": "c", "RATING": ["GOOD"], "FINAL": "true"},
        ),
        (
            "R",
            ",CRI,,,,,,,,80,,,",
            {"COVERAGE": "80"},
            {"COMMENT": "c", "RATING": ["GOOD"], "FINAL": "true"},
        ),
        (
            "R",
            "A,CRI,,,,,,,,,,POOR,",
            {"COVERAGE": "90", "YEARS": ["2019", "2020"]},
            {"COMMENT": "c", "RATING": ["POOR"]},
        ),
        (
            "R",
            "A,CRI,2024,5,,,,,,,,,",
            {"COVERAGE": "90", "YEARS": ["2019", "2020"]},
            {"COMMENT": "c", "RATING": ["GOOD"], "FINAL": "true"},
        ),
        (
            "R",
            "A,CRI,2024,5,,,,,,,2021,,false",
            {"YEARS": ["2021"]},
            {"COMMENT": "c", "FINAL": "false"},
        ),
        (
            "D",
            ",CRI,,,,,,,,-,,,",
            {"YEARS": ["2019", "2020"]},
            {"COMMENT": "c", "RATING": ["GOOD"], "FINAL": "true"},
        ),
    ],
)
async def test_c142_metadata_are_replaced_by_combination_of_dimensions(
    exchange: Exchange, action: str, row: str, area: dict[str, Any], series: dict[str, Any]
) -> None:
    await accept(exchange, metadata("A,CRI,2024,1,,,,,,,,,", *METADATA_START))
    await accept(exchange, metadata(row, action=action))
    assert (await exchange.desk.attachments())["*.CRI"] == area
    assert (await exchange.desk.series_attributes())["A.CRI"] == series


async def test_c142_metadata_of_another_combination_stay(exchange: Exchange) -> None:
    await accept(exchange, metadata(",CRI,,,,,,,,90,2019,,", ",SLV,,,,,,,,70,2018,,"))
    await accept(exchange, metadata(",CRI,,,,,,,,80,,,", action="R"))
    assert await exchange.desk.attachments() == {
        "*.CRI": {"COVERAGE": "80"},
        "*.SLV": {"COVERAGE": "70", "YEARS": ["2018"]},
    }


async def test_c142_metadata_of_one_combination_may_come_in_several_rows(
    exchange: Exchange,
) -> None:
    await accept(exchange, metadata(",CRI,,,,,,,,90,2019,,"))
    await accept(exchange, metadata(",CRI,,,,,,,,80,,,", ",CRI,,,,,,,,,2020,,", action="R"))
    assert await exchange.desk.attachments() == {"*.CRI": {"COVERAGE": "80", "YEARS": ["2020"]}}


async def test_c140_replace_all_is_a_deletion_and_a_merge_in_one_message(
    exchange: Exchange,
) -> None:
    await accept(exchange, rows("A,CRI,2023,1,A,x,g,d", "A,SLV,2023,2,A,x,g,d"))
    refused = await post(exchange, rows("D|,,,,,,,", "M|A,CRI,2025,9,B,,,", "M|A,ZZZ,2025,9,,,,"))
    assert refused.state == "rejected"
    assert len(await exchange.desk.observations()) == 2
    await accept(exchange, rows("D|,,,,,,,", "R|A,CRI,2025,9,B,,,"))
    assert await exchange.desk.observations() == {"A.CRI.2025": {"OBS_VALUE": "9", "STATUS": "B"}}


async def test_c147_information_append_and_merge_do_the_same(exchange: Exchange) -> None:
    states = []
    for action in ("I", "A", "M", ""):
        await accept(exchange, rows("D|,,,,,,,", "M|A,CRI,2024,10,A,x,g,d"))
        await accept(exchange, rows("A,CRI,2024,,B,y,,", action=action))
        states.append(await stored(exchange))
    assert states == [State(status="B", s="y")] * 4


async def test_c159_each_step_stays_in_history(exchange: Exchange) -> None:
    """Merge, Replace, Delete and Merge again: `asOf` shows each, `includeHistory` all."""
    steps = [
        ("A,CRI,2024,10,A,x,,", "M", {"OBS_VALUE": "10", "STATUS": "A"}),
        ("A,CRI,2024,,B,,,", "M", {"OBS_VALUE": "10", "STATUS": "B"}),
        ("A,CRI,2024,11,,,,", "R", {"OBS_VALUE": "11"}),
        ("A,CRI,2024,,,,,", "D", None),
        ("A,CRI,2024,12,,,,", "M", {"OBS_VALUE": "12"}),
    ]
    path, instants = "/dataflow/TST/DF_SMALL", []
    for row, action, _ in steps:
        await accept(exchange, rows(row, action=action))
        [head] = await exchange.pools.writer.fetch(
            "SELECT published_at FROM ledger ORDER BY sequence DESC LIMIT 1"
        )
        instants.append(head["published_at"].isoformat())
    for instant, (_, _, after) in zip(instants, steps, strict=True):
        found = await exchange.rows(f"{path}?asOf={instant}&attributes=obs")
        assert found.get(K) == after
    history = await exchange.datasets(f"{path}?includeHistory=true&attributes=obs")
    shown = [(dataset.action, dataset.rows.get(tuple(K.split(".")))) for dataset in history]
    assert [values for action, values in shown if action != "Delete"] == [
        after for *_, after in steps if after is not None
    ]
    assert [action for action, _ in shown].count("Delete") == 1


async def test_c159_the_same_again_is_no_new_version(exchange: Exchange) -> None:
    for _ in range(3):
        await accept(exchange, rows("A,CRI,2024,10,A,x,g,d"))
    await accept(exchange, rows("A,GTM,2024,,,,,", action="D"))
    assert len(await exchange.desk.rows("change")) == 3


def media_types(*formats: str) -> list[str]:
    return [
        f"{offer.name};version={offer.version}" for offer in DATA_OFFERS if offer.format in formats
    ]


async def everything(exchange: Exchange) -> tuple[Any, Any, Any]:
    desk = exchange.desk
    return await desk.observations(), await desk.series_attributes(), await desk.attachments()


@pytest.mark.parametrize(
    "accept_type",
    media_types("json", "csv", "xml", "generic", "structurespecific"),
)
@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions"])
async def test_c141_what_is_left_out_on_purpose_is_served_and_read_back(
    exchange: Exchange, accept_type: str, along: str
) -> None:
    """What a message shows makes the same store again, in every format."""
    await accept(exchange, wide("A,CRI,2024,#N/A,NaN,#N/A,,#N/A,#N/A", "A,CRI,2023,1,1,A,,#N/A,"))
    before = await everything(exchange)
    query = f"?attributes=all&dimensionAtObservation={along}"
    reply = await exchange.get(f"/dataflow/TST/DF_WIDE{query}", accept_type)
    assert reply.status_code == 200, reply.text
    if accept_type == JSON21:
        check_data(reply.content)
    await accept(exchange, wide(",,,,,,,,", action="D"))
    assert await exchange.desk.observations() == {}
    decision = await post(exchange, reply.content, accept_type)
    assert decision.state == "published", decision.findings
    assert await everything(exchange) == before
