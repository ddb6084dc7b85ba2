"""The classes that the service resolves itself, decoded from their documents.

Each mirrors an object of the SDMX-JSON 2.1 structure message; parts that the service does not
read are left in the document. Nothing here refuses a property that it does not know.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, TypeVar

import msgspec

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Artefact
from app.sdmx.urn import parse_urn

AGREEMENT_TERM: Final = "AGREEMENT_TERM"
"""The type of the annotations that carry the terms of a provision agreement."""


class StructurePart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Any object of a message, its properties named as in JSON."""


class TextFormat(StructurePart, frozen=True, kw_only=True):
    """How an uncoded value is written (`format`), or what codes look like (`enumerationFormat`)."""

    data_type: str = "String"
    is_sequence: bool = False
    interval: float | None = None
    start_value: float | None = None
    end_value: float | None = None
    time_interval: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_value: float | None = None
    max_value: float | None = None
    decimals: int | None = None
    pattern: str | None = None
    is_multi_lingual: bool = False
    sentinel_values: tuple[dict[str, Any], ...] = ()


class Representation(StructurePart, frozen=True, kw_only=True):
    """Where the values of a component come from: a codelist or value list, or a text format."""

    enumeration: str | None = None
    enumeration_format: TextFormat | None = None
    format: TextFormat | None = None
    min_occurs: int = 1
    max_occurs: int | Literal["unbounded"] = 1

    @property
    def is_multi_valued(self) -> bool:
        """Whether one observation may hold several values."""
        return self.max_occurs != 1


class WrittenComponent(StructurePart, frozen=True, kw_only=True):
    """What components of all kinds have; one without an id has that of its concept."""

    concept_identity: str
    id: str = ""
    concept_roles: tuple[str, ...] = ()
    local_representation: Representation | None = None

    def __post_init__(self) -> None:
        if not self.id:
            concept = parse_urn(self.concept_identity).item or ""
            msgspec.structs.force_setattr(self, "id", concept)


class Dimension(WrittenComponent, frozen=True, kw_only=True):
    """A dimension; `position` counts from 1 where it is given."""

    position: int | None = None


class TimeDimension(WrittenComponent, frozen=True, kw_only=True):
    """The time dimension; its id is always TIME_PERIOD."""


class Measure(WrittenComponent, frozen=True, kw_only=True):
    """A measure and whether an observation must have it."""

    usage: Literal["mandatory", "optional"] = "optional"


class AttributeRelationship(StructurePart, frozen=True, kw_only=True):
    """What an attribute is attached to; exactly one of the four is given."""

    dataflow: dict[str, Any] | None = None
    dimensions: tuple[str, ...] | None = None
    group: str | None = None
    observation: dict[str, Any] | None = None


class Attribute(WrittenComponent, frozen=True, kw_only=True):
    """An attribute, what it is attached to and whether it must be reported."""

    attribute_relationship: AttributeRelationship
    usage: Literal["mandatory", "optional"] = "optional"
    measure_relationship: tuple[str, ...] = ()


class Group(StructurePart, frozen=True, kw_only=True):
    """A named set of dimensions to which attributes may be attached."""

    id: str
    group_dimensions: tuple[str, ...] = ()


class MetadataAttributeUsage(StructurePart, frozen=True, kw_only=True):
    """A metadata attribute that may be reported with the data."""

    metadata_attribute_reference: str
    attribute_relationship: AttributeRelationship


class DimensionList(StructurePart, frozen=True, kw_only=True):
    """The dimensions as they are written."""

    dimensions: tuple[Dimension, ...] = ()
    time_dimension: TimeDimension | None = None


class MeasureList(StructurePart, frozen=True, kw_only=True):
    """The measures."""

    measures: tuple[Measure, ...] = ()


class AttributeList(StructurePart, frozen=True, kw_only=True):
    """The attributes."""

    attributes: tuple[Attribute, ...] = ()
    metadata_attribute_usages: tuple[MetadataAttributeUsage, ...] = ()


class DataStructureComponents(StructurePart, frozen=True, kw_only=True):
    """The four lists of components."""

    dimension_list: DimensionList
    measure_list: MeasureList = MeasureList()
    attribute_list: AttributeList = AttributeList()
    groups: tuple[Group, ...] = ()


