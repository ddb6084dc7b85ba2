"""Structure maps of SDMX 3.0, run: national words in, the shared structure out.

    compiled = compile_map(artefacts, artefact)   # raises InvalidArtefactError
    for batch in reader.batches():
        mapped = compiled.apply(batch)            # Batch of the target, or None
    compiled.coverage                             # rows taken, values without counterpart
    compiled.document()                           # the same as JSON

`compile_map(artefacts: ArtefactSet, artefact: Artefact, *, finds_collisions=False) -> CompiledMap`.
A `CompiledMap` is for one message: it counts what it does. `apply(batch) -> Batch | None` gives the
rows that the map takes, under their own numbers and action, with `kind` and `structure` of the
target; rows that it leaves out, or has no counterpart for, are not among them and are counted in
`coverage` (`taken`, `left_out`, `unmapped`, `untaken(...)`, `findings()`, and `collisions` where
`finds_collisions` asked for them). `origins` names the source components of each target component.
`source`, `target` and `urn` are URNs, `source_flow` and `target_flow` the resolved structures.

`harmonising.Harmonising` runs the maps of one message and tells its findings in the words of the
sender; it stands between the reader and the validator. Work is done on the distinct values of
columns, not row by row (`steps`). The codes of findings are constants of `coverage`.
"""

from __future__ import annotations

from app.sdmx.mapping.compiled import CompiledMap
from app.sdmx.mapping.compiling import compile_map
from app.sdmx.mapping.coverage import Coverage

__all__ = ["CompiledMap", "Coverage", "compile_map"]
