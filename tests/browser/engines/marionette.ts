import { once } from "node:events";
import { type Socket, connect } from "node:net";

/** The half of Firefox's own driver that WebDriver BiDi does not have: devices that make passkeys. */
export class Marionette {
  private asked = 0;
  private heard = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {}

  static async open(port: number): Promise<Marionette> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    const marionette = new Marionette(socket);
    await marionette.next();
    return marionette;
  }

  /** Adds a device whose person is there and lays the right finger on it; gives what takes it away. */
  async addDevice(): Promise<() => Promise<void>> {
    const device = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserConsenting: true, isUserVerified: true };
    const authenticatorId = await this.ask("WebAuthn:AddVirtualAuthenticator", device);
    return async () => void (await this.ask("WebAuthn:RemoveVirtualAuthenticator", { authenticatorId }));
  }

  close(): void {
    this.socket.destroy();
  }

  private async ask(command: string, parameters: object): Promise<unknown> {
    const text = JSON.stringify([0, ++this.asked, command, parameters]);
    this.socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , error, result] = (await this.next()) as [number, number, { readonly message: string } | null, { readonly value?: unknown }];
    if (error !== null) throw new Error(`${command}: ${error.message}`);
    return result.value;
  }

  /** What it says next: its length, a colon, JSON. */
  private async next(): Promise<unknown> {
    for (;;) {
      const colon = this.heard.indexOf(":");
      const end = colon + 1 + Number(this.heard.subarray(0, Math.max(0, colon)));
      if (colon > 0 && this.heard.length >= end) {
        const text = this.heard.subarray(colon + 1, end);
        this.heard = this.heard.subarray(end);
        return JSON.parse(String(text));
      }
      const [more] = (await once(this.socket, "data")) as [Buffer];
      this.heard = Buffer.concat([this.heard, more]);
    }
  }
}
