"""The doors of the server: signing in, roles, origins, tokens, limits, headers; no room behind them is real here."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp

from desk.app import make_app
from desk.calls import Access, Call, Done, Operation, Room, SocketDoor, Visit
from desk.doors import Doors
from desk.gate import POLICY, Origins
from desk.limits import Allowances, Buckets, Ladder, Rate
from desk.passwords import PasswordTooShort, hash_of, is_right, new_password
from desk.people import SESSION_US, SESSIONS_MAX, NameTaken, People, Role, User, WrongName
from desk.sign_in import SignIn
from tests.desk.visitors import ORIGIN, client, cookie_of, sign_in, socket

pytestmark = [pytest.mark.outer, pytest.mark.anyio]

PASSWORD = "a-password-of-the-tests"
SAID = "my number is 4711"
NOW_US = 1_790_000_000_000_000


class Hands:
    """Clocks that are moved by hand."""

    def __init__(self) -> None:
        self.now_us = NOW_US
        self.now_s = 0.0


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body."""

    word: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What stands behind a question mark."""

    size: int = 1


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with one user of each role, made once: hashing is slow on purpose."""
    path = tmp_path_factory.mktemp("people") / "people.sqlite"
    people = People(path)
    for role in Role:
        agent_id = "maxim" if role is Role.AGENT else None
        people.add(User(name=role.value, shown_name=role.value.title(), role=role, agent_id=agent_id), PASSWORD)
    people.close()
    return path


@pytest.fixture
def people(users: Path, tmp_path: Path) -> People:
    path = tmp_path / "people.sqlite"
    path.write_bytes(users.read_bytes())
    return People(path)


async def _done(_: Call) -> Done:
    return Done()


async def _say(call: Call) -> Said:
    return call.body_as(Said)


async def _ask(call: Call) -> Asked:
    return call.query_as(Asked)


async def _fail(_: Call) -> Done:
    raise RuntimeError(SAID)


async def _echo(visit: Visit) -> None:
    while isinstance(frame := await visit.receive(), str):
        if frame == '"fail"':
            raise RuntimeError(SAID)
        await visit.send(msgspec.json.encode({"type": "echo", "frame": frame}).decode())


def _room() -> Room:
    operations = [
        Operation(
            method=method,
            path=f"/api/{access}",
            name=f"{method} {access}",
            summary="Do it.",
            handle=_done,
            access=access,
            answer=Done,
        )
        for method in ("GET", "POST")
        for access in Access
    ]
    for path, handle, more in (
        ("/api/say", _say, {"method": "POST", "body": Said, "answer": Said}),
        ("/api/ask", _ask, {"method": "GET", "query": Asked, "answer": Asked}),
        ("/api/fail", _fail, {"method": "GET", "answer": Done}),
    ):
        operations.append(
            Operation(path=path, name=path, summary="Do it.", handle=handle, access=Access.ANYONE, **more)  # type: ignore[arg-type]
        )
    sockets = tuple(
        SocketDoor(path=f"/api/{access}/socket", name=access.value, handle=_echo, access=access) for access in Access
    )
    return Room(name="room", about="A room.", operations=tuple(operations), sockets=sockets)


def _app(people: People, hands: Hands, allowances: Allowances | None = None, origin: str = ORIGIN) -> ASGIApp:
    origins = Origins.of([origin])
    doors = Doors(
        people,
        now_us=lambda: hands.now_us,
        clock_s=lambda: hands.now_s,
        allowances=allowances,
        is_https=origins.is_https,
    )
    return make_app([SignIn(doors, allowances).room(), _room()], doors, origins)


@pytest.fixture
def app(people: People, hands: Hands) -> ASGIApp:
    return _app(people, hands)


def code_of(answer: httpx.Response) -> str:
    """Return the word for what was wrong."""
    return str(answer.json()["error"]["code"])


async def test_who_signs_in_has_a_cookie_that_no_script_reads(app: ASGIApp) -> None:
    async with client(app) as visitor:
        answer = await visitor.post("/api/sign-in", json={"name": "agent", "password": PASSWORD})
        assert answer.json()["user"] == {"name": "agent", "shown_name": "Agent", "role": "agent", "agent_id": "maxim"}
        cookie = answer.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/"))
        assert "secure" not in cookie
        told = await visitor.get("/api/session")
        assert told.json() == answer.json()


