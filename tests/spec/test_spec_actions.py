"""Actions of SDMX 3.1 through the whole way: SDMX-CSV 2.1 field guide, table of actions."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.pools import Pools
from tests.structures import CRI, SLV, SMALL, Desk, open_desk, sheet

HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,S,G,D"
K = "A.CRI.2024"


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


def rows(*lines: str, action: str = "M", header: str = HEADER) -> str:
    return sheet(header, *lines, flow=SMALL, action=action)


async def start(desk: Desk) -> None:
    """The observation K = A.CRI.2024 with OBS_VALUE 10, STATUS A, and the series' S = x."""
    await desk.accept(rows("A,CRI,2024,10,A,x,,"))


Cell = dict[str, Any] | None

TABLE = [
    # row, (action, observation afterwards, attribute S afterwards); None = refused
    ("A,CRI,2024,11,,,,", "M", {"OBS_VALUE": "11", "STATUS": "A"}, "x"),
    ("A,CRI,2024,11,,,,", "R", {"OBS_VALUE": "11"}, "x"),
    ("A,CRI,2024,11,,,,", "D", {"STATUS": "A"}, "x"),
    ("A,CRI,2024,,B,,,", "M", {"OBS_VALUE": "10", "STATUS": "B"}, "x"),
    ("A,CRI,2024,,B,,,", "R", {"STATUS": "B"}, "x"),
    ("A,CRI,2024,,B,,,", "D", {"OBS_VALUE": "10"}, "x"),
    ("A,CRI,2024,,,,,", "M", None, "x"),
    ("A,CRI,2024,,,,,", "R", {}, "x"),
    ("A,CRI,2024,,,,,", "D", {}, "x"),
    ("A,CRI,2024,,,y,,", "M", {"OBS_VALUE": "10", "STATUS": "A"}, "y"),
    ("A,CRI,2024,,,y,,", "R", {}, "y"),
    ("A,CRI,2024,,,y,,", "D", {"OBS_VALUE": "10", "STATUS": "A"}, None),
    ("A,CRI,,,,y,,", "M", {"OBS_VALUE": "10", "STATUS": "A"}, "y"),
    ("A,CRI,,,,y,,", "R", {"OBS_VALUE": "10", "STATUS": "A"}, "y"),
    ("A,CRI,,,,y,,", "D", {"OBS_VALUE": "10", "STATUS": "A"}, None),
    ("A,CRI,,,,,,", "M", None, "x"),
    ("A,CRI,,,,,,", "R", None, "x"),
    ("A,CRI,,,,,,", "D", {}, None),
]


@pytest.mark.parametrize(("row", "action", "observation", "attribute"), TABLE)
async def test_c141_c142_c143_truth_table(
    desk: Desk, row: str, action: str, observation: Cell, attribute: str | None
) -> None:
    await start(desk)
    decision = await desk.send(rows(row, action=action))
    if observation is None:
        assert decision.state == "rejected"
        observation = {"OBS_VALUE": "10", "STATUS": "A"}
    else:
        assert decision.state == "published", decision.findings
    assert (await desk.observations()).get(K, {}) == observation
    assert (await desk.series_attributes())["A.CRI"].get("S") == attribute


@pytest.mark.parametrize("action", ["I", "A", "M", ""])
async def test_c147_information_append_and_nothing_are_merge(desk: Desk, action: str) -> None:
    await start(desk)
    await desk.accept(rows("A,CRI,2024,,B,,,", action=action))
    assert await desk.observations() == {K: {"OBS_VALUE": "10", "STATUS": "B"}}


async def test_c147_without_a_column_action_is_merge(desk: Desk) -> None:
    await start(desk)
    text = rows("A,CRI,2024,,B,,,").replace(",ACTION", "").replace(f"{SMALL},M,", f"{SMALL},")
    await desk.accept(text)
    assert await desk.observations() == {K: {"OBS_VALUE": "10", "STATUS": "B"}}


