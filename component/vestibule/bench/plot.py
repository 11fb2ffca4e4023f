"""Line charts as SVG, small enough to need no library.

Responsible for axes, lines and a legend that can be read in light and dark surroundings.

Must not know what is drawn.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

_WIDTH: Final = 760
_HEIGHT: Final = 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 24, 52, 62
_COLOURS: Final = ("#4e79a7", "#e15759", "#59a14f", "#b07aa1", "#f28e2b", "#76b7b2")
_TICKS: Final = 6


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a chart."""

    label: str
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places on the paper."""

    axis: Axis
    least: float
    greatest: float
    start: float
    end: float

    def place(self, value: float) -> float:
        low, high, here = (self._turned(v) for v in (self.least, self.greatest, value))
        return self.start + (here - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> Iterator[float]:
        if self.axis.is_log:
            for power in range(floor(log10(self.least)), ceil(log10(self.greatest)) + 1):
                for factor in (1, 2, 5):
                    if self.least <= factor * 10.0**power <= self.greatest:
                        yield factor * 10.0**power
            return
        step = _round_step((self.greatest - self.least) / _TICKS)
        for number in range(ceil(self.least / step), floor(self.greatest / step) + 1):
            yield number * step

    def _turned(self, value: float) -> float:
        return log10(value) if self.axis.is_log else value


def chart(title: str, x: Axis, y: Axis, lines: Mapping[str, Points]) -> str:
    """Return the chart as the text of an SVG file."""
    points = [point for line in lines.values() for point in line]
    across = _scale(x, [point[0] for point in points], _LEFT, _WIDTH - _RIGHT)
    up = _scale(y, [point[1] for point in points], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13" fill="#222">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_grid(across, up),
        *_lines(across, up, lines),
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 14}" text-anchor="middle">'
        f"{escape(x.label)}</text>",
        f'<text transform="translate(18 {(_TOP + _HEIGHT - _BOTTOM) / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(y.label)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _scale(axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
    if axis.is_log:
        return _Scale(axis, min(values) / 1.2, max(values) * 1.2, start, end)
    return _Scale(axis, 0.0, max(values) * 1.05 or 1.0, start, end)


def _grid(across: _Scale, up: _Scale) -> Iterator[str]:
    for value in across.ticks():
        place = across.place(value)
        yield _line(place, up.start, place, up.end)
        yield (
            f'<text x="{place:.1f}" y="{up.start + 20}" text-anchor="middle">{_said(value)}</text>'
        )
    for value in up.ticks():
        place = up.place(value)
        yield _line(across.start, place, across.end, place)
        yield (
            f'<text x="{across.start - 8}" y="{place + 4:.1f}" text-anchor="end">'
            f"{_said(value)}</text>"
        )


def _lines(across: _Scale, up: _Scale, lines: Mapping[str, Points]) -> Iterator[str]:
    for place, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        spots = [(across.place(x), up.place(y)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in spots:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
        left, top = across.start + 14, up.end + 18 + 20 * place
        yield f'<rect x="{left}" y="{top - 10}" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{left + 20}" y="{top}">{escape(name)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#ddd"/>'


def _round_step(step: float) -> float:
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step)


def _said(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 10 else f"{value:g}"
