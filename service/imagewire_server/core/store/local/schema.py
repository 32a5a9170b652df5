"""The tables of a local store."""

import sqlite3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS completions (
  id TEXT PRIMARY KEY, caller TEXT NOT NULL, request_id TEXT, fingerprint BLOB NOT NULL, owner TEXT NOT NULL,
  state TEXT NOT NULL, created REAL NOT NULL, expires REAL NOT NULL, size INTEGER NOT NULL DEFAULT 0, log BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS requests ON completions (caller, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS ages ON completions (expires);
CREATE INDEX IF NOT EXISTS oldest ON completions (created, id) WHERE state <> 'not kept';
CREATE TABLE IF NOT EXISTS objects (sha256 BLOB PRIMARY KEY, size INTEGER NOT NULL, data BLOB);
CREATE TABLE IF NOT EXISTS images (
  id TEXT PRIMARY KEY, caller TEXT NOT NULL, sha256 BLOB NOT NULL, completion TEXT, size INTEGER NOT NULL,
  mime_type TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, created REAL NOT NULL,
  expires REAL NOT NULL);
CREATE INDEX IF NOT EXISTS hashes ON images (sha256, caller);
CREATE INDEX IF NOT EXISTS parts ON images (completion);
CREATE INDEX IF NOT EXISTS image_ages ON images (expires) WHERE completion IS NULL;
CREATE TABLE IF NOT EXISTS cached (
  caller TEXT NOT NULL, key BLOB NOT NULL, completion TEXT NOT NULL, PRIMARY KEY (caller, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cached_answers ON cached (completion);
CREATE TRIGGER IF NOT EXISTS c4 AFTER DELETE ON completions
  BEGIN DELETE FROM cached WHERE completion = OLD.id; END;
CREATE INDEX IF NOT EXISTS oldest_images ON images (created, id) WHERE completion IS NULL;
CREATE TABLE IF NOT EXISTS uploads (name TEXT PRIMARY KEY, owner TEXT NOT NULL, size INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL);
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total);
CREATE TRIGGER IF NOT EXISTS c1 AFTER INSERT ON completions BEGIN UPDATE total SET bytes = bytes + NEW.size; END;
CREATE TRIGGER IF NOT EXISTS c2 AFTER DELETE ON completions BEGIN UPDATE total SET bytes = bytes - OLD.size; END;
CREATE TRIGGER IF NOT EXISTS c3 AFTER UPDATE OF size ON completions
  BEGIN UPDATE total SET bytes = bytes + NEW.size - OLD.size; END;
CREATE TRIGGER IF NOT EXISTS o1 AFTER INSERT ON objects BEGIN UPDATE total SET bytes = bytes + NEW.size; END;
CREATE TRIGGER IF NOT EXISTS o2 AFTER DELETE ON objects BEGIN UPDATE total SET bytes = bytes - OLD.size; END;
CREATE TRIGGER IF NOT EXISTS u1 AFTER INSERT ON uploads BEGIN UPDATE total SET bytes = bytes + NEW.size; END;
CREATE TRIGGER IF NOT EXISTS u2 AFTER DELETE ON uploads BEGIN UPDATE total SET bytes = bytes - OLD.size; END;
"""


def statements() -> list[str]:
    """The schema's statements. A trigger's body has a semicolon of its own."""
    found, open_ = [], ""
    for line in _SCHEMA.strip().splitlines():
        open_ += line + "\n"
        if sqlite3.complete_statement(open_):
            found.append(open_)
            open_ = ""
    return found