async def test_c140_delete_all_then_merge_replaces_all(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2023,1,A,x,g,d", "A,CRI,2024,2,A,x,g,d", "A,SLV,2024,3,A,z,,"))
    decision = await desk.accept(rows("D|,,,,,,,", "M|A,CRI,2025,9,B,,,"))
    assert await desk.observations() == {"A.CRI.2025": {"OBS_VALUE": "9", "STATUS": "B"}}
    assert await desk.series_attributes() == {"A.CRI": {}, "A.SLV": {}}
    assert await desk.attachments() == {}
    ledger = await desk.rows("ledger")
    assert len(ledger) == 2
    assert decision.submission.changes == {
        "observations_put": 1,
        "observations_deleted": 3,
        "attachments": 2,
        "series_attributes": 2,
    }


async def test_c140_merge_then_delete_all_leaves_nothing(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2023,1,A,x,g,d"))
    await desk.accept(rows("M|A,CRI,2025,9,B,y,h,e", "D|,,,,,,,"))
    assert await desk.observations() == {}
    assert await desk.series_attributes() == {"A.CRI": {}}
    assert await desk.attachments() == {}


async def test_c140_order_of_attributes_and_deletions_above_the_series(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2023,1,A,x,g,d"))
    await desk.accept(
        rows("M|,CRI,,,,,new,", "D|,CRI,,,,,-,", "M|,,,,,,,d", "D|,,,,,,,-", "M|,,,,,,,last")
    )
    assert await desk.attachments() == {"*.*": {"D": "last"}}


async def test_c140_actions_on_one_observation_in_their_order(desk: Desk) -> None:
    await start(desk)
    await desk.accept(
        rows("D|A,CRI,2024,,,,,", "M|A,CRI,2024,1,A,,,", "R|A,CRI,2024,2,,,,", "M|A,CRI,2024,,E,,,")
    )
    assert await desk.observations() == {K: {"OBS_VALUE": "2", "STATUS": "E"}}


async def test_c143_delete_with_open_dimensions(desk: Desk) -> None:
    """Field guide, examples 17 and 18: an empty dimension stands for every code."""
    await desk.accept(
        rows(
            "A,CRI,2023,1,A,x,,",
            "A,CRI,2024,2,A,x,,",
            "A,GTM,2024,3,A,y,,",
            "M,CRI,2024-01,4,A,z,,",
        )
    )
    await desk.accept(rows(",CRI,2024,,,,,", action="D"))
    assert set(await desk.observations()) == {"A.CRI.2023", "A.GTM.2024", "M.CRI.2024-01"}
    await desk.accept(rows("A,,,-,,,,", action="D"))
    assert await desk.observations() == {
        "A.CRI.2023": {"STATUS": "A"},
        "A.GTM.2024": {"STATUS": "A"},
        "M.CRI.2024-01": {"OBS_VALUE": "4", "STATUS": "A"},
    }
    await desk.accept(rows(",,,,,-,,", action="D"))
    assert all(values == {} for values in (await desk.series_attributes()).values())
    assert len(await desk.observations()) == 3
    await desk.accept(rows(",,2024,,,,,", action="D"))
    assert set(await desk.observations()) == {"A.CRI.2023", "M.CRI.2024-01"}


async def test_c143_delete_of_a_slice_takes_attribute_values_within_it(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2024,1,A,x,gc,d", "A,GTM,2024,2,A,y,gg,"))
    await desk.accept(rows(",CRI,,,,,,", action="D"))
    assert await desk.observations() == {"A.GTM.2024": {"OBS_VALUE": "2", "STATUS": "A"}}
    assert await desk.attachments() == {"*.GTM": {"G": "gg"}, "*.*": {"D": "d"}}
    assert (await desk.series_attributes())["A.CRI"] == {}


async def test_c143_marks_above_the_series_leave_observations_alone(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2024,1,A,x,g,d"))
    await desk.accept(rows(",CRI,,,,,-,", action="D"))
    assert await desk.attachments() == {"*.*": {"D": "d"}}
    await desk.accept(rows(",,,,,,,-", action="D"))
    assert await desk.attachments() == {}
    assert await desk.observations() == {K: {"OBS_VALUE": "1", "STATUS": "A"}}
    assert await desk.series_attributes() == {"A.CRI": {"S": "x"}}


async def test_c143_mark_above_the_series_beside_a_full_key(desk: Desk) -> None:
    """The lowest level that is marked is deleted, and nothing else."""
    await desk.accept(rows("A,CRI,2024,1,A,x,g,d"))
    await desk.accept(rows("A,CRI,2024,,,,-,", action="D"))
    assert await desk.observations() == {K: {"OBS_VALUE": "1", "STATUS": "A"}}
    assert await desk.attachments() == {"*.*": {"D": "d"}}


async def test_c143_value_of_a_mark_is_ignored(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2024,1,A,x,g,d"))
    await desk.accept(rows("A,CRI,2024,not a number,,,,", action="D"))
    assert await desk.observations() == {K: {"STATUS": "A"}}


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("A,GTM,1999,,,,,", "D"),
        ("A,GTM,,,,,,", "D"),
        (",,,,,,,", "D"),
        ("A,GTM,1999,-,-,-,-,-", "D"),
        ("A,GTM,1999,,,,,", "R"),
    ],
)
async def test_c146_to_delete_or_replace_what_is_not_there_is_no_error(
    desk: Desk, line: str, action: str
) -> None:
    await desk.accept(rows(line, action=action))
    assert await desk.observations() == {}
    assert await desk.rows("change") == []


async def test_c146_replace_of_what_is_not_there_puts_it(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2024,5,A,,,", action="R"))
    assert await desk.observations() == {K: {"OBS_VALUE": "5", "STATUS": "A"}}


@pytest.mark.parametrize("action", ["M", "R"])
@pytest.mark.parametrize("row", [",CRI,2024,5,A,,,", "A,,2024,5,A,,,", "~,CRI,2024,5,,,,"])
async def test_c144_c145_merge_and_replace_need_the_whole_key(
    desk: Desk, action: str, row: str
) -> None:
    decision = await desk.send(rows(row, action=action))
    assert (decision.state, decision.codes) == ("rejected", ["VIPMG-211"])
    assert decision.findings[0].row == 2
    assert decision.findings[0].component == ("REF_AREA" if row.startswith("A") else "FREQ")


@pytest.mark.parametrize("off", ["", "~"])
async def test_c145_dimensions_off_where_the_attribute_is_not_attached(
    desk: Desk, off: str
) -> None:
    await desk.accept(
        rows(f"{off},CRI,{off},,,,g,", f"{off},{off},{off},,,,,d", "A,CRI,2024,1,,,,")
    )
    assert await desk.attachments() == {"*.*": {"D": "d"}, "*.CRI": {"G": "g"}}


async def test_c142_replace_merges_attributes_above_the_observation(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2024,1,A,x,g,d", "A,CRI,2025,2,A,x,g,d"))
    await desk.accept(rows("A,CRI,2024,9,,,,", action="R"))
    assert await desk.series_attributes() == {"A.CRI": {"S": "x"}}
    assert await desk.attachments() == {"*.*": {"D": "d"}, "*.CRI": {"G": "g"}}
    assert await desk.observations() == {
        K: {"OBS_VALUE": "9"},
        "A.CRI.2025": {"OBS_VALUE": "2", "STATUS": "A"},
    }


async def test_t20_deletion_never_reaches_another_agreement(desk: Desk) -> None:
    await desk.accept(rows("A,CRI,2024,1,A,x,g,d"), CRI)
    await desk.accept(rows("A,CRI,2024,2,A,y,h,e"), SLV)
    number, _ = await desk.numbers("PA_SLV_SMALL")

    async def of_slv() -> list[list[dict[str, Any]]]:
        tables = [await desk.rows(t) for t in ("series", "attachment", "change")]
        return [[row for row in rows if row["agreement_id"] == number] for rows in tables]

    before = await of_slv()
    await desk.accept(
        rows(",,,,,,,", ",CRI,,,,,,", "A,CRI,,,,,,", "A,CRI,2024,,,,,", ",,,-,-,-,-,-", action="D"),
        CRI,
    )
    assert await of_slv() == before
    assert await desk.observations() == {K: {"OBS_VALUE": "2", "STATUS": "A"}}