async def test_the_cookie_of_an_encrypted_server_stays_there(people: People, hands: Hands) -> None:
    app = _app(people, hands, origin="https://desk.test")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as visitor:
        answer = await visitor.post("/api/sign-in", json={"name": "agent", "password": PASSWORD})
        assert answer.headers["set-cookie"].startswith("__Host-desk_session=")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize(("name", "password"), [("agent", "wrong"), ("nobody", PASSWORD), ("agent", "x" * 2_000)])
async def test_a_wrong_password_and_a_wrong_name_are_told_alike(app: ASGIApp, name: str, password: str) -> None:
    async with client(app) as visitor:
        answer = await visitor.post("/api/sign-in", json={"name": name, "password": password})
        assert (answer.status_code, code_of(answer)) == (401, "wrong_credentials")
        assert "set-cookie" not in answer.headers


async def test_pauses_between_attempts_grow_and_end_with_success(app: ASGIApp, hands: Hands) -> None:
    async with client(app) as visitor:

        async def attempt(password: str) -> tuple[int, str | None]:
            answer = await visitor.post("/api/sign-in", json={"name": "agent", "password": password})
            return answer.status_code, answer.headers.get("retry-after")

        assert [await attempt("wrong") for _ in range(6)] == [(401, None)] * 5 + [(429, "1")]
        assert await attempt(PASSWORD) == (429, "1")
        hands.now_s += 1.0
        assert [await attempt("wrong"), await attempt("wrong")] == [(401, None), (429, "2")]
        hands.now_s += 2.0
        assert [await attempt(PASSWORD), await attempt("wrong")] == [(200, None), (401, None)]


async def test_an_address_may_not_try_names_without_end(app: ASGIApp) -> None:
    async with client(app) as visitor:
        answers = [await visitor.post("/api/sign-in", json={"name": f"n{n}", "password": "x"}) for n in range(21)]
        assert [one.status_code for one in answers] == [401] * 20 + [429]
        assert code_of(answers[-1]) == "too_many"


async def test_a_session_ends_with_signing_out_and_with_time(app: ASGIApp, hands: Hands) -> None:
    async with client(app) as visitor:
        await sign_in(visitor, "agent", PASSWORD)
        before = cookie_of(visitor)
        assert (await visitor.post("/api/sign-out")).status_code == 204
        assert (await visitor.get("/api/session", headers={"cookie": before})).status_code == 401
        await sign_in(visitor, "agent", PASSWORD)
        hands.now_us += SESSION_US - 1
        assert (await visitor.get("/api/session")).status_code == 200
        hands.now_us += 1
        assert code_of(await visitor.get("/api/session")) == "signed_out"


async def test_signing_in_anew_ends_the_session_before(app: ASGIApp) -> None:
    async with client(app) as visitor:
        await sign_in(visitor, "agent", PASSWORD)
        before = cookie_of(visitor)
        await sign_in(visitor, "supervisor", PASSWORD)
        assert cookie_of(visitor) != before
    async with client(app) as other:
        assert (await other.get("/api/session", headers={"cookie": before})).status_code == 401


ALLOWED = {
    Access.ANYONE: {None, *Role},
    Access.SIGNED_IN: {*Role},
    Access.AGENT: {Role.AGENT},  # only this user of the tests is an agent of the configuration
    Access.SUPERVISOR: {Role.SUPERVISOR, Role.ADMIN},
}


@pytest.mark.parametrize("role", [None, *Role])
async def test_each_role_gets_where_it_may_and_nowhere_else(app: ASGIApp, role: Role | None) -> None:
    async with client(app) as visitor:
        if role is not None:
            await sign_in(visitor, role.value, PASSWORD)
        for access in Access:
            wanted = 200 if role in ALLOWED[access] else 401 if role is None else 403
            for answer in (await visitor.get(f"/api/{access}"), await visitor.post(f"/api/{access}")):
                assert answer.status_code == wanted, (access, role)
            async with socket(app, f"/api/{access}/socket", visitor) as opened:
                await opened.send({"type": "word"})
                frame = await opened.receive()
                assert (frame is not None) == (wanted == 200)
                assert opened.closed_with == {200: None, 401: 4401, 403: 4403}[wanted]


