"""Engines that know nothing of Parley read a lake: PyIceberg and DuckDB through the REST catalog of a server, PyIceberg
also through control.db. What they read is compared with Parley's own reader. Prints a line for each engine and exits with 0,
or says what was wrong and exits with 1.

Environment: PARLEY, the program; PARLEY_LAKE, an absolute path; PARLEY_URL, PARLEY_CLIENT_ID, PARLEY_CLIENT_SECRET of a server
of that lake alone. The lake has the tag "before", with fewer conversations than now, and the day DAY.
"""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import time
from importlib.resources import files

import duckdb
import pyarrow as pa
import requests
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog

PROGRAM, LAKE, URL = os.environ["PARLEY"], os.environ["PARLEY_LAKE"], os.environ["PARLEY_URL"]
CLIENT, SECRET = os.environ["PARLEY_CLIENT_ID"], os.environ["PARLEY_CLIENT_SECRET"]
TABLES = ["attributes", "changes", "conversations", "evaluations", "legs", "metrics", "resolutions", "segments", "summaries", "surveys"]
ALL = sorted([*TABLES, "names"])  # names stand beside the commits, and have no days
DAY = ("2026-10-02", "2026-10-03")
OF_DAY = " WHERE " + " AND ".join(f"conversation_start {op} TIMESTAMPTZ '{day} 00:00:00+00'" for op, day in zip((">=", "<"), DAY))
ICEBERG_OF_DAY = f"conversation_start >= '{DAY[0]}T00:00:00+00:00' and conversation_start < '{DAY[1]}T00:00:00+00:00'"


class Wrong(Exception):
    """An engine reads something else than Parley does."""


def check(holds, what):
    if not holds:
        raise Wrong(what)


def same(got, want, what):
    check(got == want, f"{what}: got {str(got)[:500]}, want {str(want)[:500]}")


def parley(statement):
    """The rows of Parley's own SQL, each a dict."""
    command = [PROGRAM, "sql", "--lake", LAKE, "--json", statement]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def canonical(rows):
    """Rows in an order and a spelling that do not depend on who has read them."""
    number = lambda v: float(v) if isinstance(v, float) else v
    return sorted(json.dumps({k: number(v) for k, v in row.items()}, sort_keys=True) for row in rows)


def columns(schema):
    """What to ask SQL for: times as microseconds, all else as it is."""
    is_time = lambda f: pa.types.is_timestamp(f.type)
    return ", ".join(f'epoch_us("{f.name}") AS "{f.name}"' if is_time(f) else f'"{f.name}"' for f in schema)


def plain(table):
    """The rows of an Arrow table, times as microseconds."""
    for i, f in enumerate(table.schema):
        if pa.types.is_timestamp(f.type):
            same((f.type.unit, f.type.tz), ("us", "UTC"), f"type of {f.name}")
            table = table.set_column(i, f.name, table.column(i).cast(pa.int64()))
    return table.to_pylist()


class PyIceberg:
    """PyIceberg with one of its catalogs."""

    def __init__(self, catalog):
        self.catalog = catalog

    def table(self, name):
        return self.catalog.load_table(("parley", name))

    def count(self, name):
        return self.table(name).scan().count()

    def whole(self, name):
        return plain(self.table(name).scan().to_arrow())

    def of_day(self, name):
        return plain(self.table(name).scan(row_filter=ICEBERG_OF_DAY).to_arrow())

    def tables(self):
        return [name for _, name in self.catalog.list_tables("parley")]

    def records(self):
        found = self.table("conversations").scan(selected_fields=("record", "record_hash")).to_arrow()
        return zip(found["record"].to_pylist(), found["record_hash"].to_pylist())


def extensions():
    """The files of the extensions that DuckDB needs, of the PyPI packages of its version."""
    for name in ("httpfs", "avro", "iceberg"):
        yield files(f"duckdb_extension_{name}") / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


class DuckDB:
    """DuckDB with its own extension for Iceberg."""

    def __init__(self, *warehouses):
        self.db = duckdb.connect()
        for path in extensions():
            self.db.load_extension(str(path))
        self.db.execute("SET TimeZone = 'UTC'")
        self.db.execute(f"CREATE SECRET (TYPE iceberg, CLIENT_ID '{CLIENT}', CLIENT_SECRET '{SECRET}', OAUTH2_SERVER_URI '{URL}/oauth/token')")
        for name, warehouse in warehouses:
            self.db.execute(f"ATTACH '{warehouse}' AS {name} (TYPE iceberg, ENDPOINT '{URL}/iceberg', READ_ONLY)")

    def sql(self, statement):
        return self.db.sql(statement).fetchall()

    def count(self, name, lake="lake"):
        return self.sql(f"SELECT count(*) FROM {lake}.parley.{name}")[0][0]

    def whole(self, name):
        found = self.db.sql(f"SELECT {columns(SCHEMAS[name])} FROM lake.parley.{name}")
        return [dict(zip(found.columns, row)) for row in found.fetchall()]

    def of_day(self, name):
        found = self.db.sql(f"SELECT {columns(SCHEMAS[name])} FROM lake.parley.{name}{OF_DAY}")
        return [dict(zip(found.columns, row)) for row in found.fetchall()]

    def tables(self):
        return sorted(row[0] for row in self.sql("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'"))

    def records(self):
        return self.sql("SELECT record, record_hash FROM lake.parley.conversations")


def rest(**more):
    login = {"credential": f"{CLIENT}:{SECRET}", "oauth2-server-uri": f"{URL}/oauth/token"}
    return RestCatalog("lake", uri=f"{URL}/iceberg", **login, **more)


