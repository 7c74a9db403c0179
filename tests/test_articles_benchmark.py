"""The benchmark of lists of articles: few and many, each list of both."""

import pytest

from benchmarks import articles


@pytest.mark.slow
@pytest.mark.weekly
@pytest.mark.servers
def test_lists_of_articles_are_measured() -> None:
    rows = articles.run(1, sizes=(1_000, 2_000)).rows
    assert {"all", "of a tag", "of an author", "the feed"} < {row.what for row in rows}
    assert all(row.ratio > 0 for row in rows)
