"""What a sender asks of a file beside its bytes: the same in each of the ways in.

A switch that is misspelt must never be taken for one that is off: what was meant for practice, or
to be checked only, would be published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from fastapi import Request

from app.auth.subject import Subject
from app.errors import QuerySyntaxError
from app.services.reading_options import reading_options
from app.services.receive_submission import Upload
from app.services.undo_options import replacing_options
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

PRACTICE: Final = "practice"
"""The switch that sends a file to the practice space, where the address does not say it."""

PARAMETERS: Final = ("validate-only", "again", "agreement", "layout", "dataflow", "supersedes")
"""What all ways in take."""

_YES: Final = frozenset({"", "true", "1"})
_NO: Final = frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class SubmissionParameters:
    """The parameters of a submission.

    Attributes:
        validate_only: check it, tell what it would change, and publish nothing.
        again: take it also when the same was sent before.
        practice: it is for the practice space.
        agreement: agreement of a workbook that does not say it.
        layout: saved layout that reads the workbook.
        dataflow: dataflow of a table without the columns of SDMX-CSV.
        supersedes: submission that the file replaces whole.
    """

    validate_only: bool
    again: bool
    practice: bool
    agreement: str | None
    layout: str | None
    dataflow: str | None
    supersedes: str | None

    async def upload(
        self, pools: Pools, cache: CatalogueCache, sender: Subject, upload: Upload
    ) -> Upload:
        """An upload as these parameters want it.

        Raises:
            NotFoundError: the sender's organisation has no such agreement, layout or submission,
                or there is no such dataflow.
            NotUndoableError: what it is to replace is not published.
            QuerySyntaxError: a layout is named without its agreement, or a dataflow beside one.
        """
        options = await reading_options(
            pools,
            cache,
            sender,
            agreement=self.agreement,
            layout=self.layout,
            dataflow=self.dataflow,
        )
        if self.supersedes is not None:
            options |= await replacing_options(pools, sender, self.supersedes)
        return replace(
            upload,
            validate_only=self.validate_only,
            again=self.again,
            options={**upload.options, **options},
        )


def read_parameters(
    given: Iterable[tuple[str, str]], *, taken: Collection[str], beside: Collection[str] = ()
) -> SubmissionParameters:
    """The parameters of a submission, out of those that are taken there.

    Args:
        given: names and values, as they stand in an address or in metadata.
        taken: the names of parameters that this way in takes.
        beside: names that say something else, and are read elsewhere.

    Raises:
        QuerySyntaxError: a name that is not known, a name twice, or a switch of another value.
    """
    pairs = [(name, value) for name, value in given if name not in beside]
    refuse_unknown((name for name, _ in pairs), taken)
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)

    def text(name: str) -> str | None:
        found = values.get(name)
        return found[0] if found else None

    return SubmissionParameters(
        validate_only=read_switch("validate-only", values.get("validate-only", [])),
        again=read_switch("again", values.get("again", [])),
        practice=read_switch(PRACTICE, values.get(PRACTICE, [])),
        agreement=text("agreement"),
        layout=text("layout"),
        dataflow=text("dataflow"),
        supersedes=text("supersedes"),
    )


def read_switch(name: str, values: list[str]) -> bool:
    """Whether a switch is there without a value, or with `true`.

    Raises:
        QuerySyntaxError: it has another value, or stands twice.
    """
    said = values[0].lower() if len(values) == 1 else None
    if not values or said in _NO:
        return False
    if said in _YES:
        return True
    raise QuerySyntaxError(
        f"{name} stands once, alone or with true or false.",
        f"{name} va una sola vez, sin valor o con true o false.",
        parameter=name,
    )


def refuse_unknown(given: Iterable[str], taken: Collection[str]) -> None:
    """See that all names are known, and none stands twice.

    Raises:
        QuerySyntaxError: one is not, or does.
    """
    counts = Counter(given)
    wrong = sorted(name for name, count in counts.items() if name not in taken or count > 1)
    if not wrong:
        return
    named = ", ".join(wrong)[:200]
    listed = ", ".join(sorted(taken))
    may = (
        (f"; {listed} are, each once.", f"; se admiten {listed}, una vez cada uno.")
        if taken
        else ("; there are none.", "; no hay ninguno.")
    )
    raise QuerySyntaxError(
        f"{named!r} is no parameter here, or stands twice{may[0]} Nothing was done.",
        f"{named!r} no es un parámetro aquí, o está dos veces{may[1]} No se hizo nada.",
        parameters=[name[:100] for name in wrong[:20]],
    )


async def known_parameters(request: Request) -> None:
    """Refuse what a route does not know in its address, as a dependency of it.

    A slip in the name of a parameter would do, or answer, something else than was asked.

    Raises:
        QuerySyntaxError: a parameter that there is not, or one that stands twice.
    """
    declared = {field.alias for field in request.scope["route"].dependant.query_params}
    refuse_unknown((name for name, _ in request.query_params.multi_items()), declared)
