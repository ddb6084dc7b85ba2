"""The duties of all agreements, and the agreements of which no day can be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import InvalidArtefactError
from app.sdmx.calendar.duties import Duty, Reason, duty_of
from app.sdmx.terms_sets import stem_of
from app.services.derive.publish_derived import PROVIDER
from app.services.send_nil_return import reported_frequencies
from app.store.catalogue import Catalogue, StoredAgreement


@dataclass(slots=True)
class Duties:
    """Duties by the number of their agreement, and why others have none."""

    dated: dict[int, Duty] = field(default_factory=dict)
    undated: dict[int, Reason] = field(default_factory=dict)


def calendar_duties(catalogue: Catalogue, entered: Mapping[str, dt.date], today: dt.date) -> Duties:
    """The duties of the agreements; what the exchange computes itself is owed by nobody.

    Args:
        catalogue: with the agreements and their terms.
        entered: the day on which each agreement came, by its URN up to the version.
        today: the day on which one came whose day is not known.
    """
    found = Duties()
    for number, stored in catalogue.agreements.items():
        if stored.provider == PROVIDER:
            continue
        duty = _duty(catalogue, stored, entered.get(stem_of(stored.urn), today))
        if isinstance(duty, Duty):
            found.dated[number] = duty
        else:
            found.undated[number] = duty
    return found


def _duty(catalogue: Catalogue, stored: StoredAgreement, entered: dt.date) -> Duty | Reason:
    try:
        terms = catalogue.terms(stored.urn)
        frequencies = reported_frequencies(catalogue, stored)
        return duty_of(terms, stored.dataflow_urn, frequencies, entered)
    except InvalidArtefactError:
        # A structure that cannot be resolved is logged where it is resolved.
        return "NO_FREQUENCY"
