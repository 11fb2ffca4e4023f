"""The status page: one HTML document, made anew at each request, that needs nothing else.

Responsible for what an admin sees at a glance and in which order.
Must not know how it is served (``server``) or drawn (``plots``). No address of a user or contact
appears on it.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from importlib.resources import files
from typing import Final

from vestibule import __version__
from vestibule.watch import plots
from vestibule.watch.health import Finding, Health
from vestibule.watch.history import History, Sample, Step, steps

_MOST_REASONS: Final = plots.COLOURS - 1
_RECENT: Final = 31
"""Samples, five minutes, that *now* is the mean of."""


def render(jid: str, health: Health, history: History, started: float, *, day: bool) -> str:
    """Return the page, showing the last hour or the last day."""
    samples = history.day() if day else history.hour()
    parts = [
        _head(jid),
        _state(health, started),
        _tiles(history.hour()),
        _choice(day=day),
        '<div class="plots">',
        *_plots(samples),
        "</div>",
        _table(samples[-1].checks if samples else Counter()),
        "<footer>Read only, on this machine only. The same figures for machines: "
        '<a href="/metrics">/metrics</a>, <a href="/healthz">/healthz</a>, '
        '<a href="/readyz">/readyz</a>. The gate has metrics of its own in Prosody.</footer>',
        "</main></body></html>",
    ]
    return "".join(parts)


def _head(jid: str) -> str:
    style = (files("vestibule.watch") / "page.css").read_text("utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="10"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(jid)}</title><style>{style}</style></head><body><main>"
        f"<header><h1>Vestibule</h1><p>{escape(jid)} · {escape(__version__)}</p></header>"
    )


def _state(health: Health, started: float) -> str:
    findings = health.findings()
    is_ready = all(finding.is_good for finding in findings)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    up = timedelta(seconds=int(time.time() - started))
    items = "".join(map(_item, findings))
    return (
        f'<section class="state {"good" if is_ready else "bad"}">'
        f"<h2>{'Everything works' if is_ready else 'Something needs you'}</h2>"
        f"<p>{now} · up for {up}</p><ul>{items}</ul></section>"
    )


def _item(finding: Finding) -> str:
    mark = "✓" if finding.is_good else "✗"
    kind = "good" if finding.is_good else "bad"
    return f'<li class="{kind}"><b>{mark}</b> {escape(finding.name)} {escape(finding.text)}</li>'


def _tiles(samples: Sequence[Sample]) -> str:
    recent = list(steps(samples[-_RECENT:], 1))
    latest = samples[-1] if samples else None
    sizes = latest.sizes if latest else {}
    rate = sum(recent[0].per_minute(0).values()) if recent else 0.0
    slow = recent[0].percentile(0.99) if recent else None
    tiles = [
        ("Checks a minute", plots.short(rate)),
        ("99 % answered within", "–" if slow is None else _seconds(slow)),
        ("Requests waiting", plots.short(sizes.get("requests", 0))),
        ("Messages held", plots.short(sizes.get("held_messages", 0))),
        ("Held on disk", plots.short(sizes.get("held_bytes", 0)) + "B"),
        ("Queued in the component", plots.short(latest.queue if latest else 0)),
        ("Not yet done by gates", plots.short(sizes.get("acts", 0))),
    ]
    return (
        '<section class="tiles">'
        + "".join(f"<div><b>{escape(value)}</b><span>{name}</span></div>" for name, value in tiles)
        + "</section>"
    )


def _choice(*, day: bool) -> str:
    hour_class, day_class = ("", " class=on") if day else (" class=on", "")
    return (
        f'<nav><a href="/"{hour_class}>last hour</a><a href="/?day"{day_class}>last day</a>'
        "<span>Times are in UTC.</span></nav>"
    )


def _plots(samples: Sequence[Sample]) -> list[str]:
    taken = list(steps(samples))
    moments = [step.at for step in taken]
    at = [sample.at for sample in samples]
    return [
        plots.layers("Decisions a minute, by reason", moments, _by_label(taken, 2)),
        plots.layers("Decisions a minute, by verdict", moments, _by_label(taken, 1)),
        plots.lines(
            "Time to answer a batch of checks",
            moments,
            [
                plots.Series("half of them", 0, [step.percentile(0.5) for step in taken]),
                plots.Series("99 %", 1, [step.percentile(0.99) for step in taken]),
            ],
            number=_seconds,
        ),
        plots.lines(
            "What waits for users",
            at,
            [_size(samples, "requests", 0), _size(samples, "held_messages", 1, "held messages")],
        ),
        plots.lines("Held on disk", at, [_size(samples, "held_bytes", 2, "bytes")], "B"),
        plots.lines(
            "What waits for the component or Prosody",
            at,
            [
                plots.Series("queued", 0, [sample.queue for sample in samples]),
                _size(samples, "acts", 1, "acts"),
                _size(samples, "letters", 2),
            ],
        ),
    ]


def _by_label(taken: Sequence[Step], label: int) -> list[plots.Series]:
    """Return a series for each reason or verdict; the rarest share the last colour."""
    rates = [step.per_minute(label) for step in taken]
    totals: Counter[str] = Counter()
    for rate in rates:
        totals.update(rate)
    shown = sorted(name for name, _ in totals.most_common(_MOST_REASONS))
    series = [
        plots.Series(name, colour, [rate.get(name, 0.0) for rate in rates])
        for colour, name in enumerate(shown)
    ]
    if len(totals) > len(shown):
        rest = [sum(v for n, v in rate.items() if n not in shown) for rate in rates]
        series.append(plots.Series("others", plots.COLOURS - 1, rest))
    return series


def _size(samples: Sequence[Sample], key: str, colour: int, name: str = "") -> plots.Series:
    return plots.Series(name or key, colour, [sample.sizes[key] for sample in samples])


def _seconds(value: float) -> str:
    return f"{value:.2g} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def _table(checks: Counter[tuple[str, str, str]]) -> str:
    rows = "".join(
        f"<tr><td>{kind}<td>{verdict}<td>{reason}<td class=n>{count:,}</tr>"
        for (kind, verdict, reason), count in checks.most_common()
    )
    rows = rows or "<tr><td colspan=4>none yet</td></tr>"
    return (
        "<section><h2>Decisions since the start</h2><table><thead><tr><th>Attempt<th>Verdict"
        f"<th>Reason<th class=n>Count</tr></thead><tbody>{rows}</tbody></table></section>"
    )
