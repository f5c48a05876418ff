"""What requirements mean: compared with an independent CEL, and the laws that folding and rows must keep."""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from decimal import Decimal

import cel
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccroute.requirement import (
    AgentView,
    ContactView,
    EvaluationError,
    Expression,
    QueueView,
    atoms,
    conjoin,
    evaluate,
    fold,
    holds,
    outcome,
    parse,
    parse_expression,
    parse_score,
    print_expression,
    row,
    score_of,
)
from ccroute.requirement import syntax as s
from ccroute.requirement.views import Attributes
from tests.expressions import agents, comparable_expressions, contacts, expressions, queues

AGENT = AgentView(
    id="maxim",
    skills={"billing": 40, "none": 0},
    attributes={"lang": "de", "vip": True, "count": 3, "share": Decimal("0.1"), "tags": ["a", "b"]},
    queues={"support": 1},
)
CONTACT = ContactView(
    channel="voice",
    tier=5,
    attributes={"lang": "de", "skill": "billing", "share": Decimal("0.5"), "tags": ["a", "b"], "vip": True},
)
QUEUE = QueueView(id="support", attributes={"site": "north"})
ERROR = "error"


def value_of(text: str) -> object:
    value = evaluate(parse_expression(text), AGENT, CONTACT, QUEUE)
    return ERROR if isinstance(value, EvaluationError) else value


# ---------------------------------------------------------------- an independent CEL


def _plain(attributes: Attributes) -> dict[str, object]:
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in attributes.items()}


def variables(agent: AgentView, contact: ContactView, queue: QueueView) -> dict[str, object]:
    """Return what CEL sees: doubles for decimals, no skill of level 0, no tier where there is none."""
    seen: dict[str, object] = {"channel": contact.channel, "attributes": _plain(contact.attributes)}
    return {
        "agent": {
            "id": agent.id,
            "skills": {skill: level for skill, level in agent.skills.items() if level > 0},
            "attributes": _plain(agent.attributes),
            "queues": dict(agent.queues),
        },
        "contact": seen if contact.tier is None else {**seen, "tier": contact.tier},
        "queue": {"id": queue.id, "attributes": _plain(queue.attributes)},
    }


def _for_cel(expression: Expression) -> Expression:
    """Return what says in CEL what ``expression`` says: there, a skill that is missing is an error and not 0."""
    if isinstance(expression, s.SkillLevel):
        known = s.InMap(s.TextLiteral(expression.skill), s.Map.SKILLS)
        return s.Choice(known, expression, s.IntLiteral(0))
    changes: dict[str, object] = {}
    for field in expression.__struct_fields__:
        inside = getattr(expression, field)
        if isinstance(inside, tuple):
            changes[field] = tuple(_for_cel(item) for item in inside)
        elif isinstance(inside, s.Node) and not isinstance(expression, s.Has):
            changes[field] = _for_cel(inside)  # type: ignore[arg-type]
    return msgspec.structs.replace(expression, **changes)


def _by_cel(expression: Expression, variables: dict[str, object]) -> object:
    try:
        return _typed(cel.evaluate(print_expression(_for_cel(expression)), variables))
    except (TypeError, KeyError, OverflowError, RuntimeError):
        # These are errors of evaluation. A text that CEL cannot read is a ValueError, which fails the test.
        return (ERROR, "")


def _typed(value: object) -> object:
    """Return ``value`` such that equal means equal in type, too; doubles and decimals are one type."""
    if isinstance(value, EvaluationError):
        return (ERROR, "")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_typed(item) for item in value]
    return ("decimal", float(value)) if isinstance(value, (float, Decimal)) else (type(value).__name__, value)


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples * 5)
@given(comparable_expressions(), agents(), contacts(), queues())
def test_meaning_is_that_of_cel(
    expression: Expression, agent: AgentView, contact: ContactView, queue: QueueView
) -> None:
    ours = _typed(evaluate(expression, agent, contact, queue))
    assert ours == _by_cel(expression, variables(agent, contact, queue))


