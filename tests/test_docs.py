"""Every example in the README and in ``docs/`` runs, and shows what the page says it shows.

What a fence on a page means, in order of the page and sharing one namespace and one folder:

- ``python``: runs. Comments ``# → text`` behind or below a statement tell what it shows: what it prints, else the
  ``repr`` of its value. A block with ``>>>`` is a doctest.
- ``console``: each line ``$ command`` runs in a shell; lines below it, if any, are what it prints. ``exits=1`` behind
  the word ``console`` tells another exit status than 0 for the last command.
- any language with ``file=NAME`` behind it: is written to that file first.
- every other language is only shown.

``...`` in what is shown stands for anything. The repository's ``examples`` folder is in the folder of the page.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
ARROW = re.compile(r"#\s*→ ?(.*)$")
COMMAND_SECONDS_MAX = 120


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block of a page."""

    language: str
    options: dict[str, str]
    text: str
    line: int


def pages() -> list[Path]:
    """Return every page whose examples must run."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(page_text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order."""
    for match in FENCE.finditer(page_text):
        language, *options = match["info"].split()
        yield Block(
            language=language.strip("{}"),
            options=dict(option.split("=", 1) for option in options if "=" in option),
            text=textwrap.dedent(match["body"]),
            line=page_text.count("\n", 0, match.start()) + 2,
        )


def matches(shown: str, told: str) -> bool:
    """Return whether what was shown is what the page tells, in which ``...`` stands for anything."""
    pieces = [re.escape(" ".join(piece.split())) for piece in told.split("...")]
    return re.fullmatch(".*".join(pieces).replace(r"\ .*", r"\s*.*"), " ".join(shown.split()), re.DOTALL) is not None


def run_python(block: Block, *, page: str, names: dict[str, object]) -> None:
    """Run a block statement by statement and compare what the arrows tell."""
    if ">>> " in block.text:
        _run_doctest(block, page=page, names=names)
        return
    lines = block.text.splitlines()
    statements = ast.parse(block.text).body
    for statement, following in zip(statements, [*statements[1:], None], strict=True):
        end = following.lineno - 1 if following is not None else len(lines)
        told = "\n".join(
            match[1] for line in lines[(statement.end_lineno or 0) - 1 : end] if (match := ARROW.search(line))
        )
        shown = _show(statement, f"{page}:{block.line + statement.lineno - 1}", names)
        if told:
            assert matches(shown, told), f"{page}:{block.line + statement.lineno - 1} shows:\n{shown}"


def _show(statement: ast.stmt, place: str, names: dict[str, object]) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        if isinstance(statement, ast.Expr):
            value = eval(compile(ast.Expression(statement.value), place, "eval"), names)
            if value is not None:
                output.write(repr(value))
        else:
            exec(compile(ast.Module([statement], []), place, "exec"), names)
    return output.getvalue()


def _run_doctest(block: Block, *, page: str, names: dict[str, object]) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, names, page, page, block.line - 1)
    test.globs = names
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.write, clear_globs=False)
    assert runner.failures == 0, report.getvalue()


def run_console(block: Block, *, page: str, folder: Path) -> None:
    """Run the commands of a block one by one and compare their output and the last one's exit status."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    for number, part in enumerate(parts, start=1):
        command, told = _command_and_output(part)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )
        expected = int(block.options.get("exits", "0")) if number == len(parts) else 0
        assert done.returncode == expected, f"{page}:{block.line} {command} ends with {done.returncode}:\n{done.stdout}"
        if told:
            assert matches(done.stdout, told), f"{page}:{block.line} {command} shows:\n{done.stdout}"


def _command_and_output(part: str) -> tuple[str, str]:
    lines = part.splitlines()
    count = 1
    while lines[count - 1].endswith("\\"):
        count += 1
    return "\n".join(lines[:count]), "\n".join(lines[count:]).strip()


def _environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_the_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    name = str(page.relative_to(ROOT))
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page.read_text()):
        if "file" in block.options:
            (tmp_path / block.options["file"]).write_text(block.text)
        if block.language in {"python", "py"}:
            run_python(block, page=name, names=names)
        elif block.language == "console":
            run_console(block, page=name, folder=tmp_path)


def test_links_between_pages_lead_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert dead == []


def test_a_wrong_example_is_found() -> None:
    block = Block(language="python", options={}, text="value = 2\nvalue + 1  # → 4\n", line=1)
    with pytest.raises(AssertionError, match=r"page:2 shows:\s+3"):
        run_python(block, page="page", names={})


@pytest.mark.parametrize(
    ("shown", "told", "same"),
    [
        ("one two", "one  two", True),
        ("[A(x=1), B(y=2)]", "[A(...), B(...)]", True),
        ("[A(x=1), B(y=2)]", "[A(...)", False),
        ("first\nsecond\nthird", "first\n...\nthird", True),
        ("first", "fir", False),
    ],
)
def test_dots_stand_for_anything(shown: str, told: str, same: bool) -> None:
    assert matches(shown, told) is same


def test_the_readme_names_two_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^bash (scripts/\w+)", readme, re.MULTILINE)
    assert commands == ["scripts/serve", "scripts/test"]
    assert all((ROOT / command).exists() for command in commands)
