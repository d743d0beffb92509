{
    "name": "Intercompany Trade",
    "summary": "Orders and deliveries between companies of one group, each booked once on "
    "both sides",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_multi_company", "sale_stock", "purchase_stock"],
    "data": [
        "security/mfg_multi_company_trade_security.xml",
        "security/mfg_multi_company_trade_rules.xml",
        "security/ir.model.access.csv",
        "views/purchase_order_views.xml",
    ],
    "auto_install": True,
}
