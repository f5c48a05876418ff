"""Makes the reference pages that follow from the code: ``python -m docs.generate``, in the folder of the repository.

Commands, events, closed sets and the engine's methods are told by the docstrings in the source, states by the tables of
``ccroute.core.table``. A test compares the pages with what this script would write.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docs.diagram import Layout, draw

from ccroute.core.table import CONTACT_TABLE, LEG_TABLE, OFFER_TABLE, QUEUE_TABLE

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "ccroute"
REFERENCE = Path("docs") / "reference"
MADE = "<!-- Made by docs/generate.py from the source; do not edit. -->\n"

COMMAND_MODULES = tuple(
    f"commands/{name}.py" for name in ("__init__", "command", "contacts", "work", "floor", "configuration")
)
EVENT_MODULES = tuple(
    f"events/{name}.py" for name in ("__init__", "event", "contacts", "work", "rules", "floor", "commands")
)
"""The modules of commands and of events, in the order of their pages."""

Transition = tuple[str, str, str]


# ---- reading the source ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Member:
    """A field of a struct, or a member of a closed set."""

    name: str
    annotation: str
    default: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Word:
    """A class of the source: a struct or a closed set."""

    name: str
    tag: str | None
    text: str
    members: list[Member]


def words_of(*paths: str) -> tuple[str, dict[str, Word]]:
    """Return the docstring of the first of some modules and the classes of all of them by name, in order."""
    trees = [ast.parse((SOURCE / path).read_text()) for path in paths]
    classes = {node.name: _word(node) for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
    return ast.get_docstring(trees[0]) or "", classes


def _word(node: ast.ClassDef) -> Word:
    tags = [ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg == "tag"]
    text = ast.get_docstring(node) or ""
    return Word(name=node.name, tag=tags[0] if tags else None, text=text, members=list(_members(node)))


def _members(node: ast.ClassDef) -> Iterator[Member]:
    for statement, following in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        text = ""
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = " ".join(str(following.value.value).split())
        if isinstance(statement, ast.AnnAssign):
            default = None if statement.value is None else ast.unparse(statement.value)
            name = ast.unparse(statement.target)
            yield Member(name=name, annotation=ast.unparse(statement.annotation), default=default, text=text)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            name = ast.unparse(statement.targets[0])
            yield Member(name=name, annotation="", default=str(statement.value.value), text=text)


def methods_of_engine() -> Iterator[tuple[str, str]]:
    """Yield signature and docstring of everything public of Engine: from its stub and its source."""
    stub = ast.parse((SOURCE / "engine" / "engine.pyi").read_text())
    source = (SOURCE / "engine" / "engine.pyx").read_text()
    (engine,) = (node for node in stub.body if isinstance(node, ast.ClassDef))
    for node in engine.body:
        assert isinstance(node, ast.FunctionDef)
        pattern = r'cdef class Engine:\n\s*"""(.*?)"""'
        if node.name != "__init__":
            pattern = rf'    def {node.name}\([^)]*\):\n\s*"""(.*?)"""'
        match = re.search(pattern, source, re.DOTALL)
        assert match is not None, node.name
        first, _, rest = match[1].partition("\n")
        yield _signature(node), f"{first}\n{textwrap.dedent(rest)}"


def methods_of_port(port: str, called: str) -> Iterator[tuple[str, str]]:
    """Yield signature and docstring of the methods of a protocol."""
    tree = ast.parse((SOURCE / "ports.py").read_text())
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == port)
    for node in found.body:
        if isinstance(node, ast.FunctionDef):
            yield _signature(node).replace("engine.", f"{called}.", 1), ast.get_docstring(node) or ""


def function(path: str, name: str) -> tuple[str, str]:
    """Return signature and docstring of a function."""
    tree = ast.parse((SOURCE / path).read_text())
    (node,) = (one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name)
    assert node.returns is not None
    return f"{name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}", ast.get_docstring(node) or ""


def _signature(node: ast.FunctionDef) -> str:
    decorators = {ast.unparse(one) for one in node.decorator_list}
    returns = "" if node.returns is None else ast.unparse(node.returns)
    if "property" in decorators:
        return f"engine.{node.name} -> {returns}"
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    if node.name == "__init__":
        return f"Engine({arguments})"
    owner = "Engine" if "staticmethod" in decorators else "engine"
    return f"{owner}.{node.name}({arguments}) -> {returns}"


# ---- writing ---------------------------------------------------------------------------------------------------


def marked(text: str) -> str:
    """Return reStructuredText of a docstring as Markdown, on one line per paragraph."""
    text = re.sub(r":\w+:`~?(?:ccroute\.)?([^`]+)`", r"`\1`", text)
    return text.replace("``", "`")


def prose(text: str) -> str:
    """Return paragraphs of a docstring as Markdown, one sentence per line."""
    paragraphs = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        line = " ".join(marked(paragraph).split())
        paragraphs.append(re.sub(r"(?<=[.!?]) (?=[A-Z])", "\n", line))
    return "\n\n".join(paragraphs)


def cell(text: str) -> str:
    """Return text that fits a table."""
    return marked(text).replace("|", "\\|")


def fields_table(members: list[Member], *, with_default: bool) -> str:
    """Return a table of fields."""
    head = "| Field | Type | Default | Meaning |" if with_default else "| Field | Type | Meaning |"
    rows = [head, re.sub(r"[^|]+", "---", head)]
    for one in members:
        default = f"`{one.default}` | " if one.default is not None else "required | "
        rows.append(f"| `{one.name}` | `{cell(one.annotation)}` | {default if with_default else ''}{cell(one.text)} |")
    return "\n".join(rows)


def struct_section(word: Word, *, with_default: bool, level: str = "##") -> str:
    """Return the section of one struct."""
    parts = [f"{level} `{word.name}`"]
    if word.tag is not None:
        parts.append(f'`"type": "{word.tag}"`')
    parts.append(prose(word.text))
    if word.members:
        parts.append(fields_table(word.members, with_default=with_default))
    return "\n\n".join(parts)


def commands_page() -> str:
    """Return the page of commands."""
    text, words = words_of(*COMMAND_MODULES)
    shared = words.pop("Command")
    parts = [
        f"{MADE}\n# Commands",
        prose(text),
        "What each one does to contacts, offers, legs and agents, and when it is refused, is told in the "
        "[routing rules](routing.md); what is legal in which state is drawn under [states](states.md).\n"
        "`AnyCommand` is the union of all of them, for type checkers and codecs.",
        "## Fields of every command",
        f"They are those of `Command`, the base of all.\n\n{fields_table(shared.members, with_default=True)}",
        *(struct_section(word, with_default=True) for word in words.values()),
    ]
    return "\n\n".join(parts) + "\n"


def events_page() -> str:
    """Return the page of events."""
    text, words = words_of(*EVENT_MODULES)
    shared = words.pop("Event")
    parts = [
        f"{MADE}\n# Events",
        prose(text),
        "Which events a command or a timer gives, and in which order, is told in the [routing rules](routing.md).\n"
        "On the wire, a field that equals its default is left out.\n"
        "`AnyEvent` is the union of all of them, for type checkers and codecs.",
        "## Fields of every event",
        f"They are those of `Event`, the base of all.\n\n{fields_table(shared.members, with_default=False)}",
        *(struct_section(word, with_default=False) for word in words.values()),
    ]
    return "\n\n".join(parts) + "\n"


def types_page() -> str:
    """Return the page of closed sets."""
    words = words_of("types.py")[1] | words_of("engine/criteria.py")[1]
    parts = [
        f"{MADE}\n# Closed sets",
        "Each is a string enumeration, exported by `ccroute`.\n"
        'Python takes the members, as in `Presence.AWAY`; JSON and TOML take their texts, as in `"away"`.',
    ]
    for word in words.values():
        rows = ["| Member | Text | Meaning |", "|---|---|---|"]
        rows += [f"| `{one.name}` | `{one.default}` | {cell(one.text)} |" for one in word.members]
        parts.append(f"## `{word.name}`\n\n{prose(word.text)}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def engine_page() -> str:
    """Return the page of the engine and of what its queries answer."""
    answers = {
        name: word
        for module in ("statuses", "missed", "positions", "estimates")
        for name, word in words_of(f"engine/{module}.py")[1].items()
        if not name.startswith("_")
    }
    _, explained = words_of("engine/explain.py")
    _, decided = words_of("engine/decisions.py")
    _, matched = words_of("engine/matching.py")
    comparison = words_of("engine/ordering.py")[1]["Comparison"]
    parts = [
        f"{MADE}\n# The engine",
        "`Engine` is the whole surface of the package: commands and times go in, events come out, queries look at it.",
        *(_method_section(signature, text) for signature, text in methods_of_engine()),
        _method_section(*function("engine/replaying.py", "explain_decision")),
        "## What queries answer\n\nEach is a frozen struct.",
        *(
            struct_section(word, with_default=False, level="###")
            for word in [*(answers | explained | decided).values(), comparison, matched["AgentMatch"]]
        ),
    ]
    return "\n\n".join(parts) + "\n"


def figures_page() -> str:
    """Return the page of what ``Engine.statistics`` tells."""
    introduction, figures = words_of("engine/figures.py")
    _, sketches = words_of("engine/sketch.py")
    parts = [f"{MADE}\n# Figures", prose(introduction)]
    parts.append("What the figures mean, and where they come from, is told in [Statistics](statistics.md).")
    parts += [struct_section(word, with_default=False) for word in reversed(list(figures.values()))]
    parts += [struct_section(word, with_default=False) for word in sketches.values()]
    return "\n\n".join(parts) + "\n"


def timeline_page() -> str:
    """Return the page of the history's port and of what it answers."""
    introduction, words = words_of("timeline.py")
    parts = [f"{MADE}\n# What a history tells", prose(introduction)]
    parts.append("What is kept, and how, is told under [history](history.md).")
    parts += [_method_section(*one) for one in methods_of_port("HistoryStore", "history")]
    parts.append("## What it takes and answers\n\nEach is a frozen struct.")
    parts += [struct_section(word, with_default=word.name in _TAKEN, level="###") for word in words.values()]
    return "\n\n".join(parts) + "\n"


