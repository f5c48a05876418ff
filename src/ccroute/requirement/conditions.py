"""Conditions of the steps of plans: what must hold of contact, queue and present figures for a step to fire."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, final

from ccroute.errors import WrongType
from ccroute.requirement.meaning import evaluate
from ccroute.requirement.reading import MOMENTS, read_expression
from ccroute.requirement.statement import TRUTHS, Statement, accept
from ccroute.requirement.syntax import QueueFigure, walk
from ccroute.requirement.views import AgentView, ContactView, Figures, QueueView

CONDITIONS_MAX: Final = 4096
"""Texts whose conditions are kept."""

# No condition reads an agent, so any will do.
_NOBODY: Final = AgentView(id="")


@final
class Condition(Statement, frozen=True, cache_hash=True):
    """A condition on a contact, its queue and the queue's figures; :func:`parse_condition` makes it."""

    reads_figures: bool
    """Whether its value may depend on the figures."""

    def holds(self, contact: ContactView, queue: QueueView, figures: Figures | None) -> bool:
        """Return whether the condition is true; an error is not.

        :param figures: None only where :attr:`reads_figures` is false.
        """
        return evaluate(self.expression, _NOBODY, contact, queue, figures) is True


def parse_condition(text: str, *, argument: str = "if_") -> Condition:
    """Read a condition. Those read last are kept.

    :param argument: what the text is called in errors.
    :raises WrongType: ``text`` is no ``str``, or a subclass of it.
    :raises OutOfRange: it is longer than 8 192 characters, or would be in its canonical form.
    :raises InvalidId: it holds a lone surrogate.
    :raises RequirementError: it cannot be read, reads an agent, or can never be a condition.
    """
    if type(text) is not str:
        raise WrongType(argument, text, "a str")
    return _parse(text, argument)


@lru_cache(maxsize=CONDITIONS_MAX)
def _parse(text: str, argument: str) -> Condition:
    expression = accept(read_expression(text, argument, MOMENTS), text, argument, TRUTHS, "queue.waiting > 10")
    return Condition(expression, any(isinstance(node, QueueFigure) for node in walk(expression)))
