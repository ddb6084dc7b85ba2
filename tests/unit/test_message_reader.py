"""Files tell what they are: formats by their content, archives of them, and what is refused."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tracemalloc
import zipfile
from typing import Any

import pytest

from app.errors import VipmgError
from app.sdmx.findings import Finding
from app.sdmx.messages.data_reading import Location
from app.sdmx.messages.message_reader import MessageReader, SpooledBytes
from app.sdmx.messages.reading_findings import unreadable_finding
from app.sdmx.messages.sniffing import kind_of
from tests.read_back import read_back
from tests.unit.test_data_csv_writer import layout
from tests.unit.test_data_json_reader import SERIES as JSON_SERIES
from tests.unit.test_data_json_reader import message as json_message
from tests.unit.test_data_ml_reader import SERIES as ML_SERIES
from tests.unit.test_data_ml_reader import specific

HEAD = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE\n"
NAME = "dataflow,TST:DF_SMALL(1.0.0),M"


def rows(*texts: str) -> bytes:
    return (HEAD + "".join(f"{NAME},{text}\n" for text in texts)).encode()


CSV = rows("A,CRI,2020,1")
JSON = json.dumps(json_message({"series": {"0:1": JSON_SERIES["0:0"]}})).encode()
ML = specific(f"|{ML_SERIES.replace('CRI', 'GTM')}")


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in members.items():
            made.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def reader_of(body: bytes, max_bytes: int = 1 << 24, **parts: Any) -> MessageReader:
    content = SpooledBytes(io.BytesIO(body), max_bytes, is_gzip=parts.pop("is_gzip", False))
    return MessageReader(content, max_bytes, **parts)


def refused(body: bytes, **parts: Any) -> Finding:
    with pytest.raises(VipmgError) as caught:
        list(reader_of(body, **parts).batches())
    return unreadable_finding(caught.value)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (CSV, "csv"),
        (b"\xef\xbb\xbfDATAFLOW", "csv"),
        (b"sep=;\r\nSTRUCTURE;", "csv"),
        ("\ufeffSTRUCTURE\t".encode("utf-16-le"), "csv"),
        (b"", "csv"),
        (b"\xef\xbb\xbf \n{", "json"),
        (b" \r\n<a/>", "xml"),
        ("\ufeff<a/>".encode("utf-16-be"), "xml"),
        (archive({"a": b"x"}), "zip"),
        (gzip.compress(b"x", mtime=0), "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
        (b"\x7fELF\x02\x01\x01\x00", "unknown"),
    ],
)
def test_the_kind_of_a_file(head: bytes, kind: str) -> None:
    assert kind_of(head[:4096]) == kind


@pytest.mark.parametrize(
    "body", [CSV, JSON, ML, gzip.compress(CSV, mtime=0), gzip.compress(JSON, mtime=0)]
)
def test_c138_formats_are_told_by_the_content(body: bytes) -> None:
    found = read_back(body, layout().flow)
    assert found.findings == []
    assert {row["OBS_VALUE"] for row in found.observations.values()} >= {"1"}


@pytest.mark.parametrize(
    ("declared", "body", "kind"), [("csv", JSON, "json"), ("json", ML, "xml"), ("xml", CSV, "csv")]
)
def test_a_type_of_sdmx_is_held_to_its_word(declared: Any, body: bytes, kind: str) -> None:
    finding = refused(body, declared=declared)
    assert (finding.rule, finding.value, finding.allowed) == ("other-format", kind, declared)
    assert refused(b"\x7fELF\x02\x01\x01\x00", declared=declared).rule == "not-text"


class TestArchives:
    def test_members_of_any_format_are_one_message_in_the_order_of_names(self) -> None:
        body = archive({"b/2.xml": ML, "a.json": JSON, "c.csv": rows("A,CRI,2020,7", "A,CRI,x,8")})
        reader = reader_of(body)
        batches = list(reader.batches())
        numbers = [row for batch in batches for row in batch.rows]
        assert numbers == sorted(set(numbers))
        places = [reader.locate(row, "OBS_VALUE") for row in numbers]
        assert [place.file for place in places] == ["a.json"] * 2 + ["b/2.xml"] + ["c.csv"] * 2
        assert places[-1] == Location(3, None, "c.csv")
        assert reader.row_count == 5
        [finding] = read_back(body, layout().flow).findings
        assert (finding.code, finding.file, finding.row) == ("VIPMG-213", "c.csv", 3)

    def test_a_key_that_two_members_have(self) -> None:
        body = archive({"a.csv": CSV, "b.csv": rows("A,SLV,2020,1", "A,CRI,2020,2")})
        found = read_back(body, layout().flow)
        assert len(found.series["A", "CRI"][0]) == 1
        reader = reader_of(body)
        assert [reader.locate(b.rows[-1], None).file for b in reader.batches()] == [
            "a.csv",
            "b.csv",
        ]

    def test_what_is_wrong_with_a_member_names_it(self) -> None:
        [finding] = read_back(archive({"a.csv": CSV, "b.json": b"{"}), layout().flow).findings
        assert (finding.rule, finding.file) == ("json", "b.json")
        wrong = CSV + b'dataflow,TST:DF_SMALL(1.0.0),M,A,CRI,"open\n'
        [finding] = read_back(archive({"a.csv": CSV, "b.csv": wrong}), layout().flow).findings
        assert (finding.rule, finding.file) == ("csv", "b.csv")

    def test_what_systems_add_to_archives_is_passed_over(self) -> None:
        body = archive({"__MACOSX/._a.csv": b"\0", ".DS_Store": b"x", "a.csv": CSV, "d/": b""})
        assert len(read_back(body, layout().flow).series) == 1

    @pytest.mark.parametrize(
        "name",
        ["/a.csv", "../a.csv", "x/../../a.csv", "C:a.csv", "x\\a.csv", "a\x00.csv", "a\n.csv"],
    )
    def test_names_that_lead_out_are_refused(self, name: str) -> None:
        body = archive({"NAME" + "_" * (len(name) - 4): CSV}) if len(name) > 3 else b""
        placeholder = "NAME" + "_" * (len(name) - 4)
        body = body.replace(placeholder.encode(), name.encode())
        assert refused(body).rule == "zip-name"

    def test_a_member_without_a_name_is_refused(self) -> None:
        assert refused(archive({"a": CSV}).replace(b"a", b"\x00")).rule == "zip-name"

    def test_names_that_come_twice_are_refused(self) -> None:
        body = archive({"aa.csv": CSV, "ab.csv": CSV}).replace(b"ab.csv", b"aa.csv")
        assert refused(body).rule == "zip-name"

    @pytest.mark.parametrize("inner", [archive({"a.csv": CSV}), gzip.compress(CSV, mtime=0)])
    def test_archives_in_archives_are_refused(self, inner: bytes) -> None:
        assert refused(archive({"in": inner})).rule in {"zip-nested", "not-text"}

    def test_gzip_around_an_archive_or_twice_is_refused(self) -> None:
        assert refused(gzip.compress(archive({"a.csv": CSV})), is_gzip=True).rule == "zip-nested"
        assert refused(gzip.compress(archive({"a.csv": CSV}))).rule == "zip-nested"
        assert refused(gzip.compress(gzip.compress(CSV))).rule == "zip-nested"

    def test_passwords_are_refused(self) -> None:
        body = bytearray(archive({"a.csv": CSV}))
        for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            body[body.index(sign) + offset] |= 1
        assert refused(bytes(body)).rule == "zip-encrypted"

    def test_other_methods_are_refused(self) -> None:
        assert refused(archive({"a.csv": CSV}, zipfile.ZIP_BZIP2)).rule == "zip-method"

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_any_cut_is_refused(self, method: int) -> None:
        whole = archive({"a.csv": CSV * 3, "b.csv": CSV}, method)
        for size in range(4, len(whole)):
            assert refused(whole[:size]).rule in {"zip", "not-text"}

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    def test_any_byte_that_was_changed_is_seen_or_harmless(self, method: int) -> None:
        whole = archive({"a.csv": CSV}, method)
        for place in range(4, len(whole)):
            body = bytearray(whole)
            body[place] ^= 0x55
            found = read_back(bytes(body), layout().flow)
            assert found.findings or found.observations == {
                ("A", "CRI", "2020"): {"OBS_VALUE": "1"}
            }

    def test_empty_archives(self) -> None:
        assert refused(archive({})).rule == "zip-empty"
        assert refused(archive({"d/": b""})).rule == "zip-empty"

    def test_too_many_members(self) -> None:
        assert refused(archive({f"{n}.csv": b"" for n in range(1001)})).rule == "zip-entries"
        end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 1 << 31, 0, 0)
        assert refused(b"PK\x03\x04" + end).rule == "zip-entries"

    def test_members_together_count_against_the_limit(self) -> None:
        several = archive({f"{n}.csv": rows(*["A,CRI,2020,1"] * 50) for n in range(9)})
        assert refused(several, max_bytes=9000).rule == "size"
        assert len(list(reader_of(several, max_bytes=90_000).batches())) == 9

    @pytest.mark.parametrize("head", [b"", CSV, b'{"meta":"', b"<a b='"])
    def test_bombs_burst_in_little_memory(self, head: bytes) -> None:
        bomb = archive({"a": head + b"0" * (64 << 20)})
        tracemalloc.start()
        try:
            finding = refused(bomb, max_bytes=1 << 30)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert finding.rule in {"size", "csv", "first-column", "long-token", "long-value"}
        assert peak < 64 << 20