_TAKEN = ("Addition", "Message", "Note", "Recording", "SurveyAnswer", "ContactFilter")
"""Structs that a caller makes, so that their defaults matter."""


def _method_section(signature: str, text: str) -> str:
    """Return the section of one method: text, parameters, errors."""
    body, *fields = re.split(r"^\s*:(?=param |raises )", text, flags=re.MULTILINE)
    name = re.split(r"[( ]", signature)[0].split(".")[-1]
    parts = [f"## `{name}`", f"```text\n{signature}\n```", prose(body)]
    for kind, title in (("param", "Parameter"), ("raises", "Raises")):
        rows = [
            f"| `{match[1]}` | {cell(' '.join(match[2].split()))} |"
            for field in fields
            if (match := re.match(rf"{kind} (\w+):\s*(.*)", field, re.DOTALL))
        ]
        if rows:
            parts.append(
                "\n".join([f"| {title} | Meaning |" if kind == "param" else f"| {title} | When |", "|---|---|", *rows])
            )
    return "\n\n".join(parts)


# ---- states ----------------------------------------------------------------------------------------------------

CONTACT_LAYOUT = Layout(
    width=1080,
    height=640,
    places={"new": (70, 90), "queued": (320, 90), "active": (740, 90), "closed": (1000, 90), "parked": (560, 290)}
    | {"scheduled": (250, 400), "abandoned": (80, 290), "cancelled": (560, 590), "expired": (80, 590)},
    ends=frozenset({"closed", "abandoned", "cancelled", "expired"}),
    bends={("queued", "active"): 36, ("active", "queued"): 20, ("queued", "parked"): -6, ("parked", "queued"): 34}
    | {("queued", "cancelled"): -50, ("active", "cancelled"): 60, ("queued", "expired"): -34}
    | {("scheduled", "queued"): 20, ("parked", "expired"): 40, ("scheduled", "abandoned"): 10},
    shifts={("queued", "active"): (0, -14), ("active", "queued"): (0, 18), ("queued", "parked"): (0, -2)}
    | {("parked", "queued"): (6, 14), ("active", "parked"): (10, 0), ("queued", "abandoned"): (-10, -20)}
    | {("queued", "cancelled"): (14, 70), ("active", "cancelled"): (20, 20), ("parked", "cancelled"): (0, 40)}
    | {("queued", "expired"): (-20, 84), ("scheduled", "expired"): (4, -14), ("scheduled", "cancelled"): (20, 10)}
    | {("scheduled", "queued"): (6, 10), ("parked", "expired"): (-70, 42), ("parked", "abandoned"): (-120, 0)},
)
LEG_LAYOUT = Layout(
    width=1080,
    height=570,
    places={"none": (70, 280), "active": (330, 280), "held": (330, 490), "wrapping": (700, 420), "ended": (1000, 280)}
    | {"suspended": (330, 70)},
    ends=frozenset({"ended"}),
    bends={("active", "held"): 40, ("held", "active"): 40, ("active", "suspended"): 40, ("suspended", "active"): 40}
    | {("held", "ended"): -130},
    shifts={("active", "held"): (40, 0), ("held", "active"): (-44, 0), ("suspended", "active"): (60, 6)}
    | {("active", "suspended"): (-60, 0), ("active", "wrapping"): (0, 4), ("wrapping", "ended"): (-12, -4)}
    | {("held", "wrapping"): (30, -6), ("active", "ended"): (60, -10)},
)
OFFER_LAYOUT = Layout(
    width=720,
    height=450,
    places={"pending": (80, 150), "accepted": (620, 35), "declined": (620, 110), "expired": (620, 185)}
    | {"rescinded": (620, 410)},
    ends=frozenset({"accepted", "declined", "expired", "rescinded"}),
    shifts={("pending", "accepted"): (70, -16), ("pending", "declined"): (70, -4), ("pending", "expired"): (70, 5)}
    | {("pending", "rescinded"): (30, 30)},
)
QUEUE_LAYOUT = Layout(
    width=520,
    height=130,
    places={"open": (80, 65), "paused": (440, 65)},
    bends={("open", "paused"): 34, ("paused", "open"): 34},
)

