"""Computed dataflows after real submissions: values, coverage, what is told, what is left alone."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import random
from collections.abc import AsyncIterator

import pytest

from app.errors import InvalidArtefactError
from app.services.redact import RedactionOrder, redact
from app.services.release_embargoed import release_embargoed
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store.ledger import verify_chain
from app.store.pools import Pools
from tests.agreements.desk import TERMS_URN, term_structures, terms_set
from tests.artefact_samples import artefact
from tests.derived.desk import CSV21, DERIVATIONS, DerivedDesk, open_derived_desk
from tests.derived.network import COMPILER, COUNTRIES, computed, hierarchy, member
from tests.published import publish_artefacts

ALL = "A.G_ALL._T._T"
FLOW = "/sdmx/v2/data/dataflow/TST/DF_R/1.0.0"


@pytest.fixture
async def desk(pools: Pools, settings: Settings) -> AsyncIterator[DerivedDesk]:
    async with open_derived_desk(pools, settings) as opened:
        yield opened


async def value(desk: DerivedDesk, key: str, dataflow: str = "DF_R") -> str | None:
    found = (await desk.computed(dataflow)).get(key)
    return None if found is None else found.get("OBS_VALUE", "")


async def test_a_region_has_its_coverage_beside_it_and_tells_how_far_it_knows(
    desk: DerivedDesk,
) -> None:
    await desk.report("A,CRI,F,_T,2020,10", "A,CRI,M,_T,2020,5")
    await desk.report("A,SLV,_T,_T,2020,100.5")
    # The office of HND answers for the key that it holds, whatever a compiler says of it.
    await desk.report("A,HND,F,_T,2020,7", "A,HND,_T,_T,2020,70", provider=COMPILER)
    await desk.report("A,HND,_T,_T,2020,8")
    assert (await desk.progress())["DF_R"]["is_current"] is False
    await desk.derive()
    found = await desk.computed("DF_R")
    assert found["A.G_ALL._T._T.2020"] == {
        "OBS_VALUE": "123.5",
        "OBS_STATUS": "E",
        "CONF_STATUS": "F",
        "COMPUTED_FROM": "REF_AREA: CRI + HND + SLV",
        "MEMBERS_REPORTED": "3",
        "MEMBERS_DUE": "3",
        "MEMBERS_COMPILED": "0",
        "MEMBERS_FLAGGED": "0",
        "MEMBERS_COMPUTED": "CRI",
    }
    women = found["A.G_ALL.F._T.2020"]
    assert (women["OBS_VALUE"], women["MEMBERS_MISSING"]) == ("17", "SLV")
    assert (women["MEMBERS_REPORTED"], women["MEMBERS_COMPILED"]) == ("1", "1")
    assert women["COMPILED_BY"] == "INT_X: HND"
    assert await led_to(desk, "DF_R", ALL) == {"PA_CRI": 15, "PA_HND": 8, "PA_SLV": 100.5}
    assert await led_to(desk, "DF_R", "A.G_ALL.F._T") == {"PA_CRI": 10, "PA_X": 7}
    assert await led_to(desk, "DF_T", "A.CRI._T._T") == {"PA_CRI": 15}
    assert found["A.G_OLD._T._T.2020"]["OBS_VALUE"] == "23"
    of = {"dataflow": "TST:DF_R(1.0.0)", "key": "A.G_OLD._T._T", "period": "2020"}
    led = (await desk.client.get("/api/lineage", params=of)).json()
    assert led["computed"]["members"] == ["CRI", "HND"], "those of that year"
    totals = await desk.computed("DF_T")
    assert totals.keys() == {"A.CRI._T._T.2020"}
    assert totals["A.CRI._T._T.2020"]["COMPUTED_FROM"] == "SEX: F + M"
    reported = await desk.client.get("/sdmx/v2/data/dataflow/TST/DF", headers={"Accept": CSV21})
    assert ",15," not in reply_values(reported.text), "computed figures stay out of reported ones"
    told = (await desk.client.get(FLOW, headers={"Accept": CSV21})).text.splitlines()
    through = told[0].split(",").index("THROUGH_SEQUENCE")
    assert {line.split(",")[through] for line in told[1:]} == {"5"}
    progress = await desk.progress()
    assert {name: one["through_sequence"] for name, one in progress.items()} == {
        "DF_T": 4,  # published as 5, which the regions know already
        "DF_R": 5,
    }
    assert {one["is_current"] for one in progress.values()} == {True}
    assert progress["DF_R"]["end"] == 6


async def test_a_figure_that_is_doubted_later_is_told_in_what_it_is_part_of(
    desk: DerivedDesk,
) -> None:
    await desk.report("A,CRI,F,_T,2020,10", "A,CRI,M,_T,2020,5", "A,CRI,F,_T,2021,1")
    await desk.report("A,HND,_T,_T,2020,8", "A,HND,F,_T,2021,1", provider=COMPILER)
    await desk.derive()
    assert "PARTS_STATUS" not in (await desk.computed("DF_R"))[f"{ALL}.2020"]
    await desk.report("A,CRI,M,_T,2020,5,P")
    await desk.report("A,HND,_T,_T,2020,8,V", provider=COMPILER)
    await desk.derive()
    told = (await desk.computed("DF_R"))[f"{ALL}.2020"]
    assert (told["OBS_VALUE"], told["OBS_STATUS"]) == ("23", "E")
    assert (told["MEMBERS_FLAGGED"], told["PARTS_STATUS"]) == ("2", "P: CRI; V: HND")
    total = (await desk.computed("DF_T"))["A.CRI._T._T.2020"]
    assert (total["OBS_STATUS"], total["PARTS_STATUS"]) == ("E", "P: M")
    sound = await desk.client.get(f"{FLOW}?c[MEMBERS_FLAGGED]=0", headers={"Accept": CSV21})
    rows = list(csv.DictReader(io.StringIO(sound.text)))
    assert {(row["REF_AREA"], row["SEX"], row["TIME_PERIOD"]) for row in rows} == {
        *(("G_ALL", "F", year) for year in ("2020", "2021")),
        *(("G_OLD", "F", year) for year in ("2020", "2021")),
    }


async def test_what_is_said_of_computed_data_comes_in_the_language_asked_for(
    desk: DerivedDesk,
) -> None:
    await desk.report("A,CRI,_T,_T,2020,10")
    await desk.derive()
    for language, text in (("es", "calculado"), ("en", "computed")):
        asked = {"Accept": CSV21, "Accept-Language": language}
        reply = await desk.client.get(f"{FLOW}/A.G_ALL._T._T", headers=asked)
        [row] = csv.DictReader(io.StringIO(reply.text))
        assert row["COMPUTED"] == text, reply.text


async def led_to(desk: DerivedDesk, dataflow: str, key: str) -> dict[str, float]:
    """What the links of a figure of 2020 to its sources add up to, by agreement."""
    of = {"dataflow": f"TST:{dataflow}(1.0.0)", "key": key, "period": "2020"}
    told = (await desk.client.get("/api/lineage", params=of)).json()
    added = {}
    for one in told["computed"]["sources"]:
        reply = await desk.client.get(one["links"]["source"], headers={"Accept": CSV21})
        values = [float(row["OBS_VALUE"]) for row in csv.DictReader(io.StringIO(reply.text))]
        added[one["agreement"].partition(":PA_")[2].partition("(")[0]] = sum(values)
    assert sum(added.values()) == float(told["values"]["OBS_VALUE"])
    return {f"PA_{name}": value for name, value in added.items()}


async def test_lineage_by_dataflow_is_of_the_figure_that_the_dataflow_gives(
    desk: DerivedDesk,
) -> None:
    await desk.report("A,HND,_T,_T,2020,70", "A,HND,_T,_T,2021,71", provider=COMPILER)
    of = {"dataflow": "TST:DF(1.0.0)", "key": "A.HND._T._T", "period": "2021"}
    assert (await desk.client.get("/api/lineage", params=of)).json()["provider"] == COMPILER
    await desk.report("A,HND,_T,_T,2020,8")
    path = "/sdmx/v2/data/dataflow/TST/DF/1.0.0/A.HND._T._T?c[TIME_PERIOD]=2021"
    assert (await desk.client.get(path)).status_code == 204
    told = await desk.client.get("/api/lineage", params=of)
    assert told.status_code == 404, told.text
    [urn] = told.json()["agreements"]
    assert urn.endswith(":PA_X(1.0.0)") and "agreement=TST:PA_X(1.0.0)" in told.json()["detail"]
    of = {"agreement": urn, "key": of["key"], "period": "2021"}
    assert (await desk.client.get("/api/lineage", params=of)).json()["values"]["OBS_VALUE"] == "71"
    for period, status in (("2019", 404), ("", 400), ("xx", 400)):
        reply = await desk.client.get("/api/lineage", params=of | {"period": period})
        assert reply.status_code == status, (period, reply.text)
        assert status == 404 or reply.json()["parameter"] == "period"


def reply_values(text: str) -> str:
    return "\n".join(text.splitlines()[1:])


async def queue_is_empty(desk: DerivedDesk) -> None:
    async with asyncio.timeout(30):
        for _ in iter(int, 1):
            if not await desk.pools.writer.fetchval("SELECT count(*) FROM pgqueuer.pgqueuer"):
                return
            await asyncio.sleep(0.05)


async def test_many_publications_are_one_computation_and_nothing_new_is_none(
    desk: DerivedDesk, settings: Settings
) -> None:
    for year in range(2010, 2016):
        await desk.report(f"A,CRI,_T,_T,{year},{year}")
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(desk.pools, settings, stop=stop))
    await queue_is_empty(desk)
    stop.set()
    await worker
    assert await desk.published() == 1
    assert len(await desk.computed("DF_R")) == 6 * 2
    end = await desk.pools.writer.fetchval("SELECT max(sequence) FROM ledger")
    await desk.derive()
    assert await desk.pools.writer.fetchval("SELECT max(sequence) FROM ledger") == end
    assert await desk.pools.writer.fetch("SELECT FROM confirmed WHERE periods IS NULL") == []
    async with desk.pools.writer.acquire() as connection:
        assert await verify_chain(connection) is None


async def test_only_what_was_touched_is_written(desk: DerivedDesk) -> None:
    await desk.report("A,CRI,F,_T,2020,1", "A,CRI,_T,_T,2020,2", "A,CRI,_T,_T,2021,3")
    await desk.derive()
    await desk.report("A,CRI,_T,_T,2021,4")
    await desk.derive()
    [last] = await desk.pools.writer.fetch(
        "SELECT publication_id FROM ledger WHERE action = 'derivation' "
        "ORDER BY sequence DESC LIMIT 1"
    )
    changed = [
        row
        for row in await desk.rows("change")
        if row["publication_id"] == last["publication_id"] and row["action"] != "Attachment"
    ]
    assert {tuple(row["key"]) for row in changed} == {
        ("A", "G_ALL", "_T", "_T"),
        ("A", "G_OLD", "_T", "_T"),
    }
    assert all(row["observations"]["TIME_PERIOD"] == ["2021"] for row in changed)


async def test_what_is_withheld_is_in_no_sum(desk: DerivedDesk) -> None:
    """One member or one part is withheld: what is published is of the others alone, and says so."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
    embargoed = f"A,SLV,_T,_T,2021,7,A,F,{soon.isoformat()}"
    await desk.report(embargoed, "A,SLV,_T,_T,2022,1")
    await desk.report("A,CRI,_T,_T,2020,10", "A,CRI,F,_T,2021,5", "A,CRI,M,_T,2021,2,A,C")
    await desk.report("A,HND,_T,_T,2020,4,A,C", "A,HND,_T,_T,2021,6")
    await desk.report("A,HND,_T,_T,2020,4", provider=COMPILER)
    await desk.derive()
    found = await desk.computed("DF_R")
    hidden = found["A.G_ALL._T._T.2020"]
    assert (hidden["OBS_VALUE"], hidden["MEMBERS_SUPPRESSED"]) == ("10", "HND")
    assert (hidden["MEMBERS_REPORTED"], hidden["MEMBERS_COMPILED"]) == ("1", "0")
    assert hidden["MEMBERS_MISSING"] == "SLV"
    # The total of CRI cannot be computed, so it is in no sum; the embargo leaves no trace.
    both = found["A.G_ALL._T._T.2021"]
    assert (both["OBS_VALUE"], both["MEMBERS_SUPPRESSED"]) == ("6", "CRI")
    assert both["MEMBERS_MISSING"] == "SLV"
    alone = found["A.G_ALL.M._T.2021"]
    assert "OBS_VALUE" not in alone
    assert (alone["OBS_STATUS"], alone["MEMBERS_SUPPRESSED"]) == ("Q", "CRI")
    assert "COMPUTED_FROM" not in alone
    assert found["A.G_OLD.F._T.2021"]["OBS_VALUE"] == "5"
    assert await value(desk, "A.CRI._T._T.2021", "DF_T") == ""
    await asyncio.sleep(max(0, (soon - dt.datetime.now(dt.UTC)).total_seconds() + 0.1))
    await release_embargoed(desk.pools)
    await desk.derive()
    after = (await desk.computed("DF_R"))["A.G_ALL._T._T.2021"]
    assert after["MEMBERS_REPORTED"] == "2"
    assert not after.get("MEMBERS_MISSING")


