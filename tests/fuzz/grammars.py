"""Messages of each format, near-valid. Another format is added to `GRAMMARS`."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from tests.fuzz.values import NASTY, Chance, Content, Part
from tests.fuzz.workbooks import xlsx_message

Grammar: TypeAlias = Callable[[Chance, Content], bytes]

_URN = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:{}(1.0.0)"
_SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/"


def csv_message(chance: Chance, content: Content) -> bytes:
    """SDMX-CSV 2.x or 1.0."""
    random = chance.random
    legacy = random.random() < 0.2
    separator = chance.pick([",", ";", "\t", "|"])
    names = list(dict.fromkeys(name for part in content.parts for row in part.rows for name in row))
    names = names or content.key
    random.shuffle(names)
    heads = ["DATAFLOW"] if legacy else ["STRUCTURE", "STRUCTURE_ID", "ACTION"]
    if not legacy and random.random() < 0.3:
        heads[0] = f"STRUCTURE[{chance.pick([';', '|', '#'])}]"
    shown = [_header(chance, name) for name in names]
    if chance.is_wrong():
        shown[random.randrange(len(shown))] = chance.pick([*NASTY, *shown])
    table = [[*heads, *shown]]
    identity = f"TST:{content.flow}(1.0.0)"
    for part in content.parts:
        first = [identity] if legacy else ["dataflow", identity, chance.pick([part.action, "M"])]
        for row in part.rows:
            cells = [*first, *(row.get(name, "") for name in names)]
            if chance.is_wrong():
                cells.insert(random.randrange(len(cells)), chance.pick(NASTY))
            if chance.is_wrong():
                cells.pop()
            table.append(cells)
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, lineterminator=chance.pick(["\n", "\r\n"])).writerows(
        table
    )
    before = chance.pick(["", "", "", "\ufeff", f"sep={separator}\n"])
    return (before + buffer.getvalue()).encode()


def _header(chance: Chance, name: str) -> str:
    if name == "SOURCES":
        return f"{name}[]"
    kinds = {0: f"{name}[]", 1: f"{name}[en;es]", 2: f"{name}: Name", 3: f"{name}[][en]"}
    return kinds.get(chance.random.randrange(12 if chance.is_wrong() else 200), name)


def json_message(chance: Chance, content: Content) -> bytes:
    """SDMX-JSON 1.0 or 2.x."""
    legacy = chance.random.random() < 0.25
    is_flat = chance.random.random() < 0.4 or not content.has_time
    along = content.key if is_flat else ["TIME_PERIOD"]
    keyed = [] if is_flat else content.dimensions
    above = [] if is_flat else [name for name in content.attributes if chance.random.random() < 0.3]
    below = [name for name in content.attributes if name not in above]
    values: dict[str, list[Any]] = {}
    datasets = [
        _json_dataset(chance, content, part, (keyed, along, above, below), values)
        for part in content.parts
    ]
    structure = {
        "links": [{"rel": "dataflow", "urn": _URN.format(content.flow)}],
        "dimensions": {
            "series": [_component(name, values, content.key) for name in keyed],
            "observation": [_component(name, values, content.key) for name in along],
        },
        "measures": {"observation": [{"id": name} for name in content.measures]},
        "attributes": {
            "series": [_component(name, values, content.key) for name in above],
            "observation": [_component(name, values, content.key) for name in below],
        },
    }
    if legacy:
        structure.pop("measures")
        data: dict[str, Any] = {"structure": structure, "dataSets": datasets}
    else:
        data = {"structures": [structure], "dataSets": datasets}
    document: Any = {"meta": {"id": "x"}, "data": data}
    while chance.is_wrong():
        _spoil(chance.random, document)
    indent = chance.random.choice([None, None, 1])
    text = json.dumps(document, indent=indent, ensure_ascii=chance.random.random() < 0.5)
    return text.encode("utf-8", "surrogatepass")


def _json_dataset(
    chance: Chance,
    content: Content,
    part: Part,
    levels: tuple[list[str], list[str], list[str], list[str]],
    values: dict[str, list[Any]],
) -> dict[str, Any]:
    keyed, along, above, below = levels

    def index(name: str, value: str) -> int:
        known = values.setdefault(name, [])
        if value not in known:
            known.append(value)
        return known.index(value)

    def attribute(row: dict[str, str], name: str) -> Any:
        value = row.get(name)
        if value is None or chance.random.random() < 0.3:
            return None
        return (
            {"en": value}
            if name == "COMMENT" and chance.random.random() < 0.5
            else index(name, value)
        )

    dataset: dict[str, Any] = {"structure": 0, "action": part.action}
    observations: dict[str, Any] = {}
    series: dict[str, Any] = {}
    for row in part.rows:
        key = ":".join(str(index(name, row.get(name, ""))) for name in along)
        cells: list[Any] = [row.get(name) for name in content.measures]
        cells += [attribute(row, name) for name in below]
        if not keyed:
            observations[key] = cells
            continue
        head = ":".join(str(index(name, row.get(name, ""))) for name in keyed)
        one = series.setdefault(head, {"attributes": [attribute(row, n) for n in above]})
        one.setdefault("observations", {})[key] = cells
    dataset["series" if keyed else "observations"] = series if keyed else observations
    return dataset


def _component(name: str, values: dict[str, list[Any]], key: list[str]) -> dict[str, Any]:
    kind = "value" if name == "TIME_PERIOD" else "id"
    found: dict[str, Any] = {"id": name, "values": [{kind: one} for one in values.get(name, [])]}
    if name in key:
        found["keyPosition"] = key.index(name)
    return found


def _spoil(random: Random, node: Any) -> None:
    """Change one value somewhere in a document."""
    while True:
        listed = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
        if not listed:
            return
        name, value = random.choice(listed)
        if isinstance(value, dict | list) and random.random() < 0.8:
            node = value
            continue
        if random.random() < 0.3:
            del node[name]
        else:
            bad = [None, 7, -1, 1.5, True, [], {}, [[]], "\ud800", 10**30, *NASTY]
            node[name] = random.choice(bad)
        return


def ml_message(chance: Chance, content: Content) -> bytes:
    """SDMX-ML 2.1 generic or structure-specific, 3.0 or 3.1."""
    random = chance.random
    version = chance.pick(["v2_1", "v3_0", "v3_1"])
    is_generic = version == "v2_1" and random.random() < 0.5
    is_flat = random.random() < 0.4 or not content.has_time
    write = _generic_part if is_generic else _specific_part
    told = "".join([write(chance, content, part, is_flat=is_flat) for part in content.parts])
    root = "GenericData" if is_generic else "StructureSpecificData"
    urn = _URN.format(content.flow)
    reference = urn
    if version == "v2_1":
        reference = f'<Ref agencyID="TST" id="{content.flow}" version="1.0.0"/>'
    along = "AllDimensions" if is_flat else "TIME_PERIOD"
    spaces = {"m": "message", "c": "common", "g": "data/generic", "s": "data/structurespecific"}
    declared = "".join(
        [f' xmlns:{prefix}="{_SCHEMAS}{version}/{name}"' for prefix, name in spaces.items()]
    )
    head = (
        f'<m:Header><m:ID>x</m:ID><m:Structure structureID="S" dimensionAtObservation="{along}" '
        f'namespace="{urn}:ObsLevelDim:{along}"><c:StructureUsage>{reference}</c:StructureUsage>'
        "</m:Structure></m:Header>"
    )
    body = f"<m:{root}{declared}>{head}{told}</m:{root}>"
    if chance.is_wrong():
        name = chance.pick(
            ["Series", "Obs", "m:DataSet", "g:Value", "m:Header", "c:StructureUsage"]
        )
        body = body.replace(f"<{name}", f"<{chance.pick(['Comp', 'x', 'Value', 'm:Footer'])}", 1)
    return body.encode("utf-8", "replace")


def _specific_part(chance: Chance, content: Content, part: Part, *, is_flat: bool) -> str:
    parts = []
    for row in part.rows:
        head = [] if is_flat else [name for name in row if name in content.dimensions]
        rest = {name: value for name, value in row.items() if name not in head}
        inner = ""
        if "SOURCES" in rest and chance.random.random() < 0.5:
            inner = f'<Comp id="SOURCES"><Value>{escape(rest.pop("SOURCES"))}</Value></Comp>'
        if "COMMENT" in rest and chance.random.random() < 0.5:
            text = escape(rest.pop("COMMENT"))
            inner += (
                f'<Comp id="COMMENT"><Value><c:Text xml:lang="es">{text}</c:Text></Value></Comp>'
            )
        observation = f"<Obs{_attributes(rest)}>{inner}</Obs>"
        above = _attributes({name: row[name] for name in head})
        parts.append(observation if is_flat else f"<Series{above}>{observation}</Series>")
    about = f's:structureRef="S" s:action={quoteattr(part.action)}'
    return f"<m:DataSet {about}>{''.join(parts)}</m:DataSet>"


def _generic_part(chance: Chance, content: Content, part: Part, *, is_flat: bool) -> str:
    parts = []
    for row in part.rows:
        above = [n for n in content.attributes if n in row and chance.random.random() < 0.3]
        below = [n for n in content.attributes if n in row and n not in above]
        value = f"<g:ObsValue value={quoteattr(row.get('OBS_VALUE', ''))}/>"
        attributes = f"<g:Attributes>{_values(row, below)}</g:Attributes>" if below else ""
        if is_flat:
            key = f"<g:ObsKey>{_values(row, [n for n in content.key if n in row])}</g:ObsKey>"
            parts.append(f"<g:Obs>{key}{value}{attributes}</g:Obs>")
            continue
        named = [n for n in content.dimensions if n in row]
        key = f"<g:SeriesKey>{_values(row, named)}</g:SeriesKey>"
        time = f"<g:ObsDimension value={quoteattr(row.get('TIME_PERIOD', ''))}/>"
        head = f"<g:Attributes>{_values(row, above)}</g:Attributes>" if above else ""
        parts.append(f"<g:Series>{key}{head}<g:Obs>{time}{value}{attributes}</g:Obs></g:Series>")
    return (
        f'<m:DataSet structureRef="S" action={quoteattr(part.action)}>{"".join(parts)}</m:DataSet>'
    )


def _values(row: dict[str, str], names: list[str]) -> str:
    return "".join([f'<g:Value id="{name}" value={quoteattr(row[name])}/>' for name in names])


def _attributes(row: dict[str, str]) -> str:
    return "".join([f" {name}={quoteattr(value)}" for name, value in row.items()])


def packed_message(chance: Chance, content: Content) -> bytes:
    """A gzip file, or a ZIP archive, of messages of the other formats."""
    texts = [csv_message, json_message, ml_message]
    if chance.random.random() < 0.3:
        return gzip.compress(chance.random.choice(texts)(chance, content), mtime=0)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for number in range(chance.random.choice([0, 1, 2, 3])):
            name = chance.pick(NASTY) if chance.is_wrong() else f"{number}.x"
            method = chance.random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            body = chance.damaged(chance.random.choice(texts)(chance, content))
            made.writestr(
                zipfile.ZipInfo(name[:200].encode("utf-8", "replace").decode()), body, method
            )
    return buffer.getvalue()


GRAMMARS: dict[str, Grammar] = {
    "csv": csv_message,
    "json": json_message,
    "ml": ml_message,
    "packed": packed_message,
    "xlsx": xlsx_message,
}


def case(name: str, random: Random) -> tuple[str, bytes]:
    """A message of a grammar: the dataflow that it is of, and its bytes."""
    chance = Chance(random)
    content = chance.content()
    return content.flow, chance.damaged(GRAMMARS[name](chance, content))
