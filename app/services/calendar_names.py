"""Names of data providers, countries and dataflows, as calendars and scorecards tell them."""

from __future__ import annotations

from dataclasses import dataclass

from app.sdmx.calendar.taxonomy import COMPILERS, country_of
from app.sdmx.components import Names, names_of
from app.sheets.template_texts import name_in
from app.store.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class CalendarNames:
    """Names by code, in all languages that there are."""

    providers: dict[str, Names]
    countries: dict[str, Names]
    dataflows: dict[str, Names]

    def provider(self, code: str, language: str) -> str:
        """The name of a data provider; its code where there is none."""
        return name_in(self.providers.get(code, {}), language) or code

    def country(self, code: str, language: str) -> str:
        """The name of a country."""
        return name_in(self.countries.get(code, {}), language) or code

    def dataflow(self, urn: str, language: str) -> str:
        """The name of a dataflow."""
        return name_in(self.dataflows.get(urn, {}), language) or urn.rpartition("=")[2]


def calendar_names(catalogue: Catalogue) -> CalendarNames:
    """The names of all that have an agreement; countries as the list of areas calls them."""
    artefacts = catalogue.snapshot.artefacts
    agreements = catalogue.agreements.values()
    wanted = {country_of(one.provider) for one in agreements}
    countries: dict[str, Names] = {"INT": COMPILERS}
    flows: dict[str, Names] = {}
    for urn in dict.fromkeys(one.dataflow_urn for one in agreements):
        flow = catalogue.find_flow(urn)
        if flow is None:
            continue
        flows[urn] = flow.names
        area = flow.find("REF_AREA")
        codes = (area.codes if area is not None else None) or {}
        countries.update(
            (code, codes[code].names) for code in wanted - countries.keys() if code in codes
        )
    providers = {
        item["id"]: names_of(item)
        for scheme in artefacts.of_class("DataProviderScheme")
        for item in scheme.document.get("dataProviders", ())
    }
    return CalendarNames(providers, countries, flows)
