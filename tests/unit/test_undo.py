"""Who wrote a part of a series last, and what was before it."""

from __future__ import annotations

from typing import Any

from app.sdmx.undo import (
    Act,
    Acts,
    Entry,
    Past,
    is_current,
    plan_rollback,
    plan_withdrawal,
    version_before,
)

LATER = "2990-01-01T00:00:00Z"


def put(publication: int, value: str, *, withheld: bool = False, **more: Any) -> Entry:
    """A row of a journal with one observation."""
    document = {"TIME_PERIOD": ["2024"], "OBS_VALUE": value, **more}
    return Entry(publication, withheld, "Replace", document, {})


def delete(publication: int, *, withheld: bool = False) -> Entry:
    return Entry(publication, withheld, "Delete", {"TIME_PERIOD": ["2024"]}, {})


def writes(*publications: int) -> list[Act]:
    return [Act(publication, place) for place, publication in enumerate(publications, 1)]


def versions(past: Past) -> list[tuple[int, int | None, Any]]:
    found = past.observations["2024"]
    return [(v.publication, v.owner, v.value and v.value["OBS_VALUE"]) for v in found]


def test_the_order_is_that_of_the_ledger_not_that_of_the_numbers() -> None:
    """A publication that began earlier may have waited for its turn."""
    acts = Acts(writes(2, 1))
    past = Past.replay([put(1, "one"), put(2, "two")], acts)
    assert versions(past) == [(2, 2, "two"), (1, 1, "one")]
    plan = plan_rollback(past, 1, {1: "rollback"})
    assert plan.observations["2024"].value == {"OBS_VALUE": "two"}
    assert plan_rollback(past, 2, {2: "rollback"}).kept == [("2024", 1)]


def test_a_release_moves_a_version_and_makes_none() -> None:
    acts = Acts(writes(1, 2))
    waiting = put(1, "7", withheld=True, EMBARGO_TIME=LATER)
    shown = put(2, "7", EMBARGO_TIME=LATER)
    past = Past.replay([waiting, shown, delete(2, withheld=True)], acts)
    [version] = past.observations["2024"]
    assert (version.publication, version.owner, version.withheld) == (1, 1, None)
    assert version.public["OBS_VALUE"] == "7"


def test_what_is_sent_again_changes_hands() -> None:
    acts = Acts(writes(1, 2, 3))
    again = Entry(2, False, "Confirm", {"TIME_PERIOD": ["2024"]}, {"S": None})
    first = Entry(1, False, "Replace", {"TIME_PERIOD": ["2024"], "OBS_VALUE": "1"}, {"S": "s"})
    past = Past.replay([first, again], acts)
    assert versions(past) == [(1, 1, "1"), (2, 2, "1")]
    assert [v.owner for v in past.attributes["S"]] == [1, 2]
    assert is_current(past, 1) is None
    assert is_current(past, 2) == "2024"
    all_of_it = Entry(3, False, "Confirm", None, {})
    assert is_current(Past.replay([first, again, all_of_it], acts), 3) == "2024"


def test_attributes_told_again_with_a_new_observation_change_hands() -> None:
    acts = Acts(writes(1, 2))
    first = Entry(1, False, "Replace", {"TIME_PERIOD": ["2023"], "OBS_VALUE": "1"}, {"S": "s"})
    second = Entry(2, False, "Replace", {"TIME_PERIOD": ["2024"], "OBS_VALUE": "2"}, {"S": "s"})
    past = Past.replay([first, second], acts)
    assert [v.owner for v in past.attributes["S"]] == [1, 2]


def test_what_was_given_back_belongs_to_its_first_writer() -> None:
    acts = Acts([*writes(1, 2), Act(3, 3, "rollback", 2)])
    past = Past.replay([put(1, "1"), put(2, "2"), put(3, "1")], acts)
    assert versions(past)[-1] == (3, 1, "1")
    assert is_current(past, 1) == "2024"


def test_undoing_counts_while_it_stands_itself() -> None:
    acts = Acts([*writes(1), Act(2, 2, "rollback", 1), Act(3, 3, "rollback", 2)])
    assert acts.fallen(1) == {}
    assert acts.fallen(2) == {1: "rollback"}
    assert acts.fallen(3) == {2: "rollback"}


def test_what_was_withdrawn_leaves_nothing_below_it() -> None:
    acts = Acts(writes(1, 2, 3))
    past = Past.replay([put(1, "1"), put(2, "2"), put(3, "3")], acts)
    found = past.observations["2024"]
    assert version_before(found, 3, {3: "rollback"}) == found[1]
    assert version_before(found, 3, {3: "rollback", 2: "rollback"}) == found[0]
    withdrawn = version_before(found, 3, {3: "rollback", 2: "withdrawal"})
    assert withdrawn is not None
    assert withdrawn.value is None


def test_withdrawing_what_waits_leaves_what_is_seen() -> None:
    acts = Acts(writes(1, 2))
    waiting = put(2, "7", withheld=True, EMBARGO_TIME=LATER)
    past = Past.replay([put(1, "1"), waiting], acts)
    left = plan_withdrawal(past, 2).observations["2024"]
    assert (left.owner, left.public, left.withheld) == (1, {"OBS_VALUE": "1"}, None)
    assert plan_withdrawal(past, 1).observations == {}
