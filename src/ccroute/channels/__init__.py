"""Channels: how contacts come in, and how the outside hears of them. Each module is imported by who uses it."""
