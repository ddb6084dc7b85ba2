"""The schemes of the Validation and Transformation Language in SDMX-ML 3.x."""

from __future__ import annotations

from typing import Final

from app.sdmx.messages.structure_ml_base import ITEM_SCHEME, NAMEABLE
from app.sdmx.messages.structure_ml_parts import (
    Child,
    Children,
    Flag,
    Text,
    TextList,
    reference,
)
from app.sdmx.messages.structure_ml_table import Attribute, Collection, Shape
from app.sdmx.messages.structure_ml_text import BOOLEAN

_SCHEME: Final = (*ITEM_SCHEME, Attribute("vtlVersion", missing=""))
_MAPPINGS: Final = reference("vtlMappingScheme", "str:VtlMappingScheme")
_RULESETS: Final = TextList("rulesetSchemes", "str:RulesetScheme")

_TRANSFORMATION: Final = Shape(
    *NAMEABLE,
    Attribute("isPersistent", kind=BOOLEAN, missing="false"),
    Text("expression", "str:Expression"),
    Text("result", "str:Result"),
)
_VTL_MAPPING: Final = Shape(
    *NAMEABLE,
    Attribute("alias"),
    reference("dataflow", "str:Dataflow"),
    Flag("genericDataflow", "str:GenericDataflow"),
    Child(
        "toVtlMapping",
        "str:ToVtlMapping",
        Shape(
            Attribute("method"),
            Child("toVtlSubSpace", "str:ToVtlSubSpace", Shape(TextList("keys", "str:Key"))),
        ),
    ),
    Child(
        "fromVtlMapping",
        "str:FromVtlMapping",
        Shape(
            Attribute("method"),
            Child("fromVtlSuperSpace", "str:FromVtlSuperSpace", Shape(TextList("keys", "str:Key"))),
        ),
    ),
    reference("codelist", "str:Codelist"),
    reference("concept", "str:Concept"),
)
_RULESET: Final = Shape(
    *NAMEABLE,
    Attribute("rulesetType"),
    Attribute("rulesetScope"),
    Text("rulesetDefinition", "str:RulesetDefinition"),
)
_NAME_PERSONALISATION: Final = Shape(
    *NAMEABLE,
    Attribute("vtlArtefact"),
    Text("vtlDefaultName", "str:VtlDefaultName"),
    Text("personalisedName", "str:PersonalisedName"),
)
_CUSTOM_TYPE: Final = Shape(
    *NAMEABLE,
    Text("vtlScalarType", "str:VtlScalarType"),
    Text("dataType", "str:DataType"),
    Text("vtlLiteralFormat", "str:VtlLiteralFormat"),
    Text("outputFormat", "str:OutputFormat"),
    Text("nullValue", "str:NullValue"),
)
_OPERATOR: Final = Shape(*NAMEABLE, Text("operatorDefinition", "str:OperatorDefinition"))

VTL: Final = (
    Collection(
        "customTypeSchemes",
        "str:CustomTypeSchemes",
        "str:CustomTypeScheme",
        Shape(*_SCHEME, Children("customTypes", "str:CustomType", _CUSTOM_TYPE)),
    ),
    Collection(
        "vtlMappingSchemes",
        "str:VtlMappingSchemes",
        "str:VtlMappingScheme",
        Shape(*ITEM_SCHEME, Children("vtlMappings", "str:VtlMapping", _VTL_MAPPING)),
    ),
    Collection(
        "namePersonalisationSchemes",
        "str:NamePersonalisationSchemes",
        "str:NamePersonalisationScheme",
        Shape(
            *_SCHEME,
            Children("namePersonalisations", "str:NamePersonalisation", _NAME_PERSONALISATION),
        ),
    ),
    Collection(
        "rulesetSchemes",
        "str:RulesetSchemes",
        "str:RulesetScheme",
        Shape(*_SCHEME, Children("rulesets", "str:Ruleset", _RULESET), _MAPPINGS),
    ),
    Collection(
        "transformationSchemes",
        "str:TransformationSchemes",
        "str:TransformationScheme",
        Shape(
            *_SCHEME,
            Children("transformations", "str:Transformation", _TRANSFORMATION),
            _MAPPINGS,
            reference("namePersonalisationScheme", "str:NamePersonalisationScheme"),
            reference("customTypeScheme", "str:CustomTypeScheme"),
            _RULESETS,
            TextList("userDefinedOperatorSchemes", "str:UserDefinedOperatorScheme"),
        ),
    ),
    Collection(
        "userDefinedOperatorSchemes",
        "str:UserDefinedOperatorSchemes",
        "str:UserDefinedOperatorScheme",
        Shape(
            *_SCHEME,
            Children("userDefinedOperators", "str:UserDefinedOperator", _OPERATOR),
            _MAPPINGS,
            _RULESETS,
        ),
    ),
)
"""The collections of this room."""
