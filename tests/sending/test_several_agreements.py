"""Several dataflows and agreements in one message: in order, all of it or nothing."""

from __future__ import annotations

import pytest

from app.store.pools import Pools
from tests.sending.desk import MONTHLY, SMALL, TWO, House, rows
from tests.structures import SLV

TABLES = ("series", "attachment", "change", "ledger", "outbox", "withheld_series")


def message(*parts: bytes) -> bytes:
    """Files put together: one header, then all rows in order."""
    head = parts[0].split(b"\n", 1)[0]
    return head + b"\n" + b"".join(part.split(b"\n", 1)[1] for part in parts)


async def counts(pools: Pools) -> list[int]:
    return [await pools.writer.fetchval(f"SELECT count(*) FROM {name}") for name in TABLES]


async def test_one_message_for_several_agreements_is_one_publication(
    house: House, pools: Pools
) -> None:
    sender = await house.sender()
    told = await sender.publish(
        message(
            rows("M,CRI,2024-01,1", "M,CRI,2024-02,2", flow=SMALL),
            rows("M,CRI,2024-01,10", flow=MONTHLY),
            rows("M,CRI,2024-01,3", flow=SMALL, action="R"),
        )
    )
    assert sorted(urn.rpartition(":")[2] for urn in told["agreements"]) == [
        "PA_CRI_SMALL(1.0.0)",
        "PA_MONTHLY(1.0.0)",
    ]
    assert await house.figures(SMALL) == {"M.CRI.2024-01": "3", "M.CRI.2024-02": "2"}
    assert await house.figures(MONTHLY) == {"M.CRI.2024-01": "10"}
    assert await pools.writer.fetchval("SELECT count(*) FROM ledger") == 1
    assert len(await pools.writer.fetchval("SELECT agreement_ids FROM ledger")) == 2
    by_agreement = {each["agreement"].rpartition(":")[2]: each["new"] for each in told["preview"]}
    assert by_agreement == {"PA_CRI_SMALL(1.0.0)": 2, "PA_MONTHLY(1.0.0)": 1}


async def test_datasets_of_one_agreement_act_in_their_order(house: House) -> None:
    sender = await house.sender()
    await sender.publish(
        message(
            rows("M,CRI,2024-01,1", "M,CRI,2024-02,2"),
            rows("M,CRI,2024-01,", action="D"),
            rows("M,CRI,2024-02,5"),
            rows("M,CRI,2024-01,9", "M,CRI,2024-03,7"),
        )
    )
    assert await house.figures() == {
        "M.CRI.2024-01": "9",
        "M.CRI.2024-02": "5",
        "M.CRI.2024-03": "7",
    }


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (rows("M,XXX,2024-01,1", flow=MONTHLY), "VIPMG-210"),
        (rows("M,CRI,2024-01,1", "M,CRI,2024-01,2", flow=MONTHLY), "VIPMG-231"),
        (rows("M,CRI,2024-01,1", flow="TST:DF_NONE(1.0.0)"), "VIPMG-203"),
        (rows("M,CRI,2024-01,1", flow=MONTHLY, action="Z"), "VIPMG-206"),
        (b"\ndataflow,TST:DF_MONTHLY(1.0.0),M,M,CRI\n", "VIPMG-202"),
        (b'\n"never closed', "VIPMG-201"),
    ],
)
async def test_a_failure_in_the_last_one_leaves_nothing_of_the_first(
    house: House, pools: Pools, last: bytes, code: str
) -> None:
    sender = await house.sender()
    await sender.publish(rows("M,CRI,2023-01,1"))
    before = await counts(pools)
    reply = await sender.send(
        message(rows(*(f"M,CRI,2024-{n:02},{n}" for n in range(1, 13))), last)
    )
    assert reply.status_code == 422
    assert code in reply.json()["findings"]["by_code"]
    assert await counts(pools) == before
    assert await house.figures() == {"M.CRI.2023-01": "1"}


async def test_a_fault_at_the_last_agreement_leaves_nothing_of_the_first(
    house: House, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.store import publication

    publish, seen = publication.publish_intake, 0

    async def fail_at_the_second(*parts: object) -> object:
        nonlocal seen
        seen += 1
        if seen == 2:
            raise ConnectionResetError
        return await publish(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(publication, "publish_intake", fail_at_the_second)
    sender = await house.sender()
    content = message(rows("M,CRI,2024-01,1"), rows("M,CRI,2024-01,10", flow=MONTHLY))
    told = await sender.publish(content)
    assert seen == 4
    assert told["sequence"] == 1
    assert await pools.writer.fetchval("SELECT count(*) FROM ledger") == 1
    assert await house.figures(MONTHLY) == {"M.CRI.2024-01": "10"}


async def test_an_agreement_of_another_refuses_the_whole(house: House) -> None:
    other = await house.sender(SLV)
    content = message(rows("M,SLV,2024-01,1", flow=TWO), rows("M,SLV,2024-01,1", flow=MONTHLY))
    reply = await other.send(content)
    assert reply.json()["findings"]["by_code"] == {"VIPMG-223": 1}
    assert await house.figures(TWO) == {}
