"""SDMX-ML data messages and SDMX-JSON 1.0 read back as any client has to.

Like those of `tests.data_messages` the readers know nothing of the writers. The one value of an
observation of SDMX 2.1 comes back as OBS_VALUE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.data_messages import Key, ReadDataSet

if TYPE_CHECKING:
    from lxml.etree import _Element

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read_ml(message: _Element, dimensions: Sequence[str]) -> list[ReadDataSet]:
    """The datasets of an SDMX-ML message; `dimensions` in the order of the structure, with time."""
    structures = {one.get("structureID"): one for one in _named(message, "Structure")}
    structures.pop(None, None)
    return [_dataset(one, structures, dimensions) for one in message if _name(one) == "DataSet"]


def _dataset(
    dataset: _Element, structures: Mapping[Any, _Element], dimensions: Sequence[str]
) -> ReadDataSet:
    about = {_plain(name): str(value) for name, value in dataset.attrib.items()}
    structure = structures[about["structureRef"]]
    along = structure.get("dimensionAtObservation")
    namespace = structure.get("namespace") or _reference(structure)
    read = ReadDataSet(
        namespace.partition(":ObsLevelDim:")[0],
        about["action"],
        about.get("validFromDate"),
        about.get("validToDate"),
    )
    read.attributes = _values(dataset, "Attributes") or _local(dataset)
    for part in dataset:
        if _name(part) == "Series":
            codes, own = _key(part, dimensions, "SeriesKey")
            series = {**read.attributes, **own}
            observed = [one for one in part if _name(one) == "Obs"]
            key = tuple(codes[name] for name in dimensions if name in codes)
            if along not in codes:
                assert key not in read.series, f"{key} comes twice"
                read.series[key] = series
            for one in observed:
                at, values = _observation(one, dimensions, along)
                _put(read, {**codes, **at}, {**series, **values}, dimensions)
        elif _name(part) == "Obs":
            codes, own = _key(part, dimensions, "ObsKey")
            _put(read, codes, {**read.attributes, **own}, dimensions)
    return read


def _put(
    read: ReadDataSet, codes: Mapping[str, str], row: dict[str, Any], dimensions: Sequence[str]
) -> None:
    key: Key = tuple(codes[name] for name in dimensions if name in codes)
    rows = read.rows if len(key) == len(dimensions) else read.series
    assert rows is read.series or key not in rows, f"{key} comes twice"
    rows[key] = row


def _key(
    element: _Element, dimensions: Sequence[str], name: str
) -> tuple[dict[str, str], dict[str, Any]]:
    """The codes of a key, and what else is said in the same element."""
    if _is_generic(element):
        codes = _values(element, name)
        return codes, _values(element, "Attributes") | _observed(element)
    found = _local(element) | _components(element)
    return (
        {name: found[name] for name in dimensions if name in found},
        {name: value for name, value in found.items() if name not in dimensions},
    )


def _observation(
    element: _Element, dimensions: Sequence[str], along: str | None
) -> tuple[dict[str, str], dict[str, Any]]:
    if not _is_generic(element):
        return _key(element, dimensions, "")
    [at] = [one.get("value") for one in element if _name(one) == "ObsDimension"]
    assert along is not None and at is not None
    return {along: at}, _values(element, "Attributes") | _observed(element)


def _observed(element: _Element) -> dict[str, str]:
    values = [one.get("value", "") for one in element if _name(one) == "ObsValue"]
    assert len(values) < 2
    return {"OBS_VALUE": values[0]} if values else {}


def _values(element: _Element, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in element:
        if _name(part) == name:
            for value in part:
                assert value.get("id") not in found
                found[value.get("id", "")] = value.get("value")
    return found


def _local(element: _Element) -> dict[str, Any]:
    """XML attributes without a namespace that are components."""
    if _is_generic(element) or element.get("structureRef"):
        return {}
    return {str(name): str(value) for name, value in element.attrib.items() if "{" not in str(name)}


def _components(element: _Element) -> dict[str, Any]:
    """The elements `Comp`: one value or several, as texts or by language."""
    found: dict[str, Any] = {}
    for part in element:
        if _name(part) != "Comp":
            continue
        kind = part.get(f"{XSI}type", "")
        assert kind.partition(":")[2].startswith(part.get("id", "?"))
        values = [_value(value) for value in part]
        found[part.get("id", "")] = values[0] if _is_text(values) else values
    return found


def _is_text(values: list[Any]) -> bool:
    return len(values) == 1 and isinstance(values[0], Mapping)


def _value(element: _Element) -> Any:
    texts = {text.get(XML_LANG, ""): text.text or "" for text in element}
    return texts if len(element) else element.text or ""


def _reference(structure: _Element) -> str:
    [reference] = structure
    [ref] = reference
    about = dict(ref.attrib)
    kind = f"{about['package']}.{about['class']}"
    identity = f"{about['agencyID']}:{about['id']}({about['version']})"
    return f"urn:sdmx:org.sdmx.infomodel.{kind}={identity}"


def _named(message: _Element, name: str) -> Iterator[_Element]:
    return (one for one in message.iter() if _name(one) == name)


def _is_generic(element: _Element) -> bool:
    return "data/generic" in str(element.tag)


def _name(element: _Element) -> str:
    return _plain(element.tag)


def _plain(name: Any) -> str:
    return str(name).rpartition("}")[2]


# -- SDMX-JSON 1.0 ------------------------------------------------------------------------------


def read_json_1(message: Mapping[str, Any]) -> list[ReadDataSet]:
    """The datasets of an SDMX-JSON 1.0 message, or of one of the working draft."""
    data = message.get("data", message)
    return [_json_1_dataset(each, data["structure"]) for each in data["dataSets"]]


def _json_1_dataset(dataset: Mapping[str, Any], structure: Mapping[str, Any]) -> ReadDataSet:
    dimensions, attributes = structure["dimensions"], structure["attributes"]
    read = ReadDataSet(
        dataset["links"][0]["urn"],
        dataset["action"],
        dataset.get("validFrom"),
        dataset.get("validTo"),
    )
    read.attributes = _cells(attributes["dataSet"], dataset.get("attributes", []))
    places = {d["id"]: d["keyPosition"] for level in dimensions.values() for d in level}

    def key_of(codes: Mapping[str, str]) -> Key:
        return tuple(codes[name] for name in sorted(codes, key=places.__getitem__))

    def take(codes: dict[str, str], listed: Mapping[str, Any], upper: dict[str, Any]) -> None:
        for indexes, cells in listed.items():
            value = {} if not cells or cells[0] is None else {"OBS_VALUE": cells[0]}
            own = _cells(attributes["observation"], cells[1:])
            key = key_of(codes | _codes_1(dimensions["observation"], indexes))
            assert key not in read.rows
            read.rows[key] = {**read.attributes, **upper, **value, **own}

    take({}, dataset.get("observations", {}), {})
    for indexes, series in dataset.get("series", {}).items():
        codes = _codes_1(dimensions["series"], indexes)
        own = _cells(attributes["series"], series.get("attributes", []))
        read.series[key_of(codes)] = {**read.attributes, **own}
        take(codes, series.get("observations", {}), own)
    return read


def _codes_1(dimensions: Sequence[Mapping[str, Any]], indexes: str) -> dict[str, str]:
    pairs = zip(dimensions, indexes.split(":"), strict=True)
    return {d["id"]: d["values"][int(index)]["id"] for d, index in pairs}


def _cells(components: Sequence[Mapping[str, Any]], cells: Sequence[Any]) -> dict[str, Any]:
    assert len(cells) <= len(components)
    return {
        component["id"]: _text_1(component["values"][cell])
        for component, cell in zip(components, cells, strict=False)
        if cell is not None
    }


def _text_1(value: Mapping[str, Any]) -> str:
    return str(value.get("id", value["name"]))
