"""The commands of `pujiang`, a file a noun; web/cli.py puts them together."""