SCHEMAS = {}


def reads_all(name, engine):
    """Counts of all tables, every value of a day, and every record's hash."""
    same(engine.tables(), ALL, f"{name}: tables")
    same(canonical(engine.whole("names")), WANT["names"], f"{name}: names")
    for table in TABLES:
        same(engine.count(table), WANT[table][0], f"{name}: count of {table}")
        same(canonical(engine.of_day(table)), WANT[table][1], f"{name}: values of {table}")
    hashes = [hashlib.sha256(record.encode()).hexdigest() == sum for record, sum in engine.records()]
    check(all(hashes) and len(hashes) == WANT["conversations"][0], f"{name}: {sum(hashes)} of {len(hashes)} hashes are right")


def time_travel(now, duck):
    """All tables as they were at the tag: by the tag, by a catalog of the tag, and by the id of its snapshot."""
    conversations = now.table("conversations")
    first = conversations.snapshot_by_name("before")
    then = PyIceberg(rest(warehouse="default@before"))
    by_id = PyIceberg(rest(warehouse=f"default@{first.snapshot_id}"))
    fewer = 0
    for table in TABLES:
        named = now.table(table).scan().use_ref("before").count()
        id = now.table(table).snapshot_by_name("before").snapshot_id
        of_commit = str(first.snapshot_id) if table == "conversations" else first.summary[f"parley.snapshot.{table}"]
        same(str(id), of_commit, f"snapshot of {table} at the tag")
        others = [then.count(table), by_id.count(table), duck.count(table, "old")]
        others += duck.sql(f"SELECT count(*) FROM lake.parley.{table} AT (VERSION => {id})")[0]
        same(others, [named] * 4, f"{table} at the tag")
        at = now.table(table).snapshot_as_of_timestamp(first.timestamp_ms)
        same(at.snapshot_id, id, f"{table} at the time of the tag")
        fewer += named < WANT[table][0]
    check(fewer >= 4, f"only {fewer} tables had fewer rows at the tag")


def refuses(what, do):
    try:
        do()
    except Exception as refused:  # each engine has errors of its own
        return str(refused)
    raise Wrong(f"{what} was not refused")


def write_refused(now, duck):
    """No engine may change anything, nor does one leave files behind: the caller looks for those."""
    check("does not support" in refuses("PyIceberg: a namespace", lambda: now.catalog.create_namespace("x")), "PyIceberg tried to write")
    refuses("PyIceberg: a table", lambda: now.catalog.drop_table(("parley", "surveys")))
    for statement in ("CREATE TABLE lake.parley.x (i INTEGER)", "DELETE FROM lake.parley.surveys", "DROP TABLE lake.parley.surveys"):
        check("read-only" in refuses(f"DuckDB: {statement}", lambda: duck.db.execute(statement)), f"DuckDB tried to {statement}")
    gone = requests.delete(f"{URL}/iceberg/v1/default/namespaces/parley/tables/surveys", timeout=30)
    same((gone.status_code, gone.json()["error"]["type"]), (405, "UnsupportedOperationException"), "DELETE")


DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def blocks_of(page):
    return [block.split("\n```")[0] for block in (DOCS / page).read_text(encoding="utf-8").split("```python\n")[1:]]


def as_documented():
    """The lines of the documentation run as they stand there, but for who asks, where, and how DuckDB gets its extensions."""
    here = {
        "http://127.0.0.1:8080": URL, "me:hush": f"{CLIENT}:{SECRET}", "'me'": f"'{CLIENT}'", "'hush'": f"'{SECRET}'", "/data/lake": LAKE,
        "INSTALL iceberg; LOAD iceberg; INSTALL httpfs; LOAD httpfs": " ".join(f"LOAD '{path}';" for path in extensions()),
    }
    ran = 0
    for block in blocks_of("engines.md") + blocks_of("lake.md"):
        if "pyspark" in block or "polars" in block:
            continue  # large, and not installed
        for written, meant in here.items():
            block = block.replace(written, meant)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(block, "docs", "exec"), {})
        check(printed.getvalue().strip() not in ("", "0"), f"nothing comes of:\n{block}")
        ran += 1
    same(ran, 4, "blocks that ran")


def timed(name, do):
    began = time.monotonic()
    do()
    print(f"{name}: {time.monotonic() - began:.1f} s")


def main():
    now, duck = PyIceberg(rest()), DuckDB(("lake", "default"), ("old", "default@before"))
    for table in TABLES:
        SCHEMAS[table] = now.table(table).schema().as_arrow()
        count = parley(f"SELECT count(*) AS n FROM {table}")[0]["n"]
        WANT[table] = (count, canonical(parley(f"SELECT {columns(SCHEMAS[table])} FROM {table}{OF_DAY}")))
    check(sum(len(rows) for _, rows in WANT.values()) > 2000, "there is next to nothing on that day")
    SCHEMAS["names"] = now.table("names").schema().as_arrow()
    WANT["names"] = canonical(parley(f"SELECT {columns(SCHEMAS['names'])} FROM names"))
    check(len(WANT["names"]) > 50, "there are next to no names")
    direct = PyIceberg(SqlCatalog("parley", uri=f"sqlite:///{LAKE}/control.db", init_catalog_tables="false"))
    for name, engine in (("PyIceberg by the server", now), ("PyIceberg by control.db", direct), ("DuckDB by the server", duck)):
        timed(name, lambda: reads_all(name, engine))
    timed("time travel", lambda: time_travel(now, duck))
    timed("writes refused", lambda: write_refused(now, duck))
    timed("as documented", as_documented)


WANT = {}

if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"wrong: {wrong}")
