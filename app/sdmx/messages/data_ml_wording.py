"""How generic and structure-specific SDMX-ML say keys, values, series and observations.

Both are put together from the same parts. What is said of a series or an observation comes in
two: `first` stands beside its key, `rest` in an element of its own, which is left out when there
is nothing in it. Structure-specific messages have plain values first and the values of several
parts or languages in the rest (`Comp`, 3.x alone); generic messages the primary measure first
and all attributes in the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from app.sdmx.flow import Component
from app.sdmx.messages.data_ml_names import (
    DATASET_TYPE,
    PRIMARY_MEASURE,
    component_type,
    is_complex,
)
from app.sdmx.messages.structure_ml_text import escape, quote

Parts = tuple[str, str]
"""What stands before and after a value."""


class Wording(Protocol):
    """The words of one kind of message, for one structure of it.

    Attributes:
        series_end: the end of a series.
        alone: what stands before and after the key of an observation that stands alone.
    """

    series_end: str
    alone: Parts

    def is_first(self, component: Component, name: str) -> bool:
        """Whether the values of a component stand beside the key."""

    def dimension(self, name: str) -> Parts:
        """A dimension of a key."""

    def value(self, component: Component, name: str) -> Parts:
        """A value under this name."""

    def dataset(self, about: Mapping[str, str], values: str) -> str:
        """The beginning of a dataset: what is said about it, and its attributes."""

    def group(self, name: str, key: str, first: str, rest: str) -> str:
        """A group of series: its id, its key and its attributes."""

    def series(self, key: str, first: str, rest: str) -> str:
        """The beginning of a series."""

    def observation(self, name: str) -> Parts:
        """An observation of a series up to its key, around the code of the dimension along it."""

    def end(self, rest: str) -> str:
        """The end of an observation."""


class SpecificWording:
    """Structure-specific messages; `prefix` is that of the namespace of the structure."""

    series_end = "</Series>\n"
    alone = ("<Obs", "")

    def __init__(self, prefix: str, version: str) -> None:
        self._prefix = prefix
        self._is_old = version == "2.1"

    def is_first(self, component: Component, name: str) -> bool:
        """All but values of several parts or languages."""
        return not self.has_parts(component)

    def has_parts(self, component: Component) -> bool:
        """Whether a value is written with its parts and languages, which 2.1 does not have."""
        return not self._is_old and is_complex(component)

    def dimension(self, name: str) -> Parts:
        """An XML attribute."""
        return f' {name}="', '"'

    def value(self, component: Component, name: str) -> Parts:
        """An XML attribute."""
        return f' {name}="', '"'

    def several(self, component: Component, value: Any) -> str:  # noqa: ANN401
        """A `Comp` with a `Value` for each part."""
        parts = value if isinstance(value, list) else [value]
        values = "".join([f"<Value>{_content(component, part)}</Value>" for part in parts])
        kind = f"{self._prefix}:{component_type(component)}"
        return f'<Comp id="{component.undotted_id}" xsi:type="{kind}">{values}</Comp>'

    def dataset(self, about: Mapping[str, str], values: str) -> str:
        """What is said about it is in the namespace of structure-specific data."""
        told = "".join([f' ss:{name}="{quote(value)}"' for name, value in about.items()])
        kind = f' xsi:type="{self._prefix}:{DATASET_TYPE}"'
        return f"<message:DataSet{told}{kind}{values}>\n"

    def group(self, name: str, key: str, first: str, rest: str) -> str:
        """Its type is named as the group is."""
        return f'<Group xsi:type="{self._prefix}:{name}"{key}{first}{self.end(rest, "Group")}\n'

    def series(self, key: str, first: str, rest: str) -> str:
        """Its key and its attributes."""
        return f"<Series{key}{first}>{rest}"

    def observation(self, name: str) -> Parts:
        """The code is an XML attribute."""
        return f'<Obs {name}="', '"'

    def end(self, rest: str, name: str = "Obs") -> str:
        """An empty element where there is no `Comp`."""
        return f">{rest}</{name}>" if rest else "/>"


class GenericWording:
    """Generic messages (2.1)."""

    series_end = "</generic:Series>\n"
    alone = ("<generic:Obs><generic:ObsKey>", "</generic:ObsKey>")

    def is_first(self, component: Component, name: str) -> bool:
        """The primary measure alone: what else is a measure is written as an attribute."""
        return component.level == "measure" and name == PRIMARY_MEASURE

    def dimension(self, name: str) -> Parts:
        """A value of a key."""
        return f'<generic:Value id="{name}" value="', '"/>'

    def value(self, component: Component, name: str) -> Parts:
        """The observed value, or a value among attributes."""
        if self.is_first(component, name):
            return '<generic:ObsValue value="', '"/>'
        return self.dimension(name)

    def dataset(self, about: Mapping[str, str], values: str) -> str:
        """What is said about it are plain XML attributes."""
        told = "".join([f' {name}="{quote(value)}"' for name, value in about.items()])
        return f"<message:DataSet{told}>{_attributes(values)}\n"

    def group(self, name: str, key: str, first: str, rest: str) -> str:
        """Its key and its attributes."""
        named = f"<generic:GroupKey>{key}</generic:GroupKey>{_attributes(first + rest)}"
        return f'<generic:Group type="{name}">{named}</generic:Group>\n'

    def series(self, key: str, first: str, rest: str) -> str:
        """Its key and its attributes."""
        named = f"<generic:SeriesKey>{key}</generic:SeriesKey>"
        return f"<generic:Series>{named}{_attributes(first + rest)}"

    def observation(self, name: str) -> Parts:
        """The dimension is named in the header."""
        return '<generic:Obs><generic:ObsDimension value="', '"/>'

    def end(self, rest: str) -> str:
        """The attributes, where there are any."""
        return f"{_attributes(rest)}</generic:Obs>"


def _attributes(values: str) -> str:
    return f"<generic:Attributes>{values}</generic:Attributes>" if values else ""


def _content(component: Component, part: Any) -> str:  # noqa: ANN401
    """One value of a `Comp`: texts with their languages, or plain."""
    if isinstance(part, Mapping):
        return "".join(
            [
                f'<common:Text xml:lang="{quote(language)}">{escape(text)}</common:Text>'
                for language, text in part.items()
            ]
        )
    if component.multilingual:
        return f"<common:Text>{escape(part)}</common:Text>"
    return escape(str(part))
