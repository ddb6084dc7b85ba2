"""Workbooks that are none, are bombs, or bear what is not taken: a stable refusal, in bounds."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import MessageError
from app.sdmx.findings import UnreadableError, mend, message
from app.sdmx.messages.message_reader import MessageReader, SpooledBytes
from app.sheets.process import ChildProcess
from app.sheets.workbook import MODULE, Workbook
from app.sheets.workbook_check import _CellScan
from app.sheets.xlsx_reader import XlsxReader
from tests.sheets.workbooks import plain, read, saved, sheet_of

GOOD = plain({})
SHEET = "xl/worksheets/sheet1.xml"


def refusal(content: bytes) -> str | None:
    """The reason for which a workbook is refused."""
    with pytest.raises(UnreadableError) as caught:
        read(content)
    for language in ("en", "es", "fr", "nl"):
        assert message(caught.value.finding, language)
    return caught.value.finding.rule


def rebuilt(
    change: Callable[[str, bytes], bytes | None] = lambda _name, data: data,
    more: dict[str, bytes] | None = None,
    content: bytes = GOOD,
) -> bytes:
    """The workbook with its members changed, left out, or more of them."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
        for name, data in (more or {}).items():
            new.writestr(name, data)
    return sink.getvalue()


def replaced(name: str, old: bytes, new: bytes) -> bytes:
    """The workbook with a text of one member replaced."""

    def change(member: str, data: bytes) -> bytes:
        if member != name:
            return data
        assert old in data, data[:500]
        return data.replace(old, new, 1)

    return rebuilt(change)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"FREQ,REF_AREA\nM,CRI\n", "xlsx-none"),
        (OLE + "Workbook".encode("utf-16-le"), "xlsx-old"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "xlsx-encrypted"),
        (GOOD[: len(GOOD) // 2], "xlsx-broken"),
        (GOOD[:40], "xlsx-broken"),
        (b"", "empty"),
        (rebuilt(lambda name, data: None if name == "xl/workbook.xml" else data), "xlsx-none"),
        (rebuilt(lambda name, data: None if name == SHEET else data), "xlsx-broken"),
        (rebuilt(more={"xl/vbaProject.bin": b"x"}), "xlsx-macros"),
        (rebuilt(more={"xl/externalLinks/externalLink1.xml": b"<x/>"}), "xlsx-links"),
        (rebuilt(more={"../../etc/passwd": b"x"}), "xlsx-broken"),
        (rebuilt(more={"/etc/passwd": b"x"}), "xlsx-broken"),
        (rebuilt(more={f"xl/media/{n}.png": b"" for n in range(2_001)}), "xlsx-bomb"),
        (rebuilt(more={"xl/media/zeros.bin": bytes(32 << 20)}), "xlsx-bomb"),
        (
            replaced(
                "[Content_Types].xml",
                b"spreadsheetml.sheet.main",
                b"sheet.macroEnabled.main",
            ),
            "xlsx-macros",
        ),
        (
            replaced(SHEET, b"<worksheet", b'<!DOCTYPE x [<!ENTITY e "e">]><worksheet'),
            "xlsx-broken",
        ),
        (replaced(SHEET, b"</sheetData>", b""), "xlsx-broken"),
        (
            rebuilt(
                lambda name, data: None if name == "xl/workbook.xml" else data,
                more={"xl/workbook.bin": b"x"},
            ),
            "xlsx-binary",
        ),
    ],
    ids=lambda part: part if isinstance(part, str) else f"{len(part)} bytes",
)
def test_t44_what_is_no_workbook_to_open_is_refused(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def test_two_members_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = rebuilt(more={SHEET: b"<worksheet/>"})
    assert refusal(twice) == "xlsx-broken"


def test_a_member_that_is_larger_than_it_says_is_refused() -> None:
    """Declared sizes are of no use as a limit alone."""
    honest = rebuilt(more={"xl/media/a.bin": os.urandom(5000)})
    size = (5000).to_bytes(4, "little")
    assert honest.count(size) >= 2
    assert refusal(honest.replace(size, (5).to_bytes(4, "little"))) == "xlsx-broken"


def test_an_encrypted_member_is_refused() -> None:
    flagged = bytearray(GOOD)
    at = flagged.find(b"PK\x01\x02")
    while at >= 0:
        flagged[at + 8] |= 1
        at = flagged.find(b"PK\x01\x02", at + 1)
    assert refusal(bytes(flagged)) == "xlsx-encrypted"


def test_a_cell_at_the_far_end_costs_a_refusal_and_no_memory_of_ours() -> None:
    book = openpyxl.load_workbook(io.BytesIO(GOOD))
    book.active["XFD1048576"] = 1
    assert refusal(saved(book)) == "xlsx-memory"


def test_too_many_rows_are_told_to_come_as_csv() -> None:
    with pytest.raises(UnreadableError) as caught:
        read(plain({}, {}, {}), agreement="VIPMG:PA_ENTRY_EXIT_CRI_DGME", max_rows=2)
    assert caught.value.finding.rule == "xlsx-rows"
    assert "2" in message(caught.value.finding, "es")
    assert "CSV" in mend(caught.value.finding, "en")


def inline(rows: int, cell: str = '<c t="inlineStr"><is><t>{}</t></is></c>') -> bytes:
    """A workbook whose rows hold their own texts, as some programs write them."""
    made = "".join(f"<row>{cell.format(n) * 8}</row>" for n in range(rows))
    return rebuilt(
        lambda name, data: (
            re.sub(rb"(?s)(?<=<sheetData>).*(?=</sheetData>)", made.encode(), data)
            if name == SHEET
            else data
        )
    )


def test_a_sheet_of_too_many_rows_is_refused_before_it_is_loaded() -> None:
    """Cells that hold their own texts take much memory: rows are counted before."""
    with (
        pytest.raises(UnreadableError) as caught,
        Workbook(io.BytesIO(inline(2_300)), max_rows=1_000) as workbook,
    ):
        workbook.first_rows("Hoja1", 5)
    finding = caught.value.finding
    assert (finding.rule, finding.allowed) == ("xlsx-rows", "1000")


def test_rows_without_values_do_not_count_and_those_with_some_do_however_they_are_cut() -> None:
    value = '<x:c r="A1" s="1"><x:v>7</x:v></x:c>'
    empty = '<x:c r="A1" s="1"/><x:c t="inlineStr"><x:is><x:t></x:t></x:is></x:c>'
    text = "".join(f"<x:row>{each}</x:row>" for each in (empty, value, empty, empty + value, value))
    for size in (1, 2, 3, 7, 40, len(text)):
        scan = _CellScan({})
        for start in range(0, len(text), size):
            scan.feed(text[start : start + size].encode())
        scan.end()
        assert scan.rows == 3


def test_a_workbook_of_many_formatted_rows_is_opened() -> None:
    styled = inline(5_000, '<c s="0"/>')
    with Workbook(io.BytesIO(styled), max_rows=1_000) as workbook:
        assert workbook.first_rows("Hoja1", 5) == []


def test_a_slow_child_is_stopped() -> None:
    with (
        pytest.raises(UnreadableError) as caught,
        ChildProcess(MODULE, {"size": 10}, seconds=0.2) as child,
    ):
        child.receive()  # it waits for bytes that never come
    assert caught.value.finding.rule == "xlsx-slow"


def test_a_child_that_dies_is_a_refusal() -> None:
    with Workbook(io.BytesIO(GOOD)) as workbook:
        os.kill(workbook.pid, signal.SIGSEGV)
        with pytest.raises(UnreadableError) as caught:
            workbook.first_rows("Hoja1", 5)
    assert caught.value.finding.rule == "xlsx-broken"


HOLD = """
import sys, time
from app.sheets.workbook import Workbook
held = Workbook(open(sys.argv[1], "rb"))
print(held.pid, flush=True)
time.sleep(60)
"""


def test_the_child_ends_with_its_parent_even_if_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "good.xlsx"
    file.write_bytes(GOOD)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        if not running(child):
            return
        time.sleep(0.1)
    raise AssertionError("the child goes on without its parent")


def running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_an_abandoned_workbook_leaves_no_process() -> None:
    batches = Workbook(io.BytesIO(sheet_of([["a"]] * 5000)))
    _, rows = batches.read("Hoja1")
    next(iter(rows))
    process = batches.pid
    batches.close()
    assert not running(process)


def mutations() -> st.SearchStrategy[bytes]:
    """The workbook with some of its bytes, or of the bytes of a member, changed."""
    offsets = st.integers(0, len(GOOD) - 1)
    raw = st.lists(st.tuples(offsets, st.integers(0, 255)), min_size=1, max_size=8)
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def in_bytes(changes: list[tuple[int, int]]) -> bytes:
        content = bytearray(GOOD)
        for place, value in changes:
            content[place] = value
        return bytes(content)

    def in_member(name: str, start: float, length: int, insert: bytes) -> bytes:
        place = int(start * len(members[name]))
        whole = members[name][:place] + insert + members[name][place + length :]
        return rebuilt(lambda each, data: whole if each == name else data)

    fragments = st.sampled_from(
        (
            *(b"", b"<", b"</c>", b'<c t="e"><v>#REF!</v></c>', b"\x00", b"&#0;"),
            *(b'r="ZZZ99999999"', b"<f>", b't="s"><v>99999</v>', b"1e999", b"NaN"),
            *(b"\xff\xfe", b"<row r='0'>"),
        )
    )
    return raw.map(in_bytes) | st.builds(
        in_member,
        st.sampled_from(sorted(members)),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 60),
        fragments,
    )


