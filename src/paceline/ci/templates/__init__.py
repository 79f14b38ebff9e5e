"""The files that `paceline init` writes, as templates.

Their marks are `[[ … ]]` and `[% … %]`, because `${{ … }}` is GitHub's.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(  # noqa: S701  neither HTML nor anything that a browser shows
        loader=PackageLoader("paceline.ci", "templates"),
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def rendered(name: str, **values: object) -> str:
    """Return the template `name` filled in."""
    return _environment().get_template(name).render(**values)
