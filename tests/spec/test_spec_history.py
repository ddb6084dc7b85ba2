"""History over HTTP: updatedAfter, includeHistory and asOf (sdmx-rest 2.2, doc/data.md)."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.settings import Settings
from app.store.pools import Pools
from tests.data_messages import ReadDataSet, plain, read_csv
from tests.exchange import CSV21, JSON20, TWO, Exchange, open_exchange, small
from tests.structures import CRI, SLV

FLOW = "/dataflow/TST/DF_SMALL"
DF_TWO = "/dataflow/TST/DF_TWO"
DIMENSIONS = ("FREQ", "REF_AREA", "TIME_PERIOD")

Rows = dict[tuple[str, ...], dict[str, Any]]


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


def values(dataset: ReadDataSet) -> dict[str, str | None]:
    """Measures of a dataset by key."""
    return {".".join(key): row.get("OBS_VALUE") for key, row in dataset.rows.items()}


async def told(exchange: Exchange, path: str) -> list[tuple[str, dict[str, str | None]]]:
    """Action and measures of each dataset."""
    return [(one.action, values(one)) for one in await exchange.datasets(path)]


async def months(exchange: Exchange) -> list[str]:
    """The story of the standard; gives the time of each publication."""
    instants = []
    for text in (
        small("M,CRI,2011-12,1", "M,CRI,2012-01,2"),
        small("M|M,CRI,2012-02,3", "D|M,CRI,2011-12"),
        small("M,CRI,2012-02,33", "M,CRI,2012-03,4"),
    ):
        await exchange.desk.accept(text)
        instants.append(await exchange.prepared(FLOW))
    return instants


async def test_c081_c082_four_datasets_of_the_official_example(exchange: Exchange) -> None:
    february, march, april = await months(exchange)
    datasets = await exchange.datasets(f"{FLOW}?includeHistory=true")
    found = [(one.action, values(one), one.valid_from, one.valid_to) for one in datasets]
    in_march = sorted(found[1:3], key=lambda one: one[0])
    assert [found[0], *in_march, *found[3:]] == [
        ("Replace", {"M.CRI.2011-12": "1", "M.CRI.2012-01": "2"}, february, None),
        ("Delete", {"M.CRI.2011-12": None}, None, march),
        ("Replace", {"M.CRI.2012-02": "3"}, march, None),
        ("Replace", {"M.CRI.2012-02": "33", "M.CRI.2012-03": "4"}, april, None),
    ]


async def test_c082_validity_in_every_format(exchange: Exchange) -> None:
    february, march, april = await months(exchange)
    reply = await exchange.get(f"{FLOW}?includeHistory=true", CSV21)
    assert reply.text.splitlines()[0].endswith(",VALID_FROM,VALID_TO")
    found = {
        (one.action, one.valid_from, one.valid_to): set(one.rows)
        for one in read_csv(reply.content, DIMENSIONS)
    }
    assert found == {
        ("Replace", february, None): {("M", "CRI", "2011-12"), ("M", "CRI", "2012-01")},
        ("Replace", march, None): {("M", "CRI", "2012-02")},
        ("Delete", None, march): {("M", "CRI", "2011-12")},
        ("Replace", april, None): {("M", "CRI", "2012-02"), ("M", "CRI", "2012-03")},
    }
    old = (await exchange.get(f"{FLOW}?includeHistory=true", JSON20)).json()["data"]["dataSets"]
    assert sum("validFrom" in one for one in old) == 3
    assert sum("validTo" in one for one in old) == 1


async def test_include_history_with_the_other_parameters(exchange: Exchange) -> None:
    february, march, _april = await months(exchange)
    history = f"{FLOW}?includeHistory=true"
    assert await told(exchange, f"{history}&asOf={february}") == [
        ("Replace", {"M.CRI.2011-12": "1", "M.CRI.2012-01": "2"})
    ]
    after = await told(exchange, f"{history}&updatedAfter={march}")
    assert after == [("Replace", {"M.CRI.2012-02": "33", "M.CRI.2012-03": "4"})]
    between = await told(exchange, f"{history}&updatedAfter={february}&asOf={march}")
    assert sorted(between) == [
        ("Delete", {"M.CRI.2011-12": None}),
        ("Replace", {"M.CRI.2012-02": "3"}),
    ]
    only = await told(exchange, f"{history}&c[TIME_PERIOD]=2012-02")
    assert only == [("Replace", {"M.CRI.2012-02": "3"}), ("Replace", {"M.CRI.2012-02": "33"})]
    assert await told(exchange, f"{history}&c[REF_AREA]=SLV") == []


async def test_include_history_with_filters_on_what_stands_above(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2020,1,A,,,s,g,d", "A,SLV,2020,2,A,,,t"))
    await exchange.desk.accept(small("A,CRI,2020,3"))
    for component, value in (("G", "g"), ("S", "s")):
        path = f"{FLOW}?includeHistory=true&c[{component}]={value}"
        found = await exchange.datasets(path)
        assert [values(one) for one in found] == [{"A.CRI.2020": "1"}, {"A.CRI.2020": "3"}]
        assert found[0].rows["A", "CRI", "2020"] == {
            **{"OBS_VALUE": "1", "STATUS": "A", "S": "s", "G": "g", "D": "d"}
        }


async def test_as_of_is_the_state_at_an_instant(exchange: Exchange) -> None:
    before = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    february, march, april = await months(exchange)
    states = {
        before: [],
        february: [("Replace", {"M.CRI.2011-12": "1", "M.CRI.2012-01": "2"})],
        march: [("Replace", {"M.CRI.2012-01": "2", "M.CRI.2012-02": "3"})],
        april: [("Replace", {"M.CRI.2012-01": "2", "M.CRI.2012-02": "33", "M.CRI.2012-03": "4"})],
    }
    for instant, expected in states.items():
        assert await told(exchange, f"{FLOW}?asOf={instant}") == expected
        assert await told(exchange, f"{FLOW}/*/M.CRI?asOf={instant}") == expected
    first = await told(exchange, f"{FLOW}?asOf={march}&lastNObservations=1")
    assert first == [("Replace", {"M.CRI.2012-02": "3"})]


async def test_as_of_gives_attributes_as_they_were(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2020,1,A,,,old,old,old"))
    then = await exchange.prepared(FLOW)
    await exchange.desk.accept(small("A,CRI,,,,,,new,,", ",CRI,,,,,,,new,", ",,,,,,,,,new"))
    now = await exchange.rows(FLOW)
    assert now["A.CRI.2020"] == {
        **{"OBS_VALUE": "1", "STATUS": "A", "S": "new", "G": "new", "D": "new"}
    }
    past = await exchange.rows(f"{FLOW}?asOf={then}")
    assert past["A.CRI.2020"] == {
        **{"OBS_VALUE": "1", "STATUS": "A", "S": "old", "G": "old", "D": "old"}
    }
    assert await exchange.keys(f"{FLOW}?asOf={then}&c[G]=old") == {"A.CRI.2020"}
    assert await exchange.keys(f"{FLOW}?asOf={then}&c[G]=new") == set()


async def test_c076_updated_after_gives_what_was_put(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2019,1", "A,CRI,2020,2", "A,SLV,2020,3"))
    first = await exchange.prepared(FLOW)
    await exchange.desk.accept(small("A,CRI,2020,22", "A,CRI,2021,4"))
    second = await exchange.prepared(FLOW)
    await exchange.desk.accept(small("A,CRI,2021,44"))
    assert await told(exchange, f"{FLOW}?updatedAfter={first}") == [
        ("Replace", {"A.CRI.2020": "22", "A.CRI.2021": "44"})
    ]
    assert await told(exchange, f"{FLOW}?updatedAfter={second}") == [
        ("Replace", {"A.CRI.2021": "44"})
    ]
    assert await told(exchange, f"{FLOW}?updatedAfter={first}&asOf={second}") == [
        ("Replace", {"A.CRI.2020": "22", "A.CRI.2021": "4"})
    ]
    last = await exchange.prepared(FLOW)
    assert (await exchange.get(f"{FLOW}?updatedAfter={last}")).status_code == 204


async def test_c076_what_did_not_change_is_not_told(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2019,1", "A,CRI,2020,2"))
    first = await exchange.prepared(FLOW)
    await exchange.desk.accept(small("A,CRI,2019,1", "A,CRI,2020,5"))
    assert await told(exchange, f"{FLOW}?updatedAfter={first}") == [
        ("Replace", {"A.CRI.2020": "5"})
    ]


async def test_c077_deletions_are_told_and_bulk_ones_expanded(exchange: Exchange) -> None:
    await exchange.desk.accept(
        small("A,CRI,2019,1", "A,CRI,2020,2", "A,SLV,2019,3", "M,CRI,2020-01,4")
    )
    first = await exchange.prepared(FLOW)
    await exchange.desk.accept(small(",CRI,", action="D"))
    path = f"{FLOW}?updatedAfter={first}"
    assert await told(exchange, path) == [
        ("Delete", {"A.CRI.2019": None, "A.CRI.2020": None, "M.CRI.2020-01": None})
    ]
    for query in ("dimensionAtObservation=AllDimensions", "dimensionAtObservation=REF_AREA"):
        [deleted] = await exchange.datasets(f"{path}&{query}")
        assert deleted.action == "Delete"
        assert len(deleted.rows) == 3
    [slice_] = await exchange.datasets(f"{path}&c[TIME_PERIOD]=le:2019")
    assert values(slice_) == {"A.CRI.2019": None}
    rows = read_csv((await exchange.get(path, CSV21)).content, DIMENSIONS)
    assert [one.action for one in rows] == ["Delete"]
    assert rows[0].rows == {key: {} for key in rows[0].rows}
    assert len(rows[0].rows) == 3


async def test_c077_deleted_and_put_again_is_not_a_deletion(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2019,1", "A,CRI,2020,2"))
    first = await exchange.prepared(FLOW)
    await exchange.desk.accept(small("D|A,CRI,2019", "M|A,CRI,2019,9"))
    await exchange.desk.accept(small("A,CRI,2020", action="D"))
    await exchange.desk.accept(small("A,CRI,2020,22"))
    assert await told(exchange, f"{FLOW}?updatedAfter={first}") == [
        ("Replace", {"A.CRI.2019": "9", "A.CRI.2020": "22"})
    ]


async def test_c077_what_came_and_went_in_between_is_harmless(exchange: Exchange) -> None:
    await exchange.desk.accept(small("A,CRI,2019,1"))
    first = await exchange.prepared(FLOW)
    await exchange.desk.accept(small("A,CRI,2020,2"))
    await exchange.desk.accept(small("A,CRI,2020", action="D"))
    found = await told(exchange, f"{FLOW}?updatedAfter={first}")
    assert found in ([], [("Delete", {"A.CRI.2020": None})])


async def test_c080_as_of_before_updated_after_is_400(exchange: Exchange) -> None:
    reply = await exchange.get(
        f"{FLOW}?asOf=2026-01-01T00:00:00Z&updatedAfter=2026-01-02T00:00:00Z"
    )
    assert reply.status_code == 400


async def test_updated_after_respects_precedence(exchange: Exchange) -> None:
    """What the national series hides was never seen, and so neither changes nor goes."""
    await exchange.desk.accept(small("A,CRI,2020,1", flow=TWO), CRI)
    await exchange.desk.accept(small("A,CRI,2020,91", "A,CRI,2021,92", flow=TWO), SLV)
    first = await exchange.prepared(DF_TWO)
    await exchange.desk.accept(small("A,CRI,2020,911", flow=TWO), SLV)
    assert await told(exchange, f"{DF_TWO}?updatedAfter={first}") == []
    await exchange.desk.accept(small("A,CRI,", flow=TWO, action="D"), CRI)
    assert await told(exchange, f"{DF_TWO}?updatedAfter={first}") == [
        ("Replace", {"A.CRI.2020": "911", "A.CRI.2021": "92"})
    ]
    second = await exchange.prepared(DF_TWO)
    await exchange.desk.accept(small("A,CRI,2020,5", flow=TWO), CRI)
    found = dict(await told(exchange, f"{DF_TWO}?updatedAfter={second}"))
    assert found == {"Delete": {"A.CRI.2021": None}, "Replace": {"A.CRI.2020": "5"}}
    assert await told(exchange, f"{DF_TWO}?asOf={second}") == [
        ("Replace", {"A.CRI.2020": "911", "A.CRI.2021": "92"})
    ]


# -- C078: a replica ---------------------------------------------------------------------------


class Replica:
    """What a client holds that applies the datasets of deltas in their order."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, ...], dict[str, str]] = {}

    def apply(self, datasets: list[ReadDataSet]) -> None:
        """Deletions first or last, as they stand; then what is put replaces what was there."""
        for dataset in datasets:
            if dataset.action == "Delete":
                for key in dataset.rows:
                    self.rows.pop(key, None)
            else:
                assert dataset.action == "Replace"
                self.rows.update(plain(dataset.rows))


