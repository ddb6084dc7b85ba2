"""SDMX-CSV as it comes: separators, quotes, labels, columns in any order, and all that is wrong."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import MessageError
from app.sdmx.findings import Finding, UnreadableError, message
from app.sdmx.messages.data_csv_reader import CsvReader
from app.sdmx.messages.data_reading import Batch, split_cell, split_languages

HEAD = "STRUCTURE,STRUCTURE_ID,ACTION,"
ROW = "dataflow,TST:DF(1.0.0),M,"


def read(content: str | bytes, batch_rows: int = 20_000) -> tuple[CsvReader, list[Batch]]:
    body = content if isinstance(content, bytes) else content.encode()
    reader = CsvReader(io.BytesIO(body))  # type: ignore[arg-type]
    batches = [
        Batch(
            b.kind,
            b.structure,
            b.action,
            list(b.rows),
            {k: list(v) for k, v in b.cells.items()},
            b.form,
        )
        for b in reader.batches(batch_rows)
    ]
    return reader, batches


def findings(reader: CsvReader) -> list[tuple[str, int | None, str | None]]:
    return [(f.code, f.row, f.component) for f in reader.findings]


def refused(content: str | bytes) -> str:
    with pytest.raises(MessageError) as caught:
        read(content)
    assert set(caught.value.text) == {"en", "es"}
    return caught.value.text["en"]


class TestForm:
    def test_plain_file(self) -> None:
        reader, [batch] = read(f"{HEAD}DIM,OBS_VALUE\n{ROW}A,12.4\n{ROW}B,10.8\n")
        assert (batch.kind, batch.structure, batch.action) == ("dataflow", "TST:DF(1.0.0)", "Merge")
        assert batch.cells == {"DIM": ["A", "B"], "OBS_VALUE": ["12.4", "10.8"]}
        assert batch.rows == [2, 3]
        assert (reader.row_count, reader.findings, reader.form.decimal_comma) == (2, [], False)

    @pytest.mark.parametrize("separator", [";", "\t", "|"])
    def test_c149_separator_is_the_sign_after_structure(self, separator: str) -> None:
        text = f"{HEAD}DIM,OBS_VALUE\n{ROW}A,5\n".replace(",", separator)
        reader, [batch] = read(text)
        assert batch.cells == {"DIM": ["A"], "OBS_VALUE": ["5"]}
        assert reader.form.decimal_comma

    def test_separator_of_sub_fields(self) -> None:
        reader, _ = read("STRUCTURE[|];STRUCTURE_ID;A[]\ndataflow;X:Y;1|2\n")
        assert (reader.form.sub_separator, reader.separator) == ("|", ";")

    @pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_c149_line_ends_and_byte_order_mark(self, end: str, mark: str) -> None:
        _, [batch] = read(mark + f"{HEAD}DIM,OBS_VALUE\n{ROW}A,5\n{ROW}B,6\n".replace("\n", end))
        assert batch.cells == {"DIM": ["A", "B"], "OBS_VALUE": ["5", "6"]}

    def test_c135_quotes_and_line_breaks_within_a_cell(self) -> None:
        text = f'{HEAD}DIM,NOTE\n{ROW}A,"one, ""two""\nthree"\n{ROW}B,x\n'
        _, [batch] = read(text)
        assert batch.cells["NOTE"] == ['one, "two"\nthree', "x"]
        assert batch.rows == [2, 3]

    def test_spaces_are_significant(self) -> None:
        _, [batch] = read(f"{HEAD}DIM\n{ROW} A \n")
        assert batch.cells == {"DIM": [" A "]}

    def test_last_line_without_line_end_and_blank_lines(self) -> None:
        _, [batch] = read(f"{HEAD}DIM\n\n{ROW}A\n\n\n{ROW}B")
        assert batch.cells == {"DIM": ["A", "B"]}
        assert batch.rows == [3, 6]

    def test_extra_empty_cells_at_the_end_are_no_fault(self) -> None:
        """Example 18 of the field guide has them."""
        reader, [batch] = read(f"{HEAD}DIM,\n{ROW}A,\n{ROW}B,,,\n{ROW}C\n")
        assert batch.cells == {"DIM": ["A", "B", "C"]}
        assert reader.findings == []

    def test_every_ragged_row_is_reported(self) -> None:
        reader, [batch] = read(f"{HEAD}DIM,OBS_VALUE\n{ROW}A\n{ROW}B,1\n{ROW}C,1,x\ndataflow\n")
        assert findings(reader) == [
            ("VIPMG-202", 2, None),
            ("VIPMG-202", 4, None),
            ("VIPMG-202", 5, None),
        ]
        assert batch.rows == [3]

    def test_batches_keep_the_numbers_of_rows(self) -> None:
        text = f"{HEAD}DIM\n" + "".join(f"{ROW}{n}\n" for n in range(1000))
        _, batches = read(text, batch_rows=7)
        assert [row for b in batches for row in b.rows] == list(range(2, 1002))
        assert [c for b in batches for c in b.cells["DIM"]] == [str(n) for n in range(1000)]


class TestUnreadable:
    @pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "  \r\n"])
    def test_empty(self, text: str) -> None:
        assert refused(text).endswith("is empty.")

    @pytest.mark.parametrize(
        "text", ["STRUCTURE\n", "STRUCTURE", "STRUCTURE[;]\nx\n", "DATAFLOW\n"]
    )
    def test_one_column_only(self, text: str) -> None:
        assert "one column" in refused(text)

    @pytest.mark.parametrize("text", ["FREQ,OBS_VALUE\nA,1\n", "{}", "<x/>", "PK\x03\x04"])
    def test_no_sdmx_csv(self, text: str) -> None:
        assert "STRUCTURE" in refused(text)

    def test_second_column_is_structure_id(self) -> None:
        assert "STRUCTURE_ID" in refused("STRUCTURE,ACTION,DIM\n")

    def test_one_sign_for_columns_and_values(self) -> None:
        text = refused("STRUCTURE[;];STRUCTURE_ID;ACTION;DIM\ndataflow;TST:DF(1.0.0);M;A\n")
        assert "STRUCTURE[;]" in text
        assert "two different signs" in text

    def test_two_signs_between_columns(self) -> None:
        text = refused("STRUCTURE,STRUCTURE_ID;ACTION;DIM\ndataflow;TST:DF(1.0.0);M;A\n")
        assert "here it is ','" in text
        assert "separated by ';'" in text

    @pytest.mark.parametrize(
        ("text", "reason", "row", "value", "allowed"),
        [
            ("", "empty", None, None, None),
            ("FREQ,A\n1,2\n", "first-column", 1, "FREQ,A", "STRUCTURE"),
            ("STRUCTURE,DIM\n", "second-column", 1, "DIM", "STRUCTURE_ID"),
            ("STRUCTURE[;];STRUCTURE_ID\n", "sub-separator", 1, ";", "[|]"),
            (f"{HEAD}D\n".encode() + b"\xff", "encoding", 1, "0xFF", "UTF-8"),
        ],
    )
    def test_201_value_is_what_was_sent_and_the_text_is_in_both_languages(
        self,
        text: str | bytes,
        reason: str,
        row: int | None,
        value: str | None,
        allowed: str | None,
    ) -> None:
        with pytest.raises(UnreadableError) as caught:
            read(text)
        finding = caught.value.finding
        assert finding == Finding("VIPMG-201", row, value=value, rule=reason, allowed=allowed)
        texts = {language: message(finding, language) for language in ("en", "es")}
        assert texts == caught.value.text
        assert texts["en"] != texts["es"]

    def test_header_only_has_no_rows(self) -> None:
        reader, batches = read(f"{HEAD}DIM\n")
        assert (batches, reader.row_count, set(reader.form.columns)) == ([], 0, {"DIM"})

    @pytest.mark.parametrize("bad", [b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80", b"\xc0\x80"])
    def test_not_utf8(self, bad: bytes) -> None:
        assert "UTF-8" in refused(f"{HEAD}DIM\n{ROW}".encode() + bad + b"\n")

    def test_utf16_is_not_read(self) -> None:
        refused(f"{HEAD}DIM\n{ROW}A\n".encode("utf-16"))

    def test_unclosed_quote_names_the_row_before(self) -> None:
        text = f'{HEAD}DIM\n{ROW}A\n{ROW}B\n{ROW}"C\n{ROW}D\n'
        assert "after row 3: quotes are not closed" in refused(text)

    def test_text_after_a_closing_quote(self) -> None:
        assert "well-formed" in refused(f'{HEAD}DIM\n{ROW}"A"B\n')

    def test_t43_huge_cell(self) -> None:
        assert "more than 131072 characters" in refused(f'{HEAD}NOTE\n{ROW}"{"x" * 200_000}"\n')

    @pytest.mark.parametrize("header", ["x" * 200_000, '"' * 300_001])
    def test_t43_huge_header(self, header: str) -> None:
        refused(f"{HEAD}{header}\n{ROW}A\n")


class TestColumns:
    def test_c150_columns_in_any_order_and_custom_columns(self) -> None:
        text = "STRUCTURE,STRUCTURE_ID,OBS_VALUE,my column,DIM_2,ACTION,DIM_1,UPDATED\n"
        reader, [batch] = read(text + "dataflow,A:B(1.0),1,x,b,R,a,2021-01-22T13:15:41Z\n")
        assert batch.action == "Replace"
        assert batch.cells == {"OBS_VALUE": ["1"], "DIM_2": ["b"], "DIM_1": ["a"]}
        assert reader.findings == []

    def test_c132_columns_of_keys_are_no_components(self) -> None:
        _, [batch] = read(
            "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,SERIES_KEY,OBS_KEY,DIM\n"
            "dataflow,A:B,Name,M,a,a.2024,a\n"
        )
        assert batch.cells == {"DIM": ["a"]}

    def test_twice_the_same_column(self) -> None:
        reader, _ = read(f"{HEAD}DIM,OBS_VALUE,DIM,DIM: Label\n{ROW}A,1,B,C\n")
        assert findings(reader) == [("VIPMG-205", 1, "DIM"), ("VIPMG-205", 1, "DIM")]

    @pytest.mark.parametrize("name", ["ACTION", "STRUCTURE", "STRUCTURE_ID"])
    def test_twice_a_column_of_the_message(self, name: str) -> None:
        reader, _ = read(f"{HEAD}{name},DIM\n{ROW}M,A\n")
        assert findings(reader) == [("VIPMG-205", 1, name)]

    def test_c151_labels_both(self) -> None:
        text = f"{HEAD}DIM_1: Dimension: one,OBS_VALUE: Value\n"
        reader, [batch] = read(text + "dataflow,A:B(1.0): Name: x,M,A: Value A: 1,12.4\n")
        assert batch.structure == "A:B(1.0)"
        assert batch.cells["DIM_1"] == ["A: Value A: 1"]
        assert reader.form.columns["DIM_1"].labelled

    def test_a_bare_colon_is_no_label(self) -> None:
        """A time stamp holds colons; only colon and space divide."""
        reader, _ = read(f"{HEAD}DIM:x\n{ROW}A\n")
        assert "DIM" not in reader.form.columns

    def test_c133_many_and_languages(self) -> None:
        reader, _ = read(
            'STRUCTURE[;],STRUCTURE_ID,"A[]","B[en;es]","C[][en;es]","D[]: Label","E[en]: L"\n'
            "dataflow,X:Y,,,,,\n"
        )
        columns = reader.form.columns
        assert [(c.component, c.many, c.languages) for c in columns.values()] == [
            ("A", True, ()),
            ("B", False, ("en", "es")),
            ("C", True, ("en", "es")),
            ("D", True, ()),
            ("E", False, ("en",)),
        ]

    def test_label_with_line_break_in_the_header(self) -> None:
        _, [batch] = read(f'{HEAD}"DIM: one\ntwo",OBS_VALUE\n{ROW}A,1\n')
        assert batch.cells["DIM"] == ["A"]


class TestRows:
    def test_c148_mixed_structures_and_actions_in_their_order(self) -> None:
        text = "STRUCTURE,STRUCTURE_ID,ACTION,DIM\n" + "".join(
            f"{kind},{name},{action},{n}\n"
            for n, (kind, name, action) in enumerate(
                [
                    ("dataflow", "A:B(1.0)", "D"),
                    ("dataflow", "A:B(1.0)", "M"),
                    ("dataflow", "A:B(1.0)", "M"),
                    ("datastructure", "A:S(1.0)", "R"),
                    ("dataprovision", "A:P(1.0)", "I"),
                    ("dataflow", "A:B(1.0)", "A"),
                ]
            )
        )
        _, batches = read(text)
        assert [(b.kind, b.action, b.rows, b.cells["DIM"]) for b in batches] == [
            ("dataflow", "Delete", [2], ["0"]),
            ("dataflow", "Merge", [3, 4], ["1", "2"]),
            ("datastructure", "Replace", [5], ["3"]),
            ("dataprovision", "Merge", [6], ["4"]),
            ("dataflow", "Merge", [7], ["5"]),
        ]

    @pytest.mark.parametrize("action", ["X", "m", "MERGE", " M", "0"])
    def test_unknown_action(self, action: str) -> None:
        reader, batches = read(f"{HEAD}DIM\ndataflow,A:B,{action},x\n{ROW}y\n")
        assert findings(reader) == [("VIPMG-206", 2, "ACTION")]
        assert reader.findings[0].value == action
        assert [b.rows for b in batches] == [[3]]

    def test_every_row_of_an_unknown_action_is_reported(self) -> None:
        reader, _ = read(f"{HEAD}DIM\n" + "dataflow,A:B,X,x\n" * 3)
        assert findings(reader) == [("VIPMG-206", row, "ACTION") for row in (2, 3, 4)]

    @pytest.mark.parametrize("kind", ["provisionagreement", "data flow", "", "metadataflow"])
    def test_unknown_kind_of_structure(self, kind: str) -> None:
        reader, _ = read(f"{HEAD}DIM\n{kind},A:B,M,x\n")
        assert findings(reader) == [("VIPMG-203", 2, "STRUCTURE")]

    @pytest.mark.parametrize("kind", ["DATAFLOW", "Dataflow"])
    def test_the_kind_of_structure_in_capitals_as_other_services_write_it(self, kind: str) -> None:
        _, [batch] = read(f"{HEAD}DIM\n{kind},A:B,I,x\n")
        assert batch.kind == "dataflow"

    def test_c136_version_1(self) -> None:
        reader, [batch] = read("DATAFLOW,DIM,OBS_VALUE\nA:B(1.6),x,12.4\nA:B(1.6),y,10.8\n")
        assert (batch.kind, batch.structure, batch.action) == ("dataflow", "A:B(1.6)", "Merge")
        assert batch.cells == {"DIM": ["x", "y"], "OBS_VALUE": ["12.4", "10.8"]}
        assert reader.row_count == 2

    def test_c136_version_1_separator_is_the_ninth_sign(self) -> None:
        reader, [batch] = read("DATAFLOW;DIM: Dim;OBS_VALUE\nA:B(1.6): Nom;x: Nom;12,4\n")
        assert batch.structure == "A:B(1.6)"
        assert batch.cells == {"DIM": ["x: Nom"], "OBS_VALUE": ["12,4"]}
        assert reader.form.decimal_comma


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "values"),
        [
            ("X;Y", ["X", "Y"]),
            ("X", ["X"]),
            ("M, N & O;P & Q", ["M, N & O", "P & Q"]),
            ('"a;b";c', ["a;b", "c"]),
            ('"a ""b""";c', ['a "b"', "c"]),
            ("a\nb;c", ["a\nb", "c"]),
            ('"a\n;b";c\rd', ["a\n;b", "c\rd"]),
            ('"never closed;c', ["never closed;c"]),
        ],
    )
    def test_c133_several_values(self, cell: str, values: list[str]) -> None:
        assert split_cell(cell, ";") == values

    @pytest.mark.parametrize(
        ("cell", "values"),
        [
            ("en:Any Value;fr:Valeur", {"en": "Any Value", "fr": "Valeur"}),
            ('en:Value "X";fr:Valeur "X"', {"en": 'Value "X"', "fr": 'Valeur "X"'}),
            ("en:at 10:30", {"en": "at 10:30"}),
            ('"en:a;b";es:c', {"en": "a;b", "es": "c"}),
        ],
    )
    def test_c133_languages(self, cell: str, values: dict[str, str]) -> None:
        assert split_languages(cell, ";") == values

    @given(
        st.lists(
            st.lists(
                st.text(
                    st.characters(
                        codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]
                    ),
                    max_size=8,
                ),
                min_size=2,
                max_size=2,
            ),
            min_size=1,
            max_size=5,
        ),
        st.sampled_from([",", ";", "\t", "|"]),
        st.sampled_from(["\r\n", "\n"]),
    )
    def test_c135_what_was_quoted_is_read_unchanged(
        self, table: list[list[str]], separator: str, end: str
    ) -> None:
        out = io.StringIO()
        writer: Any = csv.writer(
            out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL
        )
        out.write(f"STRUCTURE,STRUCTURE_ID,A,B{end}".replace(",", separator))
        writer.writerows(["dataflow", "X:Y", *row] for row in table)
        _, batches = read(out.getvalue())
        cells = [pair for b in batches for pair in zip(b.cells["A"], b.cells["B"], strict=True)]
        assert cells == [tuple(row) for row in table]
