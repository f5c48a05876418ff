"""What requirements and scores mean, by a CEL implementation that is not ours.

A requirement or score sees ``agent`` (id, skills with 0 where it has none, attributes), ``contact`` (attributes) and
``queue`` (attributes). Agents and queues are those of one configuration, so answers are remembered by agent, queue and
the contact's attributes. The condition of a plan's step sees no agent, but more of contact and queue, as it is now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import cel

from ccroute.commands import EnqueueContact
from ccroute.config.structs import Config

SKILL = re.compile(r"agent\.skills(?:\.(\w+)|\[\"([^\"]*)\"\])")
MISSING = object()


class Expressions:
    """Evaluates the expressions of one configuration and of its contacts."""

    def __init__(self, config: Config, skills: Iterable[str] = ()) -> None:
        """Build them for a configuration; ``skills`` are such as it has no more, of which everybody has 0."""
        self._queues = {id_: {"attributes": queue.attributes} for id_, queue in config.queues.items()}
        known = dict.fromkeys([*skills, *skills_known(config)])
        self._agents = {
            id_: {
                "id": id_,
                "skills": {skill: agent.skills.get(skill, 0) for skill in known},
                "attributes": agent.attributes,
            }
            for id_, agent in config.agents.items()
        }
        self._programs: dict[str, Any] = {}
        self._answers: dict[tuple[str, str, str, str], Any] = {}

    def holds(self, text: str | None, agent_id: str, contact: EnqueueContact, queue_id: str) -> bool:
        """Tell whether a requirement holds; one that is not there does, one that fails to evaluate does not."""
        return text is None or self._evaluate(text, agent_id, contact, queue_id) is True

    def score(self, text: str | None, agent_id: str, contact: EnqueueContact, queue_id: str) -> int | None:
        """Return a score, or None where it has no integer value."""
        if text is None:
            return None
        value = self._evaluate(text, agent_id, contact, queue_id)
        return value if type(value) is int else None

    def condition(self, text: str | None, contact: dict[str, Any], queue_id: str, figures: dict[str, int]) -> bool:
        """Tell whether the condition of a step holds, for what is known of a contact and the figures of its queue now.

        One that is not there does, one that fails to evaluate does not. An agent is not in sight.
        """
        if text is None:
            return True
        queue = {"id": queue_id, **self._queues[queue_id], **figures}
        return self._execute(text, {"contact": contact, "queue": queue}) is True

    def skills_named(self, *texts: str | None) -> list[str]:
        """Return the skills that requirements name, each once."""
        named = [dot or bracket for text in texts if text is not None for dot, bracket in SKILL.findall(text)]
        return list(dict.fromkeys(named))

    def _evaluate(self, text: str, agent_id: str, contact: EnqueueContact, queue_id: str) -> Any:
        key = (text, agent_id, repr(contact.attributes), queue_id)
        answer = self._answers.get(key, MISSING)
        if answer is MISSING:
            answer = self._answers[key] = self._evaluate_anew(text, agent_id, contact, queue_id)
        return answer

    def _evaluate_anew(self, text: str, agent_id: str, contact: EnqueueContact, queue_id: str) -> Any:
        return self._execute(
            text,
            {
                "agent": self._agents[agent_id],
                "contact": {"attributes": contact.attributes},
                "queue": self._queues[queue_id],
            },
        )

    def _execute(self, text: str, values: dict[str, Any]) -> Any:
        program = self._programs.get(text)
        if program is None:
            program = self._programs[text] = cel.compile(text)
        try:
            return program.execute(values)
        except Exception:  # whatever the evaluator raises is an error in the sense of CEL
            return None


def skills_known(config: Config) -> list[str]:
    """Return the skills that are declared or that an agent has."""
    had = [skill for agent in config.agents.values() for skill in agent.skills]
    return list(dict.fromkeys([*config.skills, *had]))
