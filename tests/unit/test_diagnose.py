"""From facts to findings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paceline.config import Config, Suite
from paceline.doctor.case import Case, Examined, Failure
from paceline.doctor.diagnose import diagnose
from paceline.model.diagnosis import Component
from paceline.model.facts import (
    ConftestMarks,
    DatabaseFact,
    EngineFact,
    Facts,
    FixtureFact,
    FlagFact,
    MarkFact,
    TemplateFact,
    TestFact,
)
from paceline.model.run import CollectionError
from paceline.report.doctor_document import doctor_document
from paceline.report.document import Note

WORDS = st.sampled_from(["schema", "fast", "slow", "slwo", "clone", "none", "xdist_group", "postgresql"])
SEVERAL = st.lists(WORDS, max_size=3).map(tuple)
REASONS = st.none() | WORDS
SUITES = st.lists(
    st.builds(
        Suite,
        name=WORDS,
        marker=WORDS,
        flag=st.sampled_from(["", "--one", "--two"]),
        isolation=st.sampled_from(["transaction", "clone", "none"]),
        requires=st.sampled_from([(), ("postgresql",), ("postgresql", "pgvector")]),
        workers=st.integers(0, 2),
        paths=st.sampled_from([(), ("tests",)]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda suite: suite.name,
).map(tuple)
TESTS = st.builds(
    TestFact,
    nodeid=st.sampled_from(["tests/a.py::test", "more/b.py::test"]),
    where=WORDS,
    kind=st.sampled_from(["function", "unittest", "async", "doctest", "other"]),
    suites=SEVERAL,
    markers=SEVERAL,
    marks=st.lists(
        st.builds(
            MarkFact,
            name=WORDS,
            arguments=SEVERAL,
            keywords=st.dictionaries(st.sampled_from(["isolation", "isolaton"]), WORDS.map(repr)),
        ),
        max_size=2,
    ).map(tuple),
    isolated=st.booleans(),
    skipped=REASONS,
    idle_fixtures=SEVERAL,
    unsupported=REASONS,
)
DATABASES = st.builds(
    DatabaseFact,
    source=REASONS,
    url=REASONS,
    tried=SEVERAL,
    templates=st.lists(
        st.builds(TemplateFact, suite=WORDS, state=st.sampled_from(["kept", "to_build", "each_run"])),
        max_size=2,
    ).map(tuple),
    extensions=st.dictionaries(st.just("pgvector"), st.none() | st.booleans()),
    slug=REASONS,
    refusal=REASONS,
    remedy=st.just(""),
    started=st.none(),
)
FACTS = st.builds(
    Facts,
    version=st.just(1),
    plugins=st.just({}),
    addopts=st.sampled_from([(), ("-m", "not fast"), ("-mnot slow",), ("-m",)]),
    dist=st.sampled_from([None, "no", "load", "loadgroup"]),
    registered=SEVERAL,
    declared=SEVERAL,
    flags=st.lists(
        st.builds(
            FlagFact,
            suite=WORDS,
            owner=st.sampled_from(["paceline", "project", "nobody"]),
            switch=st.none() | st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    tests=st.lists(TESTS, max_size=5).map(tuple),
    removed=st.integers(0, 3),
    collection_errors=st.lists(st.builds(CollectionError, nodeid=WORDS, reason=WORDS), max_size=1).map(tuple),
    fixtures=st.lists(
        st.builds(FixtureFact, name=WORDS, where=WORDS, replaces=st.booleans(), markers=SEVERAL), max_size=2
    ).map(tuple),
    conftest_marks=st.lists(st.builds(ConftestMarks, path=WORDS, markers=SEVERAL), max_size=1).map(tuple),
    database=st.none() | DATABASES,
    engines=st.none()
    | st.lists(
        st.builds(
            EngineFact,
            name=REASONS,
            driver=WORDS,
            url=WORDS,
            joins=st.none() | st.booleans(),
            reason=WORDS,
            other_database=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
)
FAILURES = st.none() | st.builds(Failure, what=WORDS, output=SEVERAL)


def case(suites: tuple[Suite, ...], facts: Facts | None, failure: Failure | None = None) -> Case:
    """Return a case in which everything was collected together."""
    return Case(
        config=Config(suites=suites),
        suites=suites,
        components=(Component(name="Python", version="3", enables=""),),
        examined=(Examined(suites=suites, facts=facts, failure=failure),),
    )


@given(SUITES, st.none() | FACTS, FAILURES)
def test_whatever_the_facts_something_sensible_is_said(
    suites: tuple[Suite, ...], facts: Facts | None, failure: Failure | None
) -> None:
    """A suite is ready unless a finding says why not, and every finding is in the report with its remedy."""
    diagnosis = diagnose(case(suites, facts, failure))
    document = doctor_document(diagnosis)

    blocked = {name for finding in diagnosis.findings if finding.blocks for name in finding.suites}
    assert {suite.name: suite.name not in blocked for suite in suites} == {
        suite.name: suite.ready for suite in diagnosis.suites
    }
    told = [block.items[-1] for block in document.blocks if isinstance(block, Note) and block.items]
    assert [f"→ {finding.remedy}" for finding in diagnosis.findings] == told
    for finding in diagnosis.findings:
        assert finding.remedy
        assert not finding.blocks or finding.severity == "error"
        assert len(finding.where) <= max(finding.count, 5)


@given(SUITES, FACTS)
def test_what_blocks_comes_first(suites: tuple[Suite, ...], facts: Facts) -> None:
    """Whoever reads only the first lines reads what matters."""
    found = diagnose(case(suites, facts)).findings

    assert [finding.blocks for finding in found] == sorted(
        (finding.blocks for finding in found), reverse=True
    )


def test_loaded_plugins_are_listed_behind_what_matters_here() -> None:
    """Each once."""
    facts = Facts(plugins={"pytest-timeout": "2.4", "python": "3", "pytest-cov": "7"})

    components = diagnose(case((Suite(name="fast", marker="fast"),), facts)).components

    assert [each.name for each in components] == ["Python", "pytest-cov", "pytest-timeout"]


def test_many_places_are_counted() -> None:
    """The first of them are named."""
    suite = Suite(name="fast", marker="fast")
    tests = tuple(
        TestFact(
            nodeid=f"t.py::test_{number}",
            where=f"t.py:{number}",
            kind="function",
            suites=("fast",),
            idle_fixtures=("wanted",),
        )
        for number in range(12)
    )

    (finding,) = diagnose(case((suite,), Facts(tests=tests))).findings

    assert (finding.where[0], len(finding.where), finding.count) == ("t.py:0", 5, 12)
