#!/bin/sh
# SQLite 3.40.0: PRAGMA integrity_check calls a sound database damaged.
#
# One would guess: whatever integrity_check and quick_check report is in the file. A backup chapter that ends with it looks safe.
#
# Seen on 2026-11-29 with pysqlite3-binary from PyPI (the SQLite in brackets): in a WITHOUT ROWID table whose primary key is not
# declared first, 0.5.0 (3.40.0) reports "NULL value in t.c" for a NOT NULL column that holds an integer. SELECT typeof(c) on the
# same connection says "integer". 0.4.7.post8 (3.39.4), 0.5.1 (3.42.0) and 0.5.4.post2 (3.51.1) say "ok" of the same file, and
# 3.40.0 says "ok" of the same rows with the key declared first. STRICT makes no difference. Debian 12's sqlite3 (3.40.1) does the
# same as 3.40.0. It seems to look for the column at the place where it was declared, while such a table is kept with its key first.
#
# What helps: declare the columns of the key first, or check with another version.
#
# Output seen:
#   3.39.4 t: ok                 u: ok
#   3.40.0 t: NULL value in t.c  u: ok
#   3.42.0 t: ok                 u: ok
#   3.51.1 t: ok                 u: ok
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > check.py <<'PY'
import sys
from pysqlite3 import dbapi2 as sqlite

db = sqlite.connect("sound.db")
if sys.argv[1:] == ["make"]:
    db.executescript("""
        CREATE TABLE t (a BLOB NOT NULL, b BLOB, c INTEGER NOT NULL, d INTEGER NOT NULL, PRIMARY KEY (d, a)) WITHOUT ROWID;
        INSERT INTO t (a, b, c, d) VALUES (x'01', NULL, 60, 600);
        CREATE TABLE u (d INTEGER NOT NULL, a BLOB NOT NULL, b BLOB, c INTEGER NOT NULL, PRIMARY KEY (d, a)) WITHOUT ROWID;
        INSERT INTO u (d, a, b, c) VALUES (600, x'01', NULL, 60);
    """)
assert db.execute("SELECT typeof(c) FROM t UNION ALL SELECT typeof(c) FROM u").fetchall() == [("integer",), ("integer",)]
found = lambda table: db.execute(f"PRAGMA integrity_check({table})").fetchone()[0]
print(f"{sqlite.sqlite_version} t: {found('t'):<18} u: {found('u')}")
PY

run() {
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$1" "pysqlite3-binary==$1"
    PYTHONPATH=$1 python3 check.py ${2:-}
}

{
    run 0.4.7.post8 make
    run 0.5.0
    run 0.5.1
    run 0.5.4.post2
} > seen
cat seen

cat > expected <<'OUT'
3.39.4 t: ok                 u: ok
3.40.0 t: NULL value in t.c  u: ok
3.42.0 t: ok                 u: ok
3.51.1 t: ok                 u: ok
OUT
diff expected seen
