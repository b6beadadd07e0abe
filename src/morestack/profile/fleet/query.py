"""Questions to a collection, as SQL for DuckDB: those most wanted ready-made, any other by `--sql`.

The view `rows` is the Parquet file, `paths` its paths (one row each and profile, with the functions from the outside
in). Sizes of goroutines are per goroutine, so that fleets of different load compare.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from morestack.profile.errors import ProfileError, extra


@dataclass(frozen=True, slots=True)
class Question:
    """A ready question: what it tells, and its SQL with `{limit}` and `{every}`."""

    tells: str
    sql: str


QUESTIONS = {
    "top": Question(
        "the paths whose goroutines take the most stack, over time",
        """
        WITH best AS (
            SELECT path FROM paths WHERE kind = 'goroutines'
            GROUP BY path ORDER BY sum(coalesce(stack_bytes, used_bytes, 0)) DESC, path LIMIT {limit}
        )
        SELECT time_bucket(INTERVAL '{every}', taken) AS since, statement, place AS deepest,
               count(DISTINCT profile) AS profiles,
               round(avg(goroutines)) :: BIGINT AS goroutines,
               round(avg(stack_bytes)) :: BIGINT AS stack_bytes,
               round(avg(used_bytes)) :: BIGINT AS used_bytes
        FROM paths SEMI JOIN best USING (path) WHERE kind = 'goroutines'
        GROUP BY ALL ORDER BY since, stack_bytes DESC NULLS LAST, statement, deepest
        """,
    ),
    "regressions": Question(
        "what one goroutine of a `go` statement needs, from version to version, where it grew",
        """
        WITH by_version AS (
            SELECT version, statement_name(statement) AS statement, min(taken) AS first,
                   sum(used_bytes) / sum(goroutines) AS used, sum(stack_bytes) / sum(goroutines) AS stack,
                   max(stack_bytes // goroutines) AS largest
            FROM paths WHERE kind = 'goroutines' AND goroutines > 0 GROUP BY ALL
        ), steps AS (
            SELECT *, lag(version) OVER w AS old_version, lag(used) OVER w AS old_used, lag(stack) OVER w AS old_stack,
                   lag(largest) OVER w AS old_largest
            FROM by_version WINDOW w AS (PARTITION BY statement ORDER BY first, version)
        )
        SELECT old_version AS "from", version AS "to", statement,
               round(old_used) :: BIGINT AS used_before, round(used) :: BIGINT AS used_after,
               round(old_stack) :: BIGINT AS stack_before, round(stack) :: BIGINT AS stack_after,
               largest > old_largest AS crosses_a_size
        FROM steps WHERE old_version IS NOT NULL AND (used > old_used * 1.02 OR stack > old_stack * 1.02)
        ORDER BY stack - old_stack DESC, used - old_used DESC LIMIT {limit}
        """,
    ),
    "frames": Question(
        "functions whose frame grew from version to version",
        """
        WITH sizes AS (
            SELECT version, function, min(taken) AS first, max(frame_bytes) AS bytes
            FROM rows WHERE NOT inlined AND frame_bytes IS NOT NULL GROUP BY ALL
        ), steps AS (
            SELECT *, lag(version) OVER w AS old_version, lag(bytes) OVER w AS old_bytes
            FROM sizes WINDOW w AS (PARTITION BY function ORDER BY first, version)
        )
        SELECT old_version AS "from", version AS "to", function, old_bytes AS before, bytes AS after
        FROM steps WHERE bytes > old_bytes ORDER BY bytes - old_bytes DESC, function LIMIT {limit}
        """,
    ),
    "outliers": Question(
        "profiles in which a `go` statement has far more goroutines or larger stacks than in the others",
        """
        WITH each_one AS (
            SELECT profile, taken, version, statement_name(statement) AS statement,
                   sum(goroutines) AS goroutines, sum(coalesce(stack_bytes, used_bytes)) / sum(goroutines) AS bytes
            FROM paths WHERE kind = 'goroutines' AND goroutines > 0 GROUP BY ALL
        ), usual AS (
            SELECT statement, count(*) AS profiles, median(goroutines) AS goroutines, median(bytes) AS bytes,
                   mad(goroutines) AS goroutines_mad, mad(bytes) AS bytes_mad
            FROM each_one GROUP BY statement HAVING count(*) >= 3
        )
        SELECT e.profile, e.taken, e.version, e.statement, e.goroutines,
               round(u.goroutines) :: BIGINT AS usual_goroutines,
               round(e.bytes) :: BIGINT AS bytes_each, round(u.bytes) :: BIGINT AS usual_bytes_each
        FROM each_one e JOIN usual u USING (statement)
        WHERE e.goroutines > u.goroutines * 1.5 + 5 * u.goroutines_mad + 2
           OR e.bytes > u.bytes * 1.25 + 5 * u.bytes_mad + 64
        ORDER BY greatest(e.goroutines / u.goroutines, e.bytes / nullif(u.bytes, 0)) DESC, e.profile LIMIT {limit}
        """,
    ),
    "growth": Question(
        "who pays for growing stacks, by version, from CPU profiles",
        """
        SELECT version, statement, place AS asked_by, count(DISTINCT profile) AS profiles,
               sum(nanoseconds) :: BIGINT AS nanoseconds
        FROM paths WHERE kind = 'growth' GROUP BY ALL ORDER BY nanoseconds DESC, statement LIMIT {limit}
        """,
    ),
}
PATHS = """
CREATE VIEW paths AS
SELECT profile, taken, version, kind, statement, path,
       any_value(goroutines) AS goroutines, any_value(used_bytes) AS used_bytes,
       any_value(stack_bytes) AS stack_bytes, any_value(nanoseconds) AS nanoseconds,
       coalesce(arg_min(function, depth) FILTER (NOT function LIKE 'runtime.%' AND NOT function LIKE 'internal/%'),
                arg_min(function, depth)) AS place,
       list(function ORDER BY depth DESC) AS functions
FROM rows GROUP BY profile, taken, version, kind, statement, path
"""
NAME = r"CREATE MACRO statement_name(s) AS regexp_replace(s, ':[0-9]+', '')"
"""A statement without its line, which differs from version to version."""


@dataclass(slots=True)
class Answer:
    """A table of values, and what the collection left out."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    skipped: list[list[str]]


def query(file: str, question: str | None, sql: str | None = None, limit: int = 20, every: str = "1 day") -> Answer:
    """Ask a collection."""
    duckdb = extra("duckdb", "fleet")
    if not os.path.isfile(file):
        raise ProfileError(f"no collection {file}: morestack fleet collect writes one")
    if sql is None:
        if question not in QUESTIONS:
            raise ProfileError(f"no question {question}; there are {', '.join(QUESTIONS)}")
        sql = QUESTIONS[question].sql.format(limit=int(limit), every=every.replace("'", ""))
    connection = duckdb.connect()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        quoted = file.replace("'", "''")
        connection.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{quoted}')")
        connection.execute(PATHS)
        connection.execute(NAME)
        found = connection.execute(
            f"SELECT value FROM parquet_kv_metadata('{quoted}') WHERE key = 'skipped'"
        ).fetchone()
        skipped = json.loads(bytes(found[0])) if found else []
        result = connection.execute(sql)
        columns = [column[0] for column in result.description]
        return Answer(columns, result.fetchall(), skipped)
    except duckdb.Error as error:
        raise ProfileError(f"{file}: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()
