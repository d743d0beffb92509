-- What happens without a row being changed: logins, exports, prints, reads, refusals.
CREATE OR REPLACE FUNCTION mfg_audit.observe(
    operation text, class text, tbl text, record bigint, company integer, uid integer,
    links text[], detail jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mfg_audit, pg_temp AS $fn$
DECLARE
    e mfg_audit.event%ROWTYPE;
BEGIN
    IF operation <> ALL (ARRAY['L', 'F', 'O', 'A', 'X', 'P', 'R', 'N', 'M']) THEN
        RAISE EXCEPTION 'Changes are recorded by their tables, not as %', operation;
    END IF;
    e.class := class;
    e.tbl := tbl;
    e.op := operation;
    e.res_id := record;
    e.company_id := company;
    e.eff_uid := uid;
    e.links := links;
    e.new := detail;
    PERFORM mfg_audit.append(e);
END
$fn$;
