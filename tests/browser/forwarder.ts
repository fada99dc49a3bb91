import { type Server, connect, createServer } from "node:net";

/** Brings a browser to a service from an address that nobody else has. */
export class Forwarder {
  static readonly ADDRESS = "127.0.0.93";
  private static readonly LISTENS = "127.0.0.2";
  /** The switch that leads Chromium here, with the service's own name and port. */
  static readonly SWITCH = `--host-resolver-rules=MAP localhost ${Forwarder.LISTENS}`;
  private carried = 0;

  private constructor(private readonly server: Server) {}

  static async to(service: string): Promise<Forwarder> {
    const port = Number(new URL(service).port);
    const server = createServer((visitor) => {
      forwarder.carried++;
      const onward = connect({ host: "127.0.0.1", port, localAddress: Forwarder.ADDRESS });
      // either side may go away at any time, as on a real network
      visitor.on("error", () => onward.destroy()).pipe(onward).on("error", () => visitor.destroy()).pipe(visitor);
    });
    const forwarder = new Forwarder(server);
    await new Promise<void>((resolve) => server.listen(port, Forwarder.LISTENS, resolve));
    return forwarder;
  }

  /** How many connections came this way. */
  get connections(): number {
    return this.carried;
  }

  stop(): void {
    this.server.close();
  }
}
