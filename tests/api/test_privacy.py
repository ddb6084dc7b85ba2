"""What is withheld stays withheld: twin worlds, tokens, and caches between them.

Two databases are equal except for embargoed and confidential observations. A caller without a
token must not be able to tell them apart by any answer.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.settings import Settings
from app.store.pools import open_pools
from tests.conftest import fresh_database
from tests.data_messages import read_csv
from tests.exchange import (
    CSV10,
    CSV20,
    CSV21,
    JSON20,
    JSON21,
    OCAM,
    TWO,
    Exchange,
    open_exchange,
    small,
)
from tests.structures import CRI, SLV, sheet

FLOW = "/dataflow/TST/DF_SMALL"
DF_TWO = "/dataflow/TST/DF_TWO"
FUTURE = "2999-01-01T00:00:00Z"
CLOCK = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
UNEQUAL = {"date", "x-request-id"}

BIG = (
    "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,SHARE,OBS_STATUS,CONF_STATUS,EMBARGO_TIME,"
    "COMMENT[en;es],UNIT_MULT,METHOD,TITLE"
)

STEPS: list[tuple[str, str, str | None]] = [
    # who, what one world gets, what its twin gets (nothing: None)
    (
        CRI,
        small("A,CRI,2019,1,A,,,s,g,d", "A,CRI,2020,2,A", "M,CRI,2020-01,3", "A,GTM,2020,4"),
        small("A,CRI,2019,1,A,,,s,g,d", "A,CRI,2020,2,A", "M,CRI,2020-01,3", "A,GTM,2020,4"),
    ),
    (SLV, small("A,SLV,2020,5,B,,,t"), small("A,SLV,2020,5,B,,,t")),
    # an embargoed observation beside a public one, and one of a series not seen before
    (
        CRI,
        small(
            f"A,CRI,2021,11,A,,{FUTURE}", f"A,HND,2021,12,A,,{FUTURE},hidden,hidden", "A,CRI,2022,6"
        ),
        small("A,CRI,2022,6"),
    ),
    # embargoed observations only
    (CRI, small(f"Q,HND,2021-Q1,13,A,,{FUTURE},secret"), None),
    # confidential observations: other values behind the same marker
    (
        CRI,
        small("A,GTM,2021,777,A,C", "A,GTM,2022,888,B,N", "M,CRI,2020-02,7"),
        small("A,GTM,2021,1,A,C", "A,GTM,2022,2,B,N", "M,CRI,2020-02,7"),
    ),
    # what waits is revised, and some of it is withdrawn
    (CRI, small(f"A,CRI,2021,14,B,,{FUTURE}"), None),
    (CRI, small("Q,HND,2021-Q1", action="D"), None),
    # a confidential value is revised in one world only
    (CRI, small("A,GTM,2021,778,A,C"), None),
    # a public observation goes, another comes
    (CRI, small("D|A,CRI,2020", "M|A,CRI,2023,8"), small("D|A,CRI,2020", "M|A,CRI,2023,8")),
    # national and compiled data of one key
    (
        SLV,
        small("A,CRI,2020,91", "A,GTM,2020,92", flow=TWO),
        small("A,CRI,2020,91", "A,GTM,2020,92", flow=TWO),
    ),
    (CRI, small(f"A,CRI,2020,15,,,{FUTURE}", f"A,CRI,2021,16,,,{FUTURE},w,w,w", flow=TWO), None),
    # the structure that has everything
    (
        CRI,
        sheet(
            BIG,
            "A,CRI,F,2020,10,1.5,A,F,,en:open;es:abierta,0,counted,Migrants",
            "A,CRI,F,2021,666,99,A,C,,en:secret;es:secreta,0,counted,Migrants",
            f"A,CRI,M,2021,555,,A,,{FUTURE},,3,counted,Migrants",
        ),
        sheet(
            BIG,
            "A,CRI,F,2020,10,1.5,A,F,,en:open;es:abierta,0,counted,Migrants",
            "A,CRI,F,2021,3,,A,C,,,0,counted,Migrants",
        ),
    ),
    (CRI, small("A,CRI,2023,9"), small("A,CRI,2023,9")),
]
SECRETS = ("secret", "hidden", FUTURE)


@pytest.fixture
def dsns(postgres_dsn: str, template: str) -> Iterator[tuple[str, str]]:
    """Two databases that begin alike."""
    one, other = fresh_database(postgres_dsn, template), fresh_database(postgres_dsn, template)
    yield next(one), next(other)
    for database in (one, other):
        next(database, None)


@pytest.fixture
async def worlds(dsns: tuple[str, str], tmp_path: Path) -> AsyncIterator[tuple[Exchange, Exchange]]:
    """The world with secrets, and its twin."""
    async with AsyncExitStack() as stack:
        opened = []
        for place, dsn in enumerate(dsns):
            settings = Settings(
                data_dir=tmp_path / str(place), database_url=dsn, database_pool_size=2
            )
            pools = await open_pools(dsn, settings)
            stack.push_async_callback(pools.close)
            opened.append(await stack.enter_async_context(open_exchange(pools, settings)))
            await execute(dsn, "UPDATE registry SET restore_epoch = 'twin'")
        for turn, (organisation, *texts) in enumerate(STEPS):
            for exchange, dsn, text in zip(opened, dsns, texts, strict=True):
                if text is not None:
                    await exchange.desk.accept(text, organisation)
                    await set_clock(dsn, CLOCK + dt.timedelta(minutes=turn))
        yield opened[0], opened[1]


async def execute(dsn: str, statement: str, *values: Any) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def set_clock(dsn: str, moment: dt.datetime) -> None:
    """Let the last publication have happened at a moment, as if the clocks of both were one."""
    for head in ("agreement_head", "withheld_head"):
        await execute(
            dsn,
            f"UPDATE {head} SET published_at = $1 WHERE published_at = "
            "(SELECT published_at FROM ledger ORDER BY sequence DESC LIMIT 1)",
            moment,
        )
    await execute(
        dsn,
        "UPDATE ledger SET published_at = $1 WHERE sequence = (SELECT max(sequence) FROM ledger)",
        moment,
    )


def requests(count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Requests of all kinds that a caller without a token may think of."""
    chance = random.Random(24)
    moments = [
        (CLOCK + dt.timedelta(seconds=30 * turn)).isoformat().replace("+00:00", "Z")
        for turn in range(-1, 2 * len(STEPS) + 1)
    ]
    paths = [
        *("", "/dataflow", FLOW, DF_TWO, "/dataflow/TST/DF", "/datastructure/TST/DSD_SMALL"),
        *("/provisionagreement/TST/PA_CRI_SMALL", "/provisionagreement/TST/*"),
        *("/provisionagreement/TST/PA_NATIONAL", "/provisionagreement/TST/PA_CRI"),
    ]
    keys = ["", "/*/A.CRI", "/*/A.GTM", "/*/A.HND", "/*/Q.HND", "/*/*.HND,A.CRI", "/*/A.CRI.M"]
    options = [
        lambda: f"c[TIME_PERIOD]={chance.choice(['ge:2021', '2021', 'lt:2021', 'ge:2022'])}",
        lambda: f"c[REF_AREA]={chance.choice(['HND', 'CRI', 'GTM,HND', 'ne:CRI'])}",
        lambda: f"c[OBS_VALUE]={chance.choice(['ge:500', 'lt:500', 'ne:1', '777', '14'])}",
        lambda: f"c[CONF_STATUS]={chance.choice(['C', 'ne:C', 'N'])}",
        lambda: f"c[S]={chance.choice(['hidden', 's', 'secret'])}",
        lambda: f"c[G]={chance.choice(['hidden', 'g', 'w'])}",
        lambda: f"firstNObservations={chance.randint(1, 3)}",
        lambda: f"lastNObservations={chance.randint(1, 3)}",
        lambda: f"offset={chance.randint(0, 12)}",
        lambda: f"limit={chance.randint(1, 12)}",
        lambda: f"sort={chance.choice(['OBS_VALUE:desc', 'TIME_PERIOD', 'series_key:desc'])}",
        lambda: f"updatedAfter={chance.choice(moments)}",
        lambda: f"asOf={chance.choice(moments)}",
        lambda: "includeHistory=true",
        lambda: f"attributes={chance.choice(['none', 'all', 'series', 'dataset', 'obs'])}",
        lambda: f"measures={chance.choice(['none', 'all'])}",
        lambda: f"dimensionAtObservation={chance.choice(['AllDimensions', 'REF_AREA', 'FREQ'])}",
    ]
    accepts = [JSON21, JSON21, JSON20, CSV21, CSV20, CSV10, f"{CSV21};labels=both;keys=both"]
    for turn in range(count):
        chosen = chance.sample(options, chance.randint(0, 3))
        query = "&".join(make() for make in chosen)
        path = chance.choice(paths) + chance.choice(keys)
        if path.startswith("/*"):
            path = ""
        headers = {
            "Accept": chance.choice(accepts),
            "Accept-Encoding": chance.choice(["gzip", "identity"]),
            "Accept-Language": chance.choice(["en", "es", "*"]),
        }
        if turn % 4 == 0:
            yield f"/sdmx/v2/data{path}?{query}", headers
            continue
        if turn % 5 == 0 and path:
            context = path if path.count("/") > 2 else FLOW
            mode = chance.choice(["exact", "available"])
            allowed = "&".join(p for p in query.split("&") if p.startswith(("c[", "updatedAfter")))
            yield (
                f"/sdmx/v2/availability{context}?mode={mode}&references=all&{allowed}",
                headers | {"Accept": "*/*"},
            )
            continue
        if turn % 7 == 0:
            since = CLOCK + dt.timedelta(minutes=chance.randint(-1, 2 * len(STEPS)))
            headers["If-Modified-Since"] = since.strftime("%a, %d %b %Y %H:%M:%S GMT")
        yield f"/sdmx/v2/data{path}?{query}", headers


