{
    "name": "Example: Scrap Message",
    "summary": "A further canonical message: what was scrapped, where and of which lot",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_integration_plant"],
    "data": ["data/mfg_integration_interface_scrap_data.xml"],
}
