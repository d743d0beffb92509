"""AT-19: one module of the full suite is upgraded, the others stay as they are."""

from .traces import added, traces

MIXIN_FIELDS = "SELECT name FROM ir_model_fields WHERE model = 'mail.thread'"


def test_at_19_upgrade_of_one_module(workspace, suite, upgraded):
    before = traces(workspace.databases, suite)

    complaints = workspace.install(suite, [], update=[upgraded])

    assert not complaints, "\n".join(complaints)
    after = traces(workspace.databases, suite)
    # What modules loaded after ours add to mail.thread, Odoo forgets of the models of a
    # module that it upgrades alone, as it does of its own modules.
    fields = {
        name for (name,) in workspace.databases.query(MIXIN_FIELDS, database=suite)
    }
    assert not added(before, after)
    assert not [line for line in added(after, before) if _field(line) not in fields]


def _field(line):
    """Name of the field that a trace is of, None of another one."""
    kind, _colon, name = line.partition(": ")
    if kind == "field":
        return name.rpartition(".")[2]
    if kind == "external id" and ".field_" in name:
        return name.rpartition("__")[2]
    return None
