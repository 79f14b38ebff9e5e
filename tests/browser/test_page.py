"""The page as somebody opens it."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Literal

import pytest
from playwright.sync_api import Page
from tests.browser.conftest import Opener
from tests.harness.costs import a_run, a_test, operation, phase, shared
from tests.harness.pages import large_view, page_of, some_run, view_of

from paceline.model.comparison import Cause, Comparison, Delta, SeriesKey
from paceline.model.environment import Revision
from paceline.model.justification import Justification

_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_BREAKERS = (
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 1">',
    "'><svg onload='window.ran = 1'>",
    "<!--<script>window.ran = 1",
    "{{ 7 * 7 }}{% raw %}",
    "\u202e\ud800\x00\x1b[31m",
)
EVIL = "".join(_BREAKERS)


def hostile_page() -> str:
    """A page with scripts in every place where a project's own words can be."""
    statement = operation("sql", 0.5, what=f"SELECT '{EVIL}'", where=f"{EVIL}.py:3")
    run = a_run(
        a_test(f"test[{EVIL}]", phase("call", 1.0, start=1.0, operations=[statement]), path=f"{EVIL}.py"),
        a_test("test_b", phase("call", 1.0, start=1.0), worker=EVIL),
        fixtures=[shared(EVIL, 1.0, baseid=EVIL, nodeid=None, start=2.0)],
        suite=EVIL,
        services={EVIL: EVIL},
    )
    assert run.header.environment is not None
    revision = Revision(commit=EVIL, branch=EVIL, dirty=True, committed_at=EVIL)
    header = replace(run.header, environment=replace(run.header.environment, cpu_model=EVIL, python=EVIL))
    comparison = Comparison(
        suite=EVIL,
        base=EVIL,
        candidate=EVIL,
        deltas=tuple(_evil_change(at, justified=at > 1) for at in range(3)),
        differences=(EVIL,),
        renamed={EVIL: EVIL},
        changed_tests=(EVIL,),
        notes=(EVIL,),
    )
    view = view_of(replace(run, header=replace(header, revision=revision)))
    return page_of(replace(view, comparison=comparison), replace(view, uncompared=EVIL))


def _evil_change(number: int, *, justified: bool) -> Delta:
    return Delta(
        key=SeriesKey(suite=EVIL, subject="test", name=f"{number}{EVIL}", phase="call", metric="duration"),
        evidence="timed",
        verdict="regressed",
        before=1.0,
        after=2.0,
        ratio=2.0,
        reason=EVIL,
        causes=(Cause(text=EVIL, where=f"{EVIL}.py:1"),),
        commits=(f"abc {EVIL} ({EVIL})",),
        justification=Justification(target=EVIL, reason=EVIL, owner=EVIL) if justified else None,
    )


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without its policy"])
def test_nothing_that_was_recorded_runs(opened: Opener, policy: bool) -> None:
    """Node ids, SQL, the environment: all of it is text, also without the policy that forbids scripts."""
    page = opened(hostile_page(), policy=policy)
    for button in page.locator("#rows button").all():
        button.click()
        assert "<script>window.ran = 1</script>" in (page.locator("#detail").text_content() or "") or (
            "test_b" in (page.locator("#detail").text_content() or "")
        )
        page.keyboard.press("Escape")

    assert page.evaluate("window.ran") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    assert page.locator("[onload], [onerror]").count() == 0
    sections = page.locator("main").text_content() or ""
    assert "SELECT '<script>window.ran = 1</script>" in sections
    assert "{{ 7 * 7 }}" in sections
    assert "\u202e" not in sections


