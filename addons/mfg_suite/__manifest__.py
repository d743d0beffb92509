{
    "name": "Manufacturing Group Suite",
    "summary": "Several plants, one group: brings the modules of the suite together",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_integration_plant", "mrp_account"],
    "demo": [
        "demo/res_company_demo.xml",
        "demo/res_users_demo.xml",
        "demo/plant_a_demo.xml",
        "demo/plant_b_demo.xml",
        "demo/plant_c_demo.xml",
        "demo/mfg_integration_demo.xml",
        "demo/mrp_production_demo.xml",
    ],
    "application": True,
}
