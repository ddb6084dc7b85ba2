"""Maintenance of structures over HTTP: what is taken, what is refused, and what is said of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import orjson
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.sdmx.negotiation import Representation
from app.sdmx.offers import STRUCTURE_OFFERS, Offer
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import (
    artefact,
    available_with,
    codelist,
    every_class,
    item,
    network,
    urn,
)
from tests.metadata import FULL, PROVIDER, metadata_network, metadata_set
from tests.structure_schemas import check_message
from tests.submit_schemas import REGISTRY, check_response

ROOT = "/sdmx/v2/structure"
JSON = "application/vnd.sdmx.structure+json;version=2.1.0"
DEEP = b'{"data":{"codelists":[{"id":"A","agencyID":"TST","version":"1.1","name":"A","x":0}]}}'
XML31 = "application/vnd.sdmx.registry+xml;version=3.1.0"


def message(*artefacts: Artefact) -> bytes:
    data: dict[str, list[Any]] = {}
    for one in artefacts:
        data.setdefault(one.artefact_class.collection, []).append(one.document)
    return orjson.dumps({"meta": {"id": "M"}, "data": data})


def path_of(one: Artefact, *more: str) -> str:
    parts = (one.artefact_class.artefact_type, one.agency, one.id, one.version.text, *more)
    return "/".join((ROOT, *parts))


@dataclass
class Keeper:
    """A program that maintains the structures of some agencies."""

    client: httpx.AsyncClient

    async def post(self, *artefacts: Artefact, path: str = "", **headers: str) -> httpx.Response:
        sent = {"Content-Type": JSON} | headers
        return await self.client.post(ROOT + path, content=message(*artefacts), headers=sent)

    async def put(self, one: Artefact, **headers: str) -> httpx.Response:
        sent = {"Content-Type": JSON} | headers
        return await self.client.put(path_of(one), content=message(one), headers=sent)

    async def delete(self, one: Artefact, *more: str, **headers: str) -> httpx.Response:
        return await self.client.delete(path_of(one, *more), headers=headers)

    async def stored(self, one: Artefact, detail: str = "raw") -> dict[str, Any] | None:
        """The artefact as a GET in all languages shows it, without the link to itself."""
        headers = {"Accept": JSON, "Accept-Language": "*"}
        reply = await self.client.get(path_of(one) + f"?detail={detail}", headers=headers)
        if reply.status_code == 404:
            return None
        [shown] = check_message(reply.content)["data"][one.artefact_class.collection]
        [link] = shown.pop("links")
        assert link["rel"] == "self"
        return dict(shown)


def results(reply: httpx.Response) -> list[tuple[str, str, str]]:
    """Action, status and code of each artefact."""
    listed = reply.json()["submitStructureResponse"]["submissionResults"]
    return [
        (
            one["submittedStructure"]["action"],
            one["statusMessage"]["status"],
            one["statusMessage"]["messageTexts"][0]["code"],
        )
        for one in listed
    ]


def said(reply: httpx.Response, language: str = "en") -> str:
    [one] = reply.json()["submitStructureResponse"]["submissionResults"]
    return str(one["statusMessage"]["messageTexts"][0]["texts"][language])


@pytest.fixture
async def service(pools: Pools, settings: Settings) -> AsyncIterator[FastAPI]:
    async with pools.writer.acquire() as connection:
        await publish(connection, network(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


async def program(service: FastAPI, pools: Pools, agencies: Sequence[str]) -> httpx.AsyncClient:
    new = await add_client(pools.writer, "P1", agencies=agencies)
    base = service.state.settings.base_url
    client = httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url=base)
    assert new.client_secret is not None
    reply = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(new.client_id, new.client_secret),
    )
    client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
    return client


@pytest.fixture
async def keeper(service: FastAPI, pools: Pools) -> AsyncIterator[Keeper]:
    client = await program(service, pools, ["TST"])
    yield Keeper(client)
    await client.aclose()


async def test_c162_several_artefacts_are_created_at_once(keeper: Keeper) -> None:
    base = codelist("CL_NEW_BASE", "Z")
    new = codelist("CL_NEW", "A", codelistExtensions=[{"codelist": base.urn}])
    reply = await keeper.post(new, base)
    assert reply.status_code == 201
    assert results(reply) == [("Append", "Success", "201")] * 2
    assert await keeper.stored(new) == new.document
    [resolved] = [await keeper.stored(new, "full")]
    assert resolved is not None
    assert [code["id"] for code in resolved["codes"]] == ["Z", "A"]


async def test_c162_one_bad_of_three_leaves_the_others_and_is_told(keeper: Keeper) -> None:
    good, other = codelist("CL_GOOD", "A"), codelist("CL_OTHER", "A")
    bad = codelist("CL_BAD", item("A", parent="NOWHERE"))
    reply = await keeper.post(good, bad, other)
    assert reply.status_code == 207
    assert results(reply) == [
        ("Append", "Success", "201"),
        ("Append", "Failure", "422"),
        ("Append", "Success", "201"),
    ]
    assert await keeper.stored(good) == good.document
    assert await keeper.stored(other) == other.document
    assert await keeper.stored(bad) is None
    [_, refused, _] = reply.json()["submitStructureResponse"]["submissionResults"]
    [text] = refused["statusMessage"]["messageTexts"]
    assert "NOWHERE" in text["texts"]["en"]
    assert text["texts"]["es"].startswith("Codelist TST:CL_BAD(1.0.0), /codes/A/parent: no existe")
    assert text["x-code"] == "VIPMG-131"


@pytest.mark.parametrize("offer", STRUCTURE_OFFERS, ids=lambda one: f"{one.format}-{one.version}")
async def test_what_is_available_elsewhere_is_refused_alone(keeper: Keeper, offer: Offer) -> None:
    """A service tells it beside what it stores, and all of it may be sent on as it came."""
    new = codelist("CL_NEW", "A", version="1.0")
    body = available_with(offer, new)
    sent = {"Content-Type": Representation(offer).content_type}
    reply = await keeper.client.post(ROOT, content=body, headers=sent)
    assert reply.status_code == 207, reply.text
    assert sorted(results(reply)) == [("Append", "Failure", "422"), ("Append", "Success", "201")]
    assert "computed, not stored" in reply.text
    assert await keeper.stored(new) is not None
    alone = await keeper.client.post(ROOT, content=available_with(offer), headers=sent)
    assert (alone.status_code, results(alone)) == (422, [("Append", "Failure", "422")])


async def test_what_needs_a_refused_artefact_is_refused_with_it(keeper: Keeper) -> None:
    base = codelist("CL_NEW_BASE", item("A", parent="NOWHERE"))
    new = codelist("CL_NEW", "A", codelistExtensions=[{"codelist": base.urn}])
    alone = codelist("CL_ALONE", "A")
    reply = await keeper.post(new, base, alone)
    assert reply.status_code == 207
    assert [code for _, _, code in results(reply)] == ["409", "422", "201"]
    assert await keeper.stored(new) is None


async def test_a_repetition_changes_nothing(keeper: Keeper) -> None:
    new = codelist("CL_NEW", "A")
    assert (await keeper.post(new)).status_code == 201
    before = (await keeper.client.get(path_of(new))).headers["etag"]
    again = await keeper.post(new)
    assert again.status_code == 200
    assert results(again) == [("Replace", "Success", "200")]
    assert (await keeper.client.get(path_of(new))).headers["etag"] == before


async def test_created_and_replaced_together_are_told_one_by_one(keeper: Keeper) -> None:
    draft = codelist("CL_D", "A", version="1.0")
    await keeper.post(draft)
    changed, new = codelist("CL_D", "A", "B", version="1.0"), codelist("CL_NEW", "A")
    reply = await keeper.post(changed, new)
    assert reply.status_code == 207
    assert results(reply) == [("Replace", "Success", "200"), ("Append", "Success", "201")]
    assert await keeper.stored(draft) == changed.document


async def test_c178_every_class_round_trips_unchanged(keeper: Keeper) -> None:
    mine = [one for one in every_class() if one.agency == "TST"]
    reply = await keeper.post(*mine)
    codes = {code for _, _, code in results(reply)}
    assert codes == {"200", "201"}, reply.text
    for one in mine:
        assert await keeper.stored(one) == one.document


async def test_the_type_of_the_address_is_the_only_one_taken(keeper: Keeper) -> None:
    new, flow = codelist("CL_NEW", "A"), network()[10]
    assert (await keeper.post(new, path="/codelist")).status_code == 201
    mixed = await keeper.post(codelist("CL_MORE", "A"), flow, path="/codelist/")
    assert mixed.status_code == 422
    assert "Dataflow TST:DF(1.0.0)" in mixed.json()["errors"][0]["detail"]
    assert await keeper.stored(codelist("CL_MORE")) is None
    assert (await keeper.post(new, path="/nonsense")).status_code == 400
    assert (await keeper.post(new, path="/codelist/TST/CL_NEW/1.0.0")).status_code == 400


class TestPut:
    async def test_replaces_one_artefact(self, keeper: Keeper) -> None:
        await keeper.post(codelist("CL_D", "A", "B", version="1.0"))
        changed = codelist("CL_D", "C", version="1.0")
        reply = await keeper.put(changed)
        assert reply.status_code == 200
        assert results(reply) == [("Replace", "Success", "200")]
        assert await keeper.stored(changed) == changed.document

    async def test_of_what_is_not_there_is_404(self, keeper: Keeper) -> None:
        reply = await keeper.put(codelist("CL_NEW", "A"))
        assert reply.status_code == 404
        assert results(reply) == [("Replace", "Failure", "404")]
        assert await keeper.stored(codelist("CL_NEW")) is None

    @pytest.mark.parametrize(
        "body",
        [
            [codelist("CL_OTHER", "A", version="1.0")],
            [codelist("CL_D", "A", version="2.0")],
            [codelist("CL_D", "A", version="1.0"), codelist("CL_E", "A", version="1.0")],
            [artefact("ConceptScheme", "CL_D", "1.0")],
            [],
        ],
    )
    async def test_c163_another_identification_than_the_address_is_422(
        self, keeper: Keeper, body: list[Artefact]
    ) -> None:
        held = codelist("CL_D", "A", version="1.0")
        await keeper.post(held)
        reply = await keeper.client.put(
            path_of(held), content=message(*body), headers={"Content-Type": JSON}
        )
        assert reply.status_code == 422
        assert await keeper.stored(held) == held.document
        for one in body:
            assert one.urn == held.urn or await keeper.stored(one) is None

    async def test_wildcards_and_half_addresses_are_400(self, keeper: Keeper) -> None:
        for path in ("/codelist/TST/CL_FREQ", "/codelist/*/CL_FREQ/1.0.0", "/x/TST/A/1.0.0"):
            reply = await keeper.client.put(ROOT + path, content=b"{}")
            assert reply.status_code == 400, path
            assert reply.json()["errors"][0]["code"] == 400


async def test_c164_a_stable_artefact_cannot_be_replaced(keeper: Keeper) -> None:
    changed = codelist("CL_FREQ", "A")
    for reply in (await keeper.put(changed), await keeper.post(changed)):
        assert reply.status_code == 409
        assert results(reply) == [("Replace", "Failure", "409")]
        assert "CL_FREQ(1.0.0)/codes/M" in said(reply)
        assert "publique el cambio con una versión nueva" in said(reply, "es")
    assert await keeper.stored(changed) == network()[3].document


@pytest.mark.parametrize(
    ("version", "codes", "status"),
    [
        ("2.0.0", ["A"], 201),
        ("1.1.0", ["A"], 409),
        ("1.0.1", ["A"], 409),
        ("1.1.0", ["A", "M", "Q"], 201),
        ("1.0.1", ["A", "M", "Q"], 409),
        ("1.0.1", ["A", "M"], 201),
        ("2.0.0-draft", ["A"], 201),
        ("1.1", ["A"], 201),
    ],
)
async def test_c165_the_version_tells_what_changed(
    keeper: Keeper, version: str, codes: list[str], status: int
) -> None:
    new = codelist("CL_FREQ", *codes, version=version)
    reply = await keeper.post(new)
    assert reply.status_code == status, reply.text
    if status == 409:
        needed = "major" if len(codes) == 1 else "minor"
        assert f"needs a new {needed} version" in said(reply)


async def test_c166_a_missing_reference_is_409_and_named(keeper: Keeper) -> None:
    new = codelist("CL_NEW", codelistExtensions=[{"codelist": urn("Codelist", "CL_NOT")}])
    reply = await keeper.post(new)
    assert reply.status_code == 409
    assert urn("Codelist", "CL_NOT") in said(reply)
    assert await keeper.stored(new) is None


async def test_c166_a_change_that_breaks_references_is_409(keeper: Keeper) -> None:
    held = codelist("CL_D", "A", "B", version="1.0")
    user = artefact(
        "Hierarchy",
        "H",
        "1.0",
        hierarchicalCodes=[
            {"id": "B", "code": urn("Code", "CL_D", "B", version="1.0")},
        ],
    )
    assert (await keeper.post(user, held)).status_code == 201
    broken = await keeper.put(codelist("CL_D", "A", version="1.0"))
    assert broken.status_code == 409
    assert "Hierarchy TST:H(1.0)" in said(broken)
    assert (await keeper.put(codelist("CL_D", "B", version="1.0"))).status_code == 200
    left = {"id": "A", "code": urn("Code", "CL_D", "A", version="1.0")}
    both = artefact("Hierarchy", "H", "1.0", hierarchicalCodes=[left])
    assert (await keeper.post(codelist("CL_D", "A", version="1.0"), both)).status_code == 200


class TestDelete:
    async def test_c167_what_is_free_is_deleted_and_found_as_of_before(
        self, keeper: Keeper
    ) -> None:
        held = codelist("CL_D", "A", version="1.0")
        await keeper.post(held)
        then = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
        reply = await keeper.delete(held)
        assert reply.status_code == 200
        assert results(reply) == [("Delete", "Success", "200")]
        assert said(reply, "es") == "codelist.Codelist=TST:CL_D(1.0) se eliminó."
        assert await keeper.stored(held) is None
        before = await keeper.client.get(path_of(held), params={"asOf": then})
        assert before.status_code == 200
        assert (await keeper.delete(held)).status_code == 404
        assert (await keeper.post(held)).status_code == 201

    async def test_c167_what_is_referred_to_stays(self, keeper: Keeper) -> None:
        base = codelist("CL_D", "A", version="1.0")
        user = codelist("CL_E", version="1.0", codelistExtensions=[{"codelist": base.urn}])
        await keeper.post(base, user)
        reply = await keeper.delete(base)
        assert reply.status_code == 409
        assert user.urn in said(reply)
        assert (await keeper.delete(user)).status_code == 200
        assert (await keeper.delete(base)).status_code == 200

    async def test_c167_what_is_absent_is_404(self, keeper: Keeper) -> None:
        reply = await keeper.delete(codelist("CL_NEVER"))
        assert reply.status_code == 404
        assert results(reply) == [("Delete", "Failure", "404")]

    async def test_c167_what_is_stable_stays(self, keeper: Keeper) -> None:
        free = codelist("CL_FREE", "A")
        await keeper.post(free)
        reply = await keeper.delete(free)
        assert reply.status_code == 409
        assert "stable" in said(reply)
        assert await keeper.stored(free) == free.document

    async def test_c171_flat_children_lose_their_parent(self, keeper: Keeper) -> None:
        held = codelist("CL_D", "TOP", item("A", parent="TOP"), item("B"), version="1.0")
        await keeper.post(held)
        reply = await keeper.delete(held, "TOP")
        assert reply.status_code == 200
        assert said(reply) == "codelist.Codelist=TST:CL_D(1.0).TOP was deleted."
        stored = await keeper.stored(held)
        assert stored is not None
        assert stored["codes"] == [item("A"), item("B")]
        assert (await keeper.delete(held, "TOP")).status_code == 404

    async def test_c171_nested_children_go_with_their_parent(self, keeper: Keeper) -> None:
        tree = [item("C1", categories=[item("C11", categories=[item("C111")]), item("C12")])]
        held = artefact("CategoryScheme", "CAS", "1.0", categories=tree)
        await keeper.post(held)
        assert (await keeper.delete(held, "C1.C11")).status_code == 200
        stored = await keeper.stored(held)
        assert stored is not None
        assert stored["categories"] == [item("C1", categories=[item("C12")])]
        assert (await keeper.delete(held, "C1")).status_code == 200
        last = await keeper.stored(held)
        assert last is not None
        assert "categories" not in last

    async def test_c171_an_item_that_is_referred_to_stays(self, keeper: Keeper) -> None:
        held = artefact("CategoryScheme", "CAS", "1.0", categories=[item("C1"), item("C2")])
        use = artefact(
            "Categorisation", "USE", "1.0", source=urn("Dataflow", "DF"),
            target=urn("Category", "CAS", "C1", version="1.0"),
        )  # fmt: skip
        await keeper.post(held, use)
        reply = await keeper.delete(held, "C1")
        assert reply.status_code == 409
        assert "Categorisation TST:USE(1.0)" in said(reply)
        assert (await keeper.delete(held, "C2")).status_code == 200

    async def test_items_of_what_has_none_and_wildcards_are_400(self, keeper: Keeper) -> None:
        for path in ("/dataflow/TST/DF/1.0.0/A", "/codelist/TST/*/1.0", "/codelist"):
            assert (await keeper.client.delete(ROOT + path)).status_code == 400, path


async def test_c168_a_partial_scheme_replaces_what_it_lists(keeper: Keeper) -> None:
    names = {"en": "Decimals", "es": "Decimales"}
    held = codelist(
        "CL_DEC", item("0"), item("1"), item("2"), version="1.0", name="Decimals", names=names,
        annotations=[{"id": "OLD", "title": "old"}],
    )  # fmt: skip
    await keeper.post(held)
    first = {"id": "0", "name": "No decimal", "names": {"en": "No decimal"}}
    part = codelist(
        "CL_DEC", first, item("HALF"), item("1"), item("3"), version="1.0", isPartial=True,
        name="Décimales", names={"fr": "Décimales", "es": "Decimales nuevos"},
        annotations=[{"id": "NEW", "title": "new"}],
    )  # fmt: skip
    reply = await keeper.put(part)
    assert reply.status_code == 200, reply.text
    stored = await keeper.stored(held)
    assert stored is not None
    assert stored["codes"] == [first, item("HALF"), item("1"), item("2"), item("3")]
    assert stored["names"] == {"en": "Decimals", "es": "Decimales nuevos", "fr": "Décimales"}
    assert stored["annotations"] == [{"id": "NEW", "title": "new"}]
    assert "isPartial" not in stored


async def test_c168_a_part_needs_a_whole(keeper: Keeper) -> None:
    part = codelist("CL_NONE", "A", version="1.0", isPartial=True)
    assert (await keeper.post(part)).status_code == 404
    stable = await keeper.post(codelist("CL_FREQ", "Q", isPartial=True))
    assert stable.status_code == 409
    flow = artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD"), isPartial=True)
    assert (await keeper.post(flow)).status_code == 422


async def test_c169_a_listed_root_category_replaces_its_whole_subtree(keeper: Keeper) -> None:
    sectoral = item("SECTORAL", categories=[item("AGRI"), item("ENERGY")])
    economic = item("ECO", categories=[item("MACRO"), sectoral, item("GOV")])
    roots = [item("DEMO"), economic, item("ENV")]
    held = artefact("CategoryScheme", "SUBJECTS", "1.0", categories=roots)
    await keeper.post(held)
    smaller = item("ECO", categories=[item("MACRO")])
    part = artefact("CategoryScheme", "SUBJECTS", "1.0", categories=[smaller], isPartial=True)
    assert (await keeper.post(part)).status_code == 200
    stored = await keeper.stored(held)
    assert stored is not None
    assert stored["categories"] == [item("DEMO"), smaller, item("ENV")]


async def test_c170_a_partial_language_adds_only_texts(keeper: Keeper) -> None:
    held = codelist("CL_D", item("A"), item("B", parent="A"), version="1.0")
    await keeper.post(held)
    french = {"id": "B", "name": "Bé", "names": {"fr": "Bé", "es": "Be"}}
    part = codelist(
        "CL_D", french, version="1.0", isPartialLanguage=True, name="Liste", names={"fr": "Liste"}
    )
    reply = await keeper.put(part)
    assert reply.status_code == 200, reply.text
    stored = await keeper.stored(held)
    assert stored is not None
    assert stored["names"] == held.document["names"] | {"fr": "Liste"}
    second = item("B", parent="A")
    names = {"en": "B in English", "es": "Be", "fr": "Bé"}
    assert stored["codes"] == [item("A"), second | {"names": names}]
    unknown = codelist("CL_D", "C", version="1.0", isPartialLanguage=True)
    assert (await keeper.put(unknown)).status_code == 422


@pytest.mark.parametrize(
    ("class_name", "resource_id", "version"),
    [
        ("AgencyScheme", "AGENCIES", "1.1"),
        ("AgencyScheme", "MY_AGENCIES", "1.0"),
        ("DataProviderScheme", "PROVIDERS", "1.0"),
        ("MetadataProviderScheme", "METADATA_PROVIDERS", "2.0"),
    ],
)
async def test_c046_organisation_schemes_have_one_id_and_version(
    keeper: Keeper, class_name: str, resource_id: str, version: str
) -> None:
    reply = await keeper.post(artefact(class_name, resource_id, version))
    assert reply.status_code == 422


async def test_c179_nothing_rests_on_a_shell(keeper: Keeper) -> None:
    shell = codelist("CL_FAR", isExternalReference=True)
    assert (await keeper.post(shell)).status_code == 201
    user = codelist("CL_USER", "A", codelistExtensions=[{"codelist": shell.urn}])
    refused = await keeper.post(user)
    assert refused.status_code == 422
    assert "CL_FAR" in said(refused)
    whole = codelist("CL_FREQ", isExternalReference=True)
    assert (await keeper.post(whole)).status_code == 409


class TestRights:
    async def test_without_a_token_is_401(self, service: FastAPI, keeper: Keeper) -> None:
        keeper.client.headers.pop("Authorization")
        new = codelist("CL_NEW", "A")
        for reply in (
            await keeper.post(new),
            await keeper.put(new),
            await keeper.delete(new),
        ):
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"].startswith("Bearer")

    async def test_another_agency_is_403_and_told_alone(self, keeper: Keeper) -> None:
        mine, sub = codelist("CL_NEW", "A"), codelist("CL_SUB", "A", agency="TST.SUB")
        other = codelist("CL_NEW", "A", agency="TSTX")
        alone = await keeper.post(other)
        assert alone.status_code == 403
        assert results(alone) == [("Append", "Failure", "403")]
        mixed = await keeper.post(mine, other, sub)
        assert mixed.status_code == 207
        assert [code for _, _, code in results(mixed)] == ["201", "403", "201"]
        agencies = artefact("AgencyScheme", "AGENCIES", "1.0", "SDMX", agencies=[item("TST")])
        assert (await keeper.put(agencies)).status_code == 403
        assert (await keeper.delete(agencies)).status_code == 403

    async def test_a_program_without_grants_maintains_nothing(
        self, service: FastAPI, pools: Pools
    ) -> None:
        client = await program(service, pools, [])
        reply = await Keeper(client).post(codelist("CL_NEW", "A"))
        await client.aclose()
        assert reply.status_code == 403


class TestAnswers:
    @pytest.mark.parametrize("version", ["3.1", "3.0"])
    async def test_the_answer_in_sdmx_ml_is_valid(self, keeper: Keeper, version: str) -> None:
        accept = f"application/vnd.sdmx.registry+xml;version={version}.0"
        mine = [one for one in every_class() if one.agency == "TST"]
        bad = codelist("CL_BAD", item("A", parent="<&>"))
        reply = await keeper.post(*mine, bad, Accept=accept)
        assert reply.status_code == 207
        assert reply.headers["content-type"].replace(" ", "") == accept
        root = check_response(reply.content, version)
        reg = {"reg": REGISTRY[version]}
        codes = root.xpath("//reg:MessageText/@code", namespaces=reg)
        assert sorted(set(codes)) == ["200", "201", "422"]
        urns = root.xpath("//reg:MaintainableObject/text()", namespaces=reg)
        assert sorted(urns) == sorted(one.urn for one in (*mine, bad))
        assert "<&>" in "".join(root.itertext())

    async def test_the_default_is_json_and_an_unknown_format_gets_it(self, keeper: Keeper) -> None:
        for accept in ("*/*", "text/csv", "application/json", JSON):
            reply = await keeper.post(codelist("CL_NEW", "A"), Accept=accept)
            assert reply.headers["content-type"] == "application/json"
        told = reply.json()
        assert told["meta"]["sender"] == {"id": "VIPMG"}
        assert told["meta"]["receivers"] == [{"id": "P1"}]
        listed = told["submitStructureResponse"]["submissionResults"]
        assert listed[0]["submittedStructure"] == {
            "action": "Replace", "maintainableObject": urn("Codelist", "CL_NEW"),
        }  # fmt: skip
        generic = await keeper.post(codelist("CL_NEW", "A"), Accept="application/xml")
        check_response(generic.content, "3.1")

    async def test_one_new_artefact_is_told_with_its_address(self, keeper: Keeper) -> None:
        new = codelist("CL_NEW", "A")
        reply = await keeper.post(new)
        assert reply.headers["location"].endswith(path_of(new))
        assert (await keeper.client.get(reply.headers["location"])).status_code == 200


class TestBodies:
    @pytest.mark.parametrize(
        "accept",
        [
            "+json;version=2.0.0",
            "+xml;version=3.1.0",
            "+xml;version=3.0.0",
            "+xml;version=2.1",
            "+json;version=1.0.0",
        ],
    )
    async def test_every_format_that_is_written_is_taken_back(
        self, keeper: Keeper, accept: str
    ) -> None:
        version = "v1/codelist/TST/CL_AREA/1.0.0"
        path = f"/sdmx/{version}" if accept.endswith(("2.1", "1.0.0")) else None
        media_type = f"application/vnd.sdmx.structure{accept}"
        held = next(one for one in network() if one.id == "CL_AREA")
        shown = await keeper.client.get(
            path or path_of(held), headers={"Accept": media_type, "Accept-Language": "*"}
        )
        assert shown.status_code == 200
        headers = {"Content-Type": media_type}
        same = await keeper.client.put(path_of(held), content=shown.content, headers=headers)
        assert same.status_code == 200, same.text
        assert "just so" in said(same)
        new = shown.content.replace(b"CL_AREA", b"CL_COPY")
        created = await keeper.client.post(ROOT, content=new, headers=headers)
        assert created.status_code == 201, created.text
        copied = await keeper.stored(codelist("CL_COPY"))
        assert copied is not None
        assert copied["codes"] == held.document["codes"]

    async def test_a_compressed_body_is_read(self, keeper: Keeper) -> None:
        new = codelist("CL_NEW", "A")
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        body = gzip.compress(message(new))
        reply = await keeper.client.post(ROOT, content=body, headers=headers)
        assert reply.status_code == 201
        bomb = gzip.compress(b" " * (80 << 20))
        reply = await keeper.client.post(ROOT, content=bomb, headers=headers)
        assert reply.status_code == 413

    @pytest.mark.parametrize("content_type", ["", "text/csv", "application/octet-stream", "json"])
    async def test_the_content_type_is_mandatory(self, keeper: Keeper, content_type: str) -> None:
        body = message(codelist("CL_NEW", "A"))
        headers = {"Content-Type": content_type} if content_type else {}
        reply = await keeper.client.post(ROOT, content=body, headers=headers)
        assert reply.status_code == 415

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 422),
            (b"{", 422),
            (b"[]", 422),
            (b'{"data": {}}', 422),
            (b'{"data": {"codelists": 1}}', 422),
            (b'{"data": {"codelists": [{"id": "A"}]}}', 422),
            (b'{"data": {"nonsense": []}}', 422),
            (b"<a/>", 422),
            (b"\xff\xfe", 422),
            (b'{"data":' * 5000, 422),
            (message(codelist("CL_X", "A"), codelist("CL_X", "A")), 422),
            (message(codelist("CL_X", item("A", name="\x01"))), 422),
            (DEEP.replace(b"0", b"[" * 150 + b"]" * 150), 422),
            (DEEP.replace(b"0", b"[" * 900 + b"]" * 900), 422),
            (message(artefact("Codelist", "CL X")), 422),
            (message(artefact("Codelist", "CL_X", codes=[1])), 422),
            (message(artefact("Codelist", "CL_X", names=1)), 422),
            (message(artefact("Codelist", "CL_X", names=["a"], isPartialLanguage=True)), 404),
            (message(artefact("Codelist", "CL_FREQ", names=["a"], isPartialLanguage=True)), 200),
            (message(artefact("Codelist", "CL_FREQ", codes={"id": 1}, isPartial=True)), 422),
            (message(artefact("Codelist", "CL_FREQ", codes=[1], isPartial=True)), 422),
            (message(artefact("Dataflow", "DF_X", structure=1)), 422),
            (message(artefact("Process", "P", "1.0", processSteps=1)), 422),
            (message(artefact("StructureMap", "SM", "1.0", componentMaps=[True])), 422),
            (message(artefact("Metadataflow", "MDF", "1.0", structure={})), 422),
            (message(artefact("Dataflow", "DF_X", structure="urn:sdmx:org.sdmx.infomodel.x")), 422),
        ],
    )
    async def test_what_cannot_be_used_is_refused_clearly(
        self, keeper: Keeper, body: bytes, status: int
    ) -> None:
        reply = await keeper.client.post(ROOT, content=body, headers={"Content-Type": JSON})
        assert reply.status_code == status, reply.text

    async def test_xml_that_is_no_structure_message_is_told_what_is_read(
        self, keeper: Keeper
    ) -> None:
        sent = {"Content-Type": "application/vnd.sdmx.structure+xml;version=2.1"}
        reply = await keeper.client.post(ROOT, content=b"<a/>", headers=sent)
        assert reply.status_code == 422
        assert "SDMX-ML 3.1, 3.0 or 2.1: it begins with a" in reply.text

    async def test_parameters_that_mean_nothing_are_refused(self, keeper: Keeper) -> None:
        assert (await keeper.post(codelist("CL_NEW", "A"), path="?dryRun=true")).status_code == 400


async def test_a_change_of_what_was_not_seen_is_412(keeper: Keeper) -> None:
    held = codelist("CL_D", "A", version="1.0")
    await keeper.post(held)
    tag = (await keeper.client.get(path_of(held))).headers["etag"]
    changed = codelist("CL_D", "B", version="1.0")
    assert (await keeper.put(changed, **{"If-Match": tag})).status_code == 200
    stale = await keeper.put(held, **{"If-Match": tag})
    assert stale.status_code == 412
    assert results(stale) == [("Replace", "Failure", "412")]
    assert await keeper.stored(held) == changed.document
    assert (await keeper.delete(held, **{"If-Match": tag})).status_code == 412
    now = (await keeper.client.get(path_of(held), headers={"Accept": XML31})).headers.get("etag")
    now = now or (await keeper.client.get(path_of(held))).headers["etag"]
    assert (await keeper.delete(held, **{"If-Match": now})).status_code == 200


async def test_two_changes_at_once_do_not_lose_each_other(keeper: Keeper) -> None:
    lists = [codelist(f"CL_N{number}", "A") for number in range(6)]
    replies = await asyncio.gather(*(keeper.post(one) for one in lists))
    assert {reply.status_code for reply in replies} == {201}
    for one in lists:
        assert await keeper.stored(one) == one.document


class TestAgreements:
    """What data rest on."""

    def agreement(self, version: str = "1.0", provider: str = "P1", **parts: Any) -> Artefact:
        return artefact(
            "ProvisionAgreement",
            "PA_OPEN",
            version,
            **{
                "dataflow": urn("Dataflow", "DF"),
                "dataProvider": urn("DataProvider", "DATA_PROVIDERS", provider, version="1.0"),
            }
            | parts,
        )

    async def test_an_agreement_without_data_ends_and_may_begin_anew(
        self, keeper: Keeper, pools: Pools
    ) -> None:
        assert (await keeper.post(self.agreement())).status_code == 201
        assert (await keeper.delete(self.agreement())).status_code == 200
        state = "SELECT active, provider FROM agreement WHERE urn = $1"
        row = await pools.writer.fetchrow(state, self.agreement().urn)
        assert (row["active"], row["provider"]) == (False, "P1")
        assert (await keeper.post(self.agreement(provider="P2"))).status_code == 201
        row = await pools.writer.fetchrow(state, self.agreement().urn)
        assert (row["active"], row["provider"]) == (True, "P2")

    async def test_an_agreement_keeps_its_parties(self, keeper: Keeper) -> None:
        other = artefact("Dataflow", "DF_B", structure=urn("DataStructure", "DSD"))
        await keeper.post(self.agreement(), other)
        for changed in (self.agreement(provider="P2"), self.agreement(dataflow=other.urn)):
            reply = await keeper.put(changed)
            assert reply.status_code == 409
            assert "never changes its data provider or its dataflow" in said(reply)

    async def test_a_flow_keeps_its_dimensions(self, keeper: Keeper) -> None:
        small = artefact("DataStructure", "DSD_O", "1.0", **components("FREQ"))
        flow = artefact("Dataflow", "DF_O", "1.0", structure=small.urn)
        assert (await keeper.post(small, flow)).status_code == 201
        larger = artefact("DataStructure", "DSD_O", "1.0", **components("FREQ", "AREA"))
        reply = await keeper.put(larger)
        assert reply.status_code == 409
        assert "FREQ -> FREQ, AREA" in said(reply)
        assert await keeper.stored(small) == small.document


def components(*names: str) -> dict[str, Any]:
    listed = [{"id": one, "conceptIdentity": urn("Concept", "CS", one)} for one in names]
    dimension_list = {"id": "DimensionDescriptor", "dimensions": listed}
    return {"dataStructureComponents": {"dimensionList": dimension_list}}


class TestMetadataSets:
    """Reference metadata: the same verbs under `/metadata`."""

    ROOT = "/sdmx/v2/metadata"
    TYPE = "application/vnd.sdmx.metadata+json;version=2.1.0"
    BOUND: ClassVar = {"metadataProvisionAgreement": urn("MetadataProvisionAgreement", "MPA")}

    @pytest.fixture
    async def reporter(self, service: FastAPI, pools: Pools) -> AsyncIterator[httpx.AsyncClient]:
        async with pools.writer.acquire() as connection:
            await publish(connection, metadata_network(), dt.datetime.now(dt.UTC))
        client = await program(service, pools, [PROVIDER])
        client.headers["Content-Type"] = self.TYPE
        yield client
        await client.aclose()

    def body(self, *sets: Artefact) -> bytes:
        return orjson.dumps({"meta": {"id": "M"}, "data": {"metadataSets": [
            one.document for one in sets
        ]}})  # fmt: skip

    async def test_sets_are_created_replaced_and_deleted(self, reporter: httpx.AsyncClient) -> None:
        held = metadata_set(version="1.0", **self.BOUND)
        address = f"{self.ROOT}/metadataset/{PROVIDER}/MS/1.0"
        assert (await reporter.put(address, content=self.body(held))).status_code == 404
        created = await reporter.post(self.ROOT, content=self.body(held))
        assert created.status_code == 201, created.text
        assert created.headers["location"].endswith(address)
        shown = await reporter.get(address, headers={"Accept": self.TYPE, "Accept-Language": "*"})
        [stored] = shown.json()["data"]["metadataSets"]
        assert stored["attributes"] == held.document["attributes"]
        changed = metadata_set(version="1.0", attributes=FULL[:1], **self.BOUND)
        one = f"{self.ROOT}/metadataset"
        assert (await reporter.post(one, content=self.body(changed))).status_code == 200
        tag = shown.headers["etag"]
        stale = await reporter.delete(address, headers={"If-Match": tag})
        assert stale.status_code == 412
        assert (await reporter.delete(address)).status_code == 200
        assert (await reporter.get(address)).status_code in (204, 404)

    @pytest.mark.parametrize(
        "content_type", [TYPE, "application/json", TYPE.replace("metadata", "structure")]
    )
    async def test_a_set_sent_to_the_structures_is_told_its_address(
        self, reporter: httpx.AsyncClient, content_type: str
    ) -> None:
        reply = await reporter.post(
            "/sdmx/v2/structure",
            content=self.body(metadata_set()),
            headers={"Content-Type": content_type},
        )
        assert reply.status_code in (415, 422)
        told = reply.json()["errors"][0]["details"]
        assert all("/sdmx/v2/metadata." in told[language] for language in ("en", "es"))

    async def test_what_the_structure_does_not_allow_is_refused(
        self, reporter: httpx.AsyncClient
    ) -> None:
        wrong = metadata_set(attributes=[{"id": "YEARS", "value": "soon"}], **self.BOUND)
        reply = await reporter.post(self.ROOT, content=self.body(wrong))
        assert reply.status_code == 422
        assert results(reply) == [("Append", "Failure", "422")]

    async def test_a_report_is_of_those_responsible_and_goes_by_those_above(
        self, service: FastAPI, pools: Pools, reporter: httpx.AsyncClient
    ) -> None:
        # Without an agreement of the agency a provider has no word on its dataflows.
        refused = await reporter.post(self.ROOT, content=self.body(metadata_set()))
        assert (refused.status_code, results(refused)[0][2]) == (403, "403"), refused.text
        assert "TST:DF(1.0.0)" in said(refused)
        assert "TST:DF(1.0.0)" in said(refused, "es")
        held, later = (metadata_set(version=one, **self.BOUND) for one in ("1.0.0", "1.0.1"))
        address = f"{self.ROOT}/metadataset/{PROVIDER}/MS"
        about = f"{self.ROOT}/structure/dataflow/TST/DF"
        for one in (held, later):
            assert (await reporter.post(self.ROOT, content=self.body(one))).status_code == 201
            [shown] = (await reporter.get(about)).json()["data"]["metadataSets"]
            assert shown["version"] == one.version.text, "the last one stands"
        stays = await reporter.delete(f"{address}/1.0.1")
        assert (stays.status_code, "next version" in said(stays)) == (409, True)
        above = await program(service, pools, ["TST"])
        for version in ("1.0.1", "1.0.0"):
            gone = await above.delete(f"{address}/{version}")
            assert gone.status_code == 200, gone.text
        assert (await reporter.get(about)).status_code == 204
        await above.aclose()

    async def test_structures_and_other_providers_are_refused(
        self, reporter: httpx.AsyncClient
    ) -> None:
        # The agency of a provider is no provider, and neither is a provider without its agency.
        for agency in ("TST", PROVIDER.rpartition(".")[2]):
            other = self.body(metadata_set(agency=agency))
            assert (await reporter.post(self.ROOT, content=other)).status_code == 403
        structure = await reporter.post(self.ROOT, content=message(codelist("CL_NEW", "A")))
        assert structure.status_code == 422
        typed = await reporter.post(
            self.ROOT, content=self.body(metadata_set()), headers={"Content-Type": JSON}
        )
        assert typed.status_code == 415
