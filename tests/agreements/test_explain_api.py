"""Explaining, terms and notices over HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from app.services.tend_agreements import tend_agreements
from app.settings import Settings
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools
from tests.agreements.desk import (
    JSON,
    agree,
    agreed,
    file,
    open_agreements,
    program,
    terms_set,
)
from tests.artefact_samples import artefact, urn
from tests.sending.desk import House, Sender
from tests.structures import CRI, SLV

TODAY = dt.datetime.now(dt.UTC).date()
WHY = "/api/agreements/PA_WHY/explain"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_pools: Pools, module_settings: Settings) -> AsyncIterator[House]:
    """The exchange of all tests here."""
    async with open_agreements(module_pools, module_settings) as opened:
        yield opened


def rules(told: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["outcome"] for rule in told["rules"]}


async def explain(sender: Sender, **asked: str) -> dict[str, Any]:
    reply = await sender.client.get(WHY, params=asked)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


async def test_each_caller_is_told_why(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    reader, other = await program(house, "OCAM"), await program(house, SLV)
    await agreed(
        agency,
        terms_set("WHY", READERS="OCAM", MINIMUM_CELL=5, FREQUENCY="A", EMBARGO="P1M",
                  ONWARD_SHARING="CONSENT", RETENTION="P2Y"),
    )  # fmt: skip
    await sender.publish(file("WHY", "A,CRI,2020,3", "A,CRI,2021,8"))
    seen = await explain(other, action="see", key="A.CRI", period="2020")
    assert (seen["verdict"], seen["cell"]) == (
        "no",
        {"public": "marker", "withheld": None, "release_at": None},
    )
    # The marker is of the terms: nobody is told that the provider said so.
    assert rules(seen)["MINIMUM_CELL"] == "forbids"
    assert "CONF_STATUS" not in rules(seen)
    mine = await explain(sender, action="see", key="A.CRI", period="2020", organisation="*")
    assert mine["verdict"] == "no"
    assert mine["cell"]["withheld"] == "for good"
    assert rules(mine)["MINIMUM_CELL"] == "forbids"
    [rule] = [one for one in mine["rules"] if one["rule"] == "MINIMUM_CELL"]
    assert rule["source"].endswith("MetadataSet=TST:TERMS_WHY(1.0.0)")
    assert rule["value"] == "5"
    assert (await explain(reader, action="see", key="A.CRI", period="2020"))["verdict"] == "yes"
    free = await explain(other, action="see", key="A.CRI", period="2021")
    assert (free["verdict"], rules(free)["ONWARD_SHARING"]) == ("yes", "notes")
    assert rules(free)["RETENTION"] == "notes"
    later = await explain(other, action="see", key="A.CRI", period=f"{TODAY.year}", value="9")
    assert (later["verdict"], later["until"][:10]) == ("waits", f"{TODAY.year + 1}-02-01")
    sends = await explain(sender, action="send", key="M.CRI", period="2024-01")
    assert (sends["verdict"], rules(sends)["FREQUENCY"]) == ("no", "forbids")
    assert (await explain(sender, action="send", key="A.CRI", period="2024"))["verdict"] == "yes"
    assert (await explain(other, action="send"))["verdict"] == "no"
    spanish = await other.client.get(
        WHY, params={"action": "send"}, headers={"Accept-Language": "es"}
    )
    assert "proveedor" in spanish.json()["rules"][0]["message"]


async def test_only_parties_ask_about_others(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    other = await program(house, SLV)
    about = {"action": "see", "organisation": "OCAM"}
    assert (await other.client.get(WHY, params=about)).status_code == 403
    assert (await sender.client.get(WHY, params=about)).status_code == 200
    assert (await agency.client.get(WHY, params=about)).status_code == 200
    own = await other.client.get(WHY, params={"action": "see", "organisation": SLV})
    assert own.status_code == 200
    assert (await house.public(f"{WHY}?action=see")).status_code == 401
    for wrong, status in (
        ({"action": "see", "key": "A"}, 400),
        ({"action": "see", "key": "A.CRI", "period": "soon"}, 400),
        ({"action": "dance"}, 400),
        ({"action": "see", "who": "me"}, 400),
        ({"action": "see", "organisation": "NOBODY"}, 404),
        ({"action": "see", "client": "nobody"}, 404),
    ):
        assert (await sender.client.get(WHY, params=wrong)).status_code == status, wrong
    assert (await sender.client.get("/api/agreements/NOPE/explain?action=see")).status_code == 404


async def test_everybody_reads_the_terms(house: House) -> None:
    agency = await program(house, CRI, ("TST",))
    contact = {"en": "Statistics desk", "es": "Mesa de estadística"}
    await agreed(agency, terms_set("READ", CONTACT=contact, ONWARD_SHARING="FREE"))
    reply = await house.public("/api/agreements/PA_READ/terms", "application/json")
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["id"], told["provider"], told["state"]) == ("PA_READ", CRI, "in force")
    terms = {term["id"]: term for term in told["terms"]}
    assert terms["CONTACT"]["values"] == [contact]
    assert terms["ONWARD_SHARING"]["names"]["es"] == "Cesión a terceros"
    assert terms["ONWARD_SHARING"]["value_names"][0]["en"] == "Free reuse"
    assert terms["CONTACT"]["source"]["kind"] == "metadataset"
    by_flow = await house.public("/api/terms?dataflow=TST:DF_READ(1.0.0)", "application/json")
    assert by_flow.json()["agreements"] == [told]
    await (await program(house, CRI)).publish(file("READ", "A,CRI,2020,1"))
    data = await house.public("/sdmx/v2/data/dataflow/TST/DF_READ/1.0.0")
    [link] = [one for one in data.headers["link"].split(", ") if 'rel="license"' in one]
    assert (await house.public(link.partition(">")[0].strip("<"))).json()["agreements"] == [told]
    assert (await house.public("/api/terms?dataflow=NOPE", "application/json")).status_code == 404


async def test_notices_come_once_and_are_marked(house: House) -> None:
    agency, sender = await program(house, CRI, ("TST",)), await program(house, CRI)
    soon = TODAY + dt.timedelta(days=10)
    await agreed(agency, terms_set("END", EXPIRY_DATE=soon.isoformat()))
    cache = CatalogueCache()
    for _ in range(2):
        await tend_agreements(house.pools, cache, TODAY)
    listed = (await sender.get("/api/notices?unseen=true"))["notices"]
    [one] = [each for each in listed if each["kind"] == "agreement-expires"]
    assert one["facts"] == {"agreement": "TST:PA_END(1.0.0)", "day": soon.isoformat()}
    assert soon.isoformat() in one["messages"]["es"]
    assert "TST:PA_END" in one["message"]
    stranger = await program(house, SLV)
    assert (await stranger.client.post(f"/api/notices/{one['id']}/seen")).status_code == 404
    assert (await sender.client.post(f"/api/notices/{one['id']}/seen")).status_code == 204
    left = (await sender.get("/api/notices?unseen=true"))["notices"]
    assert one["id"] not in [each["id"] for each in left]


async def test_a_provider_says_what_its_words_mean(house: House) -> None:
    """Reported by the provider itself, queried as SDMX-REST has it, and named beside the data."""
    sender, other = await program(house, CRI), await program(house, SLV)
    await sender.publish(file("FREQ", "A,CRI,2020,1"))
    meaning = {"en": "Here for 12 months", "es": "Doce meses en el país"}
    definition = {
        "id": "DEFINITION",
        "attributes": [
            {"id": "DEFINED_TERM", "value": "resident"},
            {"id": "DEFINITION_TEXT", "value": meaning},
        ],
    }
    report = artefact(
        "MetadataSet",
        "DEFINITIONS",
        agency=f"TST.{CRI}",
        metadataflow=urn("Metadataflow", "MDF_QUALITY"),
        targets=[urn("ProvisionAgreement", "PA_FREQ")],
        attributes=[definition],
    )
    of_all = report.with_document(report.document | {"targets": [urn("Dataflow", "DF_FREQ")]})
    assert (await agree(sender, of_all)).status_code == 403, "the dataflow is not theirs alone"
    assert (await agree(other, report)).status_code == 403
    await agreed(sender, report)
    data = await house.public("/sdmx/v2/data/dataflow/TST/DF_FREQ/1.0.0?attributes=msd")
    [link] = [one for one in data.headers["link"].split(", ") if "describedby" in one]
    asked = await house.public(link.partition(">")[0].strip("<"), JSON)
    [told] = asked.json()["data"]["metadataSets"]
    assert told["attributes"] == [definition]
    mine = await house.public(f"/sdmx/v2/metadata/metadataset/TST.{CRI}/DEFINITIONS", JSON)
    assert mine.json()["data"]["metadataSets"] == [told]


async def test_reports_on_structure_and_agreement_are_named_beside_the_data(house: House) -> None:
    sender = await program(house, CRI, ("TST",))
    await sender.publish(file("QUIET", "A,CRI,2020,1"))
    address = "/sdmx/v2/data/dataflow/TST/DF_QUIET/1.0.0"
    assert "describedby" not in (await house.public(address)).headers["link"]
    targets = {
        "R_PA": urn("ProvisionAgreement", "PA_QUIET"),
        "R_DSD": urn("DataStructure", "DSD_SMALL"),
        "R_ALL": "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:*(*)",
    }
    for name, target in targets.items():
        await agreed(
            sender,
            artefact(
                "MetadataSet",
                name,
                agency=f"TST.{CRI}",
                metadataflow=urn("Metadataflow", "MDF_QUALITY"),
                targets=[target],
                attributes=[{"id": "ACCURACY", "value": {"en": name}}],
            ),
        )
    links = (await house.public(address)).headers["link"].split(", ")
    found = set()
    for link in (one for one in links if "describedby" in one):
        reply = await house.public(link.partition(">")[0].strip("<"), JSON)
        found |= {one["id"] for one in reply.json()["data"]["metadataSets"]}
    assert found >= set(targets)
