"""Processes in SDMX-ML of every version."""

from __future__ import annotations

from app.sdmx.messages.structure_kinds import ID
from app.sdmx.messages.structure_ml_parts import Child, Children, Texts
from app.sdmx.messages.structure_ml_table import Attribute, Collection, Lines, Part, Shape


def process_collection(
    maintainable: Lines,
    nameable: Lines,
    identifiable: Lines,
    annotations: Part,
    *,
    object_reference: Part,
    target_step: Part,
) -> Collection:
    """Make the collection of a version.

    Args:
        maintainable: the lines of a maintainable object.
        nameable: those of a nameable one.
        identifiable: those of an identifiable one.
        annotations: how annotations stand.
        object_reference: what goes into a step or comes out of it.
        target_step: the step that a transition leads to.
    """
    in_or_out = Shape(Attribute("localID", kind=ID), annotations, object_reference)
    computation = Shape(
        Attribute("localID", kind=ID),
        Attribute("softwarePackage"),
        Attribute("softwareLanguage"),
        Attribute("softwareVersion"),
        annotations,
        Texts("description", "descriptions", "com:Description", required=True),
    )
    transition = Shape(
        *identifiable,
        Attribute("localID", kind=ID),
        target_step,
        Texts("condition", "conditions", "str:Condition", required=True),
    )
    step: Shape = Shape(
        *nameable,
        Children("inputs", "str:Input", in_or_out),
        Children("outputs", "str:Output", in_or_out),
        Child("computation", "str:Computation", computation),
        Children("transitions", "str:Transition", transition),
        Children("processSteps", "str:ProcessStep", lambda: step),
    )
    process = Shape(*maintainable, Children("processSteps", "str:ProcessStep", step))
    return Collection("processes", "str:Processes", "str:Process", process)
