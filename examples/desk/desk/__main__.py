"""``python -m desk``: serves, or adds a user."""

from desk.serve import command

command()
