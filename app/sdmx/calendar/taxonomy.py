"""What each country owes, as an SDMX reporting taxonomy: a category for each data provider."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.sdmx.calendar.duties import Duty
from app.sdmx.components import Names

TAXONOMY: Final = ("VIPMG", "RT_OWED", "1.0.0")
"""Agency, id and version of the taxonomy that is published with the shared structures."""

NAMES: Final = {
    "en": "What is owed by whom",
    "es": "Qué debe informar quién",
}
DESCRIPTIONS: Final = {
    "en": "By country and data provider, the dataflows that are reported regularly under "
    "provision agreements with a due rule. The calendar tells the days.",
    "es": "Por país y proveedor de datos, los flujos de datos que se informan con regularidad "
    "según convenios con una regla de plazo. El calendario indica los días.",
}
COMPILERS: Final = {"en": "International compilers", "es": "Compiladores internacionales"}


def country_of(provider: str) -> str:
    """The country of a data provider, with whose code its id begins; `INT` of a compiler."""
    return provider.partition("_")[0]


def taxonomy_document(
    duties: Iterable[Duty], providers: Mapping[str, Names], countries: Mapping[str, Names]
) -> dict[str, Any]:
    """The taxonomy as a document of SDMX-JSON.

    Args:
        duties: of all agreements.
        providers: names of the data providers.
        countries: names of their countries.
    """
    owed: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for duty in duties:
        owed[country_of(duty.provider)][duty.provider].add(duty.dataflow)
    agency, own_id, version = TAXONOMY
    return {
        "id": own_id,
        "agencyID": agency,
        "version": version,
        **named(NAMES),
        "description": DESCRIPTIONS["en"],
        "descriptions": DESCRIPTIONS,
        "reportingCategories": [
            {
                "id": country,
                **named(countries.get(country) or {"en": country}),
                "reportingCategories": [
                    {
                        "id": provider,
                        **named(providers.get(provider) or {"en": provider}),
                        "provisioningMetadata": sorted(flows),
                    }
                    for provider, flows in sorted(of_country.items())
                ],
            }
            for country, of_country in sorted(owed.items())
        ],
    }


def named(names: Names) -> dict[str, Any]:
    """`name` and `names` of an object, in English and Spanish where there are these."""
    kept = {language: names[language] for language in ("en", "es") if language in names}
    kept = kept or dict(names)
    return {"name": next(iter(kept.values())), "names": kept}
