"""The command ``ccroute``: reading files and arguments, and showing what comes of them."""
