"""The table of actions in SDMX-JSON and SDMX-ML: what each row does in CSV it does there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest

from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import JSON20, JSON21, Exchange, open_exchange
from tests.spec.test_spec_actions_levels import accept, post, rows
from tests.structures import SMALL

URN = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={SMALL}"
ML31 = "application/vnd.sdmx.data+xml;version=3.1.0"
ML30 = "application/vnd.sdmx.data+xml;version=3.0.0"
ACTIONS = {"M": "Merge", "R": "Replace", "D": "Delete"}
Cells = dict[str, str]
Datasets = list[tuple[str, Cells]]


def as_json(datasets: Datasets, version: str) -> bytes:
    """A message of SDMX-JSON 2.x; each dataset is one key with what is said of it."""
    structures, sets = [], []
    for place, (action, cells) in enumerate(datasets):
        dimensions = [name for name in ("FREQ", "REF_AREA") if name in cells]
        times = [{"id": cells["TIME_PERIOD"]}] if "TIME_PERIOD" in cells else []
        observed = [name for name in ("OBS_VALUE", "STATUS") if name in cells]
        structures.append(
            {
                "links": [{"rel": "dataflow", "urn": URN}],
                "name": "DF_SMALL",
                "dataSets": [place],
                "dimensions": {
                    "dataSet": [],
                    "series": [_component(name, cells) for name in dimensions],
                    "observation": [{"id": "TIME_PERIOD", "name": "t", "values": times}]
                    if times
                    else [],
                },
                "measures": {
                    "observation": [{"id": "OBS_VALUE", "name": "v"}]
                    if "OBS_VALUE" in observed
                    else []
                },
                "attributes": {
                    "dataSet": [_component("D", cells)] if "D" in cells else [],
                    "series": [_component("S", cells)] if "S" in cells else [],
                    "observation": [_component("STATUS", cells)] if "STATUS" in cells else [],
                },
            }
        )
        series: dict[str, Any] = {}
        if "S" in cells:
            series["attributes"] = [0]
        if times:
            values = [cells["OBS_VALUE"]] if "OBS_VALUE" in cells else []
            series["observations"] = {"0": [*values, *([0] if "STATUS" in cells else [])]}
        dataset: dict[str, Any] = {"structure": place, "action": action}
        if "D" in cells:
            dataset["attributes"] = [0]
        if dimensions:
            dataset["series"] = {":".join("0" for _ in dimensions): series}
        sets.append(dataset)
    meta = {"id": "T", "prepared": "2026-01-01T00:00:00Z", "sender": {"id": "CRI"}}
    schema = f"https://json.sdmx.org/{version[:3]}/sdmx-json-data-schema.json"
    data = {"structures": structures, "dataSets": sets}
    return orjson.dumps({"$schema": schema, "meta": meta, "data": data})


def _component(name: str, cells: Cells) -> dict[str, Any]:
    coded = name in {"FREQ", "REF_AREA", "STATUS"}
    value = {"id": cells[name], "name": cells[name]} if coded else {"value": cells[name]}
    return {"id": name, "name": name, "values": [value]}


def as_ml(datasets: Datasets, version: str) -> bytes:
    """A structure-specific message of SDMX-ML 3.x."""
    schemas = f"http://www.sdmx.org/resources/sdmxml/schemas/v{version[0]}_{version[2]}"
    content = ""
    for action, cells in datasets:
        head = _attributes(cells, "FREQ", "REF_AREA", "S")
        inside = ""
        if "TIME_PERIOD" in cells:
            inside = f"<Obs{_attributes(cells, 'TIME_PERIOD', 'OBS_VALUE', 'STATUS')}/>"
        series = f"<Series{head}>{inside}</Series>" if head else ""
        content += (
            f'<mes:DataSet ss:structureRef="S" ss:action="{action}" xsi:type="n:DataSetType"'
            f"{_attributes(cells, 'D')}>{series}</mes:DataSet>"
        )
    return (
        f'<mes:StructureSpecificData xmlns:mes="{schemas}/message" xmlns:com="{schemas}/common" '
        f'xmlns:ss="{schemas}/data/structurespecific" xmlns:n="{URN}:ObsLevelDim:TIME_PERIOD" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><mes:Header><mes:ID>T</mes:ID>'
        "<mes:Test>false</mes:Test><mes:Prepared>2026-01-01T00:00:00Z</mes:Prepared>"
        f'<mes:Sender id="CRI"/><mes:Structure structureID="S" namespace="{URN}:ObsLevelDim:'
        'TIME_PERIOD" dimensionAtObservation="TIME_PERIOD"><com:StructureUsage>'
        f"{URN}</com:StructureUsage></mes:Structure></mes:Header>{content}"
        "</mes:StructureSpecificData>"
    ).encode()


def _attributes(cells: Cells, *names: str) -> str:
    return "".join(f' {name}="{cells[name]}"' for name in names if name in cells)


FORMATS: dict[str, Callable[[Datasets, str], bytes]] = {
    JSON21: as_json,
    JSON20: as_json,
    ML31: as_ml,
    ML30: as_ml,
}


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        await accept(opened, rows("A,CRI,2024,10,A,x,g,d"))
        yield opened


async def send(exchange: Exchange, content_type: str, *datasets: tuple[str, Cells]) -> str:
    version = content_type.rpartition("=")[2]
    body = FORMATS[content_type](list(datasets), version)
    return (await post(exchange, body, content_type)).state


KEY = {"FREQ": "A", "REF_AREA": "CRI"}
K = KEY | {"TIME_PERIOD": "2024"}
BEFORE = {"OBS_VALUE": "10", "STATUS": "A"}

TABLE: list[tuple[Cells, str, dict[str, str] | None, str | None]] = [
    # what is sent of the key, the action, the observation and S afterwards; None = refused
    (K | {"OBS_VALUE": "11"}, "M", {"OBS_VALUE": "11", "STATUS": "A"}, "x"),
    (K | {"OBS_VALUE": "11"}, "R", {"OBS_VALUE": "11"}, "x"),
    (K | {"OBS_VALUE": "11"}, "D", {"STATUS": "A"}, "x"),
    (K | {"STATUS": "B"}, "M", {"OBS_VALUE": "10", "STATUS": "B"}, "x"),
    (K | {"STATUS": "B"}, "R", {"STATUS": "B"}, "x"),
    (K | {"STATUS": "B"}, "D", {"OBS_VALUE": "10"}, "x"),
    (K, "M", None, "x"),
    (K, "D", {}, "x"),
    (K | {"OBS_VALUE": "11", "S": "y"}, "M", {"OBS_VALUE": "11", "STATUS": "A"}, "y"),
    (K | {"OBS_VALUE": "11", "S": "y"}, "R", {"OBS_VALUE": "11"}, "y"),
    (KEY | {"S": "y"}, "M", BEFORE, "y"),
    (KEY | {"S": "y"}, "R", BEFORE, "y"),
    (KEY | {"S": "y"}, "D", BEFORE, None),
    (KEY, "D", {}, None),
    ({}, "D", {}, None),
]


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize(("cells", "action", "observation", "attribute"), TABLE)
async def test_c141_c142_c143_truth_table_in_other_formats(
    exchange: Exchange,
    content_type: str,
    cells: Cells,
    action: str,
    observation: dict[str, str] | None,
    attribute: str | None,
) -> None:
    state = await send(exchange, content_type, (ACTIONS[action], cells))
    assert state == ("rejected" if observation is None else "published")
    desk = exchange.desk
    wanted = BEFORE if observation is None else observation
    assert (await desk.observations()).get("A.CRI.2024", {}) == wanted
    assert (await desk.series_attributes())["A.CRI"].get("S") == attribute


@pytest.mark.parametrize("content_type", FORMATS)
async def test_c140_delete_all_then_merge_in_other_formats(
    exchange: Exchange, content_type: str
) -> None:
    merged = KEY | {"TIME_PERIOD": "2025", "OBS_VALUE": "9"}
    state = await send(exchange, content_type, ("Delete", {}), ("Merge", merged))
    assert state == "published"
    assert await exchange.desk.observations() == {"A.CRI.2025": {"OBS_VALUE": "9"}}
    assert await exchange.desk.attachments() == {}


@pytest.mark.parametrize("content_type", FORMATS)
async def test_c141_the_dataset_in_other_formats(exchange: Exchange, content_type: str) -> None:
    assert await send(exchange, content_type, ("Merge", {"D": "e"})) == "published"
    assert (await exchange.desk.attachments())["*.*"] == {"D": "e"}
    assert (await exchange.desk.observations())["A.CRI.2024"] == BEFORE


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize("action", ["Append", "Information"])
async def test_c147_append_and_information_in_other_formats(
    exchange: Exchange, content_type: str, action: str
) -> None:
    state = await send(exchange, content_type, (action, K | {"STATUS": "B"}))
    assert state == "published"
    assert (await exchange.desk.observations())["A.CRI.2024"] == BEFORE | {"STATUS": "B"}