@pytest.mark.parametrize(
    "text",
    [
        "1 == 1.0", "1 != 'a'", "true == 1", "true < 1", "false < true", "1 < 2 < 3", "'a' < 'b'", "1 + 1.5", "-1.5",
        "1 in [1.0]", "1 in [true]", "'a' in 'abc'", "1 in [agent.attributes.nope, 1]", "[1, 2] == [1.0, 2.0]",
        "[[1]] == [[true]]", "9223372036854775807 + 1 > 0", "9223372036854775807 + 1 > 0 || true", "!1", "1 && false",
        "false || 1", "1 ? true : true", "true ? true : agent.attributes.nope", "agent.attributes.nope || true",
        "'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.contains('') ", "'a'.contains(1)", "size('abc') == 3",
        "[1, [2]].size() == 2", "1.size() == 1", "has(contact.tier) && contact.tier == 5", "'x' in agent.attributes",
        "'lang' in agent.attributes && has(agent.attributes.lang)", "1 in agent.queues", "agent.queues.loans == 1",
        "'\\x41\\101\\u00e9\\U0001F600\\n\\?\\`' == 'AAé😀\\n?`'",
        "1 - -1 == 2 && 1 --1 == 2 && --1 == 1 && -(1) == -1",
        "true || false && false", "!true == false", "2 + 3 * 4 == 14 && 2 - 3 - 4 == -5", "[1,] == [1]", "true // no",
        "false ? 1 : true ? 2 : 3", "'😀' < '\uffff'", "[1, 'a'] == [1]", "[1] == 1",
        "true < agent.id", "[1] == ['a'] || ['a'] == ['a']",
    ],
)  # fmt: skip
def test_meaning_of_each_form_is_that_of_cel(text: str) -> None:
    expression = parse_expression(text)
    seen = variables(AGENT, CONTACT, QUEUE)
    assert _typed(evaluate(expression, AGENT, CONTACT, QUEUE)) == _by_cel(expression, seen)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("agent.skills.missing", 0),
        ("agent.skills.none >= 0 && !has(agent.skills.none) && !('none' in agent.skills)", True),
        ("agent.queues.loans", ERROR),
        ("'support' in agent.queues && !('loans' in agent.queues)", True),
        ("has(agent.id) && has(contact.channel) && has(queue.id) && has(agent.queues.support)", True),
        ("has(contact.attributes.nope) || has(queue.attributes.nope) || has(agent.attributes.nope)", False),
        ("0.1 + 0.2 == 0.3", True),
        ("agent.attributes.share * 3.0 == 0.3", True),
        ("0.001 * 0.001 == 0.000001", True),
        ("0.001 * 0.0001 == 0.0", ERROR),
        ("9007199254.740991 + 0.000001 > 0", ERROR),
        ("-9007199254.740991 < 0", True),
        ("9007199254.740991 == 9007199254740991", False),
        ("-agent.attributes.vip", ERROR),
        ("-(-9223372036854775808)", ERROR),
        ("'a' + 'b'", ERROR),
        ("[1] + [2]", ERROR),
        ("agent.id in ['maxim', 'dorit'] && !(3 in ['3'])", True),
        ("[1, agent.attributes.nope] == [1]", ERROR),
        ("1 == agent.attributes.nope", ERROR),
        ("1 < agent.attributes.nope", ERROR),
        ("1 + agent.attributes.nope", ERROR),
        ("1 in agent.attributes.nope", ERROR),
        ("agent.attributes.nope in [1]", ERROR),
        ("agent.attributes.nope in ['a']", ERROR),
        ("agent.attributes.nope.contains('a')", ERROR),
        ("agent.attributes.nope.size()", ERROR),
        ("agent.attributes.nope in agent.skills", ERROR),
        ("'héllo😀'.size()", 6),
        ("1.0 in agent.skills || ['a'] in agent.skills", False),
        ("contact.attributes.skill in agent.skills", True),
        ("agent.attributes.lang in [contact.attributes.lang, 'en']", True),
    ],
)
def test_meaning_where_cel_is_silent_or_differs(text: str, expected: object) -> None:
    value = value_of(text)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "contact.channel == 'a'",
        "has(contact.channel)",
        "has(contact.tier)",
        "queue.id == ''",
        "contact.tier > 0",
        "has(contact.attributes.a)",
        "'a' in queue.attributes",
    ],
)
def test_without_contact_or_queue_reading_them_is_an_error(text: str) -> None:
    assert isinstance(evaluate(parse_expression(text), AGENT, None, None), EvaluationError)
    assert isinstance(fold(parse_expression(text), None, None), s.Fault)
    assert not holds(parse(text), AGENT, None, None)


