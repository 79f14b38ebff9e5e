"""A database for the tests without any set-up, and a transaction around each test that is rolled back.

`plugin` is the way in. `provision` decides where the database comes from, `provisioning` acts on it,
`server` and `supervisor` run a private PostgreSQL, `databases` knows one database product per file,
`insertion` puts fixtures into tests that did not ask for them, `fixtures` is what tests see.
"""
