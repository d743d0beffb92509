{
    "name": "Plants and Companies",
    "summary": "Plants of one group with their own roles, shared data under rules and "
    "production that waits for its release",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mrp_account"],
    "data": [
        "security/mfg_multi_company_security.xml",
        "security/mfg_multi_company_rules.xml",
        "security/ir.model.access.csv",
        "data/mfg_plant_role_data.xml",
        "views/mfg_plant_role_assignment_views.xml",
        "views/mfg_plant_role_conflict_views.xml",
        "views/mfg_plant_role_views.xml",
        "views/mfg_plant_domain_views.xml",
        "views/mfg_plant_views.xml",
        "views/mfg_multi_company_menus.xml",
    ],
    "assets": {
        "web.assets_tests": [
            "mfg_multi_company/static/tests/tours/**/*",
        ],
    },
    "images": ["static/description/cover.png"],
    "application": True,
}