def test_errors_say_what_is_wrong() -> None:
    error = evaluate(parse_expression("true && agent.attributes.nope == 1"), AGENT, None, None)
    assert isinstance(error, EvaluationError)
    assert error.reason == "agent.attributes.nope is missing"
    assert repr(error) == "EvaluationError('agent.attributes.nope is missing')"
    folded = fold(parse_expression("contact.attributes.nope == 1 && agent.skills.billing > 0"), CONTACT, None)
    error = evaluate(folded, AGENT, None, None)
    assert isinstance(error, EvaluationError)
    assert error.reason == "contact.attributes.nope is missing"
    assert fold(parse_expression("contact.tier > 1"), ContactView(channel="chat"), None) == s.Fault(
        "contact.tier is missing"
    )


def test_the_callers_decimal_context_changes_nothing() -> None:
    text = "9007199254.740990 + 0.000001 == 9007199254.740991 && -1234567.123456 < -1234567.123455"
    with decimal.localcontext() as context:
        context.prec = 2
        context.traps[decimal.Inexact] = True
        assert parse(text).text == text.replace("40990", "4099")
        assert holds(parse(text), AGENT, None, None)


def test_scores_are_whole_numbers_or_none() -> None:
    def score(text: str) -> int | None:
        return score_of(parse_score(text), AGENT, CONTACT, QUEUE)

    assert score("2 * agent.skills.billing - agent.attributes.count") == 77
    assert score("agent.attributes.vip") is None
    assert score("agent.attributes.share") is None
    assert score("agent.attributes.nope") is None
    assert score("contact.attributes.lang == agent.attributes.lang ? contact.tier : 0") == 5


# ---------------------------------------------------------------- laws of three values

_T, _F, _E = s.BoolLiteral(True), s.BoolLiteral(False), s.AgentAttribute("nope")
_ORDER = {False: 0, None: 1, True: 2}


def _truth(expression: Expression) -> bool | None:
    return {1: True, 0: False, -1: None}[outcome(expression, AGENT)]


@pytest.mark.parametrize("one", [_T, _F, _E])
@pytest.mark.parametrize("other", [_T, _F, _E])
def test_and_is_the_least_and_or_the_greatest_of_false_error_true(one: Expression, other: Expression) -> None:
    values = [_truth(one), _truth(other)]
    assert _truth(s.And((one, other))) is min(values, key=_ORDER.__getitem__)
    assert _truth(s.Or((one, other))) is max(values, key=_ORDER.__getitem__)


@given(expressions(), expressions(), agents())
def test_de_morgan_holds_with_errors_too(one: Expression, other: Expression, agent: AgentView) -> None:
    assert outcome(s.Not(s.And((one, other))), agent) == outcome(s.Or((s.Not(one), s.Not(other))), agent)


def test_not_and_choice_absorb_no_error() -> None:
    assert _truth(s.Not(_E)) is None
    assert _truth(s.Choice(_E, _T, _T)) is None
    assert _truth(s.Choice(_T, _F, _E)) is False


