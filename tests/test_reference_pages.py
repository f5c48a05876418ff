"""The reference says what the code says: pages made from it are current, and every public name is on some page."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import msgspec
import pytest
from docs.generate import COMMAND_MODULES, EVENT_MODULES, LIVES, pages, transitions, words_of

import ccroute
from ccroute.commands import COMMANDS
from ccroute.core.table import CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE
from ccroute.events import EVENTS
from ccroute.types import RefusalReason, Rule, SelectKey
from tests.test_architecture import FLOORS

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
MADE = pages()
WITHIN = {
    # of the core, never met: further memory than what is configured, ends of ranges, steps of searches
    "STORE_MAX",
    "TIME_MAX",
    "SELECT_KEYS_MAX",
    "PASSED_MAX",
}


def text_of(name: str) -> str:
    """Return the text of a reference page."""
    return (REFERENCE / name).read_text()


def section_of(page: str, name: str) -> str:
    """Return the section of a page whose heading is a name."""
    (section,) = re.findall(rf"^## `{name}`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return str(section)


@pytest.mark.parametrize("path", MADE, ids=str)
def test_page_is_what_the_source_makes(path: Path) -> None:
    assert (ROOT / path).read_text() == MADE[path], "run: python -m docs.generate"


def test_no_picture_is_left_over() -> None:
    assert {path.relative_to(ROOT) for path in REFERENCE.rglob("*.svg")} == {
        path for path in MADE if path.suffix == ".svg"
    }


@pytest.mark.parametrize(
    ("page", "struct"),
    [("commands.md", one) for one in COMMANDS] + [("events.md", one) for one in EVENTS],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_command_and_event_has_its_section_with_tag_and_fields(page: str, struct: type[msgspec.Struct]) -> None:
    text = text_of(page)
    section = section_of(text, struct.__name__)
    own = struct.__struct_fields__[len(struct.__mro__[1].__struct_fields__) :]
    assert f'"type": "{struct.__struct_config__.tag}"' in section
    shown = [row.split("`")[1] for row in section.splitlines() if row.startswith("| `")]
    assert sorted(shown) == sorted(own)
    assert all(f"| `{name}` |" in text for name in struct.__mro__[1].__struct_fields__)


@pytest.mark.parametrize(
    "module",
    [
        *COMMAND_MODULES,
        *EVENT_MODULES,
        "types.py",
        "engine/statuses.py",
        "engine/missed.py",
        "engine/positions.py",
        "engine/explain.py",
        "engine/decisions.py",
    ],
)
def test_every_class_field_and_member_says_what_it_is(module: str) -> None:
    _, words = words_of(module)
    silent = [name for name, word in words.items() if not word.text]
    silent += [f"{name}.{one.name}" for name, word in words.items() for one in word.members if not one.text]
    assert silent == []


def test_every_reason_rule_and_key_is_on_the_page_of_closed_sets() -> None:
    text = text_of("types.md")
    for closed_set in (RefusalReason, Rule, SelectKey):
        section = section_of(text, closed_set.__name__)
        assert re.findall(r"^\| `\w+` \| `(\w+)` \|", section, re.MULTILINE) == [one.value for one in closed_set]


def test_every_reason_and_rule_is_in_the_routing_rules() -> None:
    text = text_of("routing.md")
    assert [reason.value for reason in RefusalReason if f"`{reason.value}`" not in text] == []
    rules = re.findall(r"^\| `(\w+)` \| ", text.split("## 2 ")[1].split("## 3 ")[0], re.MULTILINE)
    assert rules == [rule.value for rule in Rule]


def test_every_public_name_is_in_the_reference() -> None:
    text = "\n".join(page.read_text() for page in sorted(REFERENCE.glob("*.md")))
    assert [name for name in ccroute.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_every_method_of_the_engine_has_its_section() -> None:
    text = text_of("engine.md")
    public = [name for name in vars(ccroute.Engine) if not name.startswith("_")]
    assert [name for name in public if f"## `{name}`" not in text] == []


def test_every_move_of_the_tables_is_drawn() -> None:
    tables = (CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE)
    assert [table for table, _, _ in LIVES.values()] == list(tables)
    for name, (table, layout, _) in LIVES.items():
        picture = MADE[Path("docs") / "reference" / "states" / f"{name}.svg"]
        for begin, end, command in transitions(table, layout):
            assert f">{begin}</text>" in picture
            assert f">{end}</text>" in picture
            assert f">{command}</text>" in picture


def test_the_floors_of_the_design_page_are_those_of_the_house() -> None:
    page = (ROOT / "docs" / "explanation" / "design.md").read_text()
    rows = re.findall(r"^\| \d+ \| (.*?) \|", page.split("## Floors")[1].split("## ")[0], re.MULTILINE)
    told = [tuple(re.findall(r"`(\w+)`", row)) for row in rows]
    source = ROOT / "src" / "ccroute"
    rooms = {"examples"} | {path.stem for path in source.iterdir() if not path.stem.startswith("_")}
    assert told == [kept for floor in FLOORS if (kept := tuple(room for room in floor if room in rooms))]


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    others = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"index.md"}
    assert {page for page in others if f"({page})" not in index} == set()


def _limits_of(path: Path) -> list[str]:
    """Return the names of the limits that a source file states; what begins with an underscore is its own affair."""
    stated = r"^([A-Z][A-Z_]*_MAX): Final\b" if path.suffix == ".py" else r"^    ((?!REASON_|WHY_)[A-Z][A-Z_]*_MAX) = "
    return re.findall(stated, path.read_text(), re.MULTILINE)


LIMITS = [
    (path.relative_to(ROOT / "src"), name)
    for path in sorted((ROOT / "src" / "ccroute").rglob("*.p*"))
    if path.suffix in {".py", ".pyx", ".pxd"} and path.parent.name != "bench"
    for name in _limits_of(path)
    if name not in WITHIN
]


@pytest.mark.parametrize(("path", "name"), LIMITS, ids=str)
def test_every_limit_is_told_with_its_figure(path: Path, name: str) -> None:
    rows = [row for row in text_of("limits.md").splitlines() if f"| `{name}` |" in row]
    assert rows, f"{path}: {name} is not on the page of limits"
    if path.suffix == ".py":
        limit = getattr(importlib.import_module(".".join(path.with_suffix("").parts)), name)
    else:
        limit = int(re.findall(rf"^    {name} = (\d+)", (ROOT / "src" / path).read_text(), re.MULTILINE)[0])
    shown = str(limit) if name == "YEAR_MAX" else f"{limit:,}".replace(",", " ")
    assert any(f"| {shown} |" in row for row in rows), f"{name} is {limit}"
