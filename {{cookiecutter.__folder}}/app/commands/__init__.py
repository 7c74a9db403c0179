"""Commands for people and machines: `python -m app.commands.NAME`."""
