"""The page that shows what was measured: tables between markers of ``performance.md``, raw figures as JSON."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "explanation" / "performance.md"
PICTURES: Final = PAGE.parent / "pictures"
RESULTS: Final = ROOT / "benchmarks" / "results"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown: the first column to the left, the others to the right."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(name: str, text: str, where: Path = PAGE) -> None:
    """Put a text between the markers of this name on a page, in place of what stood there."""
    page = where.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    if not rest or end not in rest:
        raise SystemExit(f"{where.name} must have the markers {begin.strip()} and {end}")
    where.write_text(f"{before}{begin}{text}\n{end}{after}", encoding="utf-8")


def keep(name: str, figures: object) -> None:
    """Write raw figures as JSON under ``benchmarks/results``."""
    RESULTS.mkdir(exist_ok=True)
    encoded = msgspec.json.encode({"machine": machine(), "figures": figures})
    (RESULTS / f"{name}.json").write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")


def machine() -> dict[str, str]:
    """Return what class of machine this is; nothing that tells whose."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "processor": model,
        "system": f"{platform.system()} on {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def machine_line() -> str:
    """Return the class of machine as a sentence."""
    here = machine()
    return f"Measured on {here['processor']}, {here['system']}, {here['python']}, one core."


def short(figure: float) -> str:
    """Return a count with a unit: 3.1 M, 613 k, 279."""
    for unit, size in ((" M", 1e6), (" k", 1e3)):
        if figure >= size:
            scaled = figure / size
            return f"{scaled:.2f}{unit}" if scaled < 10 else f"{scaled:.0f}{unit}"
    return f"{figure:.0f}"