@given(mutations())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_workbook_is_read_or_refused(content: bytes) -> None:
    try:
        read(content, agreement="VIPMG:PA_ENTRY_EXIT_CRI_DGME")
    except MessageError as error:
        assert error.text["es"]


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    yield
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if children.exists():
        left = [int(each) for each in children.read_text().split()]
        reading = [one for one in left if b"app.sheets" in command_of(one)]
        assert not reading


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def test_an_archive_in_an_archive_is_told_as_one() -> None:
    def packed(name: str, content: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            made.writestr(name, content)
        return buffer.getvalue()

    body = packed("inner.zip", packed("a.csv", b"STRUCTURE\n"))
    content = SpooledBytes(io.BytesIO(body), 1 << 20, is_gzip=False)
    reader = MessageReader(
        content, 1 << 20, open_workbook=lambda raw: XlsxReader(raw, lambda *_: "VIPMG-203")
    )
    with pytest.raises(UnreadableError) as caught:
        list(reader.batches())
    assert (caught.value.finding.rule, caught.value.finding.file) == ("zip-nested", "inner.zip")


def test_a_damaged_workbook_is_told_in_a_whole_sentence() -> None:
    with pytest.raises(UnreadableError) as caught:
        list(XlsxReader(io.BytesIO(GOOD[:40]), lambda *_: "VIPMG-203").batches())
    for language in ("en", "es", "fr", "nl"):
        assert message(caught.value.finding, language).strip().endswith(").")
