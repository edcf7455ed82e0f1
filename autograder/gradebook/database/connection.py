"""Database connection: create and migrate the tables; read; write, one writer at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbgrader
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.utils import parse_utc
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, scoped_session, sessionmaker
from traitlets.config import Config

from autograder.config import Course
from autograder.errors import AutograderError
from autograder.gradebook.database.tables import VERSION_TABLE

BUSY_SECONDS = 30
MIGRATIONS = Path(__file__).parents[1] / "migrations"
_WRITER = 0x61677264  # "agrd": the advisory lock that makes PostgreSQL's writers take turns


class Gradebook(api.Gradebook):  # type: ignore[misc]
    """nbgrader's gradebook inside our transaction: its commits take effect only with ours."""

    def __init__(self, connection: Connection, course_id: str) -> None:
        self.engine = connection.engine
        self.db = scoped_session(
            sessionmaker(
                bind=connection,
                join_transaction_mode="rollback_only",
                expire_on_commit=False,  # a commit by nbgrader does not end our transaction
            )
        )
        self.course_id = course_id
        self.authenticator = None

    @property
    def session(self) -> Session:
        return self.db()


@contextmanager
def writing(course: Course) -> Iterator[Gradebook]:
    """Yield the gradebook for writing in one transaction, rolled back if the block raises."""
    try:
        with _engine(course.db_url).begin() as connection:
            _take_turn(connection)
            book = Gradebook(connection, course.name or "default_course")
            try:
                yield book
                book.db.flush()
            finally:
                book.db.remove()
    except OperationalError as error:
        raise _unusable(error, course) from error


@contextmanager
def reading(course: Course) -> Iterator[Session]:
    """Yield a session for reading one consistent snapshot; never write with it."""
    try:
        with _engine(course.db_url).connect() as connection:
            yield Session(bind=connection.execution_options(autograder_reads=True))
    except OperationalError as error:
        raise _unusable(error, course) from error


@contextmanager
def kept_open(course: Course) -> Iterator[None]:
    """Keep the database open across many writes.

    Without it, SQLite checkpoints its journal each time the last connection closes.
    """
    with _engine(course.db_url).connect():
        yield


def nbgrader_config(course: Course) -> Config:
    """Return the course's settings for nbgrader, its late-submission plugin included."""
    config = Config({section: dict(values) for section, values in course.nbgrader.items()})
    if course.late.plugin:
        config.AssignLatePenalties.plugin_class = course.late.plugin
    if course.late.penalty != "none":
        config.LateSubmissionPlugin.penalty_method = course.late.penalty
    return config


def moment(iso: str) -> datetime:
    """Parse an ISO 8601 time into nbgrader's form: UTC, without a zone."""
    when: datetime = parse_utc(iso)
    return when


def now() -> datetime:
    """Return the current time in nbgrader's form: UTC, without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def rows_changed(done: Any) -> int:
    """Return the number of rows that an UPDATE changed."""
    return int(done.rowcount)


def storable(value: Any) -> Any:
    """Convert a value to JSON that every database accepts.

    Replace NUL characters and lone surrogates; turn NaN, infinities and other objects into strings.
    """
    if isinstance(value, str):
        return value.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict):
        return {storable(str(k)): storable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [storable(v) for v in value]
    return storable(str(value))


# ── Preparing the database ───────────────────────────────────────────────────────────


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return _ready(url, 0)
    file = Path(make_url(url).database or "")
    if file.parent.is_dir() and not file.exists():
        with suppress(OSError):  # on failure, SQLite's own error gives the reason
            file.touch(mode=0o600)  # SQLite's journal files inherit these permissions
            _ready.cache_clear()  # a new file may reuse a deleted file's inode
    return _ready(url, file.stat().st_ino if file.is_file() else 0)


@lru_cache(maxsize=8)
def _ready(url: str, _inode: int) -> Engine:
    engine = create_engine(
        url,
        poolclass=NullPool,  # a forked worker must not inherit open connections
        connect_args={"timeout": BUSY_SECONDS} if url.startswith("sqlite") else {},
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False, allow_nan=False),
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    with engine.begin() as connection:
        _take_turn(connection)
        _make_nbgraders_tables(connection)
        _make_our_tables(connection)
    return engine


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # let SQLAlchemy, not the driver, begin transactions
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode=WAL")  # readers never wait for the writer
    except Exception:  # another process is switching WAL on right now
        cursor.execute("PRAGMA journal_mode")
    finally:
        cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("autograder_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITER})"))


def _make_nbgraders_tables(connection: Connection) -> None:
    """Create nbgrader's tables as `nbgrader.api.Gradebook` does, without the `alembic` command.

    Raises AutograderError if the database has another nbgrader's schema revision.
    """
    head = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic")).get_current_head()
    tables = inspect(connection).get_table_names()
    if "assignment" not in tables:
        api.Base.metadata.create_all(bind=connection)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head})
        return
    found = MigrationContext.configure(connection).get_current_revision()
    if found != head:
        raise AutograderError(
            f"the gradebook is of another nbgrader: revision {found}, this one needs {head}",
            where=connection.engine.url.render_as_string(),
            way_out="run `nbgrader db upgrade` in the course folder; it makes a copy first",
        )


def _make_our_tables(connection: Connection) -> None:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    options = {"version_table": VERSION_TABLE}
    found = MigrationContext.configure(connection, opts=options).get_current_revision()
    if found != ScriptDirectory.from_config(config).get_current_head():
        command.upgrade(config, "head")


def _unusable(error: OperationalError, course: Course) -> AutograderError:
    return AutograderError(
        f"the gradebook cannot be used: {error.orig}",
        where=make_url(course.db_url).render_as_string(hide_password=True),
        way_out="see that the database is there, writable, and not held by another program",
    )