async def test_a_source_that_is_undone_is_computed_anew(desk: DerivedDesk) -> None:
    await desk.report("A,CRI,_T,_T,2020,10")
    first = await desk.report("A,HND,_T,_T,2020,7")
    later = await desk.report("A,HND,_T,_T,2020,9")
    await desk.derive()
    assert await value(desk, f"{ALL}.2020") == "19"
    await desk.undo(later, organisation="HND_STAT")
    await desk.derive()
    assert await value(desk, f"{ALL}.2020") == "17"
    await desk.undo(first, "withdrawal", organisation="HND_STAT")
    await desk.derive()
    row = (await desk.computed("DF_R"))[f"{ALL}.2020"]
    assert (row["OBS_VALUE"], row["MEMBERS_MISSING"]) == ("10", "HND SLV")


async def test_history_tells_of_no_figure_that_was_redacted(desk: DerivedDesk) -> None:
    wrong = await desk.report("A,CRI,F,_T,2020,70771077", "A,CRI,M,_T,2020,1")
    await desk.derive()
    await desk.report("A,CRI,F,_T,2020,3")
    await desk.derive()
    order = RedactionOrder("a court", "2026-17", ["operator"], submission=wrong, destroy=True)
    await redact(desk.pools.writer, order, dry_run=False)
    await desk.derive()
    journal = str(await desk.rows("change"))
    assert "7077107" not in journal
    assert await value(desk, "A.G_ALL.F._T.2020") == "3"
    assert await value(desk, "A.CRI._T._T.2020", "DF_T") is None, "a part is gone"
    end = await desk.pools.writer.fetchval("SELECT max(sequence) FROM ledger")
    await desk.derive()
    assert await desk.pools.writer.fetchval("SELECT max(sequence) FROM ledger") == end


