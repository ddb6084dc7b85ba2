"""The schemes of the Validation and Transformation Language in SDMX-ML of every version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from app.sdmx.messages.structure_kinds import NC_ID
from app.sdmx.messages.structure_ml_parts import Child, Children, Flag, Text, TextList
from app.sdmx.messages.structure_ml_table import (
    Attribute,
    Collection,
    Lines,
    Part,
    Shape,
    not_both,
    one_of_these,
)
from app.sdmx.messages.structure_ml_text import BOOLEAN

Refer: TypeAlias = Callable[[str, str], Part]
"""Makes the part for a reference, or several, from the key in JSON and the class it leads to."""

_CUSTOM_TYPE: Final = (
    Text("vtlScalarType", "str:VtlScalarType", required=True),
    Text("dataType", "str:DataType", required=True),
    Text("vtlLiteralFormat", "str:VtlLiteralFormat"),
    Text("outputFormat", "str:OutputFormat"),
    Text("nullValue", "str:NullValue"),
)
_NAME_PERSONALISATION: Final = (
    Attribute("vtlArtefact", required=True),
    Text("vtlDefaultName", "str:VtlDefaultName", required=True),
    Text("personalisedName", "str:PersonalisedName", required=True),
)
_RULESET: Final = (
    Attribute("rulesetType", required=True),
    Attribute("rulesetScope", required=True),
    Text("rulesetDefinition", "str:RulesetDefinition", required=True),
)
_TRANSFORMATION: Final = (
    Attribute("isPersistent", kind=BOOLEAN, missing="false", required=True),
    Text("expression", "str:Expression", required=True),
    Text("result", "str:Result", required=True),
)
_OPERATOR: Final = (Text("operatorDefinition", "str:OperatorDefinition", required=True),)


def vtl_collections(
    nameable: Lines,
    item_scheme: Lines,
    one: Refer,
    several: Refer,
    *,
    around: str,
    refused: Lines = (),
) -> tuple[Collection, ...]:
    """Make the collections of a version.

    Args:
        nameable: the lines of a nameable object.
        item_scheme: the lines of an item scheme.
        one: how a reference stands.
        several: how a list of references stands.
        around: what follows the name of the item in the element around all schemes of a class.
        refused: what a mapping of the version may have and 3.1 cannot keep.
    """
    vtl_scheme = (*item_scheme, Attribute("vtlVersion", missing=""))
    mappings = one("vtlMappingScheme", "VtlMappingScheme")
    rulesets = several("rulesetSchemes", "RulesetScheme")

    def collection(item: str, lines: Lines, scheme: Lines, *more: Part) -> Collection:
        key = item[0].lower() + item[1:]
        rules = (_mapped,) if item == "VtlMapping" else ()
        items = Children(f"{key}s", f"str:{item}", Shape(*nameable, *lines, rules=rules))
        return Collection(
            f"{key}Schemes",
            f"str:{item}{around}",
            f"str:{item}Scheme",
            Shape(*scheme, items, *more),
        )

    return (
        collection("CustomType", _CUSTOM_TYPE, vtl_scheme),
        collection("VtlMapping", (*_mapping(one), *refused), item_scheme),
        collection("NamePersonalisation", _NAME_PERSONALISATION, vtl_scheme),
        collection("Ruleset", _RULESET, vtl_scheme, mappings),
        collection(
            "Transformation",
            _TRANSFORMATION,
            vtl_scheme,
            mappings,
            one("namePersonalisationScheme", "NamePersonalisationScheme"),
            one("customTypeScheme", "CustomTypeScheme"),
            rulesets,
            several("userDefinedOperatorSchemes", "UserDefinedOperatorScheme"),
        ),
        collection("UserDefinedOperator", _OPERATOR, vtl_scheme, mappings, rulesets),
    )


_MAPPED: Final = one_of_these("dataflow", "genericDataflow", "codelist", "concept")
_WITH_SPACES: Final = not_both("codelist", "concept", "toVtlMapping")
_AND_BACK: Final = not_both("codelist", "concept", "fromVtlMapping")


def _mapped(document: Mapping[str, Any]) -> None:
    for rule in (_MAPPED, _WITH_SPACES, _AND_BACK):
        rule(document)


def _mapping(one: Refer) -> Lines:
    """What is mapped to a name of VTL."""
    return (
        Attribute("alias", required=True),
        one("dataflow", "Dataflow"),
        Flag("genericDataflow", "str:GenericDataflow"),
        _space("toVtlMapping", "str:ToVtlMapping", "toVtlSubSpace", "str:ToVtlSubSpace"),
        _space(
            "fromVtlMapping", "str:FromVtlMapping", "fromVtlSuperSpace", "str:FromVtlSuperSpace"
        ),
        one("codelist", "Codelist"),
        one("concept", "Concept"),
    )


def _space(key: str, name: str, inner_key: str, inner_name: str) -> Child:
    keys = Shape(TextList("keys", "str:Key", NC_ID))
    return Child(key, name, Shape(Attribute("method"), Child(inner_key, inner_name, keys)))
