"""DBOS: a workflow of one step that counts, on the same PostgreSQL server, in a database of its own."""

from __future__ import annotations

from typing import Any


class NotThere(Exception):
    """DBOS is not installed: ``pip install 'pujiang[bench]'``."""


class Dbos:
    def __init__(self, url: str) -> None:
        """
        Raises:
            NotThere
        """
        try:
            from dbos import DBOS
        except ImportError as error:
            raise NotThere(str(error)) from error
        self.dbos: Any = DBOS
        # A version of our own, or it reads the sources of all that runs here to work one out.
        DBOS(
            config={
                "name": "pujiang-bench",
                "system_database_url": url,
                "application_version": "1",
                "log_level": "WARNING",
                "run_admin_server": False,
            }
        )

        @DBOS.step()
        def count(n: int) -> dict[str, Any]:
            return {"n": n + 1, "verdict": "yes"}

        @DBOS.workflow()
        def decide(n: int) -> dict[str, Any]:
            return count(n)

        self._decide = decide
        DBOS.launch()

    def step(self, number: int) -> None:
        assert self._decide(number)["n"] == number + 1

    def close(self) -> None:
        self.dbos.destroy()