class _Maintainable(StructurePart, frozen=True, kw_only=True):
    agency_id: str = msgspec.field(name="agencyID")
    id: str
    version: str
    name: str = ""
    names: dict[str, str] = {}
    annotations: tuple[dict[str, Any], ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None


class DataStructure(_Maintainable, frozen=True, kw_only=True):
    """A data structure definition."""

    data_structure_components: DataStructureComponents
    evolving_structure: bool = False
    metadata: str | None = None

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The dimensions in key order, without the time dimension."""
        written = self.data_structure_components.dimension_list.dimensions
        return tuple(sorted(written, key=lambda dimension: dimension.position or 0))

    @property
    def time_dimension(self) -> TimeDimension | None:
        """The time dimension, if there is one."""
        return self.data_structure_components.dimension_list.time_dimension

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures."""
        return self.data_structure_components.measure_list.measures

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes, those of a metadata structure apart."""
        return self.data_structure_components.attribute_list.attributes

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups of dimensions."""
        return self.data_structure_components.groups


class Dataflow(_Maintainable, frozen=True, kw_only=True):
    """A dataflow; `dimension_constraint` names the dimensions of an evolving structure it uses."""

    structure: str
    dimension_constraint: tuple[str, ...] = ()

    def dimension_ids(self, structure: DataStructure) -> tuple[str, ...]:
        """The ids of the dimensions of its keys: in DSD order, without the time dimension."""
        every = (dimension.id for dimension in structure.dimensions)
        chosen = self.dimension_constraint
        return tuple(name for name in every if not chosen or name in chosen)


class Code(StructurePart, frozen=True, kw_only=True):
    """A code; `parent` is the id of the code above it."""

    id: str
    name: str = ""
    names: dict[str, str] = {}
    parent: str | None = None


class MemberValue(StructurePart, frozen=True, kw_only=True):
    """A code named in a selection, and whether the codes below it go with it."""

    value: str
    cascade_values: bool | Literal["excluderoot"] = False


class CodeSelection(StructurePart, frozen=True, kw_only=True):
    """Codes of an extended codelist, by id or by `ABC%` (all ids that begin so)."""

    member_values: tuple[str | MemberValue, ...] = ()
    wildcarded_member_values: tuple[str, ...] = ()


class CodelistExtension(StructurePart, frozen=True, kw_only=True):
    """A codelist whose codes are taken over: all, only some, or all but some."""

    codelist: str
    prefix: str = ""
    inclusive_code_selection: CodeSelection | None = None
    exclusive_code_selection: CodeSelection | None = None


class Codelist(_Maintainable, frozen=True, kw_only=True):
    """A codelist with its own codes and the lists that it extends."""

    codes: tuple[Code, ...] = ()
    codelist_extensions: tuple[CodelistExtension, ...] = ()


class Concept(StructurePart, frozen=True, kw_only=True):
    """A concept and the representation of components that have none of their own."""

    id: str
    name: str = ""
    names: dict[str, str] = {}
    parent: str | None = None
    core_representation: Representation | None = None


class ConceptScheme(_Maintainable, frozen=True, kw_only=True):
    """A concept scheme."""

    concepts: tuple[Concept, ...] = ()


class TimePeriodRange(StructurePart, frozen=True, kw_only=True):
    """One end of a time range."""

    period: str
    is_inclusive: bool = True


class TimeRange(StructurePart, frozen=True, kw_only=True):
    """A range of time: before, after, or from start to end."""

    before_period: TimePeriodRange | None = None
    after_period: TimePeriodRange | None = None
    start_period: TimePeriodRange | None = None
    end_period: TimePeriodRange | None = None
    valid_from: str | None = None
    valid_to: str | None = None


class ComponentValue(StructurePart, frozen=True, kw_only=True):
    """A value in a constraint, and whether the codes below it go with it."""

    value: str
    cascade_values: bool | Literal["excluderoot"] = False
    valid_from: str | None = None
    valid_to: str | None = None


class ComponentValueSet(StructurePart, frozen=True, kw_only=True):
    """The values of one component that a region lists; none: whether it is there at all."""

    id: str
    include: bool = True
    remove_prefix: bool = False
    values: tuple[str | ComponentValue, ...] = ()
    time_range: TimeRange | None = None
    valid_from: str | None = None
    valid_to: str | None = None


class CubeRegion(StructurePart, frozen=True, kw_only=True):
    """A region of the cube: dimensions in `key_values`, attributes and measures in `components`."""

    include: bool = True
    key_values: tuple[ComponentValueSet, ...] = ()
    components: tuple[ComponentValueSet, ...] = ()


class DataKeyValue(StructurePart, frozen=True, kw_only=True):
    """The values of one dimension in a key; `value` is one, `values` are several."""

    id: str
    value: str | None = None
    values: tuple[str, ...] = ()
    remove_prefix: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """The values, however many were written."""
        return self.values if self.value is None else (self.value,)


class DataKey(StructurePart, frozen=True, kw_only=True):
    """A key, full or partial."""

    key_values: tuple[DataKeyValue, ...] = ()
    components: tuple[ComponentValueSet, ...] = ()
    valid_from: str | None = None
    valid_to: str | None = None


class DataKeySet(StructurePart, frozen=True, kw_only=True):
    """Keys that are allowed, or that are forbidden."""

    is_included: bool
    keys: tuple[DataKey, ...]


class DataConstraintAttachment(StructurePart, frozen=True, kw_only=True):
    """What a data constraint holds for."""

    data_provider: str | None = None
    data_structures: tuple[str, ...] = ()
    dataflows: tuple[str, ...] = ()
    provision_agreements: tuple[str, ...] = ()

    @property
    def urns(self) -> tuple[str, ...]:
        """The URNs of all that it is attached to."""
        provider = () if self.data_provider is None else (self.data_provider,)
        return (*provider, *self.data_structures, *self.dataflows, *self.provision_agreements)


class DataConstraint(_Maintainable, frozen=True, kw_only=True):
    """What may be reported: regions of the cube and sets of keys."""

    constraint_attachment: DataConstraintAttachment = DataConstraintAttachment()
    cube_regions: tuple[CubeRegion, ...] = ()
    data_key_sets: tuple[DataKeySet, ...] = ()


class ProvisionAgreement(_Maintainable, frozen=True, kw_only=True):
    """A data provider's agreement to report to a dataflow.

    Annotations of type AGREEMENT_TERM say its terms by id, unless a metadata set says them
    (`app.sdmx.terms`); of checks: CHECKS and `CHECK:<ruleset>` (`app.sdmx.checks.terms`).
    """

    dataflow: str
    data_provider: str

    @property
    def terms(self) -> dict[str, str]:
        """The value of each term by its id."""
        return {
            str(annotation["id"]): str(annotation.get("value", ""))
            for annotation in self.annotations
            if annotation.get("type") == AGREEMENT_TERM and "id" in annotation
        }

    @property
    def provider_id(self) -> str:
        """The id of the data provider in its scheme."""
        return parse_urn(self.data_provider).item or ""


Structure: TypeAlias = (
    DataStructure | Dataflow | Codelist | ConceptScheme | DataConstraint | ProvisionAgreement
)
"""Any class that is decoded here."""

_Decoded = TypeVar("_Decoded", bound=msgspec.Struct)

DECODED_CLASSES: Final[dict[str, type[Structure]]] = {
    kind.__name__: kind
    for kind in (
        DataStructure,
        Dataflow,
        Codelist,
        ConceptScheme,
        DataConstraint,
        ProvisionAgreement,
    )
}
"""The decoded classes by the name of the class in the information model."""


def decode(artefact: Artefact, kind: type[_Decoded]) -> _Decoded:
    """Decode the document of an artefact.

    Raises:
        InvalidArtefactError: the document does not have the shape of the class.
    """
    try:
        return msgspec.convert(artefact.document, kind)
    except msgspec.ValidationError as error:
        raise InvalidArtefactError(
            f"{artefact}: {error}.", f"{artefact}: {error}.", urn=artefact.urn
        ) from None