async def test_t24_twin_worlds_cannot_be_told_apart(worlds: tuple[Exchange, Exchange]) -> None:
    statuses: dict[int, int] = {}
    for url, headers in requests(400):
        replies = [await world.client.get(url, headers=headers) for world in worlds]
        one, other = (seen_by_client(reply) for reply in replies)
        assert one == other, (url, headers)
        assert not any(secret.encode() in one[2] for secret in SECRETS if secret not in url), url
        statuses[one[0]] = statuses.get(one[0], 0) + 1
        if etag := replies[0].headers.get("etag"):
            held = headers | {"If-None-Match": etag}
            again = [await world.client.get(url, headers=held) for world in worlds]
            assert seen_by_client(again[0]) == seen_by_client(again[1]), url
        heads = [await world.client.head(url, headers=headers) for world in worlds]
        assert seen_by_client(heads[0]) == seen_by_client(heads[1]), url
    assert statuses.keys() >= {200, 204, 304, 400}, statuses
    assert statuses[200] > 100, statuses


def seen_by_client(reply: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """What a client can compare."""
    headers = {name: value for name, value in reply.headers.items() if name not in UNEQUAL}
    content = reply.content
    if reply.status_code >= 400 and content:
        message = reply.json()
        message["meta"] |= {"id": "", "prepared": ""}
        content, _ = json.dumps(message).encode(), headers.pop("content-length", None)
    return reply.status_code, headers, content


async def test_the_marker_of_a_confidential_observation_is_public(
    worlds: tuple[Exchange, Exchange],
) -> None:
    rows = await worlds[0].rows(FLOW)
    assert rows["A.GTM.2021"] == {"CONF_STATUS": "C", "D": "d"}
    assert "A.CRI.2021" not in rows
    assert "A.HND.2021" not in rows
    big = await worlds[0].rows("/dataflow/TST/DF")
    assert big["A.CRI.F.2021"].keys() >= {"OBS_STATUS", "CONF_STATUS"}
    assert not big["A.CRI.F.2021"].keys() & {"OBS_VALUE", "SHARE", "COMMENT"}
    assert "A.CRI.M.2021" not in big


async def test_the_provider_sees_its_own_and_readers_what_the_agreement_says(
    worlds: tuple[Exchange, Exchange],
) -> None:
    world = worlds[0]
    mine, theirs = await world.token(CRI), await world.token(SLV)
    region = await world.token(OCAM)
    public = await world.rows(FLOW)

    rows = await world.rows(FLOW, **mine)
    assert rows.keys() == public.keys() | {"A.CRI.2021", "A.HND.2021"}
    assert rows["A.CRI.2021"]["OBS_VALUE"] == "14"
    assert rows["A.GTM.2021"]["OBS_VALUE"] == "778"
    assert rows["A.GTM.2021"]["CONF_STATUS"] == "C"
    assert rows["A.HND.2021"]["S"] == "hidden"
    assert rows["A.HND.2021"]["G"] == "hidden"
    assert (await world.rows(f"{FLOW}/*/A.HND", **mine)).keys() == {"A.HND.2021"}
    assert await world.rows(f"{FLOW}/*/A.HND") == {}
    assert await world.rows(FLOW, **theirs) == public
    assert await world.rows(FLOW, **region) == public

    # READERS of the national agreement, and its precedence as these readers see it
    assert {k: r["OBS_VALUE"] for k, r in (await world.rows(DF_TWO)).items()} == {
        **{"A.CRI.2020": "91", "A.GTM.2020": "92"}
    }
    for token in (mine, region):
        seen = {k: r["OBS_VALUE"] for k, r in (await world.rows(DF_TWO, **token)).items()}
        assert seen == {"A.CRI.2020": "15", "A.CRI.2021": "16", "A.GTM.2020": "92"}
        one = {
            k: r["OBS_VALUE"] for k, r in (await world.rows(f"{DF_TWO}/*/A.CRI", **token)).items()
        }
        assert one == {"A.CRI.2020": "15", "A.CRI.2021": "16"}
    assert (await world.rows(DF_TWO, **theirs)).keys() == {"A.CRI.2020", "A.GTM.2020"}


async def test_history_of_what_is_withheld_is_for_those_who_may_see_it(
    worlds: tuple[Exchange, Exchange],
) -> None:
    world = worlds[0]
    mine = await world.token(CRI)
    after = (CLOCK + dt.timedelta(minutes=4, seconds=30)).isoformat().replace("+00:00", "Z")
    public = await world.rows(f"{FLOW}?updatedAfter={after}")
    assert public.keys() == {"A.CRI.2020", "A.CRI.2023"}
    own = await world.datasets(f"{FLOW}?updatedAfter={after}", **mine)
    changed = {".".join(key): one.action for one in own for key in one.rows}
    assert changed == {
        **{"A.CRI.2020": "Delete", "Q.HND.2021-Q1": "Delete", "A.CRI.2021": "Replace"},
        **{"A.GTM.2021": "Replace", "A.CRI.2023": "Replace"},
    }
    then = (CLOCK + dt.timedelta(minutes=3)).isoformat().replace("+00:00", "Z")
    rows = await world.rows(f"{FLOW}?asOf={then}", **mine)
    assert rows["A.CRI.2021"]["OBS_VALUE"] == "11"
    assert rows["Q.HND.2021-Q1"]["OBS_VALUE"] == "13"
    assert "A.CRI.2021" not in await world.rows(f"{FLOW}?asOf={then}")


async def test_a_privileged_reply_is_never_given_to_the_public(
    worlds: tuple[Exchange, Exchange],
) -> None:
    world = worlds[0]
    mine = await world.token(CRI)
    for path in (FLOW, f"{FLOW}/*/A.CRI", f"{FLOW}?includeHistory=true", DF_TWO):
        for _ in range(2):
            own = await world.get(path, CSV21, mine)
            public = await world.get(path, CSV21)
            assert own.headers["etag"] != public.headers["etag"]
            assert "14" in own.text or "15" in own.text
            assert not any(secret in public.text for secret in (",14,", ",15,", "778"))
            assert own.headers["cache-control"].startswith("private")
            assert "Authorization" in public.headers["vary"]
            held = {"If-None-Match": own.headers["etag"]}
            assert (await world.get(path, CSV21, held)).status_code == 200
            assert (await world.get(path, CSV21, held | mine)).status_code == 304


async def test_two_organisations_do_not_share_their_replies(
    worlds: tuple[Exchange, Exchange],
) -> None:
    world = worlds[0]
    tags = {
        organisation: (await world.get(DF_TWO, CSV21, await world.token(organisation))).headers[
            "etag"
        ]
        for organisation in (CRI, OCAM)
    }
    assert len(set(tags.values())) == 2


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic eDp5", "Bearer "])
async def test_c118_a_credential_that_does_not_hold_is_401(
    worlds: tuple[Exchange, Exchange], header: str
) -> None:
    reply = await worlds[0].get(FLOW, JSON21, {"Authorization": header})
    assert reply.status_code == 401
    assert "www-authenticate" in reply.headers


async def test_a_released_observation_appears_as_if_published_then(
    worlds: tuple[Exchange, Exchange], dsns: tuple[str, str]
) -> None:
    world = worlds[0]
    before = await world.get(FLOW, CSV21)
    then = before.headers["etag"]
    await execute(
        dsns[0],
        "UPDATE withheld_series SET release_at = '2026-01-01', "
        "observations = replace(observations::text, '2999-', '2026-')::json "
        "WHERE key = '{A,CRI}'",
    )
    since = await world.prepared(FLOW)
    await world.desk.release("PA_CRI_SMALL")
    after = await world.get(FLOW, CSV21, {"If-None-Match": then})
    assert after.status_code == 200
    rows = {
        ".".join(key): row
        for one in read_csv(after.content, ("FREQ", "REF_AREA", "TIME_PERIOD"))
        for key, row in one.rows.items()
    }
    assert rows["A.CRI.2021"]["OBS_VALUE"] == "14"
    assert (await world.keys(f"{FLOW}?updatedAfter={since}")) == {"A.CRI.2021"}
    assert "A.CRI.2021" not in await world.keys(f"{FLOW}?asOf={since}")
