"""Take-out: everything of one provider out of one service, and into another, empty one."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import io
import random
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from app.auth.keyring import Keyring
from app.errors import ConflictError, MessageError, NotFoundError
from app.http.spool import DiskBudget
from app.main import create_app
from app.routers import export as export_route
from app.services.export_provider import export_provider
from app.services.load_provider import load_provider
from app.services.publish_structures import publish_structures
from app.services.release_embargoed import release_embargoed
from app.settings import Settings
from app.store.ledger import verify_chain
from app.store.pools import Pools, open_pools
from tests.conftest import fresh_database
from tests.exchange import CSV21, JSON21, Exchange, open_exchange, small
from tests.structures import CRI, SLV, Desk, sheet

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
FUTURE = "2999-01-01T00:00:00Z"
BIG = (
    "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,SHARE,OBS_STATUS,CONF_STATUS,EMBARGO_TIME,"
    "COMMENT[en;es],UNIT_MULT,METHOD,TITLE"
)
QUERIES = (
    "/*/*/*/*/*",
    "/dataflow/TST/DF_SMALL/*/*?attributes=all",
    "/dataflow/TST/DF/*/*",
    "/*/*/*/*/*?includeHistory=true",
    "/dataflow/TST/DF_SMALL/*/A.CRI?includeHistory=true",
    "/provisionagreement/TST/PA_CRI_SMALL/*/*?includeHistory=true&attributes=all",
)
OWN = (
    "/provisionagreement/TST/PA_CRI_SMALL/*/*",
    "/provisionagreement/TST/PA_CRI/*/*?includeHistory=true",
)


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


@pytest.fixture
def other_dsn(postgres_dsn: str, template: str) -> Iterator[str]:
    """An empty database of another service."""
    yield from fresh_database(postgres_dsn, template)


@pytest.fixture
async def other(other_dsn: str, tmp_path: Path) -> AsyncIterator[Pools]:
    settings = Settings(
        data_dir=tmp_path / "other",
        database_url=other_dsn,
        database_pool_size=2,
        public_url="https://other.example",
    )
    opened = await open_pools(other_dsn, settings)
    yield opened
    await opened.close()


async def fill(exchange: Exchange) -> list[str]:
    """A life of a provider beside another one; returns instants between its publications."""
    desk = exchange.desk
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)).isoformat()
    instants = []
    files = [
        (CRI, small("A,CRI,2019,1,A,,,s,g,d", "A,CRI,2020,2.50,A", "M,CRI,2020-01,3")),
        (SLV, small("A,SLV,2020,5,B,,,t")),
        (CRI, small("A,CRI,2020,2.75,B", f"A,HND,2021,12,A,,{soon}", "A,GTM,2021,777,A,C")),
        (CRI, small("A,CRI,2021,x,A")),
        (CRI, small("D|A,CRI,2019", "M|A,CRI,2023,8", f"M|Q,HND,2021-Q1,13,A,,{FUTURE},w,w,w")),
        (SLV, small("A,SLV,2021,6,B,C,,t")),
        (
            CRI,
            sheet(
                BIG,
                "A,CRI,F,2020,10,1.5,A,F,,en:open;es:abierta,0,counted,Migrants",
                f"A,CRI,M,2021,555,,A,,{FUTURE},,3,counted,Migrants",
            ),
        ),
    ]
    for organisation, content in files:
        await desk.send(content, organisation)
        clock = await exchange.pools.writer.fetchval("SELECT clock_timestamp()")
        instants.append(clock.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    while any(row["release_at"].year < 2900 for row in await desk.rows("withheld_series")):
        await release_embargoed(exchange.pools)
        await asyncio.sleep(0.1)
    return instants


async def export(pools: Pools, base_url: str, organisation: str = CRI) -> bytes:
    parts = export_provider(pools.writer, Keyring(pools.writer), organisation, base_url)
    return b"".join([part async for part in parts])


@pytest.fixture
async def archive(exchange: Exchange, settings: Settings, tmp_path: Path) -> Path:
    """The take-out of a provider with a past."""
    await fill(exchange)
    path = tmp_path / "take-out.zip"
    path.write_bytes(await export(exchange.pools, settings.base_url))
    return path


async def said(exchange: Exchange, token: dict[str, str], instants: list[str]) -> dict[str, Any]:
    """All that a caller is told of the data, history included."""
    answers: dict[str, Any] = {}
    asked = [
        *QUERIES,
        *(f"/dataflow/TST/DF_SMALL/*/*?asOf={instant}" for instant in instants),
        *(f"/dataflow/TST/DF_SMALL/*/*?updatedAfter={instant}" for instant in instants),
    ]
    for path in asked:
        reply = await exchange.get(path, CSV21, token)
        assert reply.status_code in {200, 204}, reply.text
        answers[path] = (reply.status_code, reply.content)
    for path in OWN:
        reply = await exchange.get(path, JSON21, token)
        answers[f"{path} JSON"] = orjson.loads(reply.content)["data"] if reply.content else None
    return answers


async def receipts_of(exchange: Exchange, token: dict[str, str]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (
        await exchange.client.get("/api/receipts", headers=token)
    ).json()["receipts"]
    return listed


class TestElsewhere:
    async def test_d10_data_history_and_receipts_are_the_same_elsewhere(
        self, exchange: Exchange, other: Pools, other_dsn: str, settings: Settings, tmp_path: Path
    ) -> None:
        instants = await fill(exchange)
        # Of the other provider nothing comes along: it is not asked for.
        asked = {"Accept-Language": "en"}
        path = tmp_path / "out.zip"
        path.write_bytes(await export(exchange.pools, settings.base_url))
        loaded = await load_provider(other.writer, path, NOW)
        assert loaded.is_new
        assert loaded.publications.count == loaded.publications.kept > 3
        there_settings = settings.model_copy(
            update={"database_url": SecretStr(other_dsn), "data_dir": tmp_path / "there"}
        )
        async with served_again(there_settings, other) as there:
            for public in (True, False):
                here_token = asked | ({} if public else await exchange.token(CRI))
                there_token = asked | ({} if public else await there.token(CRI))
                here = await said(exchange, here_token, instants)
                then = await said(there, there_token, instants)
                for question, answer in then.items():
                    assert without_slv(answer) == without_slv(here[question]), question
            here_token, there_token = await exchange.token(CRI), await there.token(CRI)
            assert await receipts_of(there, there_token) == await receipts_of(exchange, here_token)
            await same_submissions(exchange, here_token, there, there_token)
        async with other.writer.acquire() as connection:
            assert await verify_chain(connection) is None

    async def test_life_goes_on_there(
        self, archive: Path, other: Pools, other_dsn: str, settings: Settings, tmp_path: Path
    ) -> None:
        """New files are merged with what was loaded, and the chain of receipts goes on."""
        await load_provider(other.writer, archive, NOW)
        there_settings = settings.model_copy(
            update={"database_url": SecretStr(other_dsn), "data_dir": tmp_path / "there"}
        )
        async with served_again(there_settings, other) as there:
            token = await there.token(CRI)
            before = await receipts_of(there, token)
            await there.desk.accept(small("A,CRI,2020,99,A"))
            rows = await there.rows("/dataflow/TST/DF_SMALL/*/A.CRI")
            assert rows["A.CRI.2020"]["OBS_VALUE"] == "99"
            assert rows["A.CRI.2023"]["OBS_VALUE"] == "8"
            after = await receipts_of(there, token)
            assert after[: len(before)] == before
            assert [one["number"] for one in after] == list(range(1, len(after) + 1))
            keys = (await there.client.get("/.well-known/vipmg-receipts/jwks.json")).json()["keys"]
            assert len(keys) == 2
            again = await export(other, "https://other.example")
            with zipfile.ZipFile(io.BytesIO(again)) as second, zipfile.ZipFile(archive) as first:
                one = first.read("history/changes.jsonl").splitlines()
                two = second.read("history/changes.jsonl").splitlines()
                for mine, theirs in zip(one, two, strict=False):
                    was, now = orjson.loads(mine), orjson.loads(theirs)
                    assert was | {"sequence": 0} == now | {"sequence": 0}

    async def test_twice_changes_nothing(self, archive: Path, other: Pools) -> None:
        await load_provider(other.writer, archive, NOW)
        before = await state(other)
        again = await load_provider(other.writer, archive, NOW)
        assert not again.is_new
        assert await state(other) == before

    async def test_where_the_provider_has_sent_something_nothing_is_loaded(
        self, archive: Path, exchange: Exchange
    ) -> None:
        before = await state(exchange.pools)
        with pytest.raises(ConflictError):
            await load_provider(exchange.pools.writer, archive, NOW)
        assert await state(exchange.pools) == before

    async def test_beside_another_provider_times_that_cannot_be_kept_are_told(
        self, archive: Path, exchange: Exchange, other: Pools, settings: Settings, tmp_path: Path
    ) -> None:
        """The second of two take-outs comes after publications that are later."""
        path = tmp_path / "slv.zip"
        path.write_bytes(await export(exchange.pools, settings.base_url, SLV))
        assert (await load_provider(other.writer, archive, NOW)).publications.kept > 0
        second = (await load_provider(other.writer, path, NOW)).publications
        assert (second.count, second.kept) == (2, 0)
        rows = await other.writer.fetch(
            "SELECT facts, published_at FROM ledger WHERE actor = 'SLV_STAT' AND action <> 'load'"
        )
        for row in rows:
            origin = dt.datetime.fromisoformat(orjson.loads(row["facts"])["origin_time"])
            assert origin < row["published_at"]
        async with other.writer.acquire() as connection:
            assert await verify_chain(connection) is None


class TestArchive:
    async def test_it_holds_what_its_manifest_says(self, archive: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            manifest = orjson.loads(opened.read("manifest.json"))
            assert manifest["organisation"] == CRI
            names = {file["path"] for file in manifest["files"]}
            assert names == set(opened.namelist()) - {"manifest.json"}
            for file in manifest["files"]:
                body = opened.read(file["path"])
                assert (len(body), hashlib.sha256(body).hexdigest()) == (
                    file["bytes"],
                    file["sha256"],
                )
            readme = opened.read("README.md").decode()
        for name in names - {"README.md"}:
            shown = name.rpartition("/")[2]
            is_told = shown in readme or name.startswith(("data/", "submissions/content/"))
            assert is_told, name

    async def test_data_are_those_of_the_provider_and_files_are_as_they_came(
        self, archive: Path
    ) -> None:
        with zipfile.ZipFile(archive) as opened:
            data = opened.read("data/TST_PA_CRI_SMALL_1.0.0.csv").decode()
            assert "777" in data
            assert "A,CRI,2020,2.75" in data
            everything = b"".join(opened.read(name) for name in opened.namelist())
            contents = [name for name in opened.namelist() if "/content/" in name]
            for name in contents:
                body = opened.read(name)
                assert hashlib.sha256(body).hexdigest() == name.rpartition("/")[2]
            assert len(contents) == 5
        assert b"A,SLV,2020,5" not in everything
        assert b'"SLV_STAT"' not in everything.replace(b'"id":"SLV_STAT"', b"")

    async def test_structures_can_be_published_by_themselves(
        self, archive: Path, other: Pools, tmp_path: Path
    ) -> None:
        with zipfile.ZipFile(archive) as opened:
            (tmp_path / "s.json").write_bytes(opened.read("structures/structures.json"))
        result = await publish_structures(other.writer, [tmp_path / "s.json"], NOW)
        assert any("PA_CRI_SMALL" in urn for urn in result.added)
        assert any("CC_PA_CRI" in urn for urn in result.added)

    async def test_who_has_nothing_here_gets_nothing(self, exchange: Exchange) -> None:
        with pytest.raises(NotFoundError):
            await export(exchange.pools, "http://x", "NOBODY")


def changed(archive: Path, target: Path, place: random.Random) -> str:
    """A copy with one byte of one member changed; the member's name."""
    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    name = place.choice([name for name, body in members.items() if body])
    body = bytearray(members[name])
    body[place.randrange(len(body))] ^= 1 << place.randrange(8)
    members[name] = bytes(body)
    write(target, members)
    return name


