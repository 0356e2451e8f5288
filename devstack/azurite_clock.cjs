// Preloaded into Azurite's Node (node -r): makes Date follow the stack clock, whose offset in seconds stands in the
// file named by DEVSTACK_CLOCK_FILE (see clock.py). Timers, keep-alive and hrtime run on Node's own monotonic clock and stay real.
"use strict";

const fs = require("node:fs");

const file = process.env.DEVSTACK_CLOCK_FILE;
const RealDate = Date;
const realNow = RealDate.now;

let checkedAt = -1;
let seen = "";
let offset = 0;

/** The offset in milliseconds; the file's status is looked up at most once per millisecond, its text when it was replaced. */
function currentOffset(now) {
  if (now === checkedAt) return offset;
  checkedAt = now;
  const status = fs.statSync(file, { throwIfNoEntry: false });
  const stamp = status ? `${status.ino}:${status.mtimeMs}` : "";
  if (stamp !== seen) {
    offset = status ? Math.round(Number(fs.readFileSync(file, "utf8")) * 1000) : 0;
    seen = stamp;
  }
  return offset;
}

function stackNow() {
  const now = realNow();
  return now + currentOffset(now);
}

if (file) {
  RealDate.now = stackNow;
  // A proxy instead of a subclass: dates that Node itself makes (file times) stay instances of Date.
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length ? args : [stackNow()], newTarget),
    apply: () => new RealDate(stackNow()).toString(),
  });
  RealDate.prototype.constructor = globalThis.Date;
}
