"""What customers are known by is written in one way each, and never told where it is wrong."""

from __future__ import annotations

import contextlib
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccroute.customers import HANDLE_LENGTH_MAX, handle
from ccroute.errors import ExtraMissing, InvalidHandle, WrongType

pytestmark = pytest.mark.outer


@pytest.mark.parametrize(
    ("text", "region", "written"),
    [
        ("+49 30 901820", None, "+4930901820"),
        ("030 901820", "DE", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("tel:+49-30-901820", None, "+4930901820"),
        ("+49 (0)30 901820", None, "+4930901820"),
        ("030 901820 ext 5", "DE", "+4930901820;ext=5"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("+39 06 1234567", None, "+39061234567"),
        ("\N{FULLWIDTH PLUS SIGN}４９３０９０１８２０", None, "+4930901820"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        (
            "\N{LEFT-TO-RIGHT EMBEDDING}+49\N{NO-BREAK SPACE}30 901820\N{POP DIRECTIONAL FORMATTING}",
            None,
            "+4930901820",
        ),
    ],
)
def test_a_phone_number_is_written_as_e164(text: str, region: str | None, written: str) -> None:
    assert handle("phone", text, region=region).value == written


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("030 901820", None),
        ("anonymous", "DE"),
        ("+49 1", None),
        ("+999 123456", None),
        ("1", "DE"),
        ("+1 201 555", None),
    ],
)
def test_what_is_no_phone_number_is_refused_untold(text: str, region: str | None) -> None:
    with pytest.raises(InvalidHandle, match="phone number with") as raised:
        handle("phone", text, region=region)
    assert repr(raised.value.got) == f"a text of {len(text)} characters"


@pytest.mark.parametrize("region", ["de", "DEU", "", 7])
def test_a_region_is_two_capital_letters(region: object) -> None:
    with pytest.raises(InvalidHandle, match="two capital letters"):
        handle("phone", "030 901820", region=region)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (" Ada.L@Example.COM ", "ada.l@example.com"),
        ("ада@почта.рф", "ада@почта.рф"),
        ("a\N{COMBINING DIAERESIS}@example.com", "ä@example.com"),
        ('"a b"@example.com', '"a b"@example.com'),
        ("ada+news@example.com", "ada+news@example.com"),
    ],
)
def test_an_address_is_written_in_lower_case(text: str, written: str) -> None:
    assert handle("email", text).value == written


@pytest.mark.parametrize("text", ["canary", "canary@", "canary@nowhere", "Ada <canary@example.com>", "a@b@example.com"])
def test_what_is_no_address_is_refused_untold(text: str) -> None:
    with pytest.raises(InvalidHandle) as raised:
        handle("email", text)
    chained = [raised.value, raised.value.__cause__, raised.value.__context__]
    assert "canary" not in "".join(f"{error} {error!r} {getattr(error, 'args', '')}" for error in chained)


@pytest.mark.parametrize(
    ("kind", "text", "written"),
    [
        ("telegram", "@Ada_L", "@ada_l"),
        ("telegram", " 123456 ", "123456"),
        ("cookie", "Zk3-xY", "Zk3-xY"),
        ("vk", "e\N{COMBINING ACUTE ACCENT}", "é"),
    ],
)
def test_a_name_in_a_network_stays_as_it_is(kind: str, text: str, written: str) -> None:
    assert handle(kind, text).value == written


@given(kind=st.sampled_from(["phone", "email", "telegram"]), text=st.text(max_size=40))
@example(kind="telegram", text="@\u0130\u0307")
@example(kind="phone", text="+49 30 901820 ext. 12")
@example(kind="email", text="\u0130@example.com")
def test_what_was_written_is_written_so_again(kind: str, text: str) -> None:
    with contextlib.suppress(InvalidHandle):
        written = handle(kind, text, region="DE")
        assert handle(kind, written.value) == written


@pytest.mark.parametrize("kind", ["", "Phone", "1st", "a-b", "x" * 33])
def test_a_kind_is_a_word(kind: str) -> None:
    with pytest.raises(InvalidHandle, match="kind must be"):
        handle(kind, "x")


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "x" * (HANDLE_LENGTH_MAX + 1)])
def test_a_value_is_a_short_line(text: str) -> None:
    with pytest.raises(InvalidHandle, match="printable characters"):
        handle("cookie", text)


@pytest.mark.parametrize(("kind", "text"), [(7, "x"), ("cookie", 7), ("cookie", b"canary")])
def test_kind_and_value_are_texts(kind: object, text: object) -> None:
    with pytest.raises(WrongType) as raised:
        handle(kind, text)  # type: ignore[arg-type]
    assert "canary" not in str(raised.value)


def test_a_handle_does_not_show_its_value() -> None:
    assert repr(handle("phone", "+49 30 901820")) == "Handle(kind='phone', value=…)"


@pytest.mark.parametrize(
    ("kind", "text", "package"), [("phone", "+4930901820", "phonenumbers"), ("email", "a@b.de", "email_validator")]
)
def test_without_the_extra_it_is_told(kind: str, text: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExtraMissing) as raised:
        handle(kind, text)
    assert raised.value.extra == "customers"
