"""The reference server of ``examples/desk``: its doors, its rooms, and what happens when it is killed."""
