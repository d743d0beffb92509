{
    "name": "Example: Donation",
    "summary": "A further decision on held stock: give it to a good cause",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_quality_hold"],
    "data": ["views/mfg_quality_disposition_views.xml"],
}
