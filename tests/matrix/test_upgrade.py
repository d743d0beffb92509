"""AT-19: one module of the full suite is upgraded, the others stay as they are."""

from .traces import added, traces


def test_at_19_upgrade_of_one_module(workspace, suite, upgraded):
    before = traces(workspace.databases, suite)

    complaints = workspace.install(suite, [], update=[upgraded])

    assert not complaints, "\n".join(complaints)
    after = traces(workspace.databases, suite)
    assert not added(before, after)
    assert not added(after, before)
