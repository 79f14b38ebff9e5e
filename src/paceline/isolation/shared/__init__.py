"""One transaction, rolled back after the test, under every SQLAlchemy engine of the process.

`statements` reads SQL text and `savepoints` keeps the books, both pure. `wire` is the one physical connection
of a driver, `worlds` lets one piece of work at a time onto it, `callers` tells whose it is. `outer` is the
transaction around the test and `channel` a driver's way into it; `constraints` checks at commit. `junction`
and its `lines` let several drivers share one session. `connection`, `cursor` and `blocks` are what an engine
gets instead of its own. `engines` is the only file that knows SQLAlchemy's inside; `transaction` is the way
in.
"""
