"""The operators that conditions may call: a few of VTL, and the closed set of this service.

Those of this service are published, with what they mean, as the user defined operators of the
shared structures; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

ArgumentKind: TypeAlias = Literal["component", "number", "text", "any"]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator and its parameters, in their order.

    Attributes:
        kinds: what each argument must be: a `component`, a `number`, a `text`, or `any`.
        code: the finding where it is not fulfilled and the rule names none.
    """

    parameters: tuple[str, ...]
    kinds: tuple[ArgumentKind, ...]
    code: str = "VIPMG-319"


VTL_FUNCTIONS: Final[Mapping[str, Operator]] = {
    "isnull": Operator(("operand",), ("any",)),
    "between": Operator(("operand", "from", "to"), ("any", "number", "number")),
    "abs": Operator(("operand",), ("any",)),
    "trunc": Operator(("operand",), ("any",)),
}
"""Functions of VTL, with its meaning."""

IN_LINE_WITH_HISTORY: Final = "in_line_with_history"
IN_LINE_WITH_PUBLISHED: Final = "in_line_with_published"
NO_GAP_BEFORE: Final = "no_gap_before"
HAS_ENDED: Final = "has_ended"
DIFFERS_FROM_FLOW: Final = "differs_from_flow"

OPERATORS: Final[Mapping[str, Operator]] = {
    IN_LINE_WITH_HISTORY: Operator(
        ("measure", "window", "factor", "least"),
        ("component", "number", "number", "number"),
        "VIPMG-311",
    ),
    NO_GAP_BEFORE: Operator(
        ("period", "measure", "regular", "least"),
        ("component", "component", "number", "number"),
        "VIPMG-312",
    ),
    HAS_ENDED: Operator(("period",), ("component",), "VIPMG-313"),
    DIFFERS_FROM_FLOW: Operator(
        ("measure", "flow", "along", "same", "least"),
        ("component", "text", "component", "text", "number"),
        "VIPMG-314",
    ),
    IN_LINE_WITH_PUBLISHED: Operator(
        ("measure", "share", "least"), ("component", "number", "number"), "VIPMG-315"
    ),
}
"""Operators of this service: what VTL has no words for, since it needs the published state."""

CODES: Final = (
    "VIPMG-310",
    "VIPMG-311",
    "VIPMG-312",
    "VIPMG-313",
    "VIPMG-314",
    "VIPMG-315",
    "VIPMG-316",
    "VIPMG-317",
    "VIPMG-318",
    "VIPMG-319",
)
"""Codes that a rule may name in `errorcode`."""

TOTAL: Final = "VIPMG-310"
GENERAL: Final = "VIPMG-319"
