"""Near-valid workbooks, and workbooks whose members are damaged."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from random import Random
from typing import Any, Final

import xlsxwriter

from tests.fuzz.values import NASTY, Chance, Content

_FRAGMENTS: Final = (
    *(b"", b"<", b"</c>", b'<c t="e"><v>#REF!</v></c>', b"\x00", b"&#0;", b"&#x110000;"),
    *(b'r="ZZZ99999999"', b"<f>", b't="s"><v>99999999</v>', b"1e999", b"NaN", b"\xff\xfe"),
    *(b'<row r="0">', b"<!DOCTYPE a>", b'<mergeCell ref="A1:XFD1048576"/>', b'ref="A0:B-1"'),
)
_DAY: Final = dt.date(1900, 1, 1)


def xlsx_message(chance: Chance, content: Content) -> bytes:
    """A workbook with one sheet for each part, SDMX-CSV's header in a row of each."""
    random, sink = chance.random, io.BytesIO()
    names = list(dict.fromkeys(name for part in content.parts for row in part.rows for name in row))
    names = names or content.key
    with xlsxwriter.Workbook(sink, {"strings_to_formulas": False}) as book:
        dated = book.add_format({"num_format": "mmm yyyy"})
        for number, part in enumerate(content.parts):
            sheet = book.add_worksheet(f"Hoja {number}")
            above = random.choice([0, 0, 1, 3])
            heads = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *names]
            if chance.is_wrong():
                heads[random.randrange(len(heads))] = chance.pick([*NASTY, *heads])
            for column, head in enumerate(heads):
                sheet.write_string(above, column, head[:32_000])
            for place, row in enumerate(part.rows, above + 1):
                cells = ["dataflow", f"TST:{content.flow}(1.0.0)", part.action[:1]]
                cells += [row.get(name, "") for name in names]
                for column, cell in enumerate(cells):
                    _write(random, sheet, place, column, cell, dated)
            if chance.is_wrong():
                sheet.merge_range(0, 0, random.randrange(1, 9), random.randrange(1, 9), "x")
    return _damaged(chance, sink.getvalue())


def _write(random: Random, sheet: Any, row: int, column: int, cell: str, dated: object) -> None:
    kind = random.randrange(40)
    number = cell.replace(".", "", 1).lstrip("-").isdecimal() and cell.isascii()
    if number and len(cell) < 300 and kind > 5:
        sheet.write_number(row, column, float(cell))
    elif kind == 0:
        sheet.write_formula(row, column, "=A1+1", None, random.choice(["#REF!", "", 7, cell[:99]]))
    elif kind == 1:
        sheet.write_boolean(row, column, True)
    elif kind == 2:
        sheet.write_datetime(row, column, _DAY + dt.timedelta(random.randrange(60_000)), dated)
    elif cell:
        sheet.write_string(row, column, cell[:32_000])


def _damaged(chance: Chance, whole: bytes) -> bytes:
    """The workbook with a piece of one of its members replaced."""
    if not chance.is_wrong():
        return whole
    random, sink = chance.random, io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(sink, "w") as new:
        chosen = random.choice(old.namelist())
        for name in old.namelist():
            data = old.read(name)
            if name == chosen:
                place = random.randrange(len(data) + 1)
                piece = random.choice(_FRAGMENTS)
                data = data[:place] + piece + data[place + random.randrange(40) :]
            new.writestr(name, data, zipfile.ZIP_DEFLATED)
    return sink.getvalue()
