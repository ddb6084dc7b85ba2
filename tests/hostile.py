"""Messages that mean harm, or look like it: each must be refused, quickly and in little memory."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from typing import Any

CSV_TYPE = "application/vnd.sdmx.data+csv;version=2.1.0"
ANY_TYPE = "application/octet-stream"

_HEAD = "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE"
_ROW = "dataflow,{flow},M,A,CRI,2020,1"
_SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/v3_0/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))


@dataclass(frozen=True)
class Hostile:
    """A message that must be refused.

    Attributes:
        rules: reasons (of VIPMG-201) or codes of findings that may be given.
    """

    name: str
    body: bytes
    rules: frozenset[str]
    content_type: str = ANY_TYPE
    is_gzip: bool = False


def messages(flow: str) -> list[Hostile]:
    """The corpus, for a dataflow `AGENCY:ID(VERSION)`."""
    kinds = {"xml": _xml, "json": _json, "csv": _csv, "gzip": _compressed}
    return [
        replace(one, name=f"{kind}: {one.name}")
        for kind, listed in kinds.items()
        for one in listed(flow)
    ]


def _of(name: str, body: bytes | str, *rules: str, **parts: Any) -> Hostile:
    content = body if isinstance(body, bytes) else body.encode()
    return Hostile(name, content, frozenset(rules), **parts)


def _xml(flow: str) -> list[Hostile]:
    def whole(content: str, before: str = "", value: str = "1") -> str:
        urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={flow}"
        return (
            f'<?xml version="1.0"?>{before}<m:StructureSpecificData xmlns:m="{_SCHEMAS}message" '
            f'xmlns:c="{_SCHEMAS}common" xmlns:ss="{_SCHEMAS}data/structurespecific" '
            f'xmlns:xsi="{_XSI}"><m:Header><m:ID>x</m:ID><m:Structure structureID="S" '
            f'namespace="{urn}:ObsLevelDim:TIME_PERIOD" dimensionAtObservation="TIME_PERIOD">'
            f"<c:StructureUsage>{urn}</c:StructureUsage></m:Structure></m:Header>"
            f'<m:DataSet ss:structureRef="S"><Series FREQ="A" REF_AREA="CRI">'
            f'<Obs TIME_PERIOD="2020" OBS_VALUE="{value}"/>{content}</Series></m:DataSet>'
            "</m:StructureSpecificData>"
        )

    deep = "<x>" * 200_000
    return [
        _of(
            "xxe file",
            whole("", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;"),
            "doctype",
        ),
        _of(
            "xxe net",
            whole("", '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/">]>', "&e;"),
            "doctype",
        ),
        _of(
            "parameter entity",
            whole("", '<!DOCTYPE x [<!ENTITY % e SYSTEM "file:///x"> %e;]>'),
            "doctype",
        ),
        _of(
            "outer document type",
            whole("", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
            "doctype",
        ),
        _of("bare document type", whole("", "<!DOCTYPE x>"), "doctype"),
        _of("billion laughs", whole("", f"<!DOCTYPE x [{_LAUGHS}]>", "&l9;"), "doctype"),
        _of(
            "quadratic",
            whole("", f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>', "&a;" * 9000),
            "doctype",
        ),
        _of("entity undeclared", whole("", "", "&nothing;"), "xml"),
        _of("deep", whole(deep), "depth"),
        _of("deep and unclosed header", "<m:StructureSpecificData xmlns:m='x'>" + deep, "depth"),
        _of("unclosed tag", whole("<Obs A='" + "x" * (4 << 20)), "long-token"),
        _of("unclosed comment", whole("<!-- " + "x" * (4 << 20)), "long-token"),
        _of("many names", whole("".join(f'<Obs A{n}="1"/>' for n in range(5000))), "columns"),
        _of(
            "many names at once",
            whole("<Obs " + " ".join(f'A{n}="1"' for n in range(5000)) + "/>"),
            "columns",
        ),
        _of(
            "many namespaces",
            whole("".join(f'<y xmlns:p{n}="u{n}"/>' for n in range(50_000))) + "<",
            "xml",
        ),
        _of("nul", whole("", value="1").replace('"1"', '"1\x00"'), "xml"),
        _of("character of nul", whole("", value="&#0;"), "xml"),
        _of("character of a surrogate", whole("", value="&#xD800;"), "xml"),
        _of("unknown encoding", whole("").replace("?>", ' encoding="x-bomb"?>', 1), "xml"),
        _of("wrong encoding", whole("", value="\xff").encode("latin-1"), "xml"),
        _of("cut off", whole("")[:-40], "xml"),
        _of("two roots", whole("") * 2, "xml"),
        _of("structures", "<m:Structure xmlns:m='x'/>", "xml-root"),
        _of("not a number", whole("", value="1e999"), "VIPMG-212"),
        _of("web page", "<html><body>404</body></html>", "xml-root"),
    ]


def _json(flow: str) -> list[Hostile]:
    urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={flow}"
    series = [
        {"id": "FREQ", "values": [{"id": "A"}]},
        {"id": "REF_AREA", "values": [{"id": "CRI"}]},
    ]
    time = {"id": "TIME_PERIOD", "values": [{"value": "2020"}]}
    structure = {
        "links": [{"rel": "dataflow", "urn": urn}],
        "dimensions": {"series": series, "observation": [time]},
        "measures": {"observation": [{"id": "OBS_VALUE"}]},
    }

    def whole(value: str = "1", series: str | None = None) -> str:
        listed = series or f'{{"0:0":{{"observations":{{"0":[{value}]}}}}}}'
        return (
            f'{{"meta":{{}},"data":{{"structures":[{json.dumps(structure)}],'
            f'"dataSets":[{{"structure":0,"series":{listed}}}]}}}}'
        )

    twice = '{"0:0":{"observations":{"0":[1],"0":[2]}}}'
    wide = {**structure, "attributes": {"series": [{"id": f"A{n}"} for n in range(5000)]}}
    return [
        _of("depth of arrays", whole("[" * 200_000), "depth"),
        _of("depth of objects", '{"meta":' + '{"a":' * 200_000, "depth"),
        _of("depth, closed", whole("[" * 50_000 + "]" * 50_000), "depth"),
        _of("NaN", whole("NaN"), "number"),
        _of("Infinity", whole("-Infinity"), "number"),
        _of("1e999", whole("1e999"), "number"),
        _of("thousands of digits", whole("9" * 10_000), "number"),
        _of("text for a number", whole('"1e5000"'), "VIPMG-212"),
        _of("true for a number", whole("true"), "VIPMG-212"),
        _of("object for a number", whole('{"en":"1"}'), "VIPMG-212"),
        _of("lone surrogate", whole('"\\udc00"'), "surrogate"),
        _of("nul", whole('"1\\u0000"'), "VIPMG-212"),
        _of("name twice", whole(series=twice), "json-twice"),
        _of("key twice", whole(series='{"0:0":{},"0:0":{}}'), "json-twice"),
        _of("long text", '{"meta":"' + "x" * (20 << 20), "long-value"),
        _of("long name", '{"' + "x" * (4 << 20), "json"),
        _of("many names", "{" + ",".join(f'"a{n}":1' for n in range(5000)) + "}", "json-names"),
        _of("many components", whole().replace(json.dumps(structure), json.dumps(wide)), "columns"),
        _of(
            "many datasets",
            '{"data":{"structures":[],"dataSets":[' + "{}," * 10_001 + "{}]}}",
            "datasets",
        ),
        _of("index beyond", whole(series='{"0:9":{}}'), "json-index"),
        _of("index below", whole(series='{"0:-1":{}}'), "json-index"),
        _of("key with too much", whole(series='{"0:0:0":{}}'), "json-key"),
        _of("wrong encoding", whole('"\xff"').encode("latin-1"), "json-encoding"),
        _of("two values", whole() * 2, "json"),
        _of("cut off", whole()[:-30], "json"),
        _of("array", "[" + whole() + "]", "json"),
        _of("structures only", '{"meta":{},"data":{"codelists":[]}}', "json-shape"),
        _of("errors only", '{"meta":{},"errors":[{"code":404}]}', "json-shape"),
    ]


def _csv(flow: str) -> list[Hostile]:
    row = _ROW.format(flow=flow)
    good = f"{_HEAD}\n{row}\n"
    long = row.replace(",1", f',"{"1" * 200_000}"')
    return [
        _of("nul in a code", good.replace("CRI", "C\x00RI"), "VIPMG-210", content_type=CSV_TYPE),
        _of(
            "nul in a number", good.replace(",1\n", ",1\x00\n"), "VIPMG-212", content_type=CSV_TYPE
        ),
        _of(
            "quote that never closes",
            good + '"' + "x" * (8 << 20),
            "csv-long",
            content_type=CSV_TYPE,
        ),
        _of("quotes within", good + row.replace("CRI", '"C"RI'), "csv", content_type=CSV_TYPE),
        _of("long cell", f"{_HEAD}\n{long}\n", "csv-long", content_type=CSV_TYPE),
        _of("long header", "STRUCTURE," + "x" * (1 << 20), "long-header", content_type=CSV_TYPE),
        _of("one long line", "x" * (8 << 20), "first-column"),
        _of(
            "surrogate",
            good.encode().replace(b"CRI", b"\xed\xa0\x80"),
            "encoding",
            content_type=CSV_TYPE,
        ),
        _of(
            "overlong",
            good.encode().replace(b"CRI", b"\xc0\x80"),
            "encoding",
            content_type=CSV_TYPE,
        ),
        _of(
            "letters that look alike",
            good.replace("CRI", "\N{CYRILLIC CAPITAL LETTER ES}RI"),
            "VIPMG-210",
        ),
        _of("accent apart", good.replace("CRI", "CRI\N{COMBINING ACUTE ACCENT}"), "VIPMG-210"),
        _of("right to left", good.replace("CRI", "\N{RIGHT-TO-LEFT OVERRIDE}CRI"), "VIPMG-210"),
        _of("formula", good.replace(",1\n", ",\"=cmd|' /C calc'!A1\"\n"), "VIPMG-212"),
        _of("1e999", good.replace(",1\n", ",1e999\n"), "VIPMG-212"),
        _of("hexadecimal", good.replace(",1\n", ",0x10\n"), "VIPMG-212"),
        _of("ragged", good + "dataflow," * 3 + "\n", "VIPMG-202"),
        _of("line ends mixed, a cell too few", f"{_HEAD}\r{row}\n{row[:-2]}\r\n", "VIPMG-202"),
        _of(
            "structure of another's",
            good.replace(flow, "X:Y(1.0'; drop table series)"),
            "VIPMG-203",
        ),
        _of("binary", b"\x7fELF\x02\x01\x01\x00" * 99, "not-text"),
        _of("empty", b" \n", "empty"),
    ]


def _compressed(flow: str) -> list[Hostile]:
    good = f"{_HEAD}\n{_ROW.format(flow=flow)}\n".encode()
    bomb = gzip.compress(good + b"0" * (300 << 20), 6, mtime=0)
    return [
        _of("gzip bomb", bomb, "size", content_type=CSV_TYPE, is_gzip=True),
        _of("gzip bomb by its content", bomb, "size"),
        _of("gzip cut off", gzip.compress(good * 99, mtime=0)[:-9], "gzip", is_gzip=True),
        _of("no gzip", good, "gzip", content_type=CSV_TYPE, is_gzip=True),
        _of("behind the end", gzip.compress(good, mtime=0) + b"x" * 99, "gzip", is_gzip=True),
        _of(
            "ten thousand members",
            gzip.compress(b"x" * 9, mtime=0) * 10_000,
            "first-column",
            is_gzip=True,
        ),
    ]
