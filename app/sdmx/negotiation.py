"""Which representation, language and encoding a client gets (sdmx-rest 2.2, doc/conneg.md).

Headers are read as RFC 9110 says, the vendor types of SDMX with versions and version ranges
besides; the parameters of the extension page (`format`, `lang` ...) win over headers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.errors import NotAcceptableError, QuerySyntaxError
from app.sdmx.offers import CSV_PARAMETERS, MediaType, Offer, Offers
from app.sdmx.offers import DATA_OFFERS as DATA_OFFERS
from app.sdmx.offers import OFFERS as OFFERS
from app.sdmx.offers import STRUCTURE_OFFERS as STRUCTURE_OFFERS
from app.sdmx.query_string import decode, parameters
from app.sdmx.version import Version, VersionQuery

EXTENSION_PARAMETERS: Final = frozenset(
    {"compression", "format", "formatVersion", "keys", "labels", "lang", "timeFormat"}
)
"""Query parameters that choose the representation; queries leave them to this module."""

VARY: Final = "Accept, Accept-Encoding, Accept-Language"
"""The headers that are negotiated on, for `Vary`."""

ENCODINGS: Final = ("br", "gzip", "deflate")
"""The content codings that are offered beside `identity`, the best first."""

DEFAULT_LANGUAGES: Final = ("en", "es")
"""The order of languages for a client that states none."""

# A header is read so far: none of an honest client is longer, and answers are cached by it.
_READ_LENGTH: Final = 2048
_DRAFT: Final = "-wd"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"?'
_RANGE: Final = re.compile(rf"(?:[^,\"]|{_QUOTED})+")
_PARAMETER: Final = re.compile(rf"(?:[^;\"]|{_QUOTED})+")
_QUALITY: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LANGUAGE_RANGE: Final = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Representation:
    """The representation that a client gets.

    `labels`, `keys` and `time_format` hold their defaults where the client said nothing.
    """

    offer: Offer
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def format(self) -> str:
        """Which writer makes it."""
        return self.offer.format

    @property
    def version(self) -> str:
        """The version of the format."""
        return self.offer.version

    @property
    def labels(self) -> str:
        """What a CSV shows: `id`, `name` or `both`."""
        return dict(self.parameters).get("labels", "id")

    @property
    def keys(self) -> str:
        """Which key columns a CSV has: `none`, `obs`, `series` or `both`."""
        return dict(self.parameters).get("keys", "none")

    @property
    def time_format(self) -> str:
        """How a CSV writes time: `original` or `normalized`."""
        return dict(self.parameters).get("timeFormat", "original")

    @property
    def content_type(self) -> str:
        """The Content-Type: the vendor type, its version, and the parameters that were asked."""
        return str(MediaType(self.offer.name, self.offer.version, self.parameters))


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """The languages of a client, best first, all of them available.

    Attributes:
        order: where to look for a text, the languages that were not asked for last.
        every: whether all languages are wanted beside the best (`*`, `lang=all`).
        asked: how many of `order` the client asked for.
    """

    order: tuple[str, ...]
    every: bool = False
    asked: int = 0

    @property
    def told(self) -> tuple[str, ...]:
        """The languages that are shown where there are texts: those asked for, or the best."""
        return self.order if self.every else self.order[: max(self.asked, 1)]

    def among(self, known: Collection[str]) -> tuple[str, ...]:
        """Those of the languages shown that some texts have; else the best that they have."""
        shown = tuple(language for language in self.told if language in known)
        best = (language for language in self.order if language in known)
        return shown or (next(best, self.order[0]),)

    def pick(self, texts: Mapping[str, str]) -> str | None:
        """Give the text in the best language that it exists in, or None if there is none."""
        for language in self.order:
            if (text := texts.get(language)) is not None:
                return text
        return next(iter(texts.values()), None)


@dataclass(frozen=True, slots=True)
class Options:
    """The extension parameters of a query, None where not given."""

    format: str | None = None
    format_version: str | None = None
    lang: str | None = None
    compression: str | None = None
    csv: tuple[tuple[str, str], ...] = ()


_NO_OPTIONS: Final = Options()


def parse_options(query: str) -> Options:
    """Read the extension parameters out of a raw query string; others are left alone.

    Raises:
        QuerySyntaxError: one is given twice, or a CSV parameter has a value it cannot have.
    """
    if not any(name in query for name in EXTENSION_PARAMETERS):
        return _NO_OPTIONS
    given = {
        name: decode(raw) for name, raw in parameters(query).items() if name in EXTENSION_PARAMETERS
    }
    csv = tuple((name, given[name]) for name in CSV_PARAMETERS if name in given)
    for name, value in csv:
        if value not in CSV_PARAMETERS[name]:
            listed = ", ".join(CSV_PARAMETERS[name])
            raise QuerySyntaxError(
                f"{name} cannot be {value[:80]!r}; it is one of {listed}.",
                f"{name} no puede ser {value[:80]!r}; es uno de {listed}.",
                parameter=name,
            )
    return Options(
        format=given.get("format"),
        format_version=given.get("formatVersion"),
        lang=given.get("lang"),
        compression=given.get("compression"),
        csv=csv,
    )


def negotiate(accept: str | None, offers: Offers, options: Options = _NO_OPTIONS) -> Representation:
    """Choose a representation (sdmx-rest 2.2, doc/conneg.md; RFC 9110, 12.5.1).

    The highest quality wins, then the more specific range, then the order of the header, then
    the order of the offers. Without a version, or with `*/*`, the newest is given.

    Raises:
        NotAcceptableError: nothing that is offered is accepted; `detail` lists what is.
    """
    return _negotiate((accept or "")[:_READ_LENGTH], offers, options)


def negotiate_language(
    accept_language: str | None,
    lang: str | None = None,
    available: Sequence[str] = DEFAULT_LANGUAGES,
) -> LanguageChoice:
    """Choose languages by RFC 4647 lookup (3.4); `available` is in the order of the default.

    Raises:
        NotAcceptableError: the parameter `lang` names a language that is not available.
    """
    return _negotiate_language((accept_language or "")[:_READ_LENGTH], lang, tuple(available))


def choose_encoding(
    accept_encoding: str | None,
    compression: str | None = None,
    offered: Sequence[str] = ENCODINGS,
) -> str:
    """Choose a content coding, or `identity` (RFC 9110, 12.5.3); `offered` is best first.

    Raises:
        NotAcceptableError: the parameter `compression` names one that is not offered, or the
            header refuses every one, `identity` included.
    """
    known = (*offered, "identity")
    if compression is not None:
        if compression.lower() in known:
            return compression.lower()
        raise _no_encoding(compression, known)
    if not accept_encoding:
        return "identity"
    return _choose_encoding(accept_encoding[:_READ_LENGTH], known)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One media range of an Accept header, its name and names of parameters in lower case."""

    name: str
    parameters: Mapping[str, str]
    quality: float

    def specificity(self, offer: Offer) -> int:
        """Say how closely the range names an offer; 0: not at all."""
        if self.name in (offer.name, *offer.generic):
            version = self.parameters.get("version")
            if version is not None and not version_matches(version, offer.version):
                return 0
            if _echo(offer, self.parameters, ()) is None:
                return 0
            is_draft = version is not None and offer.version.endswith(_DRAFT)
            return (6 if self.name == offer.name else 4) + (version is not None) + is_draft
        if self.name == "*/*":
            return 1
        top_levels = {one.partition("/")[0] for one in (offer.name, *offer.generic)}
        return 2 if self.name.endswith("/*") and self.name[:-2] in top_levels else 0


