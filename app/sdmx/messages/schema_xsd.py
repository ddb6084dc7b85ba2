"""XML schemas of structure-specific data: SDMX-ML 2.1, 3.0 and 3.1.

The schema is one of many possible: it is made for a structure, its constraints and a dimension at
the observation. It imports the official schemas by their names, so that it is used beside them.
Components are XML attributes; in 3.x those with several values, several languages or markup are
elements `Comp`, each of a type of its own. Where an attribute may stand at several levels (with
the series, a group, or by itself), it is valid at each.

Where no observations are asked for, a message has series with all dimensions but time, whatever
dimension it would have had at the observation: the schemas of other dimensions take such too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from app.sdmx.flow import Component
from app.sdmx.messages.data_ml_names import (
    DATASET_TYPE,
    PRIMARY_MEASURE,
    component_type,
    dataset_namespace,
    is_complex,
    primary_measure,
)
from app.sdmx.messages.schema_xsd_types import START_DAY, simple_type
from app.sdmx.schema_data import DataSchema

_NAMESPACES: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v"
_ANNOTATIONS: Final = '<xs:element ref="common:Annotations" minOccurs="0"/>'
_PROVIDER: Final = (
    '<xs:element name="DataProvider" type="common:DataProviderReferenceType" '
    'form="unqualified" minOccurs="0"/>'
)
_TIME: Final = "TIME_PERIOD"


def write_xml_schema(schema: DataSchema, version: str) -> bytes:
    """Write the schema of structure-specific messages of a version (`2.1`, `3.0.0`, `3.1.0`)."""
    return _Writer(schema, version[:3]).write().encode()


class _Writer:
    def __init__(self, schema: DataSchema, version: str) -> None:
        self.schema = schema
        self.version = version
        self.is_old = version == "2.1"
        self.primary = primary_measure(schema.flow.measures) if self.is_old else None

    def write(self) -> str:
        namespace = dataset_namespace(self.schema.urn, self.schema.dimension_at_observation)
        official = f"{_NAMESPACES}{self.version.replace('.', '_')}"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" '
            f'xmlns="{escape(namespace)}" xmlns:common="{official}/common" '
            f'xmlns:dsd="{official}/data/structurespecific" '
            f'targetNamespace="{escape(namespace)}" '
            'elementFormDefault="qualified" attributeFormDefault="unqualified">'
            f'<xs:import namespace="{official}/common" schemaLocation="SDMXCommon.xsd"/>'
            f'<xs:import namespace="{official}/data/structurespecific" '
            'schemaLocation="SDMXDataStructureSpecific.xsd"/>'
            f'<xs:element name="DataSet" type="{DATASET_TYPE}"/>'
            f"{''.join(self._types())}</xs:schema>"
        )

    def _types(self) -> Iterator[str]:
        schema = self.schema
        yield self._dataset_type()
        yield from self._group_types()
        if self._has_series:
            yield self._series_type()
        yield self._observation_type()
        if not self.is_old:
            yield self._attributes_type()
        for component in schema.flow.components.values():
            yield simple_type(_value_type(component), schema, component)
            if self._is_element(component):
                yield from _component_types(component)

    # -- the types of the message --------------------------------------------------------

    def _dataset_type(self) -> str:
        body = '<xs:element name="{0}" type="{0}Type" form="unqualified"{1}/>'
        if self.is_old:
            many = ' minOccurs="0" maxOccurs="unbounded"'
            content = self._group_element(many) + self._rows(body, ' maxOccurs="unbounded"')
        else:
            content = (
                '<xs:choice minOccurs="0" maxOccurs="unbounded">'
                f"{body.format('Atts', '')}{self._group_element('')}{self._rows(body, '')}"
                "</xs:choice>"
            )
        own = [a for a in self.schema.above_observation if not a.positions]
        base = "TimeSeriesDataSetType" if self._is_old_series else "DataSetType"
        return self._restricted(
            DATASET_TYPE,
            base,
            _PROVIDER + content + self._metadata,
            self._attributes(own),
            taken={START_DAY} if self.is_old else (),
        )

    @property
    def _has_series(self) -> bool:
        """Without time an observation is all that a key can be of."""
        return not self.schema.is_flat or self.schema.flow.time is not None

    def _rows(self, element: str, occurs: str) -> str:
        """Series, or observations by themselves; in place of these series without any."""
        if not self.schema.is_flat:
            return element.format("Series", f' minOccurs="0"{occurs}' if self.is_old else occurs)
        rows = element.format("Obs", occurs)
        if self._has_series and self.is_old:
            return f'<xs:choice minOccurs="0">{element.format("Series", occurs)}{rows}</xs:choice>'
        if self._has_series:
            return element.format("Series", occurs) + rows
        return element.format("Obs", f' minOccurs="0"{occurs}' if self.is_old else occurs)

    def _series_type(self) -> str:
        schema = self.schema
        many = ' minOccurs="0" maxOccurs="unbounded"'
        observations = f'<xs:element name="Obs" type="ObsType" form="unqualified"{many}/>'
        dimensions, attributes = list(schema.at_series), self._at_series()
        free: list[Component] = []
        if schema.is_flat:
            observations, dimensions = "", list(schema.flow.dimensions)
        elif not schema.is_time_series:  # by the whole key, if there are no observations
            free = [d for d in schema.dimensions if d.level == "time" or d not in dimensions]
            dimensions = [d for d in dimensions if d not in free]
            attributes = list(schema.above_observation)
        components = [*dimensions, *attributes]
        keys = [self._attribute(one, required=False) for one in free]
        return self._restricted(
            "SeriesType",
            "TimeSeriesType" if self._is_old_series else "SeriesType",
            self._comps(components) + observations + self._metadata,
            [*keys, *self._attributes(components)],
            taken={_TIME, START_DAY} if self.is_old else {_TIME},
        )

    def _at_series(self) -> list[Component]:
        """The attributes that do not depend on the dimension at the observation."""
        place = self.schema.flow.position.get(self.schema.dimension_at_observation)
        return [a for a in self.schema.above_observation if place not in a.positions]

    def _observation_type(self) -> str:
        schema = self.schema
        measured = [*schema.flow.measures, *schema.observation_attributes]
        taken = {_TIME, START_DAY, "type"} if self.is_old else {_TIME, "type"}
        return self._restricted(
            "ObsType",
            "TimeSeriesObsType" if self._is_old_series else "ObsType",
            self._comps(measured) + self._metadata,
            self._attributes([*schema.at_observation, *measured]),
            taken=taken,
        )

    def _attributes_type(self) -> str:
        """Attributes by themselves, with those dimensions that they depend on."""
        schema = self.schema
        keys = [self._attribute(d, required=False) for d in schema.dimensions]
        above = schema.above_observation
        return self._restricted(
            "AttsType",
            "AttsType",
            self._comps(above),
            [*keys, *self._attributes(above)],
            taken={_TIME},
        )

    # -- groups --------------------------------------------------------------------------

    def _group_element(self, occurs: str) -> str:
        groups = self.schema.groups
        if not groups:
            return ""
        kind = "GroupType" if len(groups) > 1 else next(iter(groups))
        return f'<xs:element name="Group" type="{kind}" form="unqualified"{occurs}/>'

    def _group_types(self) -> Iterator[str]:
        """One type a group; of several, all are kinds of one that has no values itself."""
        groups = self.schema.groups
        base = "dsd:GroupType"
        if len(groups) > 1:
            many = ' minOccurs="0" maxOccurs="unbounded"'
            comps = "" if self.is_old else _comp_element(many)
            yield (
                '<xs:complexType name="GroupType" abstract="true"><xs:complexContent>'
                f'<xs:restriction base="{base}"><xs:sequence>{_ANNOTATIONS}{comps}{self._metadata}'
                '</xs:sequence><xs:anyAttribute namespace="##local"/>'
                "</xs:restriction></xs:complexContent></xs:complexType>"
            )
            base = "GroupType"
        for group, names in groups.items():
            keys = [d for d in self.schema.flow.dimensions if d.id in names]
            places = {self.schema.flow.position[name] for name in names}
            own = [a for a in self.schema.above_observation if places.issuperset(a.positions)]
            named = [a for a in own if a.positions]
            fixed = f'<xs:attribute name="type" type="common:IDType" fixed="{group}"/>'
            yield self._restricted(
                group,
                base,
                self._comps(named) + self._metadata,
                [fixed, *self._attributes([*keys, *named])],
                taken={START_DAY} if self.is_old else (),
            )

    # -- parts ---------------------------------------------------------------------------

    @property
    def _is_old_series(self) -> bool:
        """Whether the types of time series of 2.1 are those to start from."""
        return self.is_old and self.schema.is_time_series

    @property
    def _metadata(self) -> str:
        if self.version != "3.1" or not self.schema.has_metadata:
            return ""
        return (
            '<xs:element name="Metadata" type="dsd:MetadataType" form="unqualified" minOccurs="0"/>'
        )

    def _restricted(
        self,
        name: str,
        base: str,
        content: str,
        attributes: Sequence[str],
        *,
        taken: Iterable[str] = (),
    ) -> str:
        """A type made of one of the standard; of what that declares, what is not here is barred."""
        given = "".join(attributes)
        barred = [
            f'<xs:attribute name="{one}" use="prohibited"/>'
            for one in sorted(taken)
            if f'name="{one}"' not in given
        ]
        base = base if ":" in base or base == "GroupType" else f"dsd:{base}"
        return (
            f'<xs:complexType name="{name}"><xs:complexContent><xs:restriction base="{base}">'
            f"<xs:sequence>{_ANNOTATIONS}{content}</xs:sequence>{given}{''.join(barred)}"
            "</xs:restriction></xs:complexContent></xs:complexType>"
        )

    def _attributes(self, components: Iterable[Component]) -> list[str]:
        return [
            self._attribute(one, required=self.schema.is_required(one))
            for one in components
            if not self._is_element(one)
        ]

    def _attribute(self, component: Component, *, required: bool) -> str:
        kind = "xs:string" if self._has_no_type(component) else _value_type(component)
        # The types of time series of 2.1 let nobody leave out the time, not even in a deletion.
        is_fixed = self._is_old_series and component.level == "time"
        use = "required" if required or is_fixed else "optional"
        name = PRIMARY_MEASURE if component is self.primary else component.undotted_id
        return f'<xs:attribute name="{name}" type="{kind}" use="{use}"/>'

    def _comps(self, components: Iterable[Component]) -> str:
        if self.is_old or not any(map(self._is_element, components)):
            return ""
        return _comp_element(' minOccurs="0" maxOccurs="unbounded"')

    def _is_element(self, component: Component) -> bool:
        """Whether a value does not fit in an XML attribute; 2.1 has nothing else."""
        return not self.is_old and is_complex(component)

    def _has_no_type(self, component: Component) -> bool:
        """Whether 2.1 writes values joined that have a type each."""
        return self.is_old and is_complex(component)


def _value_type(component: Component) -> str:
    # Ids of components and groups have no dot, so that these names are free.
    return f"{component.undotted_id}.Value"


def _comp_element(occurs: str) -> str:
    return f'<xs:element name="Comp" type="dsd:CompType" form="unqualified"{occurs}/>'


def _component_types(component: Component) -> Iterator[str]:
    """The type of an element `Comp`, and that of its values."""
    kind = f"{component.undotted_id}.Element"
    if component.multilingual:
        kind = "common:TextValueType"
    else:
        yield (
            f'<xs:complexType name="{kind}"><xs:simpleContent>'
            '<xs:restriction base="common:ValueType"><xs:simpleType>'
            f'<xs:restriction base="{_value_type(component)}"/></xs:simpleType>'
            "</xs:restriction></xs:simpleContent></xs:complexType>"
        )
    most = "unbounded" if component.max_occurs is None else component.max_occurs
    name = component_type(component)
    yield (
        f'<xs:complexType name="{name}"><xs:complexContent>'
        f'<xs:restriction base="dsd:CompType"><xs:sequence>{_ANNOTATIONS}'
        f'<xs:element name="Value" type="{kind}" form="unqualified" minOccurs="0" '
        f'maxOccurs="{most}"/></xs:sequence>'
        f'<xs:attribute name="id" type="common:NCNameIDType" use="required" '
        f'fixed="{component.undotted_id}"/></xs:restriction></xs:complexContent></xs:complexType>'
    )
