"""The traces in ciw, which knows no skills: every agent can take every contact, VIPs come first."""

from __future__ import annotations

import ciw  # type: ignore[import-untyped]  # it has no stubs

from benchmarks.traces import Trace

_US_PER_S = 1e6


def route(trace: Trace) -> list[tuple[int, int]]:
    """Return (0, start) per contact; ciw's servers are not told apart by what they can, so agents are not reported."""
    classes = [name for vip, name in ((1, "vip"), (0, "normal")) if any(row[2] == vip for row in trace.rows)]
    rows = {name: [row for row in trace.rows if row[2] == (name == "vip")] for name in classes}
    network = ciw.create_network(
        arrival_distributions={name: [ciw.dists.Sequential([*_gaps_s(rows[name]), float("inf")])] for name in classes},
        service_distributions={
            name: [ciw.dists.Sequential([row[3] / _US_PER_S for row in rows[name]])] for name in classes
        },
        priority_classes={name: at for at, name in enumerate(classes)},
        number_of_servers=[len(trace.agents)],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(len(trace.rows), method="Finish")
    records = sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)
    return [(0, round(record.service_start_date * _US_PER_S)) for record in records]


def _gaps_s(rows: list[tuple[int, int, int, int, int]]) -> list[float]:
    """Return the seconds between one arrival and the next."""
    arrivals_us = [row[0] for row in rows]
    return [(at_us - before_us) / _US_PER_S for before_us, at_us in zip([0, *arrivals_us], arrivals_us, strict=False)]
