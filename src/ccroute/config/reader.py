"""One walk over a configuration: where it stands, what lies around, and the faults found so far."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection
from decimal import Decimal
from typing import Final, TypeAlias, final

from ccroute.config.surroundings import Kind, Surroundings
from ccroute.errors import ConfigFault, InvalidArgument, RequirementError, shown
from ccroute.requirement import column_of_queue, column_of_skill, parse, parse_condition, parse_score
from ccroute.types import ID_LENGTH_MAX

__all__ = ["Path", "Reader", "id_allowed", "quoted", "rendered"]

Path: TypeAlias = "tuple[Path, str | int] | None"
"""Steps from the value up to the root. It becomes text only where there is a fault, since most values have none."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_NOT_IN_IDS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SHOWN_KEY_MAX: Final = 80
_PARSERS: Final = {"requires": parse, "if_": parse_condition, "score": parse_score}

# Looking for similar names is quadratic in the worst case; beyond these bounds a fault is told without a proposal.
_PROPOSALS_MAX: Final = 32
_CANDIDATES_FEW: Final = 64
_CANDIDATES_MAX: Final = 4_096


def id_allowed(value: object) -> str | None:
    """Return None if ``value`` may be an id, else what is allowed, in words that follow "must be"."""
    if type(value) is str and 0 < len(value) <= ID_LENGTH_MAX and _NOT_IN_IDS.search(value) is None:
        return None
    return f"1 to {ID_LENGTH_MAX} characters without control characters and lone surrogates"


def rendered(path: Path) -> str:
    """Return ``path`` as text, as in ``queues.loans.plan[1].queue``; keys that TOML would quote are quoted."""
    steps: list[str] = []
    while path is not None:
        path, step = path
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif _BARE_KEY.fullmatch(step):
            steps.append(f".{step}")
        else:
            steps.append("." + quoted(step))
    return "".join(reversed(steps)).removeprefix(".")


@final
class Reader:
    """Collects faults in the order in which the walk meets them.

    ``exact`` is true for structs built in Python, whose fields hold their final types, and false for tables as read
    from a text, where durations may be text and ``_us`` may be missing from keys.
    """

    def __init__(self, around: Surroundings, *, exact: bool) -> None:
        self.around = around
        self.exact = exact
        self.faults: list[ConfigFault] = []
        self._proposals: dict[tuple[str, str], str] = {}
        self._complaints: dict[tuple[str, str], list[str]] = {}

    def fault(self, path: Path, message: str) -> None:
        """Note a fault at ``path``."""
        self.faults.append(ConfigFault(rendered(path), message))

    def wrong(self, path: Path, value: object, allowed: str, proposal: str = "") -> None:
        """Note that ``value`` at ``path`` is not what is ``allowed``."""
        self.fault(path, f"must be {allowed}, was {shown(value) if self.exact else _as_written(value)}{proposal}")

    def known(self, path: Path, kind: Kind, name: str) -> None:
        """Note a fault if nothing of this kind is called ``name``."""
        if name not in self.around.names[kind]:
            self.fault(path, self._unknown(kind, name))

    def proposal(self, name: str, owner: str, candidates: Collection[str]) -> str:
        """Return a question that names the candidate most like ``name``, or nothing where none is alike.

        ``owner`` names the set of candidates. Past a fixed number of different names nothing is proposed any more.
        """
        key = (name, owner)
        if key not in self._proposals:
            if len(self._proposals) >= _PROPOSALS_MAX or len(name) > ID_LENGTH_MAX:
                return ""
            near = list(candidates)
            if len(near) > _CANDIDATES_FEW:
                near = [other for other in near if abs(len(other) - len(name)) <= 2][:_CANDIDATES_MAX]
            found = difflib.get_close_matches(name, near, n=1)
            self._proposals[key] = f"; did you mean {quoted(found[0])}?" if found else ""
        return self._proposals[key]

    def expression(self, path: Path, text: str, argument: str) -> None:
        """Note what is wrong with a text: a requirement, a condition or a score, as ``argument`` says by its field."""
        key = (text, argument)
        # Many queues share a few texts.
        if key not in self._complaints:
            self._complaints[key] = self._complaints_about(text, argument)
        for message in self._complaints[key]:
            self.fault(path, message)

    def _complaints_about(self, text: str, argument: str) -> list[str]:
        try:
            read = _PARSERS[argument](text, argument=argument)
        except InvalidArgument as error:
            column = f"column {error.column}: " if isinstance(error, RequirementError) else ""
            return [f"{column}must be {error.allowed}, was {shown(text)}"]
        skills = [name for name in read.skills if name not in self.around.names[Kind.SKILL]]
        queues = [name for name in read.queues if name not in self.around.names[Kind.QUEUE]]
        return [
            *(f"column {column_of_skill(text, name)}: {self._unknown(Kind.SKILL, name)}" for name in skills),
            *(f"column {column_of_queue(text, name)}: {self._unknown(Kind.QUEUE, name)}" for name in queues),
        ]

    def _unknown(self, kind: Kind, name: str) -> str:
        return f"no {kind} {quoted(name)}{self.proposal(name, kind, self.around.names[kind])}"


def quoted(name: str) -> str:
    """Return ``name`` in double quotes, cut to a length that fits a message, unprintable characters escaped."""
    cut = name[:_SHOWN_KEY_MAX]
    return json.dumps(cut, ensure_ascii=not cut.isprintable())


def _as_written(value: object) -> str:
    """Return ``value`` as a file would hold it."""
    if type(value) is str:
        return quoted(value)
    if type(value) is bool or value is None:
        return json.dumps(value)
    return str(value)[:_SHOWN_KEY_MAX] if type(value) is Decimal else shown(value)