async def test_what_changes_something_needs_the_token_of_the_session(app: ASGIApp) -> None:
    async with client(app) as visitor, client(app) as other:
        await sign_in(visitor, "agent", PASSWORD)
        await sign_in(other, "supervisor", PASSWORD)
        for token in ("", "x", other.headers["X-CSRF-Token"]):
            answer = await visitor.post("/api/agent", headers={"X-CSRF-Token": token})
            assert (answer.status_code, code_of(answer)) == (403, "bad_csrf")
        assert (await visitor.post("/api/agent")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "https://desk.test"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.test"},
    ],
)
async def test_a_page_of_another_server_gets_nothing_done(app: ASGIApp, headers: dict[str, str]) -> None:
    async with client(app) as visitor:
        await sign_in(visitor, "agent", PASSWORD)
        answer = await visitor.post("/api/agent", headers=headers)
        assert (answer.status_code, code_of(answer)) == (403, "bad_origin")


@pytest.mark.parametrize("origin", ["http://evil.test", "", "null", "https://desk.test"])
async def test_a_page_of_another_server_opens_no_socket(app: ASGIApp, origin: str) -> None:
    async with client(app) as visitor:
        await sign_in(visitor, "agent", PASSWORD)
        async with socket(app, "/api/agent/socket", visitor, origin=origin) as opened:
            assert await opened.receive() is None
            assert (opened.is_accepted, opened.closed_with) == (False, 4403)


async def test_a_page_of_this_server_gets_things_done(app: ASGIApp) -> None:
    async with client(app) as visitor:
        await sign_in(visitor, "agent", PASSWORD)
        for headers in ({"origin": ORIGIN}, {"sec-fetch-site": "same-origin"}):
            assert (await visitor.post("/api/agent", headers=headers)).status_code == 200


async def test_every_answer_tells_browsers_what_the_page_may_do(app: ASGIApp) -> None:
    async with client(app) as visitor:
        for path in ("/api/anyone", "/api/nowhere", "/nowhere", "/static/nothing.js", "/favicon.ico"):
            headers = (await visitor.get(path)).headers
            assert headers["content-security-policy"] == POLICY
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cache-control"] == ("no-store" if path.startswith("/api/") else "no-cache")
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY


