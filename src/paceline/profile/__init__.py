"""Runs suites under pytest and sums up what their runs say."""