LIVES: dict[str, tuple[dict[str, dict[str, str]], Layout, str]] = {
    "contact": (
        CONTACT_TABLE,
        CONTACT_LAYOUT,
        "How many offers are out is a count, no state: an offered contact is queued.\n"
        "An active contact that seeks a taker or a further agent stays active meanwhile, and is picked and assigned as "
        "a queued one.\n"
        "`contact.enqueue` and `contact.change` may also park or schedule; a rule may also park, close or cancel; "
        "`offer.connect_failed` of a callback schedules it for the next attempt, or lets it expire after the last; "
        "`contact.change_channel` may also send an active contact back to its queue.\n"
        "`contact.complete` and `leg.end_wrap_up` close a contact when the last leg ends, as the end of a wrap-up by "
        "its own time does.\n"
        "The id of an ended contact is free: `contact.enqueue` begins a new contact with it, which the picture leaves "
        "out.\n"
        "An ended contact that an agent still wraps up refuses `contact.enqueue` with `contact_exists`, and its leg "
        "answers as below.",
    ),
    "leg": (
        LEG_TABLE,
        LEG_LAYOUT,
        "The offer is accepted by command, or by the engine in mode `auto`.\n"
        "Where the length of the wrap-up is 0, the leg passes over `wrapping` and ends.\n"
        "In a conference every agent at work has a leg, and a contact whose queue says so sends work that gives way "
        "back to its place instead of suspending it: then `decision:gives_way` ends the leg.\n"
        "A wrap-up that has an end, ends by itself as by `leg.end_wrap_up`.",
    ),
    "offer": (
        OFFER_TABLE,
        OFFER_LAYOUT,
        "`timer:offer` is the time-out of the queue.\n"
        "An agent that leaves `available` declines its offers; somebody else's `agent.presence`, or want of an answer, "
        "rescinds them, and the command may say otherwise.",
    ),
    "queue": (
        QUEUE_TABLE,
        QUEUE_LAYOUT,
        "A paused queue accepts contacts and makes no offers; offers that are out stand.",
    ),
}
"""Table, layout and notes of each life."""


