// Node-RED without its editor: what runs on a server once the flow is drawn. Everything else is its default.
module.exports = {
  flowFile: "flows.json",
  httpAdminRoot: false,
  httpNodeRoot: false,
  functionExternalModules: true, // the flow's function node asks for `pg`
  diagnostics: { enabled: false },
  telemetry: { enabled: false, updateNotification: false },
  logging: { console: { level: "warn", metrics: false, audit: false } },
};
