"""Runs the code cells of a notebook in their order, as a kernel does when all of them are run, and prints as its last line the
rows of some of the relations that the notebook has made, as JSON.

  python3 notebook.py NOTEBOOK RELATION...
"""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    cells = [c for c in json.load(f)["cells"] if c["cell_type"] == "code"]
if any(c["outputs"] or c["execution_count"] for c in cells):
    sys.exit("the notebook is kept without outputs: they would show somebody's conversations")
namespace = {"__name__": "__main__"}
for i, cell in enumerate(cells, 1):
    exec(compile("".join(cell["source"]), f"cell {i}", "exec"), namespace)
print(json.dumps({name: namespace[name].fetchall() for name in sys.argv[2:]}, default=str))
