-- A receipt changes its segment in place (a heap-only tuple: no index is written), and an attempt's delivery is not looked
-- up a second time by the row that logs it.
-- migrate:up

-- No index holds what a receipt changes. `ask_at` stays as it is then: who asks passes over what has its last word.
ALTER TABLE sms_segment SET (fillfactor = 45);

-- Both are written from the very rows that they point to, which are never deleted (0025, and sms_segment in 0026).
ALTER TABLE delivery_attempt ALTER CONSTRAINT delivery_attempt_delivery_fkey NOT ENFORCED;
ALTER TABLE outbox_message ALTER CONSTRAINT outbox_message_delivery_fkey NOT ENFORCED;
