-- A copy of a database must never talk to the real plants.
UPDATE mfg_integration_subscription SET active = false;
UPDATE mfg_integration_endpoint SET active = false;
UPDATE mfg_integration_folder SET active = false;
DELETE FROM mfg_integration_secret;
UPDATE mfg_integration_credential SET revoked_at = timezone('UTC', now()) WHERE revoked_at IS NULL;
-- Restored under its own number it would pass for the original.
UPDATE mfg_integration_activation SET system_identifier = 'neutralized';
