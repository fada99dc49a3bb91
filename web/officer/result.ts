/** Why something was not done: a kind that has words of its own, and a sentence for those that have none. */
export interface Problem {
  readonly kind: string;
  readonly detail: string;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export function done<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failed(kind: string, detail = ""): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { kind, detail } };
}
