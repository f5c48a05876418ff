"""Reading and printing requirements: the round trip, where errors point, and limits. Meaning is in another file."""

from __future__ import annotations

import enum
import sys
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccroute.errors import InvalidArgument, InvalidId, OutOfRange, RequirementError, WrongType
from ccroute.requirement import (
    Expression,
    Requirement,
    Score,
    check,
    check_score,
    column_of_queue,
    column_of_skill,
    parse,
    parse_expression,
    parse_score,
    print_expression,
)
from ccroute.requirement import syntax as s
from tests.expressions import expressions

# ---------------------------------------------------------------- round trip


@given(expressions())
def test_printed_expressions_read_back_as_they_were(expression: Expression) -> None:
    text = print_expression(expression)
    assert parse_expression(text) == expression
    assert hash(parse_expression(text)) == hash(expression)


@given(expressions())
def test_structs_survive_json(expression: Expression) -> None:
    assert msgspec.json.decode(msgspec.json.encode(expression), type=Expression) == expression


@given(expressions())
def test_parentheses_around_the_whole_change_nothing(expression: Expression) -> None:
    assert parse_expression(f" ( {print_expression(expression)}\n) // all of it") == expression


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("agent.skills['billing']>=30&&agent.attributes.lang=='de'",
         'agent.skills.billing >= 30 && agent.attributes.lang == "de"'),
        ("((agent.id)) in (['a'])", 'agent.id in ["a"]'),
        ("(true && false) || true", "true && false || true"),
        ("true && (false || true)", "true && (false || true)"),
        ("(true && false) && true", "(true && false) && true"),
        ("1 - (2 - 3) - 4 == 0", "1 - (2 - 3) - 4 == 0"),
        ("(1 + 2) * 3 == 9", "(1 + 2) * 3 == 9"),
        ("(1 * 2) + 3 == 5", "1 * 2 + 3 == 5"),
        ("!(agent.id == 'a')", '!(agent.id == "a")'),
        ("! ! true", "!!true"),
        ("-(5) < - 5", "-(5) < -5"),
        ("-(-agent.skills.x) < -(2 .size())", "--agent.skills.x < -(2.size())"),
        ("!(-1)", "!-1"),
        ("-(!true) < 1", "-(!true) < 1"),
        ("(true ? false : true) ? true : (false ? true : true)", "(true ? false : true) ? true : false ? true : true"),
        ("size('a') == 'a'.size()", '"a".size() == "a".size()'),
        (".5 < 01.50", "0.5 < 1.5"),
        ("-0.0 == 0.0", "0.0 == 0.0"),
        ('agent.skills["a b"] > 0 && agent.skills["in"] > 0', 'agent.skills["a b"] > 0 && agent.skills["in"] > 0'),
        ("'\\x41\\101\\u0042\\U0001F600\\n\\'\"' == ''", '"AAB😀\\n\'\\"" == ""'),
        ("'\\a\\b\\f\\v\\?\\`\\\\' == '\t'", '"\\u0007\\u0008\\u000c\\u000b?`\\\\" == "\\t"'),
        ("agent.id in [ 'a' , ]", 'agent.id in ["a"]'),
        ("true // why\n && false", "true && false"),
        ("(agent.id + 'x').startsWith('a' == 'b' ? 'c' : 'd')", '(agent.id + "x").startsWith("a" == "b" ? "c" : "d")'),
        ("agent . skills\n. x > 0", "agent.skills.x > 0"),
    ],
)  # fmt: skip
def test_text_has_one_canonical_form(text: str, canonical: str) -> None:
    requirement = parse(text)
    assert requirement.text == canonical
    assert parse(canonical) == requirement


def test_kinds_of_literals_are_never_equal() -> None:
    same = [s.BoolLiteral(True), s.IntLiteral(1), s.DecimalLiteral(Decimal(1)), s.TextLiteral("1")]
    assert len(set(same)) == len(same)


def test_structs_name_their_node_in_json() -> None:
    encoded = msgspec.json.encode(parse("agent.skills.x >= 1.5").expression)
    assert msgspec.json.decode(encoded) == {
        "node": "compare",
        "operator": ">=",
        "left": {"node": "agent.skill", "skill": "x"},
        "right": {"node": "decimal", "value": "1.5"},
    }


def test_only_nodes_are_printed() -> None:
    with pytest.raises(TypeError, match="must be a node of the requirement language, was int"):
        print_expression(1)  # type: ignore[arg-type]


# ---------------------------------------------------------------- what a statement reads


def test_names_of_skills_and_queues_are_sorted_and_told_once() -> None:
    requirement = parse(
        'agent.skills.b > 0 && (has(agent.skills.a) || "c d" in agent.skills) && agent.skills.b < 9'
        ' && agent.queues.q == 1 && "r" in agent.queues && contact.attributes.e in agent.skills'
    )
    assert requirement.skills == ("a", "b", "c d")
    assert requirement.queues == ("q", "r")


