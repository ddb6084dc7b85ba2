"""How far two series are apart, in floating point: enough to rank very many of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.periods import canonical_period, move_period
from app.sdmx.mirrors.values import OfYears, read_values
from app.sdmx.series import TIME

Passes: TypeAlias = Callable[[str], bool]
Numbers: TypeAlias = dict[str, float]


class Disagreement(NamedTuple):
    """Over the periods that both sides have.

    Attributes:
        asymmetry: mean of 2|a-b|/(a+b) where it is defined, -1 where it is nowhere.
        gaps: the gaps of the periods, added up without their signs.
    """

    asymmetry: float
    gaps: float
    left_sum: float
    right_sum: float
    periods: int


def numbers_of(
    one: SideSeries, measure: str, of_years: OfYears | None, passes: Passes | None
) -> Numbers:
    """The values of a series and those behind it, in their plain unit, in the order of periods."""
    if one.parts or one.behind is not None or of_years is not None:
        values = read_values(one, measure, of_years)
        scale = 10.0**values.multiplier
        found = {period: float(text) * scale for period, text in values.texts.items()}
    else:
        document = one.document()
        times, texts = document[TIME], document.get(measure)
        if not isinstance(texts, list):
            texts = [texts] * len(times)
        if times and len(times[0]) > 5 and times[0][5].isalpha():
            times = map(canonical_period, times)
        found = {
            time: float(text) for time, text in zip(times, texts, strict=True) if text is not None
        }
        multiplier = one.multiplier(document)
        if multiplier:
            found = {time: value * 10.0**multiplier for time, value in found.items()}
    if passes is not None:
        return {period: value for period, value in found.items() if passes(period)}
    return found


def moved(values: Mapping[str, float], lag: int) -> Numbers:
    """The values under the periods of the left side, which are that many earlier."""
    earlier = ((move_period(period, -lag), value) for period, value in values.items())
    return {period: value for period, value in earlier if period is not None}


def disagreement(left: Mapping[str, float], right: Mapping[str, float]) -> Disagreement:
    """How far two sides are apart, period by period."""
    periods = defined = 0
    asymmetries = gaps = left_sum = right_sum = 0.0
    for period, a in left.items():
        b = right.get(period)
        if b is None:
            continue
        periods += 1
        left_sum += a
        right_sum += b
        gap = abs(a - b)
        gaps += gap
        if a >= 0 and b >= 0 and a + b > 0:
            defined += 1
            asymmetries += 2 * gap / (a + b)
    mean = asymmetries / defined if defined else -1.0
    return Disagreement(mean, gaps, left_sum, right_sum, periods)
