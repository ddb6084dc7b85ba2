"""Attributes of a series: what changes in them is told, and what must be there stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sending.desk import House

DF = "TST:DF(1.0.0)"
COLUMNS = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,UNIT_MULT,METHOD,TITLE,EMBARGO_TIME"
FIRST = ("M,M,CRI,F,2024-01,5,A,0,counted,Title", "M,M,CRI,F,2024-02,6,A,0,counted,Title")


def table(*rows: str) -> bytes:
    filled = (row + "," * (COLUMNS.count(",") + 1 - row.count(",")) for row in rows)
    lines = [
        f"STRUCTURE,STRUCTURE_ID,ACTION,{COLUMNS}",
        *(f"dataflow,{DF},{row}" for row in filled),
    ]
    return ("\n".join(lines) + "\n").encode()


@pytest.mark.parametrize(
    "rows",
    [
        ("D,M,CRI,F,~,,,,,",),
        ("D,M,CRI,F,~,,,x,,",),
        ("D,M,CRI,,~,,,,,",),
        ("D,M,CRI,F,~,,,,,", "M,M,CRI,F,~,,,,other,"),
    ],
)
async def test_a_mandatory_attribute_of_stored_figures_is_not_deleted(
    house: House, rows: tuple[str, ...]
) -> None:
    sender = await house.sender()
    await sender.publish(table(*FIRST))
    reply = await sender.send(table(*rows))
    assert reply.status_code == 422, reply.text
    [found] = [one for one in reply.json()["findings"]["first"] if one["code"] == "VIPMG-230"]
    assert (found["column"], found["row"]) == ("UNIT_MULT", 2)
    await sender.publish(table("M,M,CRI,F,2024-03,7,A,,,"))


OTHER = ("M,M,CRI,M,2024-01,7,A,0,,",)
EMBARGOED = ("M,M,CRI,M,2024-01,7,A,0,,,2099-01-01T00:00:00Z",)


@pytest.mark.parametrize(
    ("stored", "rows"),
    [
        pytest.param(FIRST, ("D,,,,~,,,,,x",), id="marked"),
        pytest.param(FIRST, ("D,~,~,~,~,,,,,",), id="all that is above"),
        pytest.param(FIRST, ("D,,,,~,,,,,x", "M,M,CRI,F,~,,,0,,"), id="with a series that stays"),
        pytest.param((*FIRST, *OTHER), ("D,,,,,,,,,x", "D,,,F,,,,,,"), id="others stay"),
        pytest.param(
            (*FIRST, *OTHER), ("D,,,,~,,,,,x", "D,M,CRI,F,2024-01,,,,,"), id="others of a series"
        ),
        pytest.param((*FIRST, *EMBARGOED), ("D,,,,~,,,,,x", "D,,,F,,,,,,"), id="others wait"),
    ],
)
async def test_a_mandatory_attribute_above_is_not_deleted_while_figures_stay(
    house: House, stored: tuple[str, ...], rows: tuple[str, ...]
) -> None:
    sender = await house.sender()
    assert (await sender.send(table(*stored))).status_code == 201
    before = await house.figures(DF)
    reply = await sender.send(table(*rows))
    assert reply.status_code == 422, reply.text
    [found] = reply.json()["findings"]["first"]
    assert (found["code"], found["column"], found["row"]) == ("VIPMG-230", "TITLE", 2)
    assert await house.figures(DF) == before
    tried = await sender.send(table(*rows, "M,M,XXX,F,2024-01,1,A,0,,"))
    assert tried.json()["findings"]["by_code"] == {"VIPMG-210": 1, "VIPMG-230": 1}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(("D,,,,~,,,,,x", "M,,,,~,,,,,Other"), id="for a new value"),
        pytest.param(("D,,,,~,,,,,x", "D,,,,,,,,,"), id="with all figures"),
        pytest.param(("D,,,,,,,,,",), id="with everything"),
    ],
)
async def test_a_mandatory_attribute_above_goes_with_its_figures_or_for_a_new_value(
    house: House, rows: tuple[str, ...]
) -> None:
    sender = await house.sender()
    assert (await sender.send(table(*FIRST, *EMBARGOED))).status_code == 201
    told = await sender.publish(table(*rows))
    assert told["findings"]["by_code"] == {}


async def test_a_file_that_replaces_another_keeps_the_mandatory_attribute_above(
    house: House,
) -> None:
    sender = await house.sender()
    first = await sender.publish(table(*FIRST))
    await sender.publish(table(*OTHER))
    await sender.publish(table("M,M,CRI,F,2024-01,9,A,0,,"), f"?supersedes={first['id']}")
    await sender.publish(table("M,M,CRI,F,2024-02,9,A,,,"))


async def test_a_mandatory_attribute_goes_with_its_figures_or_for_a_new_value(house: House) -> None:
    sender = await house.sender()
    await sender.publish(table(*FIRST))
    await sender.publish(table("D,M,CRI,F,~,,,,,", "M,M,CRI,F,~,,,0,,"))
    await sender.publish(table("D,M,CRI,F,,,,,,"))
    assert await house.figures(DF) == {}


async def test_what_changes_all_figures_of_a_series_is_told(house: House) -> None:
    sender = await house.sender()
    await sender.publish(table(*FIRST))
    message = table("M,M,CRI,F,~,,,3,,", "M,,CRI,,~,,,,estimated,")
    tried = (await sender.send(message, "?validate-only")).json()
    assert tried["state"] == "validated", tried
    done = await sender.publish(message)
    for told in (tried, done):
        [change] = told["preview"]
        assert (change["revised"], change["series_attributes"], change["attachments"]) == (0, 1, 1)
        assert change["withheld"]["series_attributes"] == 0
        [listed] = (await sender.get(told["links"]["preview"]))["agreements"]
        assert _by_component(listed["attributes"]) == {
            "UNIT_MULT": ({"FREQ": "M", "REF_AREA": "CRI", "SEX": "F"}, "0", "3"),
            "METHOD": ({"REF_AREA": "CRI"}, "counted", "estimated"),
        }
        [found] = told["findings"]["first"]
        assert (found["code"], found["severity"]) == ("VIPMG-321", "warning")
        assert (found["row"], found["column"], found["value"]) == (2, "UNIT_MULT", "3")
        assert "from 0 to 3" in found["message"]
    assert done["changes"]["series_attributes"] == 1
    assert done["changes"]["attachments"] == 1


async def test_a_unit_that_is_sent_again_or_for_the_first_time_is_no_change(house: House) -> None:
    sender = await house.sender()
    first = await sender.publish(table(*FIRST))
    again = await sender.publish(table("M,M,CRI,F,2024-03,7,A,0,counted,"))
    for told in (first, again):
        assert told["findings"]["by_code"] == {}
        assert told["preview"][0]["series_attributes"] == 0
    [listed] = (await sender.get(again["links"]["preview"]))["agreements"]
    assert listed["attributes"] == []


def _by_component(listed: list[dict[str, Any]]) -> dict[str, tuple[Any, Any, Any]]:
    return {one["component"]: (one["key"], one["before"], one["after"]) for one in listed}