def random_file(chance: random.Random, flow: str) -> str:
    """A file of all actions at all levels."""
    rows = []
    for _ in range(chance.randint(1, 6)):
        area, year = chance.choice(["CRI", "SLV", "GTM"]), str(chance.randint(2018, 2022))
        value, word = str(chance.randint(1, 99)), chance.choice(["x", "y", "z"])
        rows.append(
            chance.choice(
                [
                    f"M|A,{area},{year},{value},A",
                    f"M|A,{area},{year},{value},,,,{word}",
                    f"R|A,{area},{year},{value}",
                    f"M|A,{area},{year},,B",
                    f"D|A,{area},{year}",
                    f"D|A,{area},",
                    f"D|,{area},",
                    f"D|A,{area},{year},-",
                    f"M|A,{area},,,,,,{word}",
                    f"D|A,{area},,,,,,-",
                    f"M|,{area},,,,,,,{word}",
                    f"D|,{area},,,,,,,-",
                    f"M|,,,,,,,,,{word}",
                    "D|,,,,,,,,,-",
                ]
            )
        )
    return small(*rows, flow=flow)


@pytest.mark.parametrize("seed", range(4))
async def test_c078_replayed_deltas_reproduce_the_store(exchange: Exchange, seed: int) -> None:
    """Two agreements with precedence, all actions, attributes at all levels."""
    chance = random.Random(seed)
    replica, lagging = Replica(), Replica()
    since = long_since = "2000-01-01T00:00:00Z"
    files = []
    for step in range(12):
        text = random_file(chance, TWO)
        organisation = chance.choice([CRI, SLV])
        decision = await exchange.desk.send(text, organisation)
        files.append((organisation, text, decision.state))
        reply = await exchange.get(DF_TWO)
        now = await exchange.datasets(DF_TWO)
        replica.apply(await exchange.datasets(f"{DF_TWO}?updatedAfter={since}"))
        expected = plain(now[0].rows) if now else {}
        assert replica.rows == expected, (step, files)
        if step % 5 == 4:
            lagging.apply(await exchange.datasets(f"{DF_TWO}?updatedAfter={long_since}"))
            assert lagging.rows == expected, (step, files)
        if reply.status_code == 200:
            since = reply.json()["meta"]["prepared"]
            long_since = since if step % 5 == 4 else long_since
    assert sum(state == "published" for _, _, state in files) > 6


