{
    "name": "Plant Messages",
    "summary": "Canonical messages of a plant: a finished manufacturing order reaches "
    "the other systems",
    "version": "17.0.1.1.0",
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
        "data/mfg_integration_interface_data.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "mfg_integration_plant/static/tests/tours/**/*",
        ],
    },
}
