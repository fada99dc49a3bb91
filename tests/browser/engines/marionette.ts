import { type Socket, connect } from "node:net";
import { AUTHENTICATOR } from "../console/seat.ts";

const WITHIN_MS = 30000;
const LOOK_EVERY_MS = 50;

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** Firefox's own protocol for tests: WebDriver BiDi has no virtual authenticator. Where BiDi is open too, they share its session. */
export class Marionette {
  private readonly waiting = new Map<number, Waiting>();
  private received = Buffer.alloc(0);
  private last = 0;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (data) => {
      this.received = Buffer.concat([this.received, data]);
      while (this.takeMessage());
    });
    socket.on("close", () => this.waiting.forEach(({ failed }) => failed(new Error("Firefox has ended"))));
  }

  /** Speaks with a Firefox that may have been started a moment ago. */
  static async open(port: number, hasEnded: () => boolean = () => false): Promise<Marionette> {
    const giveUp = Date.now() + WITHIN_MS;
    let socket = await tryPort(port);
    while (socket === null) {
      if (Date.now() > giveUp || hasEnded()) throw new Error("Firefox did not come up");
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      socket = await tryPort(port);
    }
    return new Marionette(socket);
  }

  /** A session of its own. */
  async begin(): Promise<void> {
    await this.ask("WebDriver:NewSession", {});
    await this.ask("WebDriver:SetTimeouts", { implicit: 10000 });
  }

  /** Adds a device whose person is there and lays the right finger on it; gives what takes it away. */
  async addDevice(): Promise<() => Promise<void>> {
    const { automaticPresenceSimulation: isUserConsenting, ...options } = AUTHENTICATOR;
    const authenticatorId = await this.ask("WebAuthn:AddVirtualAuthenticator", { ...options, isUserConsenting });
    return async () => void (await this.ask("WebAuthn:RemoveVirtualAuthenticator", { authenticatorId }));
  }

  /** Waits for an element: its id. */
  async find(using: "xpath" | "css selector", value: string): Promise<string> {
    const found = (await this.ask("WebDriver:FindElement", { using, value })) as Readonly<Record<string, string>>;
    return Object.values(found)[0] ?? "";
  }

  ask(command: string, parameters: object): Promise<unknown> {
    const id = ++this.last;
    const message = JSON.stringify([0, id, command, parameters]);
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed });
      this.socket.write(`${Buffer.byteLength(message)}:${message}`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  /** Takes a message, which its length precedes, off what was received; false where none is whole. */
  private takeMessage(): boolean {
    const colon = this.received.indexOf(":");
    const end = colon + 1 + Number(this.received.subarray(0, colon));
    if (colon < 0 || this.received.length < end) return false;
    const message: unknown = JSON.parse(this.received.subarray(colon + 1, end).toString());
    this.received = this.received.subarray(end);
    // the greeting is no list
    if (!Array.isArray(message)) return true;
    const [, id, error, value] = message as [number, number, { readonly message: string } | null, unknown];
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    // most answers are wrapped once more
    if (error === null) waiting?.done(isWrapped(value) ? value.value : value);
    else waiting?.failed(new Error(error.message));
    return true;
  }
}

function tryPort(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket)).once("error", () => resolve(null));
  });
}

function isWrapped(answer: unknown): answer is { readonly value: unknown } {
  return typeof answer === "object" && answer !== null && "value" in answer;
}