@pytest.mark.parametrize(
    ("text", "reads_contact", "reads_queue"),
    [
        ("agent.skills.x > 0", False, False),
        ("contact.channel == 'voice'", True, False),
        ("has(contact.tier)", True, False),
        ("'x' in contact.attributes", True, False),
        ("queue.id == 'q'", False, True),
        ("'x' in queue.attributes || queue.attributes.y == contact.attributes.y", True, True),
    ],
)
def test_reads_of_contact_and_queue_are_told(text: str, reads_contact: bool, reads_queue: bool) -> None:
    requirement = parse(text)
    assert (requirement.reads_contact, requirement.reads_queue) == (reads_contact, reads_queue)


def test_column_of_a_skill_is_that_of_its_first_mention() -> None:
    text = "agent.skills . one > 0 || has(agent.skills.two) || 'three' in agent.skills || agent.skills[\"four\"] > 0"
    for name in ("one", "two", "three", "four"):
        column = column_of_skill(text, name)
        assert text[column - 1 :].lstrip("'\"").startswith(name)
    assert column_of_skill(text, "five") == 1
    assert column_of_queue("agent.queues.a < 2 && 'b' in agent.queues", "b") == 23


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("", 1, "agent"),
        ("  // nothing", 13, "agent"),
        ("agnet.skills.x > 0", 1, "did you mean agent?"),
        ("agent.skill.x > 0", 7, "did you mean skills?"),
        ("agent.id == contact.chanel", 21, "did you mean channel?"),
        ("queue.name == ''", 7, "queue.id"),
        ("agent == 'a'", 7, "agent.id"),
        ("agent['id'] == 'a'", 6, "agent.id"),
        ("agent.skills > 0", 14, "agent.skills.name"),
        ("agent.skills. > 0", 15, "letters"),
        ("agent.skills.in > 0", 14, 'agent.skills["…"]'),
        ("agent.skills[1] > 0", 14, "quotes"),
        ("agent.skills[''] > 0", 14, "1 to 128"),
        ("agent.skills['a\\n'] > 0", 14, "control"),
        ("agent.skills['a' > 0", 18, '"]"'),
        (f"agent.skills.{'a' * 129} > 0", 14, "1 to 128"),
        ("'x' in (agent.skills)", 21, "agent.skills.name"),
        ("agent.attributes.x.y == 1", 20, "startsWith"),
        ("agent.attributes.x.startWith('a')", 20, "did you mean startsWith?"),
        ("agent.attributes.x.startsWith 'a'", 31, '"("'),
        ("agent.attributes.x.size(1) == 1", 25, '")"'),
        ("agent.attributes.x[0] == 1", 19, "an operator"),
        ("agent.attributes.x == null", 23, "there is no null"),
        ("has(agent.skills)", 17, "a dot and a name"),
        ("has(agent.skills['x'])", 17, '"…" in agent.skills'),
        ("has(1)", 5, "agent"),
        ("has agent.skills.x", 5, '"("'),
        ("matches(agent.id, 'a')", 1, "agent"),
        ("agent.id = 'a'", 10, "=="),
        ("agent.id == 'a' & true", 17, "&&"),
        ("agent.id == 'a' | true", 17, "||"),
        ("1 / 2 == 1", 3, "no division"),
        ("agent.id == 'a", 15, "closed by '"),
        ("agent.id == 'a\n'", 15, "closed by '"),
        ("agent.id == 'a\\q'", 15, "an escape"),
        ("agent.id == 'a\\", 15, "an escape"),
        ("agent.id == '\\ud800'", 14, "no surrogate"),
        ("agent.id == '\\U00110000'", 14, "no surrogate"),
        ("agent.skills.x > 1e3", 19, "exponent"),
        ("agent.skills.x > 1u", 19, "suffix"),
        ("agent.skills.x > 1.2345678", 26, "at most 6 digits"),
        ("agent.skills.x > 9223372036854775808", 18, "9223372036854775807"),
        ("agent.skills.x > -9223372036854775809", 18, "-9223372036854775808"),
        ("agent.skills.x > 9007199254.740992", 18, "9007199254.740991"),
        ("agent.skills.x >", 17, "a literal"),
        ("agent.skills.x > 0)", 19, "the end of the text"),
        ("(agent.skills.x > 0", 20, '")"'),
        ("agent.skills.x > 0 agent.id == 'a'", 20, "an operator"),
        ("agent.skills.x > 0 and true", 20, "an operator"),
        ("agent.id in [1 2]", 16, '","'),
        ("agent.id in [,]", 14, "a literal"),
        ("true ? false", 13, '":"'),
        ("true ? true ? true : false : true", 13, "in parentheses"),
        ("!-agent.skills.x == 1", 3, "!(-…)"),
        ("-!true == 1", 2, "-(!…)"),
        ("agent.skills.x", 1, "a condition"),
        ("  'a'", 3, "a condition"),
        ("( 1 + 2 )", 1, "a condition"),
        ("true ? 1 : 2", 1, "a condition"),
        ("#", 1, "a literal"),
        ("true && é", 9, "a literal"),
    ],
)
def test_errors_point_at_the_first_wrong_character(text: str, column: int, told: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(text, argument="queues.q.requires")
    error = caught.value
    assert (error.column, error.argument, error.got) == (column, "queues.q.requires", text)
    assert told in error.allowed
    assert f"column {column}" in str(error)


@pytest.mark.parametrize("text", ["true", "agent.id", "has(agent.skills.x)", "1.5", "[1]", "true ? 'a' : 'b'", "-1.5"])
def test_a_score_is_a_whole_number(text: str) -> None:
    with pytest.raises(RequirementError, match="a whole number"):
        parse_score(text)


@pytest.mark.parametrize(
    "text", ["agent.skills.x", "3 * agent.skills.x - agent.attributes.cost", "contact.attributes.a"]
)
def test_scores_print_and_read_back(text: str) -> None:
    score = parse_score(text)
    assert isinstance(score, Score)
    assert score.text == text
    assert parse_score(score.text) == score


class _Text(str):
    __slots__ = ()


class _Word(enum.StrEnum):
    TRUE = "true"


@pytest.mark.parametrize("text", [None, 1, b"true", _Text("true"), _Word.TRUE, ["true"]])
@pytest.mark.parametrize("read", [parse, parse_score])
def test_only_plain_str_is_read(text: object, read: object) -> None:
    with pytest.raises(WrongType, match="must be a str"):
        read(text)  # type: ignore[operator]


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(InvalidId, match="surrogates"):
        parse("agent.id == '\ud800'")


# ---------------------------------------------------------------- limits


def test_texts_that_are_too_long_are_refused() -> None:
    assert parse("true".ljust(8192)).text == "true"
    with pytest.raises(OutOfRange, match="8192"):
        parse("true".ljust(8193))


def test_texts_whose_canonical_form_is_too_long_are_refused() -> None:
    with pytest.raises(OutOfRange, match="spaces"):
        parse("&&".join(["true"] * 1300))


@pytest.mark.parametrize(
    ("before", "core", "after"),
    [
        ("(", "true", ")"),
        ("!", "true", ""),
        ("[", "true", "] == 1"),
        ("", "1", " + 1"),
        ("", "true", " == true"),
        ("", "agent.id", ".size()"),
        ("size(", "1", ")"),
        ("", "'a'", ".contains('a')"),
        ("true ? 1 : ", "1", ""),
    ],
)
def test_nesting_is_bounded_at_64(before: str, core: str, after: str) -> None:
    def nested(depth: int) -> str:
        return before * depth + core + after.replace(" == 1", "") * depth

    deepest = parse_expression(nested(64))
    assert parse_expression(print_expression(deepest)) == deepest
    for depth in (65, 66, 500):
        with pytest.raises(RequirementError, match="at most 64 deep"):
            parse_expression(nested(depth))


@pytest.mark.parametrize(
    "start", ["(", "!", "[", "-", "true?", "true?1:", "size(", "has(", "1+", "1==", "1 in[", "''.size("]
)
def test_the_longest_texts_never_exhaust_the_stack(start: str) -> None:
    text = (start * 8192)[:8192]
    limit = sys.getrecursionlimit()
    for whole in (text, text[:8000] + "1"):
        with pytest.raises(InvalidArgument):
            parse_expression(whole)
    assert sys.getrecursionlimit() == limit


def test_chains_of_and_and_or_are_no_nesting() -> None:
    assert parse(" && ".join(["true"] * 1000)).expression == s.And((s.BoolLiteral(True),) * 1000)
    assert parse(" || ".join(["true"] * 1000)).expression == s.Or((s.BoolLiteral(True),) * 1000)


def test_lists_are_bounded_at_1024_items() -> None:
    assert parse(f"1 in [{', '.join('1' * 1024)}]").text.endswith("1]")
    with pytest.raises(RequirementError, match="at most 1024 items") as caught:
        parse(f"1 in [{','.join('1' * 1025)}]")
    assert caught.value.column == 7 + 2 * 1024


# ---------------------------------------------------------------- any text, any structs

_pieces = st.sampled_from(
    [
        "agent", "contact", "queue", ".", "skills", "attributes", "queues", "id", "channel", "tier", "x", "has", "size",
        "(", ")", "[", "]", ",", "true", "false", "null", "in", "&&", "||", "!", "==", "<", "+", "-", "*", "?", ":",
        "1", "2.5", ".5", "'a'", '"b"', "'", '"', "\\", "//", "\n", " ", " ", "é", "&", "startsWith", "9" * 30, "\x00",
    ]
)  # fmt: skip


@settings(max_examples=settings.default.max_examples * 5)
@given(st.one_of(st.text(), st.lists(_pieces, max_size=25).map("".join), st.lists(_pieces, max_size=25).map(" ".join)))
@example("\ud800")
def test_any_text_is_read_or_refused_with_its_column(text: str) -> None:
    try:
        expression = parse_expression(text)
    except (RequirementError, InvalidId) as error:
        fault = error
    else:
        assert parse_expression(print_expression(expression)) == expression
        return
    if isinstance(fault, RequirementError):
        assert 1 <= fault.column <= len(text) + 1
        assert f"column {fault.column}" in str(fault)
    else:
        assert any("\ud800" <= character <= "\udfff" for character in text)


def _column(text: str) -> int | None:
    try:
        parse_expression(text)
    except RequirementError as error:
        return error.column
    return None


@given(expressions(), st.data())
def test_what_stands_before_the_column_is_not_wrong(expression: Expression, data: st.DataObject) -> None:
    text = print_expression(expression)
    index = data.draw(st.integers(0, len(text)))
    assert _column(text[:index]) in (None, *range(1, index + 2))
    column = _column(text[:index] + "$" + text[index:])
    # Inside a text literal a dollar is right; elsewhere it is wrong, and nothing before it is, beyond its own token.
    assert column is None or column <= index + 1


@given(expressions())
def test_hand_built_structs_are_checked_like_text(expression: Expression) -> None:
    try:
        requirement = parse(print_expression(expression))
    except RequirementError:
        with pytest.raises(RequirementError):
            check(expression)
    else:
        assert check(expression) == requirement


_TRUE = s.BoolLiteral(True)


def _tower(height: int) -> Expression:
    tower: Expression = _TRUE
    for _ in range(height):
        tower = s.Not(tower)
    return tower


def _doubled(times: int) -> Expression:
    whole: Expression = _TRUE
    for _ in range(times):
        whole = s.And((whole, whole))
    return whole


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (None, WrongType),
        ("true", WrongType),
        (s.Not(None), WrongType),  # type: ignore[arg-type]
        (s.And([_TRUE, 1]), WrongType),  # type: ignore[arg-type]
        (s.Compare("~", _TRUE, _TRUE), WrongType),  # type: ignore[arg-type]
        (s.Compare(s.Comparison.EQUAL, s.IntLiteral(True), _TRUE), WrongType),
        (s.SkillLevel(b"x"), WrongType),  # type: ignore[arg-type]
        (s.BoolLiteral(object()), WrongType),  # type: ignore[arg-type]
        (s.Has(s.AgentAttribute("a b")), RequirementError),
        (s.Has(s.Not(_TRUE)), WrongType),  # type: ignore[arg-type]
        (s.And((_TRUE,)), RequirementError),
        (s.Or(()), RequirementError),
        (s.Fault("broken"), RequirementError),
        (s.Compare(s.Comparison.EQUAL, s.SkillLevel(""), s.IntLiteral(1)), RequirementError),
        (s.Compare(s.Comparison.EQUAL, s.TextLiteral("\ud800"), _TRUE), InvalidId),
        (s.Compare(s.Comparison.EQUAL, s.IntLiteral(2**63), _TRUE), RequirementError),
        (s.Compare(s.Comparison.EQUAL, s.IntLiteral(2**70), _TRUE), RequirementError),
        (s.Compare(s.Comparison.EQUAL, s.DecimalLiteral(Decimal("1e-7")), _TRUE), RequirementError),
        (s.Compare(s.Comparison.EQUAL, s.DecimalLiteral(Decimal("1e16")), _TRUE), RequirementError),
        (s.Compare(s.Comparison.EQUAL, s.DecimalLiteral(Decimal("1e99999999")), _TRUE), OutOfRange),
        (s.Compare(s.Comparison.EQUAL, s.DecimalLiteral(Decimal("sNaN")), _TRUE), OutOfRange),
        (s.Compare(s.Comparison.EQUAL, s.DecimalLiteral(Decimal("-inf")), _TRUE), OutOfRange),
        (s.IntLiteral(1), RequirementError),
        (_tower(65), RequirementError),
        (_tower(50_000), OutOfRange),
        (_doubled(60), OutOfRange),
    ],
)  # fmt: skip
def test_wrong_structs_are_refused(expression: Expression, error: type[InvalidArgument]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check(expression)
    assert type(caught.value) is error


def test_deepest_structs_are_taken() -> None:
    assert check(_tower(64)) == Requirement(_tower(64))
    assert check_score(s.SkillLevel("x")) == parse_score("agent.skills.x")