async def test_who_asks_too_often_waits_alone(people: People, hands: Hands) -> None:
    few = Rate(burst=2, per_s=1.0)
    app = _app(people, hands, Allowances(visitor=few, user=few, sockets=few))
    async with client(app) as visitor, client(app) as other:
        answers = [await visitor.get("/api/anyone") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert (code_of(answers[-1]), answers[-1].headers["retry-after"]) == ("too_many", "1")
        hands.now_s += 1.0
        await sign_in(other, "agent", PASSWORD)
        assert [(await other.get("/api/agent")).status_code for _ in range(3)] == [200, 200, 429]
        hands.now_s += 1.0
        assert (await visitor.get("/api/anyone")).status_code == 200
        closings = []
        for _ in range(3):
            async with socket(app, "/api/anyone/socket") as opened:
                await opened.send({})
                await opened.receive()
                closings.append(opened.closed_with)
        assert closings == [None, None, 4429]


async def test_a_body_is_what_it_must_be(app: ASGIApp) -> None:
    async with client(app) as visitor:
        json = {"content-type": "application/json; charset=utf-8"}
        for content, headers, status, code in (
            (b'{"word": "x"}', json, 200, None),
            (b'{"word": "x"}', {"content-type": "text/plain"}, 415, "not_json"),
            (b"", json, 400, "bad_request"),
            (b'{"word": 1}', json, 400, "bad_request"),
            (b'{"word": "x", "more": 1}', json, 400, "bad_request"),
            (b'{"word": "\xff"}', json, 400, "bad_request"),
            (b" " * 200_000, json, 413, "too_large"),
        ):
            answer = await visitor.post("/api/say", content=content, headers=headers)
            assert answer.status_code == status, content[:40]
            assert code is None or code_of(answer) == code
        assert (await visitor.get("/api/ask?size=7")).json() == {"size": 7}
        assert code_of(await visitor.get("/api/ask?size=x")) == "bad_request"


async def test_a_fault_of_ours_tells_nothing_of_what_was_said(app: ASGIApp, caplog: pytest.LogCaptureFixture) -> None:
    async with client(app) as visitor:
        answer = await visitor.get("/api/fail")
        assert (answer.status_code, code_of(answer)) == (500, "failed")
        async with socket(app, "/api/anyone/socket") as opened:
            await opened.send('"fail"')
            assert await opened.receive() is None
            assert opened.closed_with == 1011
    assert "RuntimeError" in caplog.text
    assert SAID not in caplog.text + answer.text


async def test_what_is_not_there_is_told_as_such(app: ASGIApp) -> None:
    async with client(app) as visitor:
        assert code_of(await visitor.get("/api/nowhere")) == "not_found"
        answer = await visitor.delete("/api/anyone")
        assert (answer.status_code, code_of(answer)) == (405, "method_not_allowed")
        assert answer.headers["allow"]
        for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/app.py", "/static/"):
            assert (await visitor.get(path)).status_code == 404


async def test_an_open_socket_ends_with_its_session(
    people: People, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.doors.SESSION_CHECKED_S", 0.0)
    app = _app(people, hands)
    async with client(app) as visitor:
        await sign_in(visitor, "agent", PASSWORD)
        async with socket(app, "/api/agent/socket", visitor) as opened:
            await opened.send({})
            assert await opened.receive() is not None
            assert (await visitor.post("/api/sign-out")).status_code == 204
            assert await opened.receive() is None
            assert opened.closed_with == 4401


def test_users_have_names_of_their_own(people: People) -> None:
    for name in ("", " maxim", "a\nb", "x" * 129):
        with pytest.raises(WrongName):
            people.add(User(name=name, shown_name="x", role=Role.AGENT, agent_id=None), PASSWORD)
    with pytest.raises(NameTaken):
        people.add(User(name="agent", shown_name="x", role=Role.AGENT, agent_id=None), PASSWORD)
    with pytest.raises(PasswordTooShort, match="12 to 1024 characters, this one has 5"):
        people.add(User(name="new", shown_name="x", role=Role.AGENT, agent_id=None), "short")
    assert [one.name for one in people.users()] == ["admin", "agent", "customer", "supervisor"]


def test_who_is_removed_is_signed_out(people: People) -> None:
    user = people.who_is("agent", PASSWORD)
    assert user is not None
    token, session = people.begin(user, NOW_US)
    assert people.session(token, NOW_US) == session
    assert (people.remove("agent"), people.remove("agent")) == (True, False)
    assert people.session(token, NOW_US) is None


def test_a_user_has_so_many_sessions_and_the_oldest_one_ends(people: People) -> None:
    user = people.who_is("agent", PASSWORD)
    assert user is not None
    tokens = [people.begin(user, NOW_US + n)[0] for n in range(SESSIONS_MAX + 1)]
    assert [people.session(one, NOW_US) is None for one in tokens] == [True] + [False] * SESSIONS_MAX


def test_the_file_of_users_opens_no_session_and_nobody_else_reads_it(people: People, tmp_path: Path) -> None:
    user = people.who_is("agent", PASSWORD)
    assert user is not None
    token, _ = people.begin(user, NOW_US)
    people.close()
    content = (tmp_path / "people.sqlite").read_bytes()
    assert token.encode() not in content
    assert PASSWORD.encode() not in content


def test_a_generated_password_is_right_and_no_other_is() -> None:
    password = new_password()
    kept = hash_of(password)
    assert password != new_password()
    assert [is_right(kept, password), is_right(kept, password + "x"), is_right(None, password)] == [True, False, False]
    assert is_right("no hash", password) is False


@pytest.mark.parametrize("origin", ["desk.test", "ftp://desk.test", "http://", "http://desk.test/", "http://a/b"])
def test_an_origin_is_a_scheme_a_host_and_nothing_behind(origin: str) -> None:
    with pytest.raises(ValueError, match="an origin must be"):
        Origins.of([origin])


def test_limits_remember_so_many_visitors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.limits.VISITORS_MAX", 2)
    buckets = Buckets(Rate(burst=1, per_s=1.0))
    ladder = Ladder(free=1, first_s=1.0, longest_s=4.0)
    assert [buckets.take(one, 0.0) for one in "abcaa"] == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert [ladder.begin(one, 0.0) for one in "aabcaa"] == [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


def test_pauses_have_an_end_and_are_forgotten() -> None:
    ladder = Ladder(free=1, first_s=1.0, longest_s=4.0, forget_s=100.0)
    now_s = 0.0
    pauses = []
    for _ in range(6):
        assert ladder.begin("a", now_s) == 0.0
        pauses.append(ladder.begin("a", now_s))
        now_s += pauses[-1]
    assert pauses == [1.0, 2.0, 4.0, 4.0, 4.0, 4.0]
    now_s += 100.0
    assert ladder.begin("a", now_s) == 0.0
    assert ladder.begin("a", now_s) == 1.0
