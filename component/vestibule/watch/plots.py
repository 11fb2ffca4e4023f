"""Plots as SVG, for a page without scripts.

Responsible for scales, axes, legends and shapes.
Must not know what is plotted.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final

_WIDTH: Final = 520
"""About as wide as it is shown, so that letters keep their size."""

_HEIGHT: Final = 190
_LEFT: Final = 48
_RIGHT: Final = 8
_TOP: Final = 8
_BOTTOM: Final = 24
_SHORT: Final = 900
"""Seconds below which the axis shows seconds."""
COLOURS: Final = 9
"""Classes ``c0`` to ``c8`` of the page's style; the last is for all the rest."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line or layer: a name, a colour's number, a value for each moment (None: a gap)."""

    name: str
    colour: int
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _Scale:
    start: float
    end: float
    top: float

    def x(self, at: float) -> float:
        share = (at - self.start) / ((self.end - self.start) or 1)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - value / self.top * (_HEIGHT - _TOP - _BOTTOM)


def layers(title: str, moments: Sequence[float], series: Sequence[Series], unit: str = "") -> str:
    """Draw values that add up, one on top of the other."""
    total = [sum(one.values[i] or 0 for one in series) for i in range(len(moments))]
    if len(moments) < 2:
        return _figure(title, series, _empty())
    scale = _scale(moments, total)
    below, shapes = [0.0] * len(moments), []
    for one in series:
        above = [low + (value or 0) for low, value in zip(below, one.values, strict=True)]
        edge = [*zip(moments, above, strict=True), *reversed([*zip(moments, below, strict=True)])]
        points = " ".join(f"{scale.x(at):.1f},{scale.y(value):.1f}" for at, value in edge)
        shapes.append(f'<polygon class="f{one.colour}" points="{points}"/>')
        below = above
    return _figure(title, series, _axes(scale, unit) + "".join(shapes))


def lines(
    title: str,
    moments: Sequence[float],
    series: Sequence[Series],
    unit: str = "",
    number: Callable[[float], str] | None = None,
) -> str:
    """Draw values each by its own line."""
    if len(moments) < 2:
        return _figure(title, series, _empty())
    scale = _scale(moments, [value for one in series for value in one.values if value is not None])
    shapes = [
        f'<path class="s{one.colour}" d="{_path(scale, moments, one.values)}"/>' for one in series
    ]
    return _figure(title, series, _axes(scale, unit, number or short) + "".join(shapes))


def short(value: float) -> str:
    """Return a number as an axis shows it."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _scale(moments: Sequence[float], values: Iterable[float]) -> _Scale:
    return _Scale(moments[0], moments[-1], _round_up(max(values, default=0)))


def _round_up(value: float) -> float:
    """Return the next number that four equal steps lead to readably."""
    if value <= 0:
        return 4.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 2, 4, 6, 8, 10) if step * size >= value)


def _path(scale: _Scale, moments: Sequence[float], values: Sequence[float | None]) -> str:
    parts, is_down = [], False
    for at, value in zip(moments, values, strict=True):
        if value is not None:
            parts.append(f"{'L' if is_down else 'M'}{scale.x(at):.1f} {scale.y(value):.1f}")
            if not is_down:
                parts.append("h0.1")  # a moment alone is a dot
        is_down = value is not None
    return "".join(parts)


def _axes(scale: _Scale, unit: str, number: Callable[[float], str] = short) -> str:
    parts = []
    for step in range(5):
        value = scale.top * step / 4
        y = scale.y(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        label = escape(f"{number(value)}{unit}")
        parts.append(f'<text class="y" x="{_LEFT - 6}" y="{y + 4:.1f}">{label}</text>')
    clock = "%H:%M" if scale.end - scale.start > _SHORT else "%H:%M:%S"
    for step in range(5):
        at = scale.start + (scale.end - scale.start) * step / 4
        anchor = ("start", "middle", "middle", "middle", "end")[step]
        text = datetime.fromtimestamp(at, UTC).strftime(clock)
        parts.append(
            f'<text style="text-anchor:{anchor}" x="{scale.x(at):.1f}" y="{_HEIGHT - 6}">'
            f"{text}</text>"
        )
    return "".join(parts)


def _empty() -> str:
    return (
        f'<text style="text-anchor:middle" x="{_WIDTH / 2}" y="{_HEIGHT / 2}">'
        "the first points appear within half a minute</text>"
    )


def _figure(title: str, series: Sequence[Series], content: str) -> str:
    legend = "".join(
        f'<span><i class="b{one.colour}"></i>{escape(one.name)}</span>' for one in series
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'{content}</svg><div class="legend">{legend}</div></figure>'
    )
