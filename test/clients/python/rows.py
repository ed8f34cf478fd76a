"""Holds the rows that pandas reads from a CSV to those of the same export as NDJSON: rows.py rows.csv rows.ndjson"""

import json
import sys

import pandas

table = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False, na_filter=False)
with open(sys.argv[2], encoding="utf-8") as file:
    rows = [json.loads(line, parse_float=str, parse_int=str) for line in file]


def field(value):
    """A value as its field has it: pandas tells no empty text from an absent value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def same(text, value):
    value = field(value)
    if isinstance(value, (list, dict)):
        return json.loads(text) == value
    return text == value


assert len(table) == len(rows), f"{len(table)} rows, want {len(rows)}"
assert list(table.columns) == list(rows[0]), "other columns"
for i, row in enumerate(rows):
    for name, value in row.items():
        text = table.at[i, name]
        assert same(text, value), f"row {i}, {name}: {text!r}, want {value!r}"

# What pandas makes of the types by itself.
typed = pandas.read_csv(sys.argv[1], parse_dates=["startTime", "endTime"], low_memory=False)
assert typed["totalHandleTime"].sum() == sum(int(r["totalHandleTime"] or 0) for r in rows), "another sum"
assert str(typed["startTime"].dt.tz) == "UTC", typed["startTime"].dtype
print(f"pandas {pandas.__version__} reads {len(rows)} rows of {len(table.columns)} columns")
