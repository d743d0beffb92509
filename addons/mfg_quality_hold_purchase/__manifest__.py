{
    "name": "Quality Hold: Purchase",
    "summary": "Bills for held goods wait; rejected goods go back with a credit note",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_quality_hold", "purchase_stock"],
    "data": [
        "views/account_move_views.xml",
        "views/account_payment_register_views.xml",
        "views/mfg_quality_disposition_views.xml",
        "views/mfg_quality_hold_views.xml",
        "views/purchase_order_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_partner_views.xml",
    ],
    "auto_install": True,
}
