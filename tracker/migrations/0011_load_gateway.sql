-- Whether a run of ingest takes the load-only gateway, which may write as any terminal: never in production.
-- migrate:up

ALTER TABLE ingest_run ADD COLUMN has_gateway boolean NOT NULL DEFAULT false;