def transitions(table: dict[str, dict[str, str]], layout: Layout) -> list[Transition]:
    """Return the moves of a table, from one state to another; what begins at an end begins another life."""
    return [
        (state, outcome, command)
        for command, row in table.items()
        for state, outcome in row.items()
        if not outcome.startswith("!") and state not in layout.ends and state != outcome
    ]


def transition_table(table: dict[str, dict[str, str]]) -> str:
    """Return a table of states × commands in Markdown."""
    states = list(dict.fromkeys(state for row in table.values() for state in row))
    rows = ["| | " + " | ".join(states) + " |", "|---" * (len(states) + 1) + "|"]
    for command, row in table.items():
        outcomes = [row.get(state, "") for state in states]
        shown = [f"refused: `{one[1:]}`" if one.startswith("!") else f"→ {one}" if one else "" for one in outcomes]
        rows.append(f"| `{command}` | " + " | ".join(shown) + " |")
    return "\n".join(rows)


def states_page() -> str:
    """Return the page of states."""
    parts = [
        f"{MADE}\n# States",
        "The pictures and tables are drawn from the table that the engine itself reads.\n"
        "A double frame is an end.\n"
        "`timer:…` is a deadline; `decision:…` is what the engine does of itself.\n"
        "The pictures leave out what keeps a state as it is.\n"
        "A cell says what a command makes of a state, or with which reason it is refused; an empty cell is answered by "
        "another table on this page.",
    ]
    for name, (table, _, notes) in LIVES.items():
        parts += [f"## {name.capitalize()}", f"![The states of {_article(name)}](states/{name}.svg)", notes]
        parts.append(transition_table(table))
    return "\n\n".join(parts) + "\n"


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def pages() -> dict[Path, str]:
    """Return what every page and picture made here should hold, by path from the repository's folder."""
    from docs import chat  # it builds on this module

    pictures = {
        REFERENCE / "states" / f"{name}.svg": draw(
            f"The states of {_article(name)}", transitions(table, layout), layout
        )
        for name, (table, layout, _) in LIVES.items()
    }
    return {
        REFERENCE / "commands.md": commands_page(),
        REFERENCE / "events.md": events_page(),
        REFERENCE / "types.md": types_page(),
        REFERENCE / "engine.md": engine_page(),
        REFERENCE / "figures.md": figures_page(),
        REFERENCE / "timeline.md": timeline_page(),
        REFERENCE / "states.md": states_page(),
        **pictures,
        **chat.pages(),
    }


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text)


if __name__ == "__main__":
    main()
