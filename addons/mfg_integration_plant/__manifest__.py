{
    "name": "Plant Messages",
    "summary": "Canonical messages of a plant: orders reach the floor, and what happens "
    "there reaches Odoo",
    "version": "17.0.1.3.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": [
        "mfg_integration_queue",
        "mrp",
        "sale_stock",
        "purchase_stock",
        "account",
    ],
    "data": [
        "security/ir.model.access.csv",
        "security/mfg_integration_plant_rules.xml",
        "data/mfg_integration_interface_data.xml",
        "data/mfg_integration_interface_finance_data.xml",
        "data/mfg_integration_interface_master_data.xml",
        "data/mfg_integration_interface_production_data.xml",
        "data/mfg_integration_interface_purchase_data.xml",
        "data/mfg_integration_interface_sales_data.xml",
        "data/mfg_integration_interface_stock_data.xml",
        "views/mfg_integration_file_layout_views.xml",
        "views/mfg_integration_folder_views.xml",
        "views/mfg_integration_stock_difference_views.xml",
        "views/mfg_integration_stock_overview_views.xml",
        "views/mfg_integration_system_views.xml",
        "views/mfg_integration_trigger_views.xml",
        "views/stock_picking_views.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "mfg_integration_plant/static/tests/tours/**/*",
        ],
    },
}
