"""What the benchmarks print: medians, ratios, and whether what is promised holds."""

from __future__ import annotations

import statistics

Times = dict[str, list[float]]
"""Seconds of each contestant."""

broken: list[str] = []
"""The promises that did not hold in this run."""


def percentile(values: list[float], fraction: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]


def show(title: str, times: Times) -> None:
    """Print medians and 99th percentiles, with the ratios of vivo to each other one."""
    print(f"\n{title}")
    for name, values in times.items():
        median, high = statistics.median(values) * 1e3, percentile(values, 0.99) * 1e3
        print(f"  {name:10} median {median:9.2f} ms   p99 {high:9.2f} ms   n {len(values)}")
    for name, values in times.items():
        if name != "vivo" and "vivo" in times:
            ratio = statistics.median(times["vivo"]) / statistics.median(values)
            high = percentile(times["vivo"], 0.99) / percentile(values, 0.99)
            print(f"  vivo / {name}: median {ratio:.2f}, p99 {high:.2f}")


def promise_ratios(
    what: str,
    times: Times,
    limits: dict[str, float],
    fraction: float = 0.5,
) -> None:
    """Print whether vivo keeps to its limits beside other contestants: ``{name: at most}``."""
    for name, limit in limits.items():
        ratio = percentile(times["vivo"], fraction) / percentile(times[name], fraction)
        promise(f"{what}, vivo / {name}", ratio, limit)


def promise(what: str, value: float, limit: float, unit: str = "") -> None:
    """Print whether a figure keeps to its limit."""
    if value > limit:
        broken.append(what)
    verdict = "holds" if value <= limit else "DOES NOT HOLD"
    print(f"  {verdict}: {what}: {value:.2f}{unit} (at most {limit:g}{unit})")


def fastest_of(times: Times, name: str) -> float:
    """A contestant's fastest run, in milliseconds: what else the machine does only adds to it."""
    return min(times[name]) * 1e3


def median_of(times: Times, name: str) -> float:
    """The median of a contestant, in milliseconds."""
    return statistics.median(times[name]) * 1e3
