#!/bin/sh
# SQLite 3.40.1 and 3.54.1: in WAL mode a commit that was refused because its sync failed is back after the process is killed.
#
# One would guess: when COMMIT answers SQLITE_IOERR, and both the same connection and another one then read the old rows, the change
# is gone. A service may answer "not stored" and the caller may send it again.
#
# Seen on 2026-11-30 with apsw from PyPI (the SQLite in brackets), 3.40.1.0 (3.40.1) and 3.54.1.0 (3.54.1), where a small VFS lets one
# xSync fail and all other calls through: the frames of the refused commit, its commit mark among them, stay in the WAL behind the
# point that the index in shared memory gives as the end. A tidy close checkpoints up to that point and the change is gone. After a
# kill the index is built again from the file, the frames' checksums are sound, and the change is there, with no error. It is enough
# that one other transaction commits in between: it is written over the frames. With a rollback journal the refused commit does not
# come back.
#
# What helps: after an I/O error at COMMIT, commit some other small write before answering "not stored", or close in good order; or
# treat the outcome as unknown, as after a lost connection, and look the row up by its key at the next start.
#
# Output seen (rows read: by the same connection, by another one, at the next start):
#   3.40.1 delete killed           [1]    [1]    [1]
#   3.40.1 wal    killed           [1]    [1]    [1, 2]
#   3.40.1 wal    closed           [1]    [1]    [1]
#   3.40.1 wal    wrote 3, killed  [1]    [1]    [1, 3]
#   3.54.1 delete killed           [1]    [1]    [1]
#   3.54.1 wal    killed           [1]    [1]    [1, 2]
#   3.54.1 wal    closed           [1]    [1]    [1]
#   3.54.1 wal    wrote 3, killed  [1]    [1]    [1, 3]
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > refuse.py <<'PY'
import os, sys
import apsw

database, mode, ending = sys.argv[1:]
armed = False


class File(apsw.VFSFile):
    def __init__(self, name, flags):
        super().__init__("", name, flags)
        self.synced = flags[0] & (apsw.SQLITE_OPEN_WAL if mode == "wal" else apsw.SQLITE_OPEN_MAIN_DB)

    def xSync(self, flags):
        global armed
        if armed and self.synced:
            armed = False
            raise apsw.IOError("the disk says no, once")
        super().xSync(flags)


class Disk(apsw.VFS):
    def __init__(self):
        super().__init__("disk", "")

    def xOpen(self, name, flags):
        return File(name, flags)


def rows(connection):
    return str([a for (a,) in connection.execute("SELECT a FROM t ORDER BY a")])


disk = Disk()
db = apsw.Connection(database, vfs="disk")
db.execute(f"PRAGMA journal_mode = {mode}").fetchall()
db.execute("PRAGMA synchronous = FULL")
db.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
db.execute("INSERT INTO t VALUES (1)")
armed = True
db.execute("BEGIN IMMEDIATE")
db.execute("INSERT INTO t VALUES (2)")
try:
    db.execute("COMMIT")
    sys.exit("the commit was not refused")
except apsw.IOError:
    pass
if db.in_transaction:
    db.execute("ROLLBACK")
other = apsw.Connection(database)
print(f"{apsw.sqlitelibversion()} {mode:<6} {ending:<16} {rows(db):<6} {rows(other):<6} ", end="", flush=True)
other.close()
if ending.startswith("wrote"):
    db.execute("INSERT INTO t VALUES (3)")
if ending == "closed":
    db.close()
else:
    os.kill(os.getpid(), 9)
PY

cat > start.py <<'PY'
import sys
import apsw

print([a for (a,) in apsw.Connection(sys.argv[1]).execute("SELECT a FROM t ORDER BY a")])
PY

run() {
    code=0
    PYTHONPATH=$1 python3 refuse.py "$1-$2-$3.db" "$2" "$3" 2>>errors || code=$?
    case "$code $3" in "0 closed" | 137\ *) ;; *) return 1 ;; esac
    PYTHONPATH=$1 python3 start.py "$1-$2-$3.db"
}

for version in 3.40.1.0 3.54.1.0; do
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$version" "apsw==$version"
    run "$version" delete killed
    run "$version" wal killed
    run "$version" wal closed
    run "$version" wal "wrote 3, killed"
done > seen 2>/dev/null || { cat seen errors; exit 1; }
cat seen

cat > expected <<'OUT'
3.40.1 delete killed           [1]    [1]    [1]
3.40.1 wal    killed           [1]    [1]    [1, 2]
3.40.1 wal    closed           [1]    [1]    [1]
3.40.1 wal    wrote 3, killed  [1]    [1]    [1, 3]
3.54.1 delete killed           [1]    [1]    [1]
3.54.1 wal    killed           [1]    [1]    [1, 2]
3.54.1 wal    closed           [1]    [1]    [1]
3.54.1 wal    wrote 3, killed  [1]    [1]    [1, 3]
OUT
diff expected seen