def test_the_policy_refuses_a_script_that_is_not_ours(opened: Opener) -> None:
    """Were a place forgotten, the browser would still not run what stands there."""
    page = opened(page_of(view_of(some_run())))

    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.text = "window.ran = 1";
            document.body.append(script);
        }"""
    )

    assert page.evaluate("window.ran") is None
    assert "Content Security Policy" in opened.complaints.pop()
    assert "default-src 'none'" in (page.locator("meta[http-equiv]").get_attribute("content") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_no_rule_of_accessibility_is_broken(
    opened: Opener, scheme: Literal["light", "dark"], width: int
) -> None:
    """With everything unfolded, and with a test opened; nothing is wider than the window either."""
    page = opened(page_of(view_of(some_run()), view_of(some_run(suite="other"))), width=width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")

    assert broken_rules(page) == []
    page.locator("#rows button").first.click()
    assert broken_rules(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def broken_rules(page: Page) -> list[str]:
    """Return the rules of axe that the page breaks, with the first element each."""
    page.evaluate(_AXE)
    found = page.evaluate(
        "axe.run().then((found) => found.violations.map((one) => `${one.id} ${one.nodes[0].html}`))"
    )
    return [str(one) for one in found]


def test_a_large_suite_stays_small_and_fluid(opened: Opener) -> None:
    """5,000 tests over 100 runs are less than 1 MB, and only the rows in sight are elements."""
    text = page_of(large_view())
    page = opened(text)

    assert len(text.encode()) < 1_000_000
    assert page.locator("#found").text_content() == "5000 tests"
    assert page.locator("#table").get_attribute("aria-rowcount") == "5001"
    assert page.locator("*").count() < 2000
    page.locator("#list").evaluate("(list) => { list.scrollTop = list.scrollHeight }")
    page.wait_for_selector('#rows tr[aria-rowindex="5001"]')
    assert page.locator("#rows tr").count() < 100
    assert page.locator('#rows tr[aria-rowindex="5001"] polyline').count() == 1


def test_search_and_sort_find_a_test(opened: Opener) -> None:
    """Every word has to be in the name; a click on a heading sorts, a second one turns the order around."""
    page = opened(page_of(view_of(some_run())))
    names = page.locator("#rows button")
    page.get_by_role("button", name="Test", exact=True).click()
    assert [one[:10] for one in names.all_text_contents()] == ["test_order", "test_users"]
    page.get_by_role("button", name="Test", exact=True).click()
    assert [one[:10] for one in names.all_text_contents()] == ["test_users", "test_order"]
    page.get_by_label("Search").fill("USERS test_")
    assert [one[:10] for one in names.all_text_contents()] == ["test_users"]
    assert page.locator("#found").text_content() == "1 of 2 tests"


def test_the_keyboard_reaches_a_test_and_comes_back(opened: Opener) -> None:
    """Arrows go from row to row, Enter opens what was before and now, Escape closes it."""
    page = opened(page_of(view_of(some_run())))
    page.locator("#list").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    assert "::test_users" in (page.locator("#detail-title").text_content() or "")
    assert "Before 405 ms, now 500 ms (medians)" in (page.locator("#detail").text_content() or "")
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_hidden()
    assert "test_users" in page.evaluate("document.activeElement.textContent")


def test_the_theme_follows_the_system_until_it_is_chosen(opened: Opener) -> None:
    """And says so to a screen reader."""
    page = opened(page_of(view_of(some_run())), scheme="dark")
    button = page.locator("#theme")
    ground = "getComputedStyle(document.body).backgroundColor"

    assert (button.get_attribute("aria-pressed"), page.evaluate(ground)) == ("true", "rgb(18, 22, 29)")
    button.click()
    assert (button.get_attribute("aria-pressed"), page.evaluate(ground)) == ("false", "rgb(255, 255, 255)")


def test_without_scripts_all_but_the_list_is_there(opened: Opener) -> None:
    """Verdict, pictures and tables are part of the file; the list says what it lacks."""
    page = opened(page_of(view_of(some_run())), scripts=False)

    assert page.locator(".card strong").text_content() == "no baseline"
    assert page.locator(".bar rect").count() > 3
    assert page.locator(".lane").count() == 2
    assert page.get_by_text("The list of all tests needs JavaScript").is_visible()


@pytest.mark.parametrize("width", [360, 768, 1001])
def test_names_keep_their_room(opened: Opener, width: int) -> None:
    """The other columns go before a name can't be read any more, on paper as well."""
    other = some_run(suite="other")
    page = opened(page_of(view_of(some_run()), view_of(other)), width=width)
    measured = "(one) => one.getBoundingClientRect().width"

    assert page.locator("#rows td").first.evaluate(measured) > 100
    page.emulate_media(media="print")
    assert page.locator("#rows td").first.evaluate(measured) > 100


def test_paper_gets_no_controls(opened: Opener) -> None:
    """And rows instead of a window to scroll in."""
    page = opened(page_of(view_of(some_run())))
    page.emulate_media(media="print")

    assert page.locator("#search").is_hidden()
    assert page.locator("#theme").is_hidden()
    assert page.locator("#list").evaluate("(list) => getComputedStyle(list).overflow") == "visible"
