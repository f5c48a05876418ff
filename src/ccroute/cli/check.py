"""``ccroute check``: every fault of a configuration, each with its place."""

from __future__ import annotations

import typer


def check(
    config: str = typer.Argument(metavar="CONFIG", help="The configuration, a file .toml or .json."),
    as_json: bool = typer.Option(False, "--json", help="Show the faults as one line of JSON."),
) -> int:
    """Tell every fault of a configuration. Exit status 1 if there are any.

    What is wrong with opening hours, holidays and zones is told once nothing else is.
    """
    from ccroute import calendars
    from ccroute.cli.screen import show, show_json
    from ccroute.config import Config, faults_of_file

    with open(config, "rb"):  # what cannot be opened is no fault of the configuration
        pass
    faults = faults_of_file(config) or calendars.faults(Config.from_file(config))
    if as_json:
        told = [{"path": fault.path, "message": fault.message, "line": fault.line} for fault in faults]
        show_json({"ok": not faults, "faults": told})
    else:
        show(*(str(fault) for fault in faults), *([] if faults else [f"{config}: no faults"]))
    return 1 if faults else 0
