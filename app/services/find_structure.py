"""Finding the artefact that the rows of a file name as their structure."""

from __future__ import annotations

from app.errors import VipmgError
from app.sdmx.artefacts import Artefact
from app.store.catalogue import Catalogue


def find_structure(catalogue: Catalogue, kind: str, structure: str) -> Artefact | None:
    """What rows name as their structure; nothing where there is no such artefact."""
    artefact_class = {
        "dataflow": "datastructure.Dataflow",
        "datastructure": "datastructure.DataStructure",
        "dataprovision": "registry.ProvisionAgreement",
    }[kind]
    named = structure if structure.endswith(")") else f"{structure}(*)"
    try:
        return catalogue.snapshot.artefacts.resolve(
            f"urn:sdmx:org.sdmx.infomodel.{artefact_class}={named}"
        )
    except VipmgError:
        return None
