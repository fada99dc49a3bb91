/** Reads a value from outside into a type that holds only sound values, or throws `Unreadable`. */
export type Parse<T> = (value: unknown) => T;

/** A value from outside is not what it should be. */
export class Unreadable extends Error {}

type Shape = { readonly [name: string]: Parse<unknown> };
type Shaped<S extends Shape> = { readonly [Name in keyof S]: ReturnType<S[Name]> };

export const text: Parse<string> = (value) => (typeof value === "string" ? value : refuse("a text"));

/** Whole seconds since 1970, or another whole number that is not negative. */
export const whole: Parse<number> = (value) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : refuse("a whole number");

/** An answer without a body. */
export const nothing: Parse<null> = () => null;

export function nullable<T>(parse: Parse<T>): Parse<T | null> {
  return (value) => (value === null || value === undefined ? null : parse(value));
}

export function list<T>(parse: Parse<T>): Parse<readonly T[]> {
  return (value) => (Array.isArray(value) ? value.map(parse) : refuse("a list"));
}

export function oneOf<const Name extends string>(names: readonly Name[]): Parse<Name> {
  return (value) => names.find((name) => name === value) ?? refuse(names.join(" or "));
}

/** An object with at least these members; others are left out. */
export function record<S extends Shape>(shape: S): Parse<Shaped<S>> {
  return (value) => {
    const members = object(value);
    const entries = Object.entries(shape).map(([name, parse]) => [name, parse(members[name])] as const);
    // each member of the shape was just read by its own parser
    return Object.fromEntries(entries) as Shaped<S>;
  };
}

/** Any object, unread. */
export function object(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { readonly [name: string]: unknown }) : refuse("an object");
}

/** Reads JSON, or gives null. */
export function readJson<T>(json: string, parse: Parse<T>): T | null {
  try {
    return parse(JSON.parse(json));
  } catch {
    return null;
  }
}

function refuse(wanted: string): never {
  throw new Unreadable(`not ${wanted}`);
}
