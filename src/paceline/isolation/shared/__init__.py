"""One transaction, rolled back after the test, under every SQLAlchemy engine of the process.

`statements` reads SQL text and `savepoints` keeps the books, both pure. `worlds` runs work on the one
physical connection of a driver, `connection` is the DBAPI connection that an engine gets instead of its own,
`engines` is the only file that knows SQLAlchemy's inside, `transaction` brings them together.
"""
