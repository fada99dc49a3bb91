import type { Bytes } from "../shared/bytes.ts";
import { hasEd25519 } from "../shared/ed25519.ts";
import { toText } from "../shared/link.ts";
import { referenceOf } from "../shared/reference.ts";
import { type SpokenCode, codeOfToken } from "../shared/spoken.ts";
import { type Token, parseToken } from "../shared/token.ts";
import { type Verdict, fromLocal, judgeChallenge, stricter } from "../shared/verdict.ts";
import { verifyToken } from "../shared/verify.ts";
import { secondsNow } from "./clock.ts";
import type { Deployment } from "./deployment.ts";
import type { FoundKeySets, KeySets } from "./keysets.ts";
import type { GivenNumber } from "./number.ts";
import { type Answer, type Request, askService, drawAttempt } from "./service.ts";

/** What is to be checked: the bytes of a token, or a code that was spoken. */
export type Ticket =
  | { readonly kind: "token"; readonly bytes: Bytes }
  | { readonly kind: "code"; readonly code: SpokenCode; /** The code in words, as the service is asked. */ readonly words: string };

/** One check. A retry asks the same question again, with the same number. */
export interface Question {
  readonly ticket: Ticket;
  readonly given: GivenNumber | null;
  /** A camera read it, or it came as a link: nobody can have mistyped it. */
  readonly exact: boolean;
}

/** The same question with another number, or with none. */
export function withNumber({ ticket, exact }: Question, given: GivenNumber | null): Question {
  return { ticket, exact, given };
}

/** What the person sees as the result. */
export type Outcome = Judged | Unconfirmed;

/** A verdict, and what it rests on. */
export interface Judged {
  readonly verdict: Verdict;
  readonly question: Question;
  /** What the token says, once its signature holds: this browser checked it or, where it cannot, the service did (`serviceAlone`). */
  readonly token: Token | null;
  /** What the service said; null where it gave no answer. */
  readonly answer: Answer | null;
  readonly phoneTime: number;
  readonly serviceAlone: boolean;
  /** Too many codes were tried; what is scanned is not counted. */
  readonly busy: boolean;
  /** What the person quotes when they ring about it; null where no token was shown. */
  readonly reference: string | null;
}

/** No verdict: the service did not answer, and this phone alone found nothing wrong. Never a good sign. */
export interface Unconfirmed {
  readonly verdict: null;
  readonly question: Question;
  readonly token: Token;
  readonly phoneTime: number;
  readonly reference: string | null;
}

interface Finding {
  readonly verdict: Verdict;
  readonly token: Token | null;
  readonly serviceAlone: boolean;
}

/** Asks the service and checks locally; the stricter of both counts. */
export class Checker {
  // from memory only: who reloads the page is a new attempt, as a stranger would be
  private readonly attempts = new Map<string, string>();

  constructor(
    private readonly deployment: Deployment,
    private readonly keySets: KeySets,
  ) {}

  /** From now on every check is a new attempt. */
  forget(): void {
    this.attempts.clear();
  }

  async check(question: Question): Promise<Outcome> {
    const [reply, keySets] = await Promise.all([askService(this.deployment.api, this.requestOf(question)), this.keySets.find()]);
    const phoneTime = secondsNow();
    const answer = typeof reply === "string" ? null : reply;
    // the service judges the time; a difference to the phone's clock is said on screen
    const now = answer === null ? phoneTime : answer.serverTime;
    const found = await this.findingOf(question, answer, keySets, now);
    // neither the service nor this browser checked anything
    const finding = answer === null && found.serviceAlone ? CANNOT_CHECK : found;
    const bytes = question.ticket.kind === "token" ? question.ticket.bytes : answer && answer.token;
    const reference = bytes && (await referenceOf(bytes));
    if (reply === "silent" && finding.verdict === "genuine" && finding.token !== null) {
      return { verdict: null, question, token: finding.token, phoneTime, reference };
    }
    const worst = stricter(answer === null ? "cannot_check" : answer.verdict, finding.verdict);
    return {
      question,
      verdict: question.exact && worst === "mistyped" ? "not_genuine" : worst,
      token: finding.token,
      answer,
      phoneTime,
      serviceAlone: finding.serviceAlone,
      busy: reply === "busy" && question.ticket.kind === "code",
      reference,
    };
  }

  private requestOf(question: Question): Request {
    const { ticket, given } = question;
    const asked =
      ticket.kind === "token"
        ? { token: toText(ticket.bytes) }
        : { code: ticket.words };
    const name = asked.token || asked.code || "";
    const attempt = this.attempts.get(name) || drawAttempt();
    this.attempts.set(name, attempt);
    return Object.assign(given === null ? { attempt } : { attempt, challenge: given.value }, asked);
  }

  private async findingOf(question: Question, answer: Answer | null, keySets: FoundKeySets, now: number): Promise<Finding> {
    const { ticket, given } = question;
    if (ticket.kind === "token") return this.local(ticket.bytes, given, keySets, now);
    if (answer === null || (answer.verdict !== "genuine" && answer.verdict !== "already_checked")) return NOTHING_FOUND;
    if (answer.token === null) return CANNOT_CHECK;
    const code = await codeOfToken(answer.token, ticket.code.size);
    // a service that answers with another token is lying or broken: what it says counts for nothing
    if (code !== null && code !== ticket.code.value) return CANNOT_CHECK;
    const attempt = this.attempts.get(ticket.words);
    if (attempt !== undefined) this.attempts.set(toText(answer.token), attempt);
    return this.local(answer.token, given, keySets, now);
  }

  private async local(bytes: Bytes, given: GivenNumber | null, keySets: FoundKeySets, now: number): Promise<Finding> {
    const shape = parseToken(bytes);
    if (shape === null) return { verdict: "not_genuine", token: null, serviceAlone: false };
    const byNumber = judgeChallenge(shape.challenge, given === null ? null : given.value);
    if (!(await hasEd25519())) return { verdict: byNumber, token: shape, serviceAlone: true };
    const known = await this.keySets.read(keySets, now);
    // a key that a kept set does not know may be newer than the set: that is no fault of the code
    if (known === null || (keySets.published === null && !known.keys.has(shape.kid))) return CANNOT_CHECK;
    const { verdict, token } = await verifyToken(bytes, known, this.deployment.issuer, now);
    return { verdict: stricter(fromLocal(verdict), byNumber), token, serviceAlone: false };
  }
}

const CANNOT_CHECK: Finding = { verdict: "cannot_check", token: null, serviceAlone: false };
/** A code that named no token leaves nothing to check here; the service's verdict is no `genuine`. */
const NOTHING_FOUND: Finding = { verdict: "genuine", token: null, serviceAlone: false };
