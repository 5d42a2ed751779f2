"""Read the result of a query; a password never reaches a message."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from appliednn.core.errors import MissingExtraError, UsageError, import_extra

if TYPE_CHECKING:
    import pandas as pd

# SQLAlchemy takes ":name" for a parameter, also within quotes; a query here has none.
_BIND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


def read_sql(url: str, query: str, base_dir: Path) -> tuple[pd.DataFrame, str]:
    """Run a query and return its rows with a label of the database for messages.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, environment variables already filled in. The path of a SQLite file is
        relative to ``base_dir``.
    query : str
        A statement that returns rows.
    base_dir : Path
        Folder of the config.

    Raises
    ------
    UsageError
        If the URL is none, the database cannot be reached or the query fails.
    MissingExtraError
        If SQLAlchemy or the driver is not installed.
    """
    sqlalchemy = import_extra("sqlalchemy", "sql")
    import pandas as pd

    address = _address(sqlalchemy, url, base_dir)
    label = _label(address)
    engine = _engine(sqlalchemy, address, label)
    try:
        with engine.connect() as connection:
            result = connection.execute(sqlalchemy.text(_BIND.sub(r"\\:\1", query)))
            if not result.returns_rows:
                raise UsageError(f"{label}: the query returns no rows; a SELECT is expected")
            frame = pd.DataFrame.from_records(
                result.fetchall(), columns=[*result.keys()], coerce_float=True
            )
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = _redact(str(getattr(error, "orig", None) or error).splitlines()[0], address)
        raise UsageError(
            f"{label}: the query failed ({reason}); check the query, the tables and the login"
        ) from None
    finally:
        engine.dispose()
    return frame, label


def _address(sqlalchemy, url: str, base_dir: Path):
    """Return the parsed URL; SQLite would create a missing file, so it is looked for here."""
    try:
        address = sqlalchemy.engine.make_url(url)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        raise UsageError(
            "the url of a sql source is not a SQLAlchemy URL such as "
            "postgresql+psycopg://user:password@host/database (it is not shown here, since it "
            "may hold a password); check the environment variable it comes from"
        ) from None
    file = address.database
    if address.get_backend_name() != "sqlite" or not file or file == ":memory:":
        return address
    if file.startswith("file:"):
        return address
    path = base_dir / file
    if not path.is_file():
        raise UsageError(f"no SQLite file {path}; check the path in the url")
    return address.set(database=str(path))


def _engine(sqlalchemy, address, label: str):
    """Return an engine, or say which driver is missing."""
    try:
        return sqlalchemy.create_engine(address)
    except sqlalchemy.exc.NoSuchModuleError:
        raise UsageError(
            f"{label}: SQLAlchemy knows no database {address.drivername!r}; common ones are "
            "sqlite, postgresql+psycopg, mysql+pymysql, mssql+pyodbc"
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{label}: the driver {error.name} is not installed; run: pip install {error.name}"
        ) from None
    except (sqlalchemy.exc.ArgumentError, TypeError) as error:
        raise UsageError(
            f"{label}: the url cannot be used ({_redact(str(error), address)})"
        ) from None


def _label(address) -> str:
    """Return a name of the database without user, password and options."""
    host = f"{address.host}/" if address.host else ""
    return f"{address.drivername}://{host}{address.database or ''}"


def _redact(text: str, address) -> str:
    """Return ``text`` with the password and the URL's options starred out."""
    secrets = [str(address.password or "")]
    for value in address.query.values():
        secrets += [value] if isinstance(value, str) else list(value)
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