# ---------------------------------------------------------------- folding


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples * 3)
@given(
    comparable_expressions() | expressions(),
    st.lists(agents(), min_size=1, max_size=4),
    st.none() | contacts(),
    st.none() | queues(),
)
@example(parse_expression("(true && agent.attributes.count) == 3"), [AGENT], None, None)
@example(parse_expression("agent.attributes.tags in contact.attributes"), [AGENT], CONTACT, None)
def test_folding_keeps_the_meaning(
    expression: Expression, some: list[AgentView], contact: ContactView | None, queue: QueueView | None
) -> None:
    folded = fold(expression, contact, queue)
    for agent in some:
        assert _typed(evaluate(folded, agent, None, None)) == _typed(evaluate(expression, agent, contact, queue))
        assert holds(folded, agent, None, None) == holds(expression, agent, contact, queue)
    outside = (s.ContactAttribute, s.ContactChannel, s.ContactTier, s.QueueAttribute, s.QueueId)
    for node in s.walk(folded):
        assert not isinstance(node, outside)
        assert not isinstance(node, s.InMap) or node.map.startswith("agent.")
    assert fold(folded, None, None) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("contact.tier >= 5 || agent.skills.x > 0", "true"),
        ("contact.tier > 5 || agent.skills.x > 0", "agent.skills.x > 0"),
        ("contact.attributes.nope == 1 || agent.skills.x > 0",
         "agent.skills.x > 0 || <contact.attributes.nope is missing>"),
        ("contact.attributes.nope == 1 && agent.skills.x > 0 && false", "false"),
        ("agent.attributes.lang in [contact.attributes.lang, 'en']", 'agent.attributes.lang in ["de", "en"]'),
        ("agent.attributes.lang in contact.attributes",
         'agent.attributes.lang in ["lang", "share", "skill", "tags", "vip"]'),
        ("agent.id in contact.attributes.tags", 'agent.id in ["a", "b"]'),
        ("contact.attributes.vip && agent.attributes.share > -(contact.attributes.share + agent.attributes.share)",
         "agent.attributes.share > -(0.5 + agent.attributes.share)"),
        ("agent.attributes.tags.size() > contact.attributes.tags.size()", "agent.attributes.tags.size() > 2"),
        ("contact.attributes.lang.startsWith(agent.id)", '"de".startsWith(agent.id)'),
        ("contact.attributes.nope in agent.skills", "<contact.attributes.nope is missing>"),
        ("agent.attributes.vip ? contact.tier > 1 : contact.tier < 1", "agent.attributes.vip ? true : false"),
        ("[contact.tier, agent.id] == ['x', agent.id]", '[5, agent.id] == ["x", agent.id]'),
        ("true && true || false", "true"),
        ("false || contact.attributes.vip && !false", "true"),
        ("agent.attributes.vip || agent.attributes.vip", "agent.attributes.vip || false"),
        ("contact.attributes.skill in agent.skills", '"billing" in agent.skills'),
        ("1 in agent.skills || contact.tier in contact.attributes", "false"),
        ("queue.attributes.site == 'north' ? agent.skills.x > 0 : agent.skills.y > 0", "agent.skills.x > 0"),
        ("(agent.skills.x > 0 && true) && (agent.skills.y > 0 && agent.skills.x > 0)",
         "agent.skills.x > 0 && agent.skills.y > 0"),
        ("!(contact.tier == 5)", "false"),
        ("!contact.tier", "<5 is not a bool>"),
        ("agent.skills.x > contact.tier + 1", "agent.skills.x > 6"),
        ("has(contact.attributes.lang) && has(agent.attributes.lang)", "has(agent.attributes.lang)"),
        ("agent.id == 'a' && agent.attributes.vip", 'agent.id == "a" && agent.attributes.vip'),
        ("true && agent.attributes.vip", "agent.attributes.vip && true"),
    ],
)  # fmt: skip
def test_folding_simplifies(text: str, folded: str) -> None:
    assert print_expression(fold(parse_expression(text), CONTACT, QUEUE)) == folded


