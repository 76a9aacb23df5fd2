// Rows wait for at most 100 ms and leave 1,000 at a time, one statement after the other. What fails is tried again.
const pool = new pg.Pool({ max: 1 }); // PGHOST, PGUSER, PGPASSWORD, PGDATABASE
const INSERT = `
    INSERT INTO position (terminal, fixed_at, lon, lat, acc, spd, hdg, bat, seq)
    SELECT terminal, to_timestamp(t), lon, lat, acc, spd, hdg, bat, seq
    FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[],
                $8::float8[], $9::float8[]) AS said (terminal, t, lon, lat, acc, spd, hdg, bat, seq)
    ON CONFLICT DO NOTHING`;
const FIELDS = ["lon", "lat", "acc", "spd", "hdg", "bat", "seq"];
let waiting = [];
let isStoring = false;

async function store() {
  if (isStoring || !waiting.length) return;
  isStoring = true;
  const rows = waiting.splice(0, 1000);
  try {
    const columns = [
      rows.map((row) => row.terminal),
      rows.map((row) => (typeof row.t === "number" ? row.t : Date.parse(row.t) / 1000)),
      ...FIELDS.map((field) => rows.map((row) => row[field] ?? null)),
    ];
    await pool.query(INSERT, columns);
  } catch (error) {
    node.warn(`not stored, tried again: ${error.message}`);
    waiting = rows.concat(waiting);
  } finally {
    isStoring = false;
  }
}

pool.on("error", (error) => node.warn(`database: ${error.message}`));
context.set("keep", (terminal, fixes) => {
  for (const fix of fixes) {
    fix.terminal = terminal;
    waiting.push(fix);
  }
  if (waiting.length >= 1000) void store();
});
context.set("timer", setInterval(store, 100));
context.set("pool", pool);
