"""``ccroute plugins``: what installed packages add to ccroute."""

from __future__ import annotations

import typer

from ccroute.cli.screen import show, show_json, table


def plugins(
    check: bool = typer.Option(False, "--check", help="Import each of them; exit with 1 if one cannot be."),
    as_json: bool = typer.Option(False, "--json", help="Show them as one line of JSON."),
) -> int:
    """Tell which channels, stores and servers installed packages add."""
    import msgspec

    from ccroute.errors import PluginBroken
    from ccroute.runtime.plugins import installed, load

    found = installed()
    problems: dict[int, str] = {}
    for number, one in enumerate(found if check else []):
        try:
            load(one.group, one.name)
        except PluginBroken as error:
            problems[number] = error.problem
    if as_json:
        told = [msgspec.to_builtins(one) for one in found]
        show_json({"plugins": [one | {"problem": problems.get(number)} for number, one in enumerate(told)]})
    elif not found:
        show("no installed package adds anything to ccroute")
    else:
        rows = [
            (one.name, one.group, f"{one.package} {one.version}", problems.get(number, one.target))
            for number, one in enumerate(found)
        ]
        show(table("plug-ins", ["name", "group", "package", "problem or target" if check else "target"], rows))
    return 1 if problems else 0