_ANYTHING: Final = MediaRange("*/*", {}, 1.0)


@lru_cache(maxsize=1024)
def _negotiate(accept: str, offers: Offers, options: Options) -> Representation:
    best = _best(accept, offers, options)
    if best is None:
        raise _not_acceptable(accept, offers, options)
    return best


def _best(accept: str, offers: Offers, options: Options) -> Representation | None:
    stated = options.format is None and accept.strip()
    ranges = media_ranges(accept) if stated else [_ANYTHING]
    candidates = []
    for position, offer in enumerate(offers):
        if ranges and _is_eligible(offer, options):
            closeness, order = max(
                (one.specificity(offer), -index) for index, one in enumerate(ranges)
            )
            chosen = ranges[-order]
            echoed = _echo(offer, chosen.parameters, options.csv)
            if closeness and chosen.quality and echoed is not None:
                rank = (chosen.quality, closeness, order, -position)
                candidates.append((rank, Representation(offer, echoed)))
    return max(candidates, key=lambda candidate: candidate[0])[1] if candidates else None


def _is_eligible(offer: Offer, options: Options) -> bool:
    """Apply `format` and `formatVersion`."""
    if options.format is not None and options.format.lower() not in offer.aliases:
        return False
    version = options.format_version
    return version is None or version_matches(version, offer.version)


def version_matches(asked: str, offered: str) -> bool:
    """Tell whether a version or range (`2`, `2.0`, `2.0.0+`, `2+.0.1`) takes an offered one.

    A working draft is given to those who ask for it; where there is none, the version itself is.
    """
    asked = asked.strip().lower()
    if offered.endswith(_DRAFT) and not asked.endswith(_DRAFT):
        return False
    try:
        query = VersionQuery.parse(asked.removesuffix(_DRAFT))
    except QuerySyntaxError:
        return False
    version = Version.parse(offered)
    if query.exact is not None:
        return query.exact.core == version.core
    return query.matches(Version.parse(".".join(map(str, version.core))))


def _echo(
    offer: Offer, asked: Mapping[str, str], options: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...] | None:
    """Give the parameters to echo, or None when the offer cannot be made with them."""
    if not offer.parameters:
        return ()
    wanted = {name: asked[name.lower()] for name in CSV_PARAMETERS if name.lower() in asked}
    wanted |= dict(options)
    if any(value not in offer.parameters.get(name, ()) for name, value in wanted.items()):
        return None
    return tuple((name, wanted[name]) for name in CSV_PARAMETERS if name in wanted)


