"""The description of the API, tried by schemathesis: every operation answers as it says, whatever it is sent."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import requests
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ccroute import EnqueueContact
from desk import openapi
from desk.house import House
from tests.desk.houses import house_in, visitor_of
from tests.desk.visitors import ORIGIN

pytestmark = [pytest.mark.outer, pytest.mark.slow]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES = 12
Ask = Callable[[requests.PreparedRequest], httpx.Response]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, people_file: Path) -> Iterator[tuple[House, Ask]]:
    """Open a house in which somebody waits, and a supervisor who is an agent, too."""
    with start_blocking_portal() as portal:
        folder = tmp_path_factory.mktemp("house")
        with (
            portal.wrap_async_context_manager(house_in(folder, people_file)) as house,
            portal.wrap_async_context_manager(visitor_of(house, "lena")) as visitor,
        ):
            for contact_id in ("0", "c1"):
                portal.call(
                    house.router.send, EnqueueContact(contact_id=contact_id, queue_id="support", channel="task")
                )
            cookies, csrf = dict(visitor.cookies), visitor.headers["X-CSRF-Token"]

            def ask(prepared: requests.PreparedRequest) -> httpx.Response:
                # Signing out, and in as nobody, must not end what the next one needs.
                visitor.cookies.clear()
                visitor.cookies.update(cookies)
                return portal.call(_send, visitor, prepared, csrf)

            yield house, ask


async def _send(visitor: httpx.AsyncClient, prepared: requests.PreparedRequest, csrf: str) -> httpx.Response:
    headers = {name: value for name, value in prepared.headers.items() if name.lower() not in ("cookie", "host")}
    headers["X-CSRF-Token"] = csrf
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    assert prepared.url is not None
    assert prepared.method is not None
    return await visitor.request(prepared.method, prepared.url, headers=headers, content=body)


def test_every_operation_answers_as_it_is_described(asked: tuple[House, Ask]) -> None:
    house, ask = asked
    schema = schemathesis.openapi.from_dict(openapi.document(house.rooms))
    schema.config.update(base_url=ORIGIN)
    tried = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label in {"POST /api/sign-out", "GET /metrics"}:
            continue

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        def answers(case: schemathesis.Case) -> None:
            prepared = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
            case.validate_response(ask(prepared), checks=CHECKS)

        answers()
        tried.add(operation.label)
    assert len(tried) == len([one for room in house.rooms for one in room.operations]) - 2


def test_the_description_names_every_operation_once(asked: tuple[House, Ask]) -> None:
    house, ask = asked
    told = ask(requests.Request("GET", f"{ORIGIN}/api/openapi.json").prepare()).json()
    names = [one["operationId"] for path in told["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) == sum(len(room.operations) for room in house.rooms)
    assert {one["name"] for one in told["tags"]} >= {"agent", "supervisor", "chat", "sign-in", "health"}
    for path in told["paths"]:
        assert path == urllib.parse.quote(path, safe="/{}_-.")
