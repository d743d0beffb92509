{
    "name": "Example: Drawing Gate",
    "summary": "A further condition of release gates: the product has a drawing",
    "version": "17.0.1.0.0",
    "category": "Manufacturing/Manufacturing",
    "author": "Odoo Manufacturing Group Suite contributors",
    "license": "LGPL-3",
    "depends": ["mfg_multi_company"],
    "data": ["views/mfg_release_gate_views.xml"],
}
