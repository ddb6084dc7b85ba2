"""An exchange whose agreements have terms: a small world beside that of `tests.sending.desk`.

Each dataflow `TST:DF_<NAME>` has the small structure and one agreement `PA_<NAME>` of CRI_STAT, so
that the terms of one test are not those of another. `MPA_SLV` lets SLV_STAT say the terms of
PA_THEIRS, and nobody else's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.services.add_client import add_client
from app.services.publish_structures import read_structure_files
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import artefact, item, urn
from tests.sending.desk import House, Sender, at_work, rows
from tests.structures import CRI, SLV, START, agreement, network

SHARED = Path(__file__).parents[2] / "codelists"
TERMS_URN = "urn:sdmx:org.sdmx.infomodel.metadatastructure.MetadataStructure=VIPMG:MSD_AGREEMENT"
METADATA = "/sdmx/v2/metadata/metadataset"
JSON = "application/vnd.sdmx.metadata+json;version=2.1.0"
FLOWS = (
    *("READ", "END", "FREQ", "PART", "HOLD", "CELL", "WHY", "THEIRS"),
    *("QUIET", "PAST", "SUM", "LATE", "WILD", "FOLLOW"),
)
ADDED = "TST:DF_SUM TST:DF_LATE TST:DF_WILD TST:DF_FOLLOW"
ADD_UP = (
    "define hierarchical ruleset ADD_UP (variable rule REF_AREA) is "
    "HND = CRI + SLV + GTM end hierarchical ruleset"
)


def term_structures() -> list[Artefact]:
    """The structures of terms and of quality reports, as the service ships them."""
    names = [
        "conceptscheme/VIPMG.CS_AGREEMENT.1.0.0.json",
        "codelist/VIPMG.CL_APPROVAL.1.0.0.json",
        "codelist/VIPMG.CL_ONWARD_SHARING.1.0.0.json",
        "codelist/VIPMG.CL_CERTAINTY.1.0.0.json",
        "codelist/VIPMG.CL_PARTIAL_ACCEPTANCE.1.0.0.json",
        "codelist/SDMX.CL_FREQ.2.1.json",
        "metadatastructure/VIPMG.MSD_AGREEMENT.1.0.0.json",
        "conceptscheme/VIPMG.CS_QUALITY.1.1.0.json",
        "metadatastructure/VIPMG.MSD_QUALITY.1.1.0.json",
    ]
    return list(read_structure_files([SHARED / name for name in names]))


def structures() -> list[Artefact]:
    """The network, the structure of terms, and the agreements."""
    any_agreement = "urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=TST:*(*)"
    small = urn("DataStructure", "DSD_SMALL")
    provider = urn("MetadataProvider", "METADATA_PROVIDERS", SLV, version="1.0")
    return [
        *network(),
        *term_structures(),
        artefact("DataConsumerScheme", "DATA_CONSUMERS", "1.0", dataConsumers=[item("OCAM")]),
        artefact(
            "MetadataProviderScheme",
            "METADATA_PROVIDERS",
            "1.0",
            metadataProviders=[item(CRI), item(SLV)],
        ),
        artefact(
            "Metadataflow", "MDF_TERMS", structure=f"{TERMS_URN}(1.0.0)", targets=[any_agreement]
        ),
        artefact(
            "Metadataflow",
            "MDF_QUALITY",
            structure=TERMS_URN.replace("AGREEMENT", "QUALITY") + "(1.1.0)",
            targets=[
                f"urn:sdmx:org.sdmx.infomodel.{name}=TST:*(*)"
                for name in (
                    "datastructure.Dataflow",
                    "datastructure.DataStructure",
                    "registry.ProvisionAgreement",
                )
            ],
        ),
        artefact(
            "MetadataProvisionAgreement",
            "MPA_SLV",
            metadataflow=urn("Metadataflow", "MDF_TERMS"),
            metadataProvider=provider,
            targets=[urn("ProvisionAgreement", "PA_THEIRS")],
        ),
        *(artefact("Dataflow", f"DF_{name}", structure=small) for name in FLOWS),
        artefact(
            "RulesetScheme",
            "SUMS",
            vtlVersion="2.1",
            rulesets=[
                item("ADD_UP")
                | {
                    "rulesetType": "hierarchical",
                    "rulesetScope": "variable",
                    "rulesetDefinition": ADD_UP,
                    "annotations": [
                        {
                            "type": "CHECK",
                            "id": "DATAFLOWS",
                            "value": "TST:DF_SUM TST:DF_LATE TST:DF_WILD TST:DF_FOLLOW",
                        },
                        {"type": "CHECK", "id": "OPTIONAL", "value": "GTM"},
                    ],
                }
            ],
        ),
        *(
            agreement(f"PA_{name}", f"DF_{name}", SLV if name == "THEIRS" else CRI)
            for name in FLOWS
        ),
    ]


def flow(name: str) -> str:
    """The dataflow of a test."""
    return f"TST:DF_{name}(1.0.0)"


def file(name: str, *listed: str, action: str = "M") -> bytes:
    """A file for the dataflow of a test."""
    return rows(*listed, flow=flow(name), action=action)


def attributes(terms: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Reported attributes; a list stands several times."""
    return [
        {"id": name, "value": value}
        for name, values in terms
        for value in (values if isinstance(values, list) else [values])
    ]


