-- A message of a phone that an operator hands over by HTTP or in a table has a name there. Whoever shows it again, a
-- gateway that saw no answer or somebody who listened, brings nothing new: an old "yes" must not answer a new warning.
-- migrate:up

ALTER TABLE sms_inbound ADD COLUMN operator_id text;
CREATE UNIQUE INDEX sms_inbound_operator ON sms_inbound (provider, operator_id) WHERE operator_id IS NOT NULL;
