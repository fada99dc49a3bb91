import { type Parse, list, nullable, object, oneOf, record, text, whole } from "./parse.ts";

// What the service answers, as types. Times are whole seconds since 1970.

type Read<P extends Parse<unknown>> = ReturnType<P>;

export const CHANNELS = ["in-person", "telephone", "online"] as const;
export type Channel = (typeof CHANNELS)[number];
export const ROLES = ["officer", "approver", "administrator", "overseer"] as const;
export type Role = (typeof ROLES)[number];

const channel = oneOf(CHANNELS);
const role = oneOf(ROLES);

export const session = record({ callsign: text, role, organisation: text, address: text, server_time: whole, session_ends_at: whole });
export type Session = Read<typeof session>;

export const enrolled = record({ callsign: text, role });

export const link = record({ link: text, link_expires_at: whole });
export type Link = Read<typeof link>;

/** A ceremony of the browser: its name for the service, and what the browser needs for it. */
export const ceremony = record({ ceremony: text, options: record({ publicKey: object }) });
export type Ceremony = Read<typeof ceremony>;

export const authorisation = record({
  id: text,
  reference: text,
  purpose: nullable(text),
  channels: list(channel),
  from: whole,
  until: whole,
  max_tokens: whole,
  tokens_issued: whole,
  asked_by: text,
  asked_at: whole,
  state: oneOf(["asked", "approved", "refused", "withdrawn"]),
  decided_by: nullable(text),
  decided_at: nullable(whole),
  reason: nullable(text),
  /** Nothing can be made with it until another approver reviews it. */
  approver_suspended: (value) => value === true,
  /** It cannot be approved. */
  asker_suspended: (value) => value === true,
  withdrawn_by: nullable(text),
});
export type Authorisation = Read<typeof authorisation>;

/** How many codes are withdrawn with it. */
export const followsWithdrawal = record({ live_tokens: whole });
/** What a suspension ends. */
export const followsSuspension = record({ follows: record({ sessions: whole, live_tokens: whole, authorisations: whole }) });

/** A code as it is read out, and with six words, which may come into force while it is on the screen. */
export const spoken = record({ words: text, digits: text, six_words: nullable(text), six_digits: nullable(text) });
export type Spoken = Read<typeof spoken>;

export const issued = record({
  id: text,
  token: text,
  qr_svg: text,
  spoken: nullable(spoken),
  issued_at: whole,
  not_before: nullable(whole),
  expires_at: whole,
});
export type Issued = Read<typeof issued>;

const state = oneOf(["live", "checked", "expired", "withdrawn"]);
export type TokenState = Read<typeof state>;

/** How many words are to be read out, and how many wrong numbers somebody gave with them, where the service says so. */
export const status = record({ state, first_checked_at: nullable(whole), spoken_words: nullable(whole), wrong_numbers: nullable(whole) });
export type Status = Read<typeof status>;

export const liveToken = record({
  id: text,
  officer: text,
  authorisation: text,
  channel,
  reference: nullable(text),
  issued_at: whole,
  not_before: nullable(whole),
  expires_at: whole,
  state,
  first_checked_at: nullable(whole),
});
export type LiveToken = Read<typeof liveToken>;

/** A code with a reference that somebody quoted. */
const quoted = record({
  id: text,
  channel,
  issued_at: whole,
  not_before: nullable(whole),
  expires_at: whole,
  state,
  first_checked_at: nullable(whole),
  withdrawn_at: nullable(whole),
});
export type Quoted = Read<typeof quoted>;

export const lookedUp = record({ reference: text, tokens: list(quoted) });
export type LookedUp = Read<typeof lookedUp>;

export const key = record({
  id: text,
  kind: oneOf(["passkey", "credential"]),
  name: nullable(text),
  added_at: nullable(whole),
  expires_at: nullable(whole),
  scopes: nullable(list(text)),
});
export type Key = Read<typeof key>;

export const person = record({ callsign: text, role, enrolled_at: whole, suspended_at: nullable(whole), keys: list(key) });
export type Person = Read<typeof person>;

export const newPerson = record({ callsign: text, role, link: text, link_expires_at: whole });

/** A code on this screen or kept on this device: enough to show it without a network, and to switch its words on. */
export const code = record({
  id: text,
  token: text,
  owner: text,
  address: text,
  channel,
  name: nullable(text),
  place: nullable(text),
  qr_svg: text,
  spoken: nullable(spoken),
  not_before: nullable(whole),
  expires_at: whole,
});
export type Code = Read<typeof code>;

/** Whether an authorisation may be used at this moment. */
export function isLive(authorisation: Authorisation, now: number): boolean {
  return isAhead(authorisation, now) && authorisation.from <= now;
}

/** Whether a code may be prepared under an authorisation, for a time within it. */
export function isAhead({ state: at, until, max_tokens, tokens_issued, approver_suspended, asker_suspended }: Authorisation, now: number): boolean {
  return at === "approved" && !approver_suspended && !asker_suspended && until > now && tokens_issued < max_tokens;
}

/** When an authorisation begins and ends, which the service does not tell. */
export function turnsOf({ from, until }: Authorisation): readonly number[] {
  return [from, until];
}

/** For so long after its end a code can still be checked, since clocks differ. Seconds. */
export const LEEWAY = 60;

type Timed = Pick<LiveToken, "state" | "not_before" | "expires_at">;

/** Whether a code may still be used by somebody. */
export function isInUse({ state, expires_at }: Timed, now: number): boolean {
  return (state === "live" || state === "checked") && now < expires_at + LEEWAY;
}

/** Where a code stands by its own times: to the service it is live until nobody can check it any more. */
export function stateAt(token: Timed, now: number): TokenState {
  return token.state !== "withdrawn" && token.expires_at <= now ? "expired" : token.state;
}

/** When a code begins, runs out, and cannot be checked any more, which the service does not tell. */
export function momentsOf({ not_before, expires_at }: Timed): readonly number[] {
  return [...(not_before === null ? [] : [not_before]), expires_at, expires_at + LEEWAY];
}
