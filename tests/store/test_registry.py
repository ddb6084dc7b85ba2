"""The registry in the database: publishing, states, references, rows derived, the snapshot."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import (
    ConfigurationError,
    ConflictError,
    InvalidArtefactError,
    MessageError,
    StableArtefactChangedError,
)
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance import plan_deletion
from app.services.publish_structures import (
    publish_delivered,
    publish_structures,
    read_structure_files,
    shared_structures,
)
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry import RegistryCache, RegistrySnapshot, load_as_of
from app.store.registry_publication import PublishResult, maintain
from app.store.registry_publication import publish as publish_artefacts
from tests.artefact_samples import artefact, component, every_class, item, network, urn

SHARED = Path(__file__).parents[2] / "codelists"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def publish(pools: Pools, artefacts: Iterable[Artefact], day: int = 0) -> PublishResult:
    async with pools.writer.acquire() as connection:
        return await publish_artefacts(connection, artefacts, START + dt.timedelta(days=day))


async def current(pools: Pools, cache: RegistryCache | None = None) -> RegistrySnapshot:
    async with pools.public.acquire() as connection:
        return await (cache or RegistryCache()).current(connection)


async def fetch(pools: Pools, statement: str, *values: object) -> list[dict[str, Any]]:
    return [dict(row) for row in await pools.writer.fetch(statement, *values)]


def draft(*codes: str, **parts: Any) -> Artefact:
    items = [item(code) for code in codes]
    return artefact("Codelist", "CL_DRAFT", "1.0.0-draft", codes=items, **parts)


async def test_c026_every_class_is_stored_and_read_back_unchanged(pools: Pools) -> None:
    artefacts = every_class()
    result = await publish(pools, artefacts)
    assert set(result.added) == {one.urn for one in artefacts}
    snapshot = await current(pools)
    assert {one.urn: one for one in snapshot.artefacts} == {one.urn: one for one in artefacts}
    rows = await fetch(
        pools, "SELECT urn, class, agency, artefact_id, version, stable FROM artefact"
    )
    stored = {row["urn"]: row for row in rows}
    for one in artefacts:
        assert stored[one.urn] == {
            "urn": one.urn,
            "class": one.artefact_class.name,
            "agency": one.agency,
            "artefact_id": one.id,
            "version": one.version.text,
            "stable": one.stable,
        }


async def test_publishing_again_writes_nothing(pools: Pools) -> None:
    first = await publish(pools, network())
    again = await publish(pools, network(), day=1)
    assert (first.revision, again.revision) == (1, 1)
    assert not again.added
    assert not again.changed
    assert again.unchanged == first.added
    assert (await current(pools)).revised_at == START


async def test_c164_a_stable_change_is_refused_with_its_difference_and_nothing_is_written(
    pools: Pools,
) -> None:
    await publish(pools, network())
    changed = artefact("Codelist", "CL_FREQ", codes=[item("A"), item("Q")])
    new = artefact("Codelist", "CL_NEW")
    with pytest.raises(StableArtefactChangedError, match=r"CL_FREQ\(1.0.0\)/codes/M"):
        await publish(pools, [new, changed], day=1)
    snapshot = await current(pools)
    assert snapshot.revision == 1
    assert new.urn not in snapshot.artefacts


async def test_c041_every_stored_state_is_kept(pools: Pools) -> None:
    for day, codes in enumerate((("A",), ("A", "B"), ("A", "C"))):
        await publish(pools, [draft(*codes)], day)
    async with pools.public.acquire() as connection:
        then = await load_as_of(connection, START + dt.timedelta(days=1, hours=1))
        before = await load_as_of(connection, START - dt.timedelta(seconds=1))
    states = await fetch(
        pools,
        """SELECT document::text AS document, recorded_from, recorded_to
           FROM artefact WHERE urn = $1 ORDER BY recorded_from""",
        draft().urn,
    )
    assert [orjson.loads(state["document"]) for state in states] == [
        draft(*codes).document for codes in (("A",), ("A", "B"), ("A", "C"))
    ]
    starts = [START + dt.timedelta(days=day) for day in range(3)]
    assert [state["recorded_from"] for state in states] == starts
    assert [state["recorded_to"] for state in states] == [*starts[1:], None]
    assert then.get(draft().urn) == draft("A", "B")
    assert not len(before)


async def test_a_clock_that_goes_back_does_not_break_the_order_of_states(pools: Pools) -> None:
    await publish(pools, [draft("A")], day=5)
    await publish(pools, [draft("B")], day=1)
    assert (await current(pools)).revised_at == START + dt.timedelta(days=5)


async def test_references_are_rewritten_with_the_state(pools: Pools) -> None:
    def extending(target: str) -> Artefact:
        extensions = [{"codelist": urn("Codelist", target)}]
        return artefact("Codelist", "CL", "1.0.0-draft", codelistExtensions=extensions)

    bases = [artefact("Codelist", "CL_1", codes=[item("A")]), artefact("Codelist", "CL_2")]
    await publish(pools, [*bases, extending("CL_1")])
    await publish(pools, [extending("CL_2")], day=1)
    snapshot = await current(pools)
    assert snapshot.artefacts.children(extending("CL_1").urn) == {bases[1].urn}
    assert snapshot.artefacts.parents(bases[0].urn) == frozenset()
    async with pools.public.acquire() as connection:
        before = await load_as_of(connection, START)
    assert before.parents(bases[0].urn) == {extending("CL_1").urn}


async def test_c166_missing_references_are_refused(pools: Pools) -> None:
    with pytest.raises(InvalidArtefactError, match="lead to nothing"):
        await publish(pools, [one for one in network() if one.id != "CL_AREA"])
    assert not len((await current(pools)).artefacts)


async def test_stored_references_agree_with_the_documents(pools: Pools) -> None:
    await publish(pools, every_class())
    snapshot = await current(pools)
    fresh = type(snapshot.artefacts)(snapshot.artefacts)
    for one in fresh:
        assert snapshot.artefacts.children(one.urn) == fresh.children(one.urn)


async def test_dataflows_and_agreements_are_derived(pools: Pools) -> None:
    await publish(pools, network())
    flows = await fetch(pools, "SELECT urn, dimensions FROM dataflow")
    assert flows == [{"urn": urn("Dataflow", "DF"), "dimensions": ["FREQ", "AREA", "TOPIC"]}]
    agreements = await fetch(
        pools,
        """SELECT agreement.urn, provider, precedence, readers, fixed_attributes::text AS fixed,
             active, agreement_head.revision, series_count, observation_count,
             withheld_head.revision AS withheld
           FROM agreement
           JOIN agreement_head ON agreement_head.agreement_id = agreement.id
           JOIN withheld_head ON withheld_head.agreement_id = agreement.id
           ORDER BY agreement.urn""",
    )
    assert agreements == [
        {
            "urn": urn("ProvisionAgreement", f"PA_{number}"),
            "provider": f"P{number}",
            "precedence": number * 100,
            "readers": [],
            "fixed": '{"LICENCE":"CC0"}',
            "active": True,
            "revision": 0,
            "series_count": 0,
            "observation_count": 0,
            "withheld": 0,
        }
        for number in (1, 2)
    ]


def open_agreement(provider: str = "P1", **terms: str) -> Artefact:
    notes = [{"id": key, "type": "AGREEMENT_TERM", "value": text} for key, text in terms.items()]
    return artefact(
        "ProvisionAgreement",
        "PA_OPEN",
        "1.0",
        dataflow=urn("Dataflow", "DF"),
        dataProvider=urn("DataProvider", "DATA_PROVIDERS", provider, version="1.0"),
        **({"annotations": notes} if notes else {}),
    )


async def test_terms_may_change_and_the_result_says_so(pools: Pools) -> None:
    await publish(pools, [*network(), open_agreement()])
    renamed = open_agreement(FREQUENCY="M")
    assert (await publish(pools, [renamed], day=1)).changed_terms == ()
    result = await publish(pools, [open_agreement(READERS="OTH", PRECEDENCE="9")], day=2)
    assert result.changed_terms == (open_agreement().urn,)
    rows = await fetch(
        pools, "SELECT precedence, readers FROM agreement WHERE urn = $1", open_agreement().urn
    )
    assert rows == [{"precedence": 9, "readers": ["OTH"]}]


async def test_an_agreement_never_changes_its_provider(pools: Pools) -> None:
    await publish(pools, [*network(), open_agreement("P1")])
    with pytest.raises(ConflictError, match="never changes its data provider"):
        await publish(pools, [open_agreement("P2")], day=1)


async def test_the_dimensions_of_a_dataflow_never_change(pools: Pools) -> None:
    def structure(*dimensions: str) -> Artefact:
        listed = [component(one, urn("Codelist", "CL_FREQ")) for one in dimensions]
        components = {"dimensionList": {"id": "DimensionDescriptor", "dimensions": listed}}
        return artefact("DataStructure", "DSD_OPEN", "1.0", dataStructureComponents=components)

    flow = artefact("Dataflow", "DF_OPEN", structure=structure("FREQ").urn)
    await publish(pools, [*network(), structure("FREQ"), flow])
    with pytest.raises(ConflictError, match="FREQ -> FREQ, AREA"):
        await publish(pools, [structure("FREQ", "AREA")], day=1)


async def test_the_cache_follows_the_revision(pools: Pools) -> None:
    cache = RegistryCache()
    empty = await current(pools, cache)
    assert (empty.revision, len(empty.artefacts), empty.languages) == (0, 0, ())
    await publish(pools, network())
    first = await current(pools, cache)
    assert first.revision == 1
    assert first.languages == ("en", "es")
    assert await current(pools, cache) is first
    await publish(pools, [draft("A")], day=1)
    second = await current(pools, cache)
    assert second.revision == 2
    assert draft().urn in second.artefacts
    assert draft().urn not in first.artefacts


async def test_two_publications_at_once_do_not_lose_each_other(pools: Pools) -> None:
    await publish(pools, network())
    lists = [artefact("Codelist", f"CL_{number}") for number in range(2)]
    results = await asyncio.gather(*(publish(pools, [one]) for one in lists))
    assert sorted(result.revision for result in results) == [2, 3]
    held = (await current(pools)).artefacts
    assert all(one.urn in held for one in lists)


async def test_the_shared_structures_are_published_and_again_unchanged(pools: Pools) -> None:
    first = await publish_structures(pools.writer, [SHARED], START)
    assert len(first.added) == len(list(SHARED.rglob("*.json")))
    again = await publish_structures(pools.writer, [SHARED], START)
    assert (again.revision, again.unchanged) == (first.revision, first.added)
    agreements = [one for one in first.added if ".ProvisionAgreement=" in one]
    rows = await fetch(pools, "SELECT count(*) AS held FROM agreement_head")
    assert rows == [{"held": len(agreements)}]


class TestStarts:
    """The structures delivered are published at every start, after what was done meanwhile."""

    def deliver(self, folder: Path, *artefacts: Artefact) -> Path:
        for one in artefacts:
            data = {one.artefact_class.collection: [one.document]}
            (folder / f"{one.id}.json").write_bytes(orjson.dumps({"meta": {}, "data": data}))
        return folder

    async def held(self, pools: Pools, one: Artefact) -> dict[str, Any] | None:
        found = (await current(pools)).artefacts.get(one.urn)
        return None if found is None else found.document

    async def test_a_start_undoes_nothing(self, pools: Pools, tmp_path: Path) -> None:
        listed = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item("A"), item("B")])
        gone = artefact("Codelist", "CL_GONE", "1.0", codes=[item("A")])
        folder = self.deliver(tmp_path, listed, gone, draft("A"))
        first = await publish_delivered(pools.writer, folder, START)
        assert len(first.added) == 3
        more = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item("B"), item("C")])
        await publish(pools, [more, draft("A", "B")], day=1)
        async with pools.writer.acquire() as connection:
            await maintain(
                connection,
                lambda registry, facts: plan_deletion(
                    registry.artefacts, gone.urn, "", lambda _: True, facts=facts
                ),
                START + dt.timedelta(days=2),
            )
        again = await publish_delivered(pools.writer, folder, START + dt.timedelta(days=3))
        assert not again.added
        assert not again.changed
        assert await self.held(pools, listed) == more.document
        assert await self.held(pools, draft()) == draft("A", "B").document
        assert await self.held(pools, gone) is None

    async def test_a_new_release_brings_what_is_new(self, pools: Pools, tmp_path: Path) -> None:
        listed = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item("A")])
        await publish_delivered(pools.writer, self.deliver(tmp_path, listed, draft("A")), START)
        mine = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item("A"), item("MINE")])
        await publish(pools, [mine], day=1)
        newer = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item("A"), item("NEW")])
        folder = self.deliver(tmp_path, newer, draft("Z"))
        for day in (2, 3):
            await publish_delivered(pools.writer, folder, START + dt.timedelta(days=day))
        agencies = [item("A"), item("MINE"), item("NEW")]
        assert await self.held(pools, listed) == listed.document | {"agencies": agencies}
        assert await self.held(pools, draft()) == draft("Z").document
        assert (await current(pools)).revision == 3


class TestFiles:
    def write(self, path: Path, *codelists: Artefact) -> Path:
        data = {"codelists": [one.document for one in codelists]}
        path.write_bytes(orjson.dumps({"meta": {}, "data": data}))
        return path

    def test_files_and_folders_become_one_set(self, tmp_path: Path) -> None:
        folder = tmp_path / "more" / "deep"
        folder.mkdir(parents=True)
        self.write(folder / "b.json", draft("B"))
        single = self.write(tmp_path / "a.json", artefact("Codelist", "CL_A"))
        found = read_structure_files([single, tmp_path / "more"])
        assert [one.id for one in found] == ["CL_A", "CL_DRAFT"]

    def test_one_artefact_in_two_files_is_refused_and_both_are_named(self, tmp_path: Path) -> None:
        self.write(tmp_path / "a.json", draft("A"))
        self.write(tmp_path / "b.json", draft("A"))
        with pytest.raises(InvalidArtefactError, match=r"a\.json and in .*b\.json"):
            read_structure_files([tmp_path])

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text("{")
        with pytest.raises(MessageError, match=r"a\.json: This is not JSON"):
            read_structure_files([tmp_path])
        with pytest.raises(ConfigurationError, match="nowhere"):
            read_structure_files([tmp_path / "nowhere"])

    def test_the_folder_of_the_shared_structures(self, tmp_path: Path) -> None:
        assert shared_structures(Settings()) == SHARED
        assert shared_structures(Settings(codelists_dir=tmp_path)) == tmp_path