def media_ranges(accept: str) -> list[MediaRange]:
    """Read an Accept header; a range that is not well formed is passed over."""
    ranges = []
    for part in _RANGE.findall(accept[:_READ_LENGTH]):
        name, *pairs = _PARAMETER.findall(part) or [""]
        found = dict(_parameter(pair) for pair in pairs)
        quality = _quality(found.pop("q", "1"))
        if "/" in name and quality is not None:
            ranges.append(MediaRange(name.strip().lower(), found, quality))
    return ranges


def _parameter(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _quality(text: str) -> float | None:
    return float(text) if _QUALITY.fullmatch(text.strip()) else None


def _not_acceptable(accept: str, offers: Offers, options: Options) -> NotAcceptableError:
    wrong, value = _wrong_option(accept, offers, options)
    sent = f"{wrong}={value}" if wrong else value
    offered = [str(offer.media_type) for offer in offers]
    listed, known = ", ".join(offered), ""
    if wrong == "format":
        known = ", ".join(dict.fromkeys(alias for offer in offers for alias in offer.aliases))
    return NotAcceptableError(
        f"{sent[:200]!r} is not offered here. Offered: {listed}."
        + (f" Values of format: {known}." if known else ""),
        f"{sent[:200]!r} no se ofrece aquí. Se ofrece: {listed}."
        + (f" Valores de format: {known}." if known else ""),
        offered=offered,
        **({"parameter": wrong} if wrong else {}),
    )


def _wrong_option(accept: str, offers: Offers, options: Options) -> tuple[str, str]:
    """The first parameter that leaves nothing of what is offered; no name: the header does."""
    format_, version = options.format, options.format_version
    steps = [("", accept, Options())] if format_ is None else []
    if format_ is not None:
        steps.append(("format", format_, Options(format_)))
    if version is not None:
        steps.append(("formatVersion", version, Options(format_, version)))
    for count, (name, value) in enumerate(options.csv, 1):
        steps.append((name, value, Options(format_, version, csv=options.csv[:count])))
    failing = (step for step in steps if _best(accept, offers, step[2]) is None)
    return next(((name, value) for name, value, _ in failing), ("", accept))


@lru_cache(maxsize=1024)
def _negotiate_language(
    accept_language: str, lang: str | None, available: tuple[str, ...]
) -> LanguageChoice:
    if lang is not None:
        if lang.lower() in ("all", "*"):
            return LanguageChoice(available, every=True)
        found = _lookup(lang, available)
        if found is None:
            raise NotAcceptableError(
                f"There are no texts in {lang[:80]!r}; there are {', '.join(available)}, all.",
                f"No hay textos en {lang[:80]!r}; los hay en {', '.join(available)}, all.",
                offered=list(available),
            )
        return _choice((found,), available, every=False)
    ranges = _weighted(accept_language)
    wanted = [name for name, quality in ranges if quality and name != "*"]
    matched = (_lookup(name, available) for name in wanted if _LANGUAGE_RANGE.fullmatch(name))
    every = any(name == "*" and quality for name, quality in ranges)
    return _choice(tuple(one for one in matched if one is not None), available, every=every)


def _choice(wanted: tuple[str, ...], available: tuple[str, ...], *, every: bool) -> LanguageChoice:
    order = tuple(dict.fromkeys((*wanted, *available)))
    return LanguageChoice(order, every, len(set(wanted)))


def _lookup(language_range: str, available: Sequence[str]) -> str | None:
    """Find a language by leaving off subtags from the end (es-CR, es)."""
    names = {name.lower(): name for name in available}
    subtags = language_range.lower().split("-")
    while subtags:
        if (found := names.get("-".join(subtags))) is not None:
            return found
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:
            subtags.pop()
    return None


def _weighted(header: str) -> list[tuple[str, float]]:
    """Read a list of tokens with qualities, best first; what is malformed is passed over."""
    found = []
    for part in header.split(","):
        name, *pairs = (piece.strip() for piece in part.split(";"))
        quality = _quality(dict(map(_parameter, pairs)).get("q", "1"))
        if _TOKEN.fullmatch(name) and quality is not None:
            found.append((name.lower(), quality))
    return sorted(found, key=lambda one: -one[1])


@lru_cache(maxsize=1024)
def _choose_encoding(accept_encoding: str, known: tuple[str, ...]) -> str:
    asked = {name.removeprefix("x-"): quality for name, quality in _weighted(accept_encoding)}
    others = asked.get("*")
    ranked = []
    for position, name in enumerate(known):
        quality = asked.get(name, others)
        if quality is None and name == "identity":
            quality = 0.001
        if quality:
            ranked.append((quality, -position, name))
    if not ranked:
        raise _no_encoding(accept_encoding, known)
    return max(ranked)[2]


def _no_encoding(asked: str, known: tuple[str, ...]) -> NotAcceptableError:
    return NotAcceptableError(
        f"The encoding {asked[:80]!r} is not offered; offered: {', '.join(known)}.",
        f"La codificación {asked[:80]!r} no se ofrece; se ofrece: {', '.join(known)}.",
        offered=list(known),
    )
