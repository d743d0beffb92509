"""MC-25: the base of the intercompany modules needs neither Sales nor Purchase."""

import os

import pytest
from launcher import modules

from .test_install_matrix import installed

BASE, TRADE = "mfg_multi_company", "mfg_multi_company_trade"
DOCUMENTS = ("sale_stock", "purchase_stock")


@pytest.fixture
def manufacturer(workspace):
    """Plain Odoo with what the base needs."""
    core, _own = modules.dependencies(BASE, workspace.checkout.addons)
    template = workspace.base_template(core, False)
    name = workspace.clone(template, f"mfg_packaging_{os.getpid()}")
    yield name
    workspace.drop(name)


def test_mc_25_trade_comes_with_sales_and_purchase(workspace, manufacturer):
    def there():
        return installed(workspace, manufacturer, (BASE, TRADE, *DOCUMENTS))

    assert workspace.install(manufacturer, [BASE], demo=False) == []
    assert there() == {BASE}
    for document, expected in zip(
        DOCUMENTS, ({BASE, DOCUMENTS[0]}, {BASE, TRADE, *DOCUMENTS}), strict=True
    ):
        assert workspace.install(manufacturer, [document], demo=False) == []
        assert there() == expected
