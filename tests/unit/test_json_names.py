"""Names that stand twice in a JSON object are found in one pass."""

from __future__ import annotations

import io
import json

import pytest

from app.errors import InvalidLayoutError
from app.sdmx.findings import UnreadableError
from app.sdmx.messages.json_names import RepeatedNameError, each_once
from app.sdmx.messages.json_stream import JsonText
from app.sheets.layout import read_layout
from tests.sheets.workbooks import entry_exit


class _Counted(str):
    """A name that counts how often it is held against another."""

    compared = 0
    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        _Counted.compared += 1
        return str.__eq__(self, other)


def test_the_work_grows_with_the_names_and_not_with_their_square() -> None:
    names = [_Counted(f"N{number}") for number in range(3000)]
    with pytest.raises(RepeatedNameError) as caught:
        each_once([(name, 1) for name in [*names, _Counted("N2999")]])
    assert caught.value.name == "N2999"
    assert _Counted.compared < 10 * len(names)


def test_members_that_stand_once_stay_in_order() -> None:
    assert list(each_once([("b", 1), ("a", 2)])) == ["b", "a"]


def test_a_message_with_a_name_twice_within_a_value_is_told_the_name() -> None:
    text = JsonText(io.BytesIO(b'{"a": {"b": {"c": 1, "c": 2}}}'))  # type: ignore[arg-type]
    with pytest.raises(UnreadableError) as caught:
        text.value()
    assert (caught.value.finding.rule, caught.value.finding.value) == ("json-twice", "c")


def test_a_layout_with_a_name_twice_is_told_the_name() -> None:
    document = json.dumps({"columns": {}, "firstDataRow": 2})[:-1] + ', "columns": {}}'
    with pytest.raises(InvalidLayoutError, match="'columns' stands twice"):
        read_layout(document.encode(), entry_exit())