async def test_c078_as_of_each_moment_is_what_was_seen_then(exchange: Exchange) -> None:
    chance = random.Random(99)
    seen: list[tuple[str, Rows]] = []
    for _ in range(12):
        await exchange.desk.send(random_file(chance, TWO), chance.choice([CRI, SLV]))
        if now := await exchange.datasets(DF_TWO):
            seen.append((await exchange.prepared(DF_TWO), now[0].rows))
    assert len(seen) > 6
    for instant, rows in seen:
        past = await exchange.datasets(f"{DF_TWO}?asOf={instant}")
        assert past[0].rows == rows, instant


async def test_c078_history_replayed_is_the_present(exchange: Exchange) -> None:
    chance = random.Random(7)
    for _ in range(12):
        await exchange.desk.send(random_file(chance, TWO), chance.choice([CRI, SLV]))
    replica: dict[tuple[str, ...], str | None] = {}
    for dataset in await exchange.datasets(f"{DF_TWO}?includeHistory=true"):
        for key, row in dataset.rows.items():
            if dataset.action == "Delete":
                replica.pop(key, None)
            else:
                replica[key] = row.get("OBS_VALUE")
    [now] = await exchange.datasets(DF_TWO)
    assert replica == {key: row.get("OBS_VALUE") for key, row in now.rows.items()}


async def test_c078_no_change_is_lost_to_a_reader_beside_writers(exchange: Exchange) -> None:
    """`prepared` of one delta is `updatedAfter` of the next, while others publish."""
    replica = Replica()
    writing = True

    async def write(organisation: str, area: str) -> None:
        for turn in range(8):
            await exchange.desk.accept(
                small(f"A,{area},{2000 + turn},{turn}", flow=TWO), organisation
            )

    async def read() -> None:
        since = "2000-01-01T00:00:00Z"
        last = False
        while True:
            reply = await exchange.get(f"{DF_TWO}?updatedAfter={since}")
            if reply.status_code == 200:
                datasets = await exchange.datasets(f"{DF_TWO}?updatedAfter={since}")
                replica.apply(datasets)
                # The older of the two replies: what came between is told again.
                since = reply.json()["meta"]["prepared"]
            if last:
                return
            last = not writing
            await asyncio.sleep(0)

    reader = asyncio.create_task(read())
    await asyncio.gather(write(CRI, "CRI"), write(SLV, "SLV"))
    writing = False
    await reader
    [now] = await exchange.datasets(DF_TWO)
    assert replica.rows == plain(now.rows)
    assert len(now.rows) == 16
