import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { join } from "node:path";
import { type Server, createServer } from "node:tls";

/** TLS in front of a service, for browsers that keep a secure cookie over nothing else. Nobody signed its certificate. */
export class TlsFront {
  private constructor(private readonly server: Server) {}

  static async to(port: number, folder: string): Promise<TlsFront> {
    const [key, cert] = [join(folder, "tls.key"), join(folder, "tls.crt")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert], { stdio: "ignore" });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (visitor) => {
      const onward = connect(port, "127.0.0.1");
      // either side may go away at any time
      visitor.on("error", () => onward.destroy()).pipe(onward).on("error", () => visitor.destroy()).pipe(visitor);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TlsFront(server);
  }

  get url(): string {
    return `https://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
  }
}