def write(target: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, body in members.items():
            opened.writestr(name, body)


class TestHostile:
    async def test_a_changed_byte_anywhere_is_refused_and_nothing_is_stored(
        self, archive: Path, other: Pools, tmp_path: Path
    ) -> None:
        before = await state(other)
        for seed in range(60):
            path = tmp_path / "changed.zip"
            name = changed(archive, path, random.Random(seed))
            if name == "manifest.json":
                continue  # what it tells besides the hashes may be anything
            with pytest.raises(MessageError) as refused:
                await load_provider(other.writer, path, NOW)
            assert name in refused.value.text["es"]
        assert await state(other) == before

    async def test_cut_archives_and_other_files(
        self, archive: Path, other: Pools, tmp_path: Path
    ) -> None:
        body = archive.read_bytes()  # noqa: ASYNC240
        path = tmp_path / "cut.zip"
        place = random.Random(5)
        for part in (b"", b"x", *(body[: place.randrange(len(body))] for _ in range(20))):
            path.write_bytes(part)
            with pytest.raises(MessageError):
                await load_provider(other.writer, path, NOW)
        with pytest.raises(MessageError):
            await load_provider(other.writer, tmp_path / "missing.zip", NOW)

    @pytest.mark.parametrize(
        ("member", "old", "new"),
        [
            ("submissions/submissions.jsonl", b'"organisation":"CRI', b'"organisation":"SLV'),
            ("history/changes.jsonl", b"PA_CRI_SMALL", b"PA_SLV_SMALL"),
            ("history/changes.jsonl", b'"sequence":1,', b'"sequence":77,'),
            ("history/publications.jsonl", b"PA_CRI_SMALL", b"PA_SLV_SMALL"),
            ("history/publications.jsonl", b'"published_at"', b'"publishedAt"'),
            ("current/series.jsonl", b'"key":[', b'"key":"x","k":['),
            ("receipts/receipts.jsonl", b'"organisation":"CRI', b'"organisation":"SLV'),
            ("receipts/receipts.jws", b"\n", b"x\n"),
            ("receipts/jwks.json", b'"kty"', b'"d": "AAAA", "kty"'),
            ("ledger/ledger.jsonl", b'"sequence":2', b'"sequence":3'),
        ],
    )
    async def test_a_forged_archive_with_a_manifest_that_agrees_is_refused_whole(
        self, archive: Path, other: Pools, tmp_path: Path, member: str, old: bytes, new: bytes
    ) -> None:
        with zipfile.ZipFile(archive) as opened:
            members = {name: opened.read(name) for name in opened.namelist()}
        assert old in members[member]
        members[member] = members[member].replace(old, new)
        manifest = orjson.loads(members["manifest.json"])
        for file in manifest["files"]:
            body = members[file["path"]]
            file |= {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
        members["manifest.json"] = orjson.dumps(manifest)
        path = tmp_path / "forged.zip"
        write(path, members)
        before = await state(other)
        with pytest.raises((MessageError, ConflictError)):
            await load_provider(other.writer, path, NOW)
        assert await state(other) == before


class TestOverHttp:
    async def test_a_provider_gets_its_own(self, exchange: Exchange) -> None:
        await fill(exchange)
        reply = await exchange.client.get("/api/export", headers=await exchange.token(CRI))
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "application/zip"
        assert 'filename="vipmg-CRI_STAT-' in reply.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(reply.content)) as opened:
            assert opened.testzip() is None
            assert orjson.loads(opened.read("manifest.json"))["organisation"] == CRI
        again = await exchange.client.get("/api/export", headers=await exchange.token(SLV))
        assert (
            orjson.loads(zipfile.ZipFile(io.BytesIO(again.content)).read("manifest.json"))[
                "organisation"
            ]
            == SLV
        )

    async def test_one_that_cannot_be_held_leaves_room_for_the_next(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = await exchange.token(CRI)
        replies = exchange.service.state.replies
        with monkeypatch.context() as full:
            full.setattr(replies, "_memory", 0)
            full.setattr(replies, "_budget", DiskBudget(0))
            refused = await exchange.client.get("/api/export", headers=token)
            assert refused.status_code == 413
        assert (await exchange.client.get("/api/export", headers=token)).status_code == 200

    async def test_one_under_way_is_waited_for_and_then_told(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export_route, "WAIT_SECONDS", 0.1)
        token = await exchange.token(CRI)
        async with exchange.service.state.exporting:
            busy = await exchange.client.get("/api/export", headers=token)
        assert (busy.status_code, busy.json()["code"]) == (503, "VIPMG-150")
        assert int(busy.headers["retry-after"]) > 0
        assert (await exchange.client.get("/api/export", headers=token)).status_code == 200

    async def test_others_get_nothing(self, exchange: Exchange) -> None:
        assert (await exchange.client.get("/api/export")).status_code == 401
        consumer = await exchange.token("OCAM")
        assert (await exchange.client.get("/api/export", headers=consumer)).status_code == 403


def without_slv(answer: Any) -> Any:
    """The answer without the rows of the other provider, which stayed where it was."""
    if isinstance(answer, tuple):
        return [line for line in answer[1].splitlines()[1:] if b",SLV," not in line]
    return answer


async def same_submissions(
    here: Exchange, here_token: dict[str, str], there: Exchange, there_token: dict[str, str]
) -> None:
    found = [
        (await each.client.get("/api/submissions", headers=token)).json()["submissions"]
        for each, token in ((here, here_token), (there, there_token))
    ]
    assert len(found[0]) == 5
    for mine, theirs in zip(*found, strict=True):
        unlike = {"sequence", "links"}
        assert {k: v for k, v in mine.items() if k not in unlike} == {
            k: v for k, v in theirs.items() if k not in unlike
        }
        for part in ("content", "findings?format=csv"):
            path = f"/api/submissions/{mine['id']}/{part}"
            one = await here.client.get(path, headers=here_token)
            two = await there.client.get(path, headers=there_token)
            assert (one.status_code, one.content) == (two.status_code, two.content)


TABLES = (
    *("series", "attachment", "change", "agreement_head", "withheld_series"),
    *("withheld_attachment", "withheld_change", "withheld_head", "ledger", "submission"),
    *("submission_content", "finding", "receipt", "receipt_key", "artefact", "agreement"),
)


async def state(pools: Pools) -> dict[str, list[str]]:
    async with pools.writer.acquire() as connection:
        return {
            table: sorted(
                row["line"]
                for row in await connection.fetch(
                    f"SELECT row_to_json(t)::text AS line FROM {table} AS t"
                )
            )
            for table in TABLES
        }


@asynccontextmanager
async def served_again(settings: Settings, pools: Pools) -> AsyncIterator[Exchange]:
    """A service on a database that has its structures already."""
    service = create_app(settings)
    transport = httpx.ASGITransport(service)
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client,
    ):
        yield Exchange(service, Desk(pools), client)