async def test_a_figure_that_became_small_leaves_the_past_of_sums_too(desk: DerivedDesk) -> None:
    """The sum before and after would differ by just the figure that nobody is to see any more."""
    await desk.report("A,CRI,_T,_T,2020,3", "A,CRI,_T,_T,2021,500")
    await desk.report("A,HND,_T,_T,2020,7000")
    await desk.derive()
    assert await value(desk, f"{ALL}.2020") == "7003"
    any_agreement = "urn:sdmx:org.sdmx.infomodel.registry.ProvisionAgreement=TST:*(*)"
    held = f"{TERMS_URN}(1.0.0)"
    flow = artefact("Metadataflow", "MDF_TERMS", structure=held, targets=[any_agreement])
    terms = [*term_structures(), flow, terms_set("CRI", MINIMUM_CELL=5)]
    await publish_artefacts(desk.pools, terms, dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    await desk.derive()
    row = (await desk.computed("DF_R"))[f"{ALL}.2020"]
    assert (row["OBS_VALUE"], row["MEMBERS_SUPPRESSED"]) == ("7000", "CRI")
    assert await value(desk, f"{ALL}.2021") == "500"
    history = await desk.client.get(f"{FLOW}?includeHistory=true", headers={"Accept": CSV21})
    assert ",7000," in history.text
    assert "7003" not in history.text
    assert "7003" not in str(await desk.rows("change"))


async def test_a_nil_return_counts_as_nought_until_data_come(desk: DerivedDesk) -> None:
    await desk.report("A,CRI,_T,_T,2020,10", "A,CRI,F,_T,2020,4")
    await desk.derive()
    token = await desk.token("HND_STAT")
    sent = await desk.client.post(
        "/api/agreements/PA_HND/nil-returns", json={"period": "2020"}, headers=token
    )
    assert sent.status_code == 201, sent.text
    await desk.derive()
    row = (await desk.computed("DF_R"))[f"{ALL}.2020"]
    assert (row["OBS_VALUE"], row["MEMBERS_REPORTED"]) == ("10", "2")
    assert (row["MEMBERS_NIL"], row["MEMBERS_MISSING"]) == ("HND", "SLV")
    await desk.report("A,HND,_T,_T,2020,1")
    await desk.derive()
    found = await desk.computed("DF_R")
    assert found[f"{ALL}.2020"]["OBS_VALUE"] == "11"
    assert found["A.G_ALL.F._T.2020"]["MEMBERS_MISSING"] == "HND SLV", "it said more than nothing"


async def test_another_membership_is_computed_for_all(desk: DerivedDesk) -> None:
    await desk.report("A,CRI,_T,_T,2020,10")
    await desk.report("A,HND,_T,_T,2020,7")
    await desk.derive()
    newer = hierarchy(
        "1.1.0",
        G_ALL=[member("G_ALL", "CRI"), member("G_ALL", "SLV")],
        G_OLD=[member("G_OLD", "HND")],
    )
    await publish_artefacts(desk.pools, [newer], dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    await desk.derive()
    found = await desk.computed("DF_R")
    assert found[f"{ALL}.2020"]["OBS_VALUE"] == "10"
    assert found[f"{ALL}.2020"]["MEMBERS_DUE"] == "2"
    assert found["A.G_OLD._T._T.2020"]["OBS_VALUE"] == "7"


async def test_a_dataflow_that_cannot_be_computed_as_it_says_is_refused(desk: DerivedDesk) -> None:
    wrong = computed("DF_WRONG", METHOD="REGION", HIERARCHY="TST:H(1.0.0)", GROUPS="G_NONE")
    with pytest.raises(InvalidArtefactError, match="G_NONE"):
        await publish_artefacts(desk.pools, [wrong], dt.datetime(2026, 2, 1, tzinfo=dt.UTC))


async def test_cut_off_anywhere_the_next_turn_makes_it_right(desk: DerivedDesk) -> None:
    """What was computed bit by bit, with turns that were cut off, is what a whole turn computes."""
    chance = random.Random(7)
    sent = []
    for step in range(14):
        country = chance.choice(COUNTRIES)
        sex, age = chance.choice(["F", "M", "_T"]), chance.choice(["_T", "YOUNG", "OLD"])
        year, mark = chance.choice((2020, 2021)), chance.choice(("F", "F", "F", "C"))
        sent.append((country, await desk.report(f"A,{country},{sex},{age},{year},{step},A,{mark}")))
        if step % 4 == 3:
            country, undone = sent.pop(chance.randrange(len(sent)))
            await desk.undo(undone, organisation=f"{country}_STAT")
        turn = asyncio.create_task(desk.derive())
        for _ in range(chance.choice((0, 20, 60, 120))):
            await asyncio.sleep(0.0005)
        turn.cancel()
        await asyncio.gather(turn, return_exceptions=True)
    await desk.derive()
    before, count = await desk.computed("DF_R"), await desk.published()
    assert before
    await desk.pools.writer.execute("UPDATE derived SET facts = '{}'")
    await desk.derive()
    assert await desk.published() == count, "a whole turn finds nothing that differs"
    assert await desk.pools.writer.fetchval(DERIVATIONS) > 1
