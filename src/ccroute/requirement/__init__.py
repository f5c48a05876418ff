"""The requirement language: a subset of CEL over agent, contact, queue and figures, as text and as structs."""

from __future__ import annotations

from ccroute.requirement.conditions import Condition, parse_condition
from ccroute.requirement.folding import conjoin, fold
from ccroute.requirement.meaning import compile_expression, evaluate
from ccroute.requirement.printing import print_expression
from ccroute.requirement.rows import atoms, outcome, row
from ccroute.requirement.statement import (
    Requirement,
    Score,
    Statement,
    check,
    check_score,
    column_of_queue,
    column_of_skill,
    holds,
    parse,
    parse_expression,
    parse_score,
    score_of,
)
from ccroute.requirement.syntax import Expression
from ccroute.requirement.views import AgentView, ContactView, EvaluationError, Figures, QueueView, Scene, Value

__all__ = [
    "AgentView",
    "Condition",
    "ContactView",
    "EvaluationError",
    "Expression",
    "Figures",
    "QueueView",
    "Requirement",
    "Scene",
    "Score",
    "Statement",
    "Value",
    "atoms",
    "check",
    "check_score",
    "column_of_queue",
    "column_of_skill",
    "compile_expression",
    "conjoin",
    "evaluate",
    "fold",
    "holds",
    "outcome",
    "parse",
    "parse_condition",
    "parse_expression",
    "parse_score",
    "print_expression",
    "row",
    "score_of",
]
