// Preloaded into Azurite's Node (node -r): it is started with --disableTelemetry, and still loads the telemetry's client
// with all of OpenTelemetry, which is more than half of its start: 0.8 s of a core. Nothing uses what stands here instead.
"use strict";

const Module = require("node:module");

const load = Module._load;

Module._load = function (request, ...rest) {
  return request === "applicationinsights" ? {} : load.call(this, request, ...rest);
};