@given(comparable_expressions(), comparable_expressions(), agents(), contacts(), queues())
def test_a_conjunction_holds_where_both_hold(
    one: Expression, other: Expression, agent: AgentView, contact: ContactView, queue: QueueView
) -> None:
    both = holds(one, agent, contact, queue) and holds(other, agent, contact, queue)
    assert holds(conjoin(one, other), agent, contact, queue) == both


def test_conjunctions_are_flat_and_say_nothing_twice() -> None:
    one, other = (
        parse_expression(text) for text in ("has(agent.skills.a) && has(agent.skills.b)", "has(agent.skills.a)")
    )
    assert conjoin(one, other) == one
    assert conjoin(_T, other) == other
    assert conjoin(_T, _T) == _T
    assert conjoin(one, _F) == _F


# ---------------------------------------------------------------- rows


@pytest.mark.slow
@settings(max_examples=settings.default.max_examples * 3)
@given(
    comparable_expressions() | expressions(),
    st.lists(agents(), max_size=6),
    contacts(),
    queues(),
)
def test_rows_hold_where_the_requirement_holds(
    expression: Expression, profiles: list[AgentView], contact: ContactView, queue: QueueView
) -> None:
    folded = fold(expression, contact, queue)
    found = atoms(folded)
    outcomes = {atom: [outcome(atom, agent) for agent in profiles] for atom in found}
    everyone = (1 << len(profiles)) - 1
    true_rows = {
        atom: sum(1 << bit for bit, value in enumerate(values) if value == 1) for atom, values in outcomes.items()
    }
    false_rows = {
        atom: sum(1 << bit for bit, value in enumerate(values) if value == 0) for atom, values in outcomes.items()
    }
    bits = row(folded, true_rows, false_rows, everyone)
    expected = [holds(expression, agent, contact, queue) for agent in profiles]
    assert [bool(bits >> bit & 1) for bit in range(len(profiles))] == expected
    assert bits & ~everyone == 0


def test_rows_follow_three_valued_logic() -> None:
    # Nine profiles: every pair of true, false and error for a and b. From the right: a is TTTFFFEEE, b is TFETFETFE.
    a, b = parse_expression("agent.attributes.a"), parse_expression("agent.attributes.b")
    true_rows, false_rows = {a: 0b000000111, b: 0b001001001}, {a: 0b000111000, b: 0b010010010}

    def truth(text: str) -> int:
        whole = re.sub(r"\b([ab])\b", r"agent.attributes.\1", text)
        return row(parse_expression(whole), true_rows, false_rows, 0b111111111)

    assert truth("a") == 0b000000111
    assert truth("!a") == 0b000111000
    assert truth("a && b") == 0b000000001
    assert truth("!(a && b)") == 0b010111010
    assert truth("a || b") == 0b001001111
    assert truth("!(a || b)") == 0b000010000
    assert truth("a ? b : !b") == 0b000010001
    assert truth("!(a ? b : !b)") == 0b000001010
    assert truth("5 || b") == 0b001001001
    assert truth("!(5 && b)") == 0b010010010
    folded = fold(parse_expression("true || agent.attributes.a"), None, None)
    assert row(folded, {}, {}, 0b11) == 0b11
    assert row(s.BoolLiteral(False), {}, {}, 0b11) == 0


def test_atoms_are_told_once_in_order() -> None:
    expression = parse_expression(
        "!has(agent.skills.b) || (has(agent.skills.a) ? agent.id == 'x' : has(agent.skills.b)) || true"
    )
    assert [print_expression(atom) for atom in atoms(expression)] == [
        "has(agent.skills.b)",
        "has(agent.skills.a)",
        'agent.id == "x"',
    ]


def test_an_atom_without_a_bool_is_an_error() -> None:
    assert outcome(parse_expression("agent.skills.billing"), AGENT) == -1
    assert outcome(parse_expression("agent.attributes.vip"), AGENT) == 1
    assert outcome(parse_expression("agent.attributes.lang == 'en'"), AGENT) == 0