def terms_set(name: str, version: str = "1.0.0", agency: str = "TST", **terms: Any) -> Artefact:
    """The metadata set with the terms of PA_<NAME>."""
    bound = terms.pop("bound", None)
    held = (
        {"metadataProvisionAgreement": bound}
        if bound
        else {"metadataflow": urn("Metadataflow", "MDF_TERMS")}
    )
    return artefact(
        "MetadataSet",
        f"TERMS_{name}",
        version,
        agency,
        targets=terms.pop("targets", [urn("ProvisionAgreement", f"PA_{name}")]),
        attributes=attributes(terms.items()),
        **held,
    )


def message(*sets: Artefact) -> bytes:
    """A metadata message."""
    meta = {"id": "M", "prepared": "2026-01-01T00:00:00Z", "test": True, "sender": {"id": "T"}}
    return orjson.dumps({"meta": meta, "data": {"metadataSets": [s.document for s in sets]}})


async def agree(sender: Sender, *sets: Artefact) -> httpx.Response:
    """Publish terms over the API."""
    return await sender.client.post(
        "/sdmx/v2/metadata", content=message(*sets), headers={"Content-Type": JSON}
    )


async def agreed(sender: Sender, *sets: Artefact) -> None:
    """Publish terms that have to be taken."""
    reply = await agree(sender, *sets)
    assert reply.status_code == 201, reply.text


async def program(house: House, organisation: str, agencies: tuple[str, ...] = ()) -> Sender:
    """A program of an organisation that may maintain the artefacts of agencies."""
    new = await add_client(house.pools.writer, organisation, agencies=agencies)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(house.service), base_url=house.settings.base_url, timeout=90
    )
    assert new.client_secret is not None
    reply = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(new.client_id, new.client_secret),
    )
    client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
    house.senders.append(client)
    return Sender(client)


async def figures(sender: Sender | None, house: House, name: str) -> dict[str, str]:
    """What a caller, or the public, sees of a dataflow: value by area and period."""
    path = f"/sdmx/v2/data/dataflow/TST/DF_{name}/1.0.0"
    accept = {"Accept": "application/vnd.sdmx.data+csv"}
    if sender is None:
        reply = await house.public(path)
    else:
        reply = await sender.client.get(path, headers=accept)
    if reply.status_code == 204:
        return {}
    assert reply.status_code == 200, reply.text
    head, *lines = (line.split(",") for line in reply.text.splitlines())
    places = [head.index(one) for one in ("REF_AREA", "TIME_PERIOD", "OBS_VALUE", "CONF_STATUS")]
    shown = {}
    for cells in lines:
        area, time, value, status = (cells[place] for place in places)
        shown[f"{area} {time}"] = value or f"[{status}]"
    return shown


@asynccontextmanager
async def open_agreements(pools: Pools, settings: Settings) -> AsyncIterator[House]:
    """A service with these agreements, its worker running."""
    async with pools.writer.acquire() as connection:
        await publish(connection, structures(), START)
    async with at_work(House(create_app(settings), pools, settings)) as house:
        yield house
