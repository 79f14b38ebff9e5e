"""A database for the tests without any set-up, and a transaction around each test that is rolled back.

`plugin` is the way in. `provision` decides where the database comes from, `provisioning` acts on it,
`server`, `supervisor` and `sweeping` run a private server, `databases` knows one database product per file,
and `product` says what such a file has to offer,
`insertion` puts fixtures into tests that did not ask for them, `fixtures` is what tests see.
"""
