import type { Order } from "../api.ts";
import type { Console } from "../app.ts";
import type { Code } from "../model.ts";
import { type Result, done, failed } from "../result.ts";

/** Confirms with the passkey, then makes the code. */
export async function makeCode(app: Console, order: Order): Promise<Result<Code>> {
  const confirmed = await app.confirming.confirm();
  if (!confirmed.ok) return confirmed;
  const issued = await app.api.issue(order, confirmed.value);
  // the next one needs a confirmation of its own
  app.confirming.prepare();
  if (!issued.ok) return issued;
  // an answer that comes late leaves nothing behind
  if (app.session === null || app.isLeft()) return failed("no-session");
  const { callsign, address } = app.session;
  app.tab.remember(callsign, order);
  const { id, token, qr_svg, spoken, not_before, expires_at } = issued.value;
  const { channel, name = null, place = null } = order;
  return done({ id, token, owner: callsign, address, channel, name, place, qr_svg, spoken, not_before, expires_at });
}

/** Makes a code that is kept on this device: not before it is known that the device keeps it. */
export async function prepareCode(app: Console, order: Order): Promise<Result<Code>> {
  if (!app.prepared.hasRoom()) return failed("no-room-here");
  const made = await makeCode(app, order);
  if (!made.ok || app.prepared.add(made.value)) return made;
  await app.api.withdrawToken(made.value.id);
  app.prepared.remove(made.value.id);
  return failed("no-room-here");
}
